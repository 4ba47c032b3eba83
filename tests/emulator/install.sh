#!/usr/bin/env bash
# Installs pinned tools into .tools/ of this checkout, and does nothing for those that are there.
#   install.sh           what the tests need, all of it
#   install.sh deploy    what `make build` and `make deploy` need
# Needs Python 3.11 or newer; for the tests also cargo.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=.tools
deny=0.20.2

# A virtual environment .tools/NAME of a requirements file.
environment() {
    local name="$1" requirements="$2" stamp="$tools/$1.installed"
    if [ -f "$stamp" ] && cmp --silent "$stamp" "$requirements"; then return; fi
    echo "installing $requirements into $tools/$name (once)"
    rm -rf "${tools:?}/$name" "$stamp"
    mkdir -p "$tools"
    python3 -m venv "$tools/$name"
    "$tools/$name/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
    cp "$requirements" "$stamp"
}

environment deploy deploy/requirements.txt
if [ "${1:-}" = deploy ]; then exit 0; fi

environment venv tests/emulator/requirements.txt
environment template tests/template/requirements.txt
environment lint tests/lint/requirements.txt
environment checkov tests/template/checkov-requirements.txt

# A browser for the page of a replay. Its package holds the program itself, and Node.js comes from PyPI.
environment node tests/report/requirements.txt
if ! cmp --silent "$tools/report.installed" tests/report/package-lock.json; then
    echo "installing tests/report/package-lock.json into $tools/report (once)"
    rm -rf "$tools/report" "$tools/report.installed"
    mkdir -p "$tools/report/tmp"
    cp tests/report/package.json tests/report/package-lock.json "$tools/report"
    (cd "$tools/report" && PATH="$PWD/../node/bin:$PATH" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
    cp tests/report/package-lock.json "$tools/report.installed"
fi

# Lambda's runtime interface emulator comes with the SAM command line.
mkdir -p "$tools/bin"
rie="$("$tools/deploy/bin/python" -c 'import pathlib, samcli; print(pathlib.Path(samcli.__file__).parent / "local/rapid/aws-lambda-rie-x86_64")')"
install -m 755 "$rie" "$tools/bin/aws-lambda-rie.new"
mv "$tools/bin/aws-lambda-rie.new" "$tools/bin/aws-lambda-rie" # also while a test runs it

if [ "$(cat "$tools/deny.installed" 2>/dev/null)" != "$deny" ]; then
    echo "installing cargo-deny into $tools/bin (a few minutes, once)"
    cargo install --quiet --locked --root "$tools" "cargo-deny@$deny"
    printf '%s' "$deny" >"$tools/deny.installed"
fi

# Valgrind counts the instructions of cold starts. Where the machine has none, it is unpacked from the system's own package.
if ! command -v valgrind >/dev/null && [ ! -x "$tools/valgrind/usr/bin/valgrind.bin" ]; then
    echo "unpacking valgrind into $tools/valgrind (once)"
    rm -rf "$tools/valgrind"
    mkdir -p "$tools/valgrind"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -qq; fi
    if ! (cd "$tools/valgrind" && apt-get download -qq -o APT::Sandbox::User=root valgrind && dpkg-deb -x valgrind_*.deb . && rm valgrind_*.deb); then
        rm -rf "$tools/valgrind"
        echo "valgrind is missing, and apt-get doesn't have it here: install it with the system's packages" >&2
        exit 1
    fi
fi
