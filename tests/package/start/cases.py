"""What a guard is started with: one sample event, and the account that it meets.

The events are those of `events/`, told of the emulator's account and of a moment ago. Each guard has one that needs no call, one
about what is as it should be, and one about what it repairs, reads back and pages.
"""

import datetime
import json
import pathlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from . import ACCOUNT, ROOT
from .emulator import CLOUDTRAIL, KMS, LOGS, Emulator

# Nobody's role: the calls of the sample events are somebody else's.
ROLE = f"arn:aws:iam::{ACCOUNT}:role/sealwatch-guard"


@dataclass(frozen=True)
class Case:
    """One event, and what must come of it."""

    guard: str
    name: str
    file: str
    # Makes the account, and tells what stands in the event for what it holds.
    prepare: Callable[[Emulator], dict[str, str]]
    verdict: str

    @property
    def title(self) -> str:
        return f"{self.guard} {self.name}"

    def check(self, receipt: dict) -> None:
        """The start did what the case is about: a figure of anything else would be worth nothing."""
        effects = [it["outcome"] for it in receipt.get("effects", [])]
        repaired = bool(effects) and set(effects) == {"applied"} and (receipt.get("page") or {}).get("outcome") == "sent"
        if receipt.get("verdict") != self.verdict or repaired != (self.name == "repaired"):
            raise SystemExit(f"{self.title}: the guard answers {json.dumps(receipt)[:1500]}")

    def event(self, replaced: dict[str, str]) -> str:
        """The event's text, of a moment ago, in the emulator's account."""
        text = (ROOT / "events" / self.file).read_text(encoding="utf-8").replace("111122223333", ACCOUNT)
        now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        text = re.sub(r'("(?:time|eventTime)": )"[^"]*"', rf'\1"{now}"', text)
        for name, value in replaced.items():
            if name not in text:
                raise SystemExit(f"{self.file} no longer names {name}")
            text = text.replace(name, value)
        return text


def nothing(_: Emulator) -> dict[str, str]:
    return {}


def group_with_key(aws: Emulator) -> dict[str, str]:
    key = aws.key("alias/logs")
    aws.call(LOGS, "CreateLogGroup", logGroupName="/payments/invoices", kmsKeyId=key)
    # Another key than the event's would be taken for a look that came too early.
    return {"1a2b3c4d-1111-4a4a-8b8b-000000000001": identity(key)}


def group_without_key(aws: Emulator) -> dict[str, str]:
    aws.key("alias/logs")
    aws.call(LOGS, "CreateLogGroup", logGroupName="/payments/worker")
    return {}


def trail_that_records(aws: Emulator) -> dict[str, str]:
    aws.trail("archive", aws.key("alias/trails"))
    return {}


def trail_that_is_stopped(aws: Emulator) -> dict[str, str]:
    aws.trail("payments", aws.key("alias/trails"))
    aws.call(CLOUDTRAIL, "StopLogging", Name="payments")
    return {}


def key_that_was_enabled(aws: Emulator) -> dict[str, str]:
    return {"1a2b3c4d-b035-4a4a-8b8b-000000000035": identity(aws.key())}


def key_that_is_used_and_dying(aws: Emulator) -> dict[str, str]:
    key = aws.key()
    used = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    usage = {"Operation": "Decrypt", "Timestamp": used.isoformat(), "CloudTrailEventId": "use-1"}
    aws.order("key-last-usage", {"KeyId": key, "KeyLastUsage": usage})
    aws.call(KMS, "ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=7)
    return {"1a2b3c4d-b011-4a4a-8b8b-000000000011": identity(key)}


def identity(key: str) -> str:
    return key.rsplit("/", 1)[-1]


CASES = [
    Case("log-group-guard", "no call", "log-group/created-name-taken.json", nothing, "ignored"),
    Case("log-group-guard", "compliant", "log-group/created-with-key.json", group_with_key, "compliant"),
    Case("log-group-guard", "repaired", "log-group/created-without-key.json", group_without_key, "violation"),
    Case("trail-guard", "no call", "trail/created-with-name-taken.json", nothing, "ignored"),
    Case("trail-guard", "compliant", "trail/started.json", trail_that_records, "compliant"),
    Case("trail-guard", "repaired", "trail/stopped-by-name.json", trail_that_is_stopped, "violation"),
    Case("key-guard", "no call", "key/enabling-denied.json", nothing, "ignored"),
    Case("key-guard", "compliant", "key/enabled-by-sealwatch.json", key_that_was_enabled, "compliant"),
    Case("key-guard", "repaired", "key/scheduled-under-log-group.json", key_that_is_used_and_dying, "violation"),
]


def policy(folder: pathlib.Path) -> pathlib.Path:
    """The policy that ships, in the mode that does most; the clauses of the rest stay as they are."""
    text = (ROOT / "policy.toml").read_text(encoding="utf-8")
    for shipped, wanted in [('\nmode = "observe"', '\nmode = "remediate"'), ('\n# key = "alias/trails" ', '\nkey = "alias/trails" ')]:
        if text.count(shipped) != 1:
            raise SystemExit(f"policy.toml no longer holds {shipped.strip()}")
        text = text.replace(shipped, wanted)
    path = folder / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return path
