"""The packages, built as `make build` does, for the processors of this machine."""

import os
import pathlib
import platform
import subprocess
import zipfile

from . import ROOT

SAM = ROOT / ".tools/deploy/bin/sam"
BUILT = ROOT / ".aws-sam/package"


def guards() -> dict[str, str]:
    """The functions that are there, by their names in the template."""
    found = sorted(it.parent.name for it in (ROOT / "functions").glob("*-guard/Cargo.toml"))
    return {"".join(word.title() for word in name.split("-")): name for name in found}


def build(logical: str) -> pathlib.Path:
    """Builds one resource of the template, and gives the folder that would be uploaded."""
    architecture = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
    folder = BUILT / logical
    command = [SAM, "build", logical, "--build-dir", folder, "--parameter-overrides", f"Architecture={architecture}"]
    ended = subprocess.run(command, cwd=ROOT, env=deploying(), capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise SystemExit(f"sam build {logical} failed:\n{ended.stdout}{ended.stderr}")
    return folder / logical


def deploying() -> dict[str, str]:
    """The environment with the tools that build packages first."""
    return os.environ | {"PATH": f"{SAM.parent}{os.pathsep}{os.environ['PATH']}", "SAM_CLI_TELEMETRY": "0"}


def zipped(binary: pathlib.Path) -> int:
    """The bytes of the archive that would be uploaded, which is left beside the folder."""
    archive = binary.parent.parent / "package.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as it:
        it.write(binary, "bootstrap")
    return archive.stat().st_size
