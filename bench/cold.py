"""Starts each guard cold, with one event, and holds what that takes against other ways to do the same.

Everything is measured in one run, side by side: all of them take turns, and of several starts the least counts. The guards are the
packages that `make build` makes. AWS is a recording of the emulator's answers, replayed over connections that stay open, the same
for all. Prints tables in Markdown, and which targets are met.
"""

import argparse
import contextlib
import itertools
import math
import os
import pathlib
import platform
import re
import sys
import tempfile
from collections.abc import Callable

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/package"))

from cold.contestants import CUSTODIAN, LOG_GROUPS, PYTHON, Contestant, everybody  # noqa: E402
from cold.measure import Bench, Figures  # noqa: E402
from cold.targets import targets  # noqa: E402
from start import cases  # noqa: E402
from start.emulator import Emulator  # noqa: E402

# Starts of an interpreter take long, and differ less.
TURNS_OF_OTHERS = 5
WARM = 3
BEGIN, END = "<!-- cold.py --write writes from here -->", "<!-- to here -->"


def benches(everyone: list[Contestant], emulator: Emulator, folder: pathlib.Path, latency: float, stack: contextlib.ExitStack) -> list[Bench]:
    """One for each contestant, case, and way to AWS, each with its recording."""
    found = []
    all_cases = ((contestant, case) for contestant in everyone for case in contestant.cases)
    for number, ((contestant, case), secure) in enumerate(itertools.product(all_cases, (False, True))):
        own = folder / str(number)
        own.mkdir()
        cases.policy(own)
        bench = Bench(contestant, case, secure, emulator, own, latency)
        stack.callback(bench.close)
        found.append(bench)
    return found


def measure(found: list[Bench], turns: int, counts_others: bool) -> None:
    """Each in turn, so that a busy minute falls on all."""
    for turn in range(turns):
        print(f"turn {turn + 1} of {turns}", file=sys.stderr)
        for bench in found:
            if not bench.contestant.is_ours and turn >= TURNS_OF_OTHERS:
                continue
            bench.run()
            if bench.secure:
                bench.run_emulated()
            if turn < WARM:
                bench.run_warm()
    print("counting instructions", file=sys.stderr)
    for bench in found:
        if bench.contestant.is_ours or counts_others:
            bench.run_counted()


def rows(found: list[Bench], secure: bool) -> list[str]:
    """A table of one way to AWS."""
    columns: dict[str, Callable[[Figures], str]] = {
        "calls": lambda it: str(len(it.calls)),
        "wall ms": lambda it: f"{it.wall:.1f}",
        "under the RIE ms": lambda it: f"{it.emulated:.1f}",
        "warm ms": lambda it: f"{it.warm:.2f}",
        "CPU ms": lambda it: f"{it.cpu:.1f}",
        "peak MiB": lambda it: f"{it.peak:.1f}",
        "instructions": lambda it: f"{it.instructions:,}" if it.instructions else "–",
    }
    if not secure:
        del columns["under the RIE ms"]
    lines = [f"| what is started | case | {' | '.join(columns)} |", "|" + " --- |" * (len(columns) + 2)]
    for bench in found:
        if bench.secure == secure:
            figures = " | ".join(shown(bench.figures) for shown in columns.values())
            lines.append(f"| {bench.contestant.name} | {bench.case.name} | {figures} |")
    return lines


def ratios(table: dict[tuple[str, str, bool], Figures]) -> list[str]:
    """The log-group guard against what does the same otherwise."""
    lines = ["| against the log-group guard | case | wall | CPU | peak memory |", "| --- | --- | --- | --- | --- |"]
    for (name, case, secure), other in table.items():
        if name in {PYTHON, CUSTODIAN} and secure:
            own = table[LOG_GROUPS, case, secure]
            against = f"{other.wall / own.wall:.1f} × | {other.cpu / own.cpu:.1f} × | {other.peak / own.peak:.1f} ×"
            lines.append(f"| {name} | {case} | {against} |")
    return lines


def machine() -> str:
    """What it was measured on."""
    model = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    processor = model[1] if model else platform.machine()
    libc = " ".join(platform.libc_ver())
    load = os.getloadavg()[0]
    kernel = platform.release().partition("-")[0]
    return f"{os.cpu_count()} cores of {processor}, Linux {kernel}, {libc}, Python {platform.python_version()}, load {load:.1f}"


def count(text: str) -> int:
    """A number of the command line that is of something: at least one."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


def milliseconds(text: str) -> float:
    """A time of the command line."""
    number = float(text)
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is no time")
    return number


def main() -> int:
    """Measures and prints; 0 whether the targets are met or not."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--turns", type=count, default=15, help="cold starts of each case")
    arguments.add_argument("--latency", type=milliseconds, default=0.0, metavar="MS", help="what each answer of AWS takes, beside its making")
    arguments.add_argument("--built", action="store_true", help="measure the programs that are there, and build nothing")
    arguments.add_argument("--count-others", action="store_true", help="also count the interpreted functions' instructions (minutes)")
    arguments.add_argument("--only", action="append", metavar="NAME", help="one contestant alone; may be given several times")
    arguments.add_argument("--write", action="store_true", help="also write the tables into bench/README.md")
    given = arguments.parse_args()
    if given.write and given.only:
        arguments.error("--write needs all contestants")
    everyone = [it for it in everybody(not given.built) if not given.only or it.name in given.only]
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        emulator = Emulator()
        stack.callback(emulator.close)
        found = benches(everyone, emulator, folder, given.latency / 1000, stack)
        measure(found, given.turns, given.count_others)
        table = {(it.contestant.name, it.case.name, it.secure): it.figures for it in found}
        sizes = {it.name: it.package_bytes for it in everyone}
        latency = f"after {given.latency:g} ms" if given.latency else "at once"
        lines = [f"{given.turns} turns on {machine()}; AWS answers {latency}."]
        lines += ["", "Over TLS:", "", *rows(found, True)]
        lines += ["", "Over plain HTTP:", "", *rows(found, False)]
        lines += ["", "| package | bytes zipped |", "| --- | --- |", *(f"| {name} | {size:,} |" for name, size in sizes.items())]
        if {PYTHON, CUSTODIAN, LOG_GROUPS} <= set(sizes):
            lines += ["", *ratios(table)]
        lines += ["", "| target | figure | limit | |", "| --- | --- | --- | --- |", *(it.row() for it in targets(table, sizes))]
    print("\n".join(lines))
    if given.write:
        write("\n".join(lines))
    return 0


def write(text: str) -> None:
    """Puts the tables into bench/README.md, in the place of the last ones."""
    readme = ROOT / "bench/README.md"
    before, begin, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit("bench/README.md has no place for the tables")
    readme.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
