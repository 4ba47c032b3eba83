"""What counts a cold start counts that start, and what compares figures sees the one that has grown."""

import contextlib
import http.client
import pathlib
import re
import ssl
import sys
import tempfile
import textwrap
import unittest

import baseline
from start import cases, tls
from start.aws import StandIn
from start.function import cold, environment, instructions
from start.http import Answer, Request, Server
from start.packages import guards

# A function as small as one can be: it asks for events and answers each with what it was given, until it is ended. It waits as an
# event loop does.
ECHO = textwrap.dedent("""
    import http.client, os, select, sys
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    api.connect()
    loop = select.epoll()
    loop.register(api.sock, select.EPOLLIN)
    while True:
        api.request("GET", "/2018-06-01/runtime/invocation/next")
        loop.poll()
        event = api.getresponse()
        number, text = event.headers["Lambda-Runtime-Aws-Request-Id"], event.read()
        api.request("POST", f"/2018-06-01/runtime/invocation/{number}/{sys.argv[1]}", text)
        api.getresponse().read()
""")
SPIN = "x = sum(range(int(1e6)))\n"


def asked(address: str, operation: str, connection: http.client.HTTPConnection | None = None) -> tuple[int, bytes]:
    own = connection or http.client.HTTPConnection(address)
    own.request("POST", "/", "{}", {"x-amz-target": operation})
    answer = own.getresponse()
    told = answer.status, answer.read()
    if not connection:
        own.close()
    return told


class Compared(unittest.TestCase):
    BEFORE = {"trail-guard": {"package bytes": 1000, "repaired": 2_000_000}}

    def now(self, name: str, figure: int) -> baseline.Figures:
        return {"trail-guard": self.BEFORE["trail-guard"] | {name: figure}}

    def test_a_figure_within_a_tenth_is_neither_fault_nor_note(self) -> None:
        for name, figure in [("repaired", 2_000_000), ("repaired", 2_200_000), ("repaired", 1_800_000), ("package bytes", 1100)]:
            self.assertEqual(baseline.compare(self.now(name, figure), self.BEFORE), ([], []), (name, figure))

    def test_a_figure_that_has_grown_by_more_is_a_fault_that_tells_how_to_update(self) -> None:
        for name, figure in [("repaired", 2_200_001), ("package bytes", 1101)]:
            [fault], notes = baseline.compare(self.now(name, figure), self.BEFORE)
            self.assertIn(f"trail-guard, {name}: {figure:,}", fault)
            self.assertIn("--update", fault)
            self.assertEqual(notes, [])

    def test_a_gain_is_a_note(self) -> None:
        faults, [note] = baseline.compare(self.now("repaired", 1_799_999), self.BEFORE)
        self.assertEqual(faults, [])
        self.assertIn("-10.0%", note)

    def test_a_figure_without_a_baseline_and_a_baseline_without_a_figure_are_faults(self) -> None:
        for now in [{}, self.now("compliant", 1), {"trail-guard": {"repaired": 2_000_000}}]:
            self.assertEqual(len(baseline.compare(now, self.BEFORE)[0]), 1, now)
        self.assertEqual(len(baseline.compare(self.BEFORE, {})[0]), 1, "nothing is written down for this machine")


class Started(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def function(self, text: str, *arguments: str) -> list[str]:
        file = self.folder / "function.py"
        file.write_text(text, encoding="utf-8")
        return [sys.executable, "-IS", str(file), *arguments]

    def test_a_start_gives_the_answer_and_what_it_took(self) -> None:
        start = cold(self.function(ECHO, "response"), {}, '{"a": 1}', warm='{"a": 2}')
        self.assertEqual(start.answer, {"a": 1})
        self.assertLess(start.warm_ms, start.wall_ms)
        self.assertGreater(start.peak_mib, 1)
        self.assertGreater(start.cpu_ms, 0)

    def test_a_function_that_fails_ends_the_measurement(self) -> None:
        with self.assertRaisesRegex(SystemExit, "the function fails"):
            cold(self.function(ECHO, "error"), {}, "{}")

    def test_a_function_that_ends_without_an_answer_is_told_with_what_it_printed(self) -> None:
        for start in (lambda it: cold(it, {}, "{}"), lambda it: instructions(it, {}, "{}", self.folder)):
            with self.assertRaisesRegex(SystemExit, "ends without an answer.*no policy file"):
                start(self.function("raise SystemExit('no policy file')"))

    def test_instructions_are_those_of_the_whole_start(self) -> None:
        fixed = {"PYTHONHASHSEED": "0"}
        idle, _ = instructions(self.function(ECHO, "response"), fixed, "{}", self.folder)
        busy, answer = instructions(self.function(SPIN + ECHO, "response"), fixed, '{"a": 1}', self.folder)
        self.assertEqual(answer, {"a": 1})
        self.assertGreater(busy - idle, 5_000_000, "a million additions of an interpreter")


class StoodIn(unittest.TestCase):
    def stand_in(self, answers: list[bytes]) -> StandIn:
        """Its emulator gives these answers, one after the other."""
        rest = iter(answers)

        async def answer(_: Request) -> Answer:
            return Answer(200, [("x-amzn-requestid", "1")], next(rest))

        emulator = Server(answer)
        aws = StandIn(emulator.address)
        self.addCleanup(emulator.close)
        self.addCleanup(aws.close)
        return aws

    def test_answers_are_repeated_call_by_call_from_the_beginning(self) -> None:
        aws = self.stand_in([b"no key", b"done", b"a key"])
        calls = ["DescribeLogGroups", "AssociateKmsKey", "DescribeLogGroups"]
        recorded = [asked(aws.server.address, name) for name in calls]
        self.assertEqual(recorded, [(200, b"no key"), (200, b"done"), (200, b"a key")])
        for _ in range(2):
            aws.replay()
            self.assertEqual([asked(aws.server.address, name) for name in calls], recorded)
            aws.check()

    def test_what_was_not_recorded_is_refused_and_told(self) -> None:
        aws = self.stand_in([])
        aws.replay()
        self.assertEqual(asked(aws.server.address, "DeleteLogGroup")[0], 400)
        with self.assertRaisesRegex(SystemExit, "DeleteLogGroup"):
            aws.check()

    def test_a_service_is_first_called_over_a_connection_of_its_own(self) -> None:
        calls = ["Logs.Describe", "Kms.Describe", "Kms.GetPolicy", "Logs.Associate", "Publish"]
        for separates, connections in [(True, 3), (False, 1)]:
            aws = self.stand_in([b"1", b"2", b"3", b"4", b"5"])
            aws.separates = separates
            for replays in (False, True):
                with contextlib.closing(http.client.HTTPConnection(aws.server.address)) as connection:
                    for name in calls:
                        asked(aws.server.address, name, connection)
                self.assertEqual(aws.server.connections, connections if replays else 1, "a recording changes nothing")
                aws.replay()

    def test_over_tls_only_who_is_told_of_the_authority_gets_an_answer(self) -> None:
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        context, trust = tls.authority(folder)
        aws = StandIn("127.0.0.1:9", context)
        self.addCleanup(aws.close)
        aws.replay()
        for variable in ("AWS_CA_BUNDLE", "SSL_CERT_FILE"):
            told = ssl.create_default_context(cafile=trust[variable])
            connection = http.client.HTTPSConnection(aws.server.address, context=told)
            self.assertEqual(asked(aws.server.address, "Unknown", connection)[0], 400)
            connection.close()
        stranger = http.client.HTTPSConnection(aws.server.address, context=ssl.create_default_context())
        with self.assertRaises(ssl.SSLCertVerificationError):
            stranger.connect()
        stranger.close()


class Chosen(unittest.TestCase):
    def test_every_guard_has_every_case(self) -> None:
        wanted = {(guard, name) for guard in guards().values() for name in ["no call", "compliant", "repaired"]}
        self.assertEqual({(case.guard, case.name) for case in cases.CASES}, wanted)

    def test_a_receipt_of_anything_else_ends_the_measurement(self) -> None:
        [case] = [it for it in cases.CASES if it.title == "log-group-guard repaired"]
        done = {"verdict": "violation", "effects": [{"outcome": "applied"}], "page": {"outcome": "sent"}}
        case.check(done)
        for wrong in [{"verdict": "unknown"}, {"effects": []}, {"effects": [{"outcome": "failed"}]}, {"page": None}]:
            with self.assertRaises(SystemExit):
                case.check(done | wrong)

    def test_the_variables_are_those_of_the_template(self) -> None:
        template = (cases.ROOT / "template.yaml").read_text(encoding="utf-8")
        ours = {name for name in environment("http://127.0.0.1:1", cases.ROOT / "policy.toml") if name.startswith("SEALWATCH_")}
        self.assertEqual(ours, set(re.findall(r"^ +(SEALWATCH_[A-Z_]+):", template, re.MULTILINE)))


if __name__ == "__main__":
    unittest.main()
