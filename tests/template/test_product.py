"""The template and the product together, by `sealwatch replay`: the key that the template makes serves, and heartbeats disturb nobody."""

import json
import pathlib
import subprocess
import tempfile
import unittest

import calls as code
from patterns import call
from stack import ACCOUNT, ROOT, Stack

KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/1a2b3c4d-1111-4a4a-8b8b-000000000001"
POLICY = """
mode = "remediate"
[[log_groups.keys]]
match = "*"
key = "alias/logs"
[trails]
key = "alias/trails"
"""


def replay(event: dict, statements: list | None = None) -> dict:
    """The receipt of an event, in an account whose key has these statements."""
    key = {
        "arn": KEY,
        "aliases": ["alias/logs", "alias/trails"],
        "state": "Enabled",
        "spec": "SYMMETRIC_DEFAULT",
        "usage": "ENCRYPT_DECRYPT",
        "manager": "CUSTOMER",
        "policy": {"Version": "2012-10-17", "Statement": statements or []},
    }
    shipped = json.loads((ROOT / "events/state.json").read_text())
    state = shipped | {"keys": [key]}
    state.pop("$schema")
    with tempfile.TemporaryDirectory() as folder:
        files = {"policy.toml": POLICY, "state.json": json.dumps(state), "event.json": json.dumps(event)}
        for name, text in files.items():
            pathlib.Path(folder, name).write_text(text)
        command = ["cargo", "run", "--quiet", "--locked", "--package", "sealwatch", "--", "replay", "--format", "json"]
        options = ["--policy", f"{folder}/policy.toml", "--state", f"{folder}/state.json", f"{folder}/event.json"]
        ended = subprocess.run(command + options, cwd=ROOT, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise AssertionError(ended.stderr)
    return json.loads(ended.stdout)


def effects(receipt: dict) -> set[str]:
    return {it["ensure"] for it in receipt["effects"] if it["outcome"] == "replayed"}


class TheKeyThatTheTemplateMakes(unittest.TestCase):
    statements = Stack().properties("LogsKey")["KeyPolicy"]["Statement"]
    group = json.loads((ROOT / "events/log-group/created-without-key.json").read_text())
    trail = json.loads((ROOT / "events/trail/created-by-quick-create.json").read_text())

    def test_passes_the_preflight_for_log_groups(self):
        receipt = replay(self.group, self.statements)
        self.assertEqual([it["id"] for it in receipt["findings"]], ["log-group.unencrypted"])
        self.assertEqual(effects(receipt), {"log-group-key"})

    def test_passes_the_preflight_for_trails(self):
        receipt = replay(self.trail, self.statements)
        self.assertNotIn("trail.key-unusable", [it["id"] for it in receipt["findings"]])
        self.assertIn("trail-key", effects(receipt))

    def test_would_fail_without_the_services_statements(self):
        account = self.statements[:1]
        self.assertIn("log-group.key-unusable", [it["id"] for it in replay(self.group, account)["findings"]])
        self.assertIn("trail.key-unusable", [it["id"] for it in replay(self.trail, account)["findings"]])


class Heartbeats(unittest.TestCase):
    def test_are_counted_and_nothing_else(self):
        beats = {"log-group": ("logs", "AssociateKmsKey"), "trail": ("cloudtrail", "StartLogging"), "key": ("kms", "EnableKey")}
        role = Stack().name_of("HeartbeatRole")
        for guard in code.judged():
            event = call(*beats[guard])
            event["detail"] |= {
                "errorCode": "AccessDenied",
                "errorMessage": "no identity-based policy allows the action",
                "recipientAccountId": ACCOUNT,
                "userIdentity": {"type": "AssumedRole", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/beat", "accountId": ACCOUNT},
            }
            receipt = replay(event)
            with self.subTest(guard=guard):
                self.assertEqual((receipt["guard"], receipt["verdict"]), (guard, "ignored"))
                self.assertEqual((receipt["findings"], receipt["effects"], receipt["page"]), ([], [], None))


if __name__ == "__main__":
    unittest.main()
