"""Counts the instructions of each guard's cold start, and weighs its package, and holds both to what is written down.

    baseline.py                             builds the packages and compares: 1 if a figure is more than a tenth above baseline.json
    baseline.py --update                    builds, and writes baseline.json anew
    baseline.py --binary FILE --guard NAME  counts the starts of one built binary and compares nothing; with --tls over TLS

Instructions are counted because they hardly differ from run to run, however busy the machine is. They do differ by the C library
and by what the processor has, so the baseline is one machine architecture's, and the margin is wide.
"""

import argparse
import json
import pathlib
import platform
import sys
import tempfile

from start import cases, tls
from start.aws import StandIn
from start.emulator import Emulator
from start.function import cold, environment, instructions
from start.packages import build, guards, zipped

BASELINE = pathlib.Path(__file__).with_name("baseline.json")
MARGIN = 0.10
PACKAGE = "package bytes"
UPDATE = "`.tools/template/bin/python tests/package/baseline.py --update`"

# Without a call nothing of TLS may be made ready, and with one no more than it needs. Where several are made at a time a handshake more
# or less is chance.
OVER_TLS = {("log-group-guard", "no call"), ("log-group-guard", "compliant")}

Figures = dict[str, dict[str, int]]


def count(binary: pathlib.Path, case: cases.Case, emulator: Emulator, runs: int = 1, secure: bool = False) -> tuple[list[int], list[str]]:
    """The instructions of a cold start, once a run, and the calls that it makes."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        policy = cases.policy(folder)
        emulator.begin()
        event = case.event(case.prepare(emulator))
        context, trust = tls.authority(folder) if secure else (None, {})
        aws = StandIn(emulator.address, context)
        try:
            # Who calls nobody is started as it ships: with Amazon's roots and the machine's list, of which none may be read.
            variables = environment(aws.endpoint, policy) | (trust if case.name != "no call" else {})
            case.check(cold([str(binary)], variables, event).answer)
            calls = emulator.calls()
            counts = []
            for _ in range(runs):
                aws.replay()
                counted, answer = instructions([str(binary)], variables, event, folder)
                case.check(answer)
                aws.check()
                counts.append(counted)
            return counts, calls
        finally:
            aws.close()


def measured() -> Figures:
    """The figures of the packages as they are now."""
    figures: Figures = {}
    emulator = Emulator()
    try:
        for logical, guard in guards().items():
            binary = build(logical) / "bootstrap"
            figures[guard] = {PACKAGE: zipped(binary)}
            for case in cases.CASES:
                if case.guard == guard:
                    [instructions_], _ = count(binary, case, emulator)
                    figures[guard][case.name] = instructions_
                    if (guard, case.name) in OVER_TLS:
                        [instructions_], _ = count(binary, case, emulator, secure=True)
                        figures[guard][f"{case.name} over TLS"] = instructions_
            print(guard, *(f"{name} {it:,}" for name, it in figures[guard].items()), sep=", ", flush=True)
    finally:
        emulator.close()
    return figures


def compare(now: Figures, before: Figures) -> tuple[list[str], list[str]]:
    """What is too much, and what is worth a note."""
    faults, notes = [], []
    named = {guard: set(figures) for guard, figures in now.items()}
    if named != {guard: set(figures) for guard, figures in before.items()}:
        faults.append(f"baseline.json has other figures than there are now; write it anew with {UPDATE}")
    for guard, figures in now.items():
        for name, figure in figures.items():
            known = before.get(guard, {}).get(name)
            if known is None:
                continue
            what = f"{guard}, {name}: {figure:,}, and the baseline has {known:,} ({figure / known - 1:+.1%})"
            if figure > known * (1 + MARGIN):
                faults.append(f"{what}; if that is worth it, say why in the commit and update with {UPDATE}")
            elif figure < known * (1 - MARGIN):
                notes.append(f"{what}; write the gain down with {UPDATE}, or it can be lost unseen")
    return faults, notes


def show(binary: pathlib.Path, guard: str, name: str | None, runs: int, secure: bool) -> None:
    """Prints what the starts of one binary cost."""
    emulator = Emulator()
    try:
        for case in cases.CASES:
            if case.guard == guard and name in {None, case.name}:
                counts, calls = count(binary.resolve(), case, emulator, runs, secure)
                print(case.title, *(f"{it:,}" for it in counts), f"{len(calls)} calls", *calls, sep="  ", flush=True)
    finally:
        emulator.close()


def main() -> int:
    """1 if a figure has grown."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--update", action="store_true", help="write the baseline anew")
    arguments.add_argument("--binary", type=pathlib.Path, help="count the starts of this binary alone")
    arguments.add_argument("--guard", choices=sorted({case.guard for case in cases.CASES}), help="which guard the binary is")
    arguments.add_argument("--case", choices=sorted({case.name for case in cases.CASES}), help="one case alone")
    arguments.add_argument("--runs", type=int, default=1, help="how often each start of the binary is counted")
    arguments.add_argument("--tls", action="store_true", help="reach AWS over TLS")
    given = arguments.parse_args()
    if given.binary:
        if not given.guard:
            arguments.error("--binary needs --guard")
        show(given.binary, given.guard, given.case, given.runs, given.tls)
        return 0
    now = measured()
    baselines = json.loads(BASELINE.read_text(encoding="utf-8")) if BASELINE.exists() else {}
    if given.update:
        BASELINE.write_text(json.dumps(baselines | {platform.machine(): now}, indent=2) + "\n", encoding="utf-8")
        return 0
    faults, notes = compare(now, baselines.get(platform.machine(), {}))
    for note in notes:
        print(f"note: {note}")
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
