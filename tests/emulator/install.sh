#!/usr/bin/env bash
# Installs the tools that the tests need into .tools/ of this checkout, pinned; does nothing if they are there.
# Needs Python 3.11 or newer, and cargo.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=.tools
requirements=tests/emulator/requirements.txt
sam=aws-sam-cli==1.170.0 # only for the runtime interface emulator that its wheel carries
deny=0.20.2
stamp="$tools/installed"
wanted="$(cat "$requirements") $sam $deny"
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then exit 0; fi
mkdir -p "$tools/bin"
echo "installing the test tools into $tools (a few minutes, once)"
python3 -m venv "$tools/venv"
"$tools/venv/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
wheels="$(mktemp -d)"
trap 'rm -rf "$wheels"' EXIT
"$tools/venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --only-binary :all: -d "$wheels" "$sam"
"$tools/venv/bin/python" - "$wheels" "$tools/bin" <<'PYTHON'
import pathlib, sys, zipfile
wheels, into = map(pathlib.Path, sys.argv[1:])
wheel = zipfile.ZipFile(next(wheels.glob("*.whl")))
emulator = into / "aws-lambda-rie"
emulator.write_bytes(wheel.read("samcli/local/rapid/aws-lambda-rie-x86_64"))
emulator.chmod(0o755)
PYTHON
cargo install --quiet --locked --root "$tools" "cargo-deny@$deny"
printf '%s' "$wanted" >"$stamp"
