"""Makes an authority and a certificate of it for this machine's own address, good for a day.

    certificates.py FOLDER

It is run with the emulator's environment, which has the library. The authority is trusted by nobody but whom a test hands it to.
"""

import datetime
import ipaddress
import pathlib
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


def main() -> None:
    """Writes `authority.pem`, and `server.pem` with the server's key and chain."""
    folder = pathlib.Path(sys.argv[1])
    authority_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sealwatch tests")])
    now = datetime.datetime.now(datetime.UTC)

    def certificate(name: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(authority_name).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        return builder.not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1))

    authority = certificate(authority_name, authority_key)
    authority = authority.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    usage = {name: name in {"key_cert_sign", "crl_sign"} for name in KEY_USAGES}
    authority = authority.add_extension(x509.KeyUsage(**usage), critical=True)
    authority = authority.add_extension(x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    server = certificate(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]), server_key)
    server = server.add_extension(x509.SubjectAlternativeName(names), critical=False)
    server = server.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    server = server.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    server = server.add_extension(issuer, critical=False)

    pem = serialization.Encoding.PEM
    signed = authority.sign(authority_key, hashes.SHA256()).public_bytes(pem)
    (folder / "authority.pem").write_bytes(signed)
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    chain = server.sign(authority_key, hashes.SHA256()).public_bytes(pem)
    (folder / "server.pem").write_bytes(server_key.private_bytes(pem, *plain) + chain)


KEY_USAGES = [
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign",
    "crl_sign", "encipher_only", "decipher_only",
]  # fmt: skip

if __name__ == "__main__":
    main()
