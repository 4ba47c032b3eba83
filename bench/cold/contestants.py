"""What is started: the guards as packaged, a handler that does nothing, and two other ways to keep log groups under their key."""

import pathlib
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field

from start import ROOT
from start.cases import CASES, ROLE, Case
from start.emulator import TOPIC
from start.packages import build, deploying, guards, zipped

WORK = ROOT / "target/bench/cold"
TOOLS = ROOT / ".tools/cold"
REQUIREMENTS = pathlib.Path(__file__).with_name("requirements.txt")
EMPTY, PYTHON, CUSTODIAN = "empty handler", "Python and boto3", "Cloud Custodian"
LOG_GROUPS = "log-group-guard"


@dataclass(frozen=True)
class Contestant:
    """A function, and the cases it takes."""

    name: str
    command: list[str]
    package_bytes: int
    folder: pathlib.Path
    # A guard tells what it did; of the others the calls tell.
    is_guard: bool = False
    variables: dict[str, str] = field(default_factory=dict)
    # Where its own authorities are, which it reads at each start.
    authorities: pathlib.Path | None = None
    cases: tuple[Case, ...] = ()

    @property
    def is_ours(self) -> bool:
        return self.is_guard or self.name == EMPTY

    def bootstrap(self) -> pathlib.Path:
        """One program that starts it, for the runtime interface emulator."""
        if self.is_ours:
            return pathlib.Path(self.command[0])
        script = self.folder / "bootstrap"
        script.write_text(f'#!/bin/sh\ncd "{self.folder}"\nexec {" ".join(self.command)}\n', encoding="utf-8")
        script.chmod(0o755)
        return script


def everybody(builds: bool) -> list[Contestant]:
    """All of them, ready to start; `builds` is false to take the programs that are there."""
    tools()
    return [empty(builds), *(guard(logical, name, builds) for logical, name in guards().items()), python(), custodian()]


def of(guard: str) -> tuple[Case, ...]:
    return tuple(case for case in CASES if case.guard == guard)


def guard(logical: str, name: str, builds: bool) -> Contestant:
    folder = build(logical) if builds else ROOT / ".aws-sam/package" / logical / logical
    binary = folder / "bootstrap"
    return Contestant(name, [str(binary)], zipped(binary), folder, is_guard=True, cases=of(name))


def empty(builds: bool) -> Contestant:
    """Built by the command by which SAM builds the guards."""
    if builds:
        command = ["cargo", "lambda", "build", "--release", "--bin", "empty-handler", "--features", "cold", "--lambda-dir", WORK]
        subprocess.run(command, cwd=ROOT / "bench", env=deploying(), check=True)
    folder = WORK / "empty-handler"
    binary = folder / "bootstrap"
    return Contestant(EMPTY, [str(binary)], zipped(binary), folder, cases=of(LOG_GROUPS)[:1])


def tools() -> None:
    """Installs what the guards are held against, once."""
    stamp = TOOLS / "installed"
    if stamp.exists() and stamp.read_bytes() == REQUIREMENTS.read_bytes():
        return
    print(f"installing {REQUIREMENTS.relative_to(ROOT)} into .tools/cold (once)", file=sys.stderr)
    shutil.rmtree(TOOLS, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", TOOLS], check=True)
    pip = [TOOLS / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS]
    subprocess.run(pip, check=True)
    stamp.write_bytes(REQUIREMENTS.read_bytes())


def fresh(name: str) -> pathlib.Path:
    """An empty folder for what would be uploaded."""
    folder = WORK / name / "task"
    shutil.rmtree(folder.parent, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def interpreted(name: str, handler: str, folder: pathlib.Path) -> Contestant:
    """A function in Python, under AWS's own runtime client. It finds its libraries compiled, as on Lambda."""
    [packages] = TOOLS.glob("lib/python3.*/site-packages")
    subprocess.run([TOOLS / "bin/python", "-m", "compileall", "-q", folder, packages], check=True)
    command = [str(TOOLS / "bin/python"), "-m", "awslambdaric", handler]
    variables = {"HOME": str(folder), "LAMBDA_TASK_ROOT": str(folder), "AWS_DEFAULT_REGION": "eu-central-1"}
    archive = (folder.parent / "package.zip").stat().st_size
    authorities = packages / "botocore/cacert.pem"
    return Contestant(name, command, archive, folder, variables=variables, authorities=authorities, cases=of(LOG_GROUPS))


def python() -> Contestant:
    folder = fresh("python")
    source = pathlib.Path(__file__).with_name("python_guard.py")
    shutil.copy(source, folder)
    with zipfile.ZipFile(folder.parent / "package.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(source, source.name)
    return interpreted(PYTHON, "python_guard.handler", folder)


def custodian() -> Contestant:
    folder = fresh("custodian")
    packer = pathlib.Path(__file__).with_name("custodian_package.py")
    subprocess.run([TOOLS / "bin/python", packer, folder, TOPIC, ROLE], check=True)
    return interpreted(CUSTODIAN, "custodian_policy.run", folder)
