"""The benchmarks' command lines: a number that is of nothing is refused by its name."""

import pathlib
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Numbers(unittest.TestCase):
    """What is given to an option that takes a number."""

    def test_that_none_is_of_nothing(self) -> None:
        for script, option, value, why in [
            ("archive.py", "--megabytes", "0", "0 is less than 1"),
            ("archive.py", "--megabytes", "-5", "-5 is less than 1"),
            ("archive.py", "--runs", "0", "0 is less than 1"),
            ("archive.py", "--runs", "few", "invalid count value: 'few'"),
            ("cold.py", "--turns", "0", "0 is less than 1"),
            ("cold.py", "--latency", "-1", "-1 is no time"),
            ("cold.py", "--latency", "nan", "nan is no time"),
        ]:
            with self.subTest(script=script, option=option, value=value):
                command = [sys.executable, "-B", str(ROOT / "bench" / script), f"{option}={value}"]
                ran = subprocess.run(command, capture_output=True, text=True, check=False)
                self.assertEqual(ran.returncode, 2, ran.stderr)
                self.assertTrue(ran.stderr.endswith(f"error: argument {option}: {why}\n"), ran.stderr)


if __name__ == "__main__":
    unittest.main()
