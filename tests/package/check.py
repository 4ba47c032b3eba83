"""Builds the packages as `make build` does, for the processors of this machine, and starts each one.

A package is fit if its binary needs no newer glibc than Amazon Linux 2023 has, needs no library that isn't there, and, under
Lambda's runtime interface emulator and with the packed policy file, answers an event with a receipt. The event is the guard's
heartbeat: a denied call, which takes no AWS call to judge.
"""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.error
import urllib.request

from elftools.elf.elffile import ELFFile
from start import ROOT
from start.function import free_port, wait_for_port
from start.packages import build, guards, zipped

EMULATOR = ROOT / ".tools/bin/aws-lambda-rie"
# Amazon Linux 2023 user guide: glibc 2.34.
NEWEST_GLIBC = (2, 34)
# Parts of glibc, and GCC's own runtime library, which is in every image of Lambda.
LIBRARIES = re.compile(r"^(libc|libm|libdl|libpthread|librt|ld-linux-x86-64|ld-linux-aarch64|libgcc_s)\.so\.\d+$")
# Lambda's limit of a package that is uploaded, in bytes, and what a guard may weigh: a bigger one starts slower.
LARGEST_ZIP = 6_000_000
PATIENCE = 60.0
# What the template's heartbeats call, by guard.
HEARTBEATS = {
    "log-group-guard": ("logs", "AssociateKmsKey"),
    "trail-guard": ("cloudtrail", "StartLogging"),
    "key-guard": ("kms", "EnableKey"),
}


def needs(binary: pathlib.Path) -> tuple[set[str], set[tuple[int, ...]]]:
    """The libraries that a binary needs, and the versions of glibc that its symbols are of."""
    with binary.open("rb") as file:
        elf = ELFFile(file)
        libraries = {it.needed for it in elf.get_section_by_name(".dynamic").iter_tags("DT_NEEDED")}
        section = elf.get_section_by_name(".gnu.version_r")
        names = {version.name for _, versions in section.iter_versions() for version in versions}
    glibc = {tuple(map(int, it.removeprefix("GLIBC_").split("."))) for it in names if re.fullmatch(r"GLIBC_[\d.]+", it)}
    return libraries, glibc


def output_of(binary: pathlib.Path) -> pathlib.Path:
    """Where what a function prints is kept."""
    return binary.parent.parent / "output.log"


@contextlib.contextmanager
def started(binary: pathlib.Path, policy: pathlib.Path, mode: str = "observe"):
    """The function under the runtime interface emulator; gives the address that invokes it."""
    front, back = free_port(), free_port()
    environment = {
        "AWS_LAMBDA_FUNCTION_NAME": "guard",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": "20",
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_SESSION_TOKEN": "testing",
        # Nothing listens there: a call to AWS would fail.
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "SEALWATCH_POLICY": str(policy),
        "SEALWATCH_MODE": mode,
        "SEALWATCH_TOPIC_ARN": "arn:aws:sns:eu-central-1:111122223333:sealwatch-pages",
    }
    addresses = ["--runtime-interface-emulator-address", f"127.0.0.1:{front}", "--runtime-api-address", f"127.0.0.1:{back}"]
    command = [str(EMULATOR), "--log-level", "warn", *addresses, str(binary)]
    with output_of(binary).open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        for port in (front, back):
            wait_for_port(port, process)  # a function can be quicker than the emulator
        yield f"http://127.0.0.1:{front}/2015-03-31/functions/function/invocations"
    finally:
        process.terminate()  # it ends its function
        process.wait()


def heartbeat(guard: str) -> dict:
    """The event of a guard's heartbeat, as EventBridge delivers it."""
    service, name = HEARTBEATS[guard]
    place = {"account": "111122223333", "region": "eu-central-1", "time": "2026-11-03T09:30:00Z"}
    record = {
        "eventVersion": "1.11",
        "eventID": "00000000-0000-4000-8000-000000000000",
        "eventType": "AwsApiCall",
        "eventTime": place["time"],
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": place["region"],
        "recipientAccountId": place["account"],
        "userIdentity": {"type": "AssumedRole", "arn": f"arn:aws:sts::{place['account']}:assumed-role/heartbeat/beat"},
        "errorCode": "AccessDenied",
        "requestParameters": None,
    }
    kind = {"version": "0", "id": "1", "detail-type": "AWS API Call via CloudTrail", "source": f"aws.{service}"}
    return kind | place | {"detail": record}


def faults(guard: str, binary: pathlib.Path, policy: pathlib.Path) -> list[str]:
    """What keeps a package from running on Lambda."""
    libraries, glibc = needs(binary)
    found = [f"it needs the library {it}" for it in sorted(libraries) if not LIBRARIES.match(it)]
    newest = max(glibc, default=(0,))
    if newest > NEWEST_GLIBC:
        found.append(f"it needs glibc {'.'.join(map(str, newest))}, and Amazon Linux 2023 has 2.34")
    if not os.access(binary, os.X_OK):
        found.append("it isn't executable")
    size = zipped(binary)
    if size > LARGEST_ZIP:
        found.append(f"its archive has {size} bytes")
    event = heartbeat(guard)
    with started(binary, policy) as address:
        try:
            with urllib.request.urlopen(address, json.dumps(event).encode(), timeout=PATIENCE) as answer:
                receipt = json.loads(answer.read())
        except urllib.error.HTTPError:
            return [*found, f"it doesn't start: {output_of(binary).read_text(errors='replace')[:600]}"]
    wanted = {"event_id": event["detail"]["eventID"], "mode": "observe", "verdict": "ignored"}
    if {name: receipt.get(name) for name in wanted} != wanted:
        found.append(f"it answers {json.dumps(receipt)[:300]}")
    with started(binary, policy, mode="") as address, contextlib.suppress(urllib.error.HTTPError):
        urllib.request.urlopen(address, json.dumps(event).encode(), timeout=PATIENCE).close()
        found.append("it starts with an empty SEALWATCH_MODE")
    version = ".".join(map(str, newest))
    print(f"{guard}: {size:,} bytes zipped, glibc {version}, answers {receipt.get('verdict')}")
    return found


def main() -> int:
    """Checks every package; 1 if one is unfit."""
    policy = build("PolicyLayer") / "sealwatch/policy.toml"
    if policy.read_bytes() != (ROOT / "policy.toml").read_bytes():
        raise SystemExit("the layer doesn't hold the checkout's policy.toml")
    wrong = {guard: faults(guard, build(logical) / "bootstrap", policy) for logical, guard in guards().items()}
    for guard, found in wrong.items():
        for it in found:
            print(f"error: {guard}: {it}", file=sys.stderr)
    return 1 if any(wrong.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
