"""Replays a generated CloudTrail archive, and holds the time and memory it takes against other ways to read it.

Everything is measured in one run, side by side: each command several times in turn, the least of them counts. Ratios hold from
machine to machine, absolute times don't. That all readers find the same records is checked first. Prints a table in Markdown.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import textwrap
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
# The calls that a replay makes something of, for the other tools; the uses of keys are left to Sealwatch.
SOURCES = ["logs.amazonaws.com", "kms.amazonaws.com", "cloudtrail.amazonaws.com"]
NAMES = [
    "CreateLogGroup", "DeleteLogGroup", "AssociateKmsKey", "DisassociateKmsKey", "CreateTrail", "UpdateTrail", "DeleteTrail",
    "StartLogging", "StopLogging", "PutEventSelectors", "CreateKey", "PutKeyPolicy", "EnableKey", "DisableKey",
    "ScheduleKeyDeletion", "CancelKeyDeletion", "CreateGrant", "RevokeGrant", "CreateAlias", "UpdateAlias", "DeleteAlias",
]  # fmt: skip
# Those of them that a guard judges, and so all that Sealwatch gives receipts for.
JUDGED = [
    "CreateLogGroup", "AssociateKmsKey", "DisassociateKmsKey", "CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging",
    "StopLogging", "PutEventSelectors", "PutKeyPolicy", "EnableKey", "DisableKey", "ScheduleKeyDeletion", "CancelKeyDeletion",
    "UpdateAlias", "DeleteAlias",
]  # fmt: skip
JQ = ".Records[] | select((.eventSource | IN({})) and (.eventName | IN({})))".format(
    *(", ".join(json.dumps(item) for item in items) for items in (SOURCES, NAMES))
)
PYTHON = f"""
import gzip, sys
import orjson
sources, names = set({SOURCES!r}), set({NAMES!r})
judged = set({JUDGED!r})
found = of_them_judged = 0
for path in sys.stdin.read().split():
    with gzip.open(path) as file:
        for record in orjson.loads(file.read())["Records"]:
            if record["eventSource"] in sources and record["eventName"] in names:
                found += 1
                of_them_judged += record["eventName"] in judged
print(found, of_them_judged)
"""
DUCKDB = f"""
import duckdb, sys
duckdb.sql("SET threads = " + sys.argv[2])
duckdb.sql("SET enable_progress_bar = false")
found = duckdb.sql(f'''
    SELECT count(*) FROM (
        SELECT unnest(Records) AS record FROM read_json('{{sys.argv[1]}}/**/*.json.gz', maximum_object_size = 100000000,
            columns = {{{{Records: 'STRUCT(eventSource VARCHAR, eventName VARCHAR)[]'}}}})
    ) WHERE record.eventSource IN {tuple(SOURCES)} AND record.eventName IN {tuple(NAMES)}
''').fetchall()
print(found[0][0])
"""


class Measured:
    """The least of several runs of one command."""

    def __init__(self) -> None:
        self.wall = self.cpu = float("inf")
        self.memory = 0.0

    def run(self, command: list[str], cores: str, stdin: bytes) -> None:
        """Runs the command on these processors and keeps what is less than before; of memory what is more."""
        read, write = os.pipe()
        started = time.monotonic()
        child = os.fork()
        if child == 0:
            os.dup2(read, 0)
            os.close(write)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            os.sched_setaffinity(0, {int(core) for core in cores.split(",")})
            os.execvp(command[0], command)
        os.close(read)
        with os.fdopen(write, "wb") as pipe, contextlib.suppress(BrokenPipeError):
            pipe.write(stdin)
        _, status, used = os.wait4(child, 0)
        if os.waitstatus_to_exitcode(status) != 0:
            sys.exit(f"{command} failed")
        self.wall = min(self.wall, time.monotonic() - started)
        self.cpu = min(self.cpu, used.ru_utime + used.ru_stime)
        self.memory = max(self.memory, used.ru_maxrss / 1024)


def built() -> pathlib.Path:
    """Builds what is measured, and what measures."""
    subprocess.run(["cargo", "build", "--quiet", "--profile", "laptop", "--locked", "--package", "sealwatch", "--package", "sealwatch-bench"], cwd=ROOT, check=True)
    return TARGET / "laptop"


def reshape(source: pathlib.Path, target: pathlib.Path, shape: str) -> None:
    """Writes a log file's records pretty-printed, or one a line."""
    text = source.read_text()
    begin = '{"eventVersion":'
    with target.open("w") as file:
        at = text.index(begin)
        file.write('{\n  "Records": [' if shape == "pretty" else "")
        separator = ""
        while at >= 0:
            following = text.find("," + begin, at)
            record = json.loads(text[at:following] if following >= 0 else text[at : text.rindex("]}")])
            if shape == "pretty":
                file.write(separator + "\n" + textwrap.indent(json.dumps(record, indent=2), "    "))
                separator = ","
            else:
                file.write(json.dumps(record, separators=(",", ":")) + "\n")
            at = following + 1 if following >= 0 else -1
        file.write("\n  ]\n}\n" if shape == "pretty" else "")


def check_counts(tried: dict[str, tuple[list[str], str]], listed: bytes) -> None:
    """All readers find the same records, or nothing is measured. The uses of keys are Sealwatch's own matter."""
    found, judged = {}, {}
    for name, (command, _) in tried.items():
        # What these two give is all of the archive, and to hold that here would count as the memory of each child.
        if name in ("gzip -dc", "inflate alone (libdeflate)"):
            continue
        run = subprocess.run(command, input=listed, capture_output=True, check=False)
        if "jq" in name:
            found[name] = run.stdout.count(b"\n")
        elif "Python" in name:
            found[name], judged[name] = map(int, run.stdout.split())
        elif "DuckDB" in name:
            found[name] = int(run.stdout)
        elif "sealwatch" in name:
            receipts = run.stdout.count(b"\n")
            told = re.search(rb": (\d+) judged", run.stderr)
            if told is None or int(told[1]) != receipts:
                sys.exit(f"{name}: {receipts} receipts, but {run.stderr.decode()}")
            judged[name] = receipts
    print(f"records found {found}, judged {judged}", file=sys.stderr)
    if len(set(found.values())) > 1 or len(set(judged.values())) > 1:
        sys.exit("the readers don't find the same")


def count(text: str) -> int:
    """A number of the command line that is of something: at least one."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


def main() -> None:
    """Generates, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=count, default=512, help="how much the archive holds unpacked")
    parser.add_argument("--runs", type=count, default=3, help="how often each command is run")
    parser.add_argument("--folder", type=pathlib.Path, default=TARGET / "bench", help="where the archive is kept")
    parser.add_argument("--single", action="store_true", help="measure one plain log file of that size instead")
    parser.add_argument("--shape", choices=["pretty", "lines"], help="with --single: pretty-printed, or a record a line")
    parser.add_argument("--gzip", action="store_true", help="with --single: the file gzipped")
    arguments = parser.parse_args()
    programs = built()
    kind = "single" if arguments.single else "archive"
    archive = arguments.folder / f"{kind}-{arguments.megabytes}"
    if not archive.exists():
        print("generating", archive, file=sys.stderr)
        command = [str(programs / "generate"), str(archive), "--megabytes", str(arguments.megabytes)]
        subprocess.run(command + (["--single"] if arguments.single else []), check=True, stdout=sys.stderr)
    if arguments.single and (arguments.shape or arguments.gzip):
        (plain,) = archive.rglob("*.json")
        archive = arguments.folder / "-".join([archive.name, arguments.shape or "as-written"] + ["gzip"] * arguments.gzip)
        if not archive.exists():
            archive.mkdir()
            target = archive / "archive.json"
            if arguments.shape:
                reshape(plain, target, arguments.shape)
            else:
                target.write_bytes(plain.read_bytes())
            if arguments.gzip:
                subprocess.run(["gzip", "-6", str(target)], check=True)
    files = sorted(str(path) for path in archive.rglob("*.json*"))
    listed = "\n".join(files).encode()
    replay = [str(programs / "sealwatch"), "replay", "--format", "json", str(archive)]
    tried: dict[str, tuple[list[str], str]] = {"sealwatch, one core": (replay, "0"), "sealwatch, two cores": (replay, "0,1")}
    if not arguments.single:
        tried["inflate alone (libdeflate)"] = ([str(programs / "inflate")], "0")
        tried["gzip -dc"] = (["xargs", "gzip", "-dc"], "0")
        if shutil.which("jq"):
            tried["gzip -dc and jq"] = (["sh", "-c", f"xargs gzip -dc | jq -c '{JQ}'"], "0")
        python = ROOT / ".tools/bench/bin/python"
        if python.exists():
            tried["Python, gzip and orjson"] = ([str(python), "-c", PYTHON], "0")
            tried["DuckDB, one thread"] = ([str(python), "-c", DUCKDB, str(archive), "1"], "0")
    check_counts(tried, listed)
    measured = {name: Measured() for name in tried}
    for number in range(arguments.runs):
        for name, (command, cores) in tried.items():
            print(f"run {number + 1} of {arguments.runs}: {name}", file=sys.stderr)
            measured[name].run(command, cores, listed)
    own = measured["sealwatch, one core"]
    print("| reader | wall s | CPU s | wall against sealwatch on one core | CPU against it | peak MiB |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, it in measured.items():
        print(f"| {name} | {it.wall:.2f} | {it.cpu:.2f} | {it.wall / own.wall:.2f} | {it.cpu / own.cpu:.2f} | {it.memory:.0f} |")
    print(f"\n{len(files)} files, {sum(os.path.getsize(path) for path in files) / 1e6:.0f} MB as they lie, {arguments.megabytes} MB unpacked")


if __name__ == "__main__":
    main()
