"""One function and one case: the least time and memory of several cold starts, one counted start, and the calls."""

import pathlib
import re
import subprocess
import time
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass, field

from start import PATIENCE, ROOT, tls
from start.aws import StandIn
from start.cases import Case
from start.emulator import Emulator
from start.function import Start, cold, environment, free_port, instructions, wait_for_port

from cold.contestants import Contestant

RIE = ROOT / ".tools/bin/aws-lambda-rie"


@dataclass
class Figures:
    """What starts took; times in milliseconds, the least of all runs; memory in MiB, the most."""

    wall: float = float("inf")
    cpu: float = float("inf")
    warm: float = float("inf")
    emulated: float = float("inf")
    peak: float = 0.0
    instructions: int | None = None
    calls: list[str] = field(default_factory=list)


class Bench:
    """One contestant with one case, over one way to AWS."""

    def __init__(self, contestant: Contestant, case: Case, secure: bool, emulator: Emulator, folder: pathlib.Path, latency: float) -> None:
        self.contestant, self.case, self.secure = contestant, case, secure
        self.folder = folder
        self.figures = Figures()
        context, trust = tls.authority(folder) if secure else (None, {})
        self.aws = StandIn(emulator.address, context, latency, separates=contestant.is_ours)
        self.variables = environment(self.aws.endpoint, folder / "policy.toml") | contestant.variables | trust
        if contestant.authorities and secure:
            # It reads all of its own at each start, ours among them.
            bundle = folder / "botocore-and-ours.pem"
            bundle.write_bytes(contestant.authorities.read_bytes() + pathlib.Path(trust["AWS_CA_BUNDLE"]).read_bytes())
            self.variables["AWS_CA_BUNDLE"] = str(bundle)
        emulator.begin()
        self.event = case.event(case.prepare(emulator))
        self.check(self.start())
        self.figures.calls = emulator.calls()

    def start(self, again: str | None = None) -> Start:
        command, folder = self.contestant.command, self.contestant.folder
        return cold(command, self.variables, self.event, again, folder=folder, between=self.aws.replay)

    def check(self, start: Start | None) -> None:
        """It did what the case is about, and called what it called in the recording."""
        if start and self.contestant.is_guard:
            self.case.check(start.answer)
        if self.aws.replays:
            self.aws.check()
            recorded = Counter({name: len(answers) for name, answers in self.aws.recorded.items()})
            if Counter(self.aws.called) != recorded:
                raise SystemExit(f"{self.contestant.name}, {self.case.name}: called {self.aws.called}, recorded {dict(recorded)}")

    def run(self) -> None:
        """A cold start."""
        self.aws.replay()
        start = self.start()
        self.check(start)
        figures = self.figures
        figures.wall, figures.cpu = min(figures.wall, start.wall_ms), min(figures.cpu, start.cpu_ms)
        figures.peak = max(figures.peak, start.peak_mib)

    def run_warm(self) -> None:
        """One more event to a function that has answered one; the same but for its id, and the account is as before."""
        self.aws.replay()
        other = re.sub(r'("eventID": "[^"]*)."', r'\1f"', self.event)
        start = self.start(other)
        self.aws.check()
        self.figures.warm = min(self.figures.warm, start.warm_ms)

    def run_emulated(self) -> None:
        """A cold start under Lambda's runtime interface emulator, as its caller sees it."""
        self.aws.replay()
        front, back = free_port(), free_port()
        addresses = ["--runtime-interface-emulator-address", f"127.0.0.1:{front}", "--runtime-api-address", f"127.0.0.1:{back}"]
        command = [RIE, "--log-level", "error", *addresses, self.contestant.bootstrap()]
        printed = self.folder / "emulated.log"
        with printed.open("wb") as output:
            process = subprocess.Popen(command, env=self.variables, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            for port in (front, back):
                wait_for_port(port, process)  # a function can be quicker than the emulator
            address = f"http://127.0.0.1:{front}/2015-03-31/functions/function/invocations"
            began = time.perf_counter()
            with urllib.request.urlopen(address, self.event.encode(), timeout=PATIENCE) as answer:
                answer.read()
            self.figures.emulated = min(self.figures.emulated, (time.perf_counter() - began) * 1000)
        except urllib.error.HTTPError as error:
            told = f"{error.read()[:500]!r}, {printed.read_text(errors='replace')[-1500:]}"
            raise SystemExit(f"{self.contestant.name}, {self.case.name}: {error} under the emulator: {told}") from None
        finally:
            process.terminate()
            process.wait()
        self.check(None)

    def run_counted(self) -> None:
        """A cold start under Valgrind."""
        self.aws.replay()
        command, folder = self.contestant.command, self.contestant.folder
        self.figures.instructions, _ = instructions(command, self.variables, self.event, self.folder, folder)
        self.check(None)

    def close(self) -> None:
        self.aws.close()
