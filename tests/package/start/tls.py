"""AWS over TLS on loopback, by an authority that only the started function is told of."""

import pathlib
import ssl
import subprocess

from . import ROOT


def authority(folder: pathlib.Path) -> tuple[ssl.SSLContext, dict[str, str]]:
    """The server's side, and the variables by which a function trusts it.

    `AWS_CA_BUNDLE`, as AWS's SDKs call it, holds the authority alone. What reads the machine's own certificates at each start
    finds it among those, so that their reading counts as it does on Lambda.
    """
    script = pathlib.Path(__file__).with_name("certificates.py")
    subprocess.run([ROOT / ".tools/venv/bin/python", script, folder], check=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "server.pem")
    # Whoever comes again is a stranger: on AWS each service is another server.
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET
    context.set_alpn_protocols(["http/1.1"])
    alone, among_others = folder / "authority.pem", folder / "among-others.pem"
    machine = ssl.get_default_verify_paths().cafile
    others = pathlib.Path(machine).read_bytes() if machine else b""
    among_others.write_bytes(others + alone.read_bytes())
    return context, {"AWS_CA_BUNDLE": str(alone), "SSL_CERT_FILE": str(among_others)}
