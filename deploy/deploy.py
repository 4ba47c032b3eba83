"""Deploys what `make build` has built, with the parameters that follow from it.

The modes of the roles are those of the packed policy file and the architecture is that of the packed binaries, so that the two
can't disagree by oversight. Everything else is asked by `sam deploy --guided` and kept in samconfig.toml.
"""

import argparse
import json
import pathlib
import re
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
# What an environment of samconfig.toml begins with; the answers are its own.
SHIPPED = ("capabilities", "confirm_changeset", "fail_on_empty_changeset", "resolve_s3", "s3_prefix", "tags")
REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]+")
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


def begun(config: str, environment: str) -> str:
    """The configuration with a section for this environment; one that is named like a Region is for that."""
    tables = tomllib.loads(config)
    if environment in tables:
        return config
    shipped = tables.get("default", {}).get("deploy", {}).get("parameters", {})
    settings = {name: shipped[name] for name in SHIPPED if name in shipped}
    if REGION.fullmatch(environment):
        settings["region"] = environment
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    section, name = json.dumps(environment), json.dumps(stack_name(config, "default"))
    return "\n".join([config, f"[{section}.global.parameters]", f"stack_name = {name}", "", f"[{section}.deploy.parameters]", *lines, ""])


def changed(aws: boto3.Session, stack: str):
    """When a stack was changed last; `None` if that can't be told, as before the first deployment."""
    try:
        (found,) = aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except (BotoCoreError, ClientError):
        return None
    return found.get("LastUpdatedTime", found["CreationTime"])


def protect(aws: boto3.Session, stack: str, before) -> str:
    """Protects a stack that was changed since then from deletion, which would take away every rule that could tell of it; what to say of that."""
    where = f"{stack} in {aws.region_name or 'REGION'}"
    try:
        client = aws.client("cloudformation")
        (found,) = client.describe_stacks(StackName=stack)["Stacks"]
        if found.get("EnableTerminationProtection"):
            return f"the stack {where} is protected from deletion"
        # What was declined, or isn't there yet, is nobody's to change.
        if not found["StackStatus"].endswith("_COMPLETE") or found.get("LastUpdatedTime", found["CreationTime"]) == before:
            return f"the stack {where} wasn't changed, and isn't protected from deletion"
        client.update_termination_protection(StackName=stack, EnableTerminationProtection=True)
    except (BotoCoreError, ClientError) as error:
        command = "aws cloudformation update-termination-protection --enable-termination-protection"
        return f"warning: the stack {where} isn't protected from deletion: {error}; do it by hand: {command} --stack-name {stack} --region {aws.region_name or 'REGION'}"
    return f'the stack {where} is protected from deletion now, which pages once; README, "Remove it", says how to lift that'


def too_long(name: str) -> list[str]:
    """What is wrong with the length of a stack's name."""
    fault = f"the stack name {name} has {len(name)} characters, and the names made from it leave it {LONGEST_NAME}"
    return [fault] if len(name) > LONGEST_NAME else []


def disagreements(wanted: dict[str, str], chosen: dict[str, str]) -> list[str]:
    """What was answered otherwise than the built files want it."""
    answers = [(name, chosen.get(name, value), value) for name, value in wanted.items()]
    return [f"{name} is {answer}, but what was built wants {value}" for name, answer, value in answers if answer != value]


def session(config: str, environment: str) -> boto3.Session:
    """AWS, with the profile and in the Region that were kept."""
    kept = tomllib.loads(config).get(environment, {}).get("deploy", {}).get("parameters", {})
    return boto3.Session(profile_name=kept.get("profile"), region_name=kept.get("region"))


def account(aws: boto3.Session) -> str:
    """Which account the credentials that are set belong to."""
    # Any Region of the right partition tells; SAM's own default is this one.
    sts = aws.client("sts", region_name=aws.region_name or "us-east-1")
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
            config = (ROOT / "samconfig.toml").read_text()
            print("the credentials are for account", account(session(config, environment)))
        except (BotoCoreError, ClientError) as error:
            print(f"error: no usable AWS credentials: {error}", file=sys.stderr)
            return 1
        return 0
    wanted = modes((BUILT / "PolicyLayer/sealwatch/policy.toml").read_text())
    wanted["Architecture"] = architecture((BUILT / "LogGroupGuard/bootstrap").read_bytes())
    config = ROOT / "samconfig.toml"
    config.write_text(begun(config.read_text(), environment))
    for line in too_long(stack_name(config.read_text(), environment)):
        print(f"error: {line}; write a shorter one into samconfig.toml", file=sys.stderr)
        return 1
    parameters = saved(config.read_text(), environment) | wanted
    print("from the policy file and the packages:", " ".join(f"{name}={value}" for name, value in wanted.items()))
    overrides = [f"{name}={shlex.quote(value)}" for name, value in parameters.items()]
    command = [str(SAM), "deploy", "--guided", "--config-env", environment, "--parameter-overrides", *overrides]
    kept = session(config.read_text(), environment)
    before = changed(kept, stack_name(config.read_text(), environment))
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    answered = config.read_text()
    wrong = disagreements(wanted, saved(answered, environment))
    long = too_long(stack_name(answered, environment))
    if code == 0 and not long:
        print(protect(session(answered, environment), stack_name(answered, environment), before))
    for line in long:
        print(f"error: {line}; delete that stack, write a shorter name into samconfig.toml and run `make deploy` again", file=sys.stderr)
    for line in wrong:
        print(f"error: {line}; run `make deploy` again and keep the value that it offers", file=sys.stderr)
    return code or (1 if wrong or long else 0)


if __name__ == "__main__":
    sys.exit(main())
