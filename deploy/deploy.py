"""Deploys what `make build` has built, with the parameters that follow from it.

The modes of the roles are those of the packed policy file and the architecture is that of the packed binaries, so that the two
can't disagree by oversight. Everything else is asked by `sam deploy --guided` and kept in samconfig.toml.
"""

import argparse
import pathlib
import shlex
import struct
import subprocess
import sys
import tomllib

import boto3
from botocore.exceptions import BotoCoreError, ClientError

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILT = ROOT / ".aws-sam" / "build"
SAM = ROOT / ".tools" / "deploy" / "bin" / "sam"
# Each guard's parameter and the table of the policy file that it answers to.
SECTIONS = {"LogGroupGuardMode": "log_groups", "TrailGuardMode": "trails", "KeyGuardMode": "keys"}
# What the template's names, and those that CloudFormation makes for the roles, leave of their 64 characters.
LONGEST_NAME = 32
# ELF specification: e_machine, at offset 18.
MACHINES = {62: "x86_64", 183: "arm64"}


def modes(policy: str) -> dict[str, str]:
    """The parameters that give the roles what this policy file makes the guards do."""
    tables = tomllib.loads(policy)
    found = {"Mode": tables.get("mode", "observe")}
    for parameter, section in SECTIONS.items():
        found[parameter] = tables.get(section, {}).get("mode", "inherit")
    return found


def architecture(binary: bytes) -> str:
    """The parameter that fits this binary."""
    (machine,) = struct.unpack_from("<H", binary, 18)
    return MACHINES[machine]


def saved(config: str, environment: str) -> dict[str, str]:
    """The parameters that an earlier `sam deploy --guided` kept."""
    tables = tomllib.loads(config).get(environment, {})
    kept = tables.get("deploy", {}).get("parameters", {}).get("parameter_overrides", [])
    words = shlex.split(kept) if isinstance(kept, str) else kept
    return dict(word.split("=", 1) for word in words)


def stack_name(config: str, environment: str) -> str:
    """The stack's name as it was kept, or as it is offered."""
    tables = tomllib.loads(config).get(environment, {})
    kept = [tables.get(command, {}).get("parameters", {}).get("stack_name") for command in ("deploy", "global")]
    return next((it for it in kept if it), "")


def too_long(name: str) -> list[str]:
    """What is wrong with the length of a stack's name."""
    fault = f"the stack name {name} has {len(name)} characters, and the names made from it leave it {LONGEST_NAME}"
    return [fault] if len(name) > LONGEST_NAME else []


def disagreements(wanted: dict[str, str], chosen: dict[str, str]) -> list[str]:
    """What was answered otherwise than the built files want it."""
    answers = [(name, chosen.get(name, value), value) for name, value in wanted.items()]
    return [f"{name} is {answer}, but what was built wants {value}" for name, answer, value in answers if answer != value]


def account(config: str, environment: str) -> str:
    """Which account the credentials that are set belong to."""
    kept = tomllib.loads(config).get(environment, {}).get("deploy", {}).get("parameters", {})
    session = boto3.Session(profile_name=kept.get("profile"), region_name=kept.get("region"))
    # Any Region of the right partition tells; SAM's own default is this one.
    sts = session.client("sts", region_name=session.region_name or "us-east-1")
    return sts.get_caller_identity()["Account"]


def main() -> int:
    """Runs `sam deploy --guided`, and says where an answer disagrees with what was deployed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config-env", default="default", help="the section of samconfig.toml")
    parser.add_argument("--account", action="store_true", help="only tell which account the credentials are for")
    arguments = parser.parse_args()
    environment = arguments.config_env
    if arguments.account:
        try:
            print("the credentials are for account", account((ROOT / "samconfig.toml").read_text(), environment))
        except (BotoCoreError, ClientError) as error:
            print(f"error: no usable AWS credentials: {error}", file=sys.stderr)
            return 1
        return 0
    wanted = modes((BUILT / "PolicyLayer/sealwatch/policy.toml").read_text())
    wanted["Architecture"] = architecture((BUILT / "LogGroupGuard/bootstrap").read_bytes())
    config = ROOT / "samconfig.toml"
    for line in too_long(stack_name(config.read_text(), environment)):
        print(f"error: {line}; write a shorter one into samconfig.toml", file=sys.stderr)
        return 1
    parameters = saved(config.read_text(), environment) | wanted
    print("from the policy file and the packages:", " ".join(f"{name}={value}" for name, value in wanted.items()))
    overrides = [f"{name}={shlex.quote(value)}" for name, value in parameters.items()]
    command = [str(SAM), "deploy", "--guided", "--config-env", environment, "--parameter-overrides", *overrides]
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    wrong = disagreements(wanted, saved(config.read_text(), environment))
    long = too_long(stack_name(config.read_text(), environment))
    for line in long:
        print(f"error: {line}; delete that stack, write a shorter name into samconfig.toml and run `make deploy` again", file=sys.stderr)
    for line in wrong:
        print(f"error: {line}; run `make deploy` again and keep the value that it offers", file=sys.stderr)
    return code or (1 if wrong or long else 0)


if __name__ == "__main__":
    sys.exit(main())
