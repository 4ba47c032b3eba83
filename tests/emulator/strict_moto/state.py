"""What the emulator keeps beside moto's own backends: faults, the record of requests, published messages and
the facts a test sets through the control API. Never holds an AWS resource: those stay in moto.
"""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID


def epoch(value: Any) -> float:
    """Seconds since 1970 from a number or an ISO 8601 time with its offset, as a test may write either."""
    if isinstance(value, (int, float)):
        return float(value)
    moment = datetime.fromisoformat(str(value))
    if moment.tzinfo is None:
        raise ValueError(f"{value!r} has no UTC offset")
    return moment.timestamp()


class State:
    # Whose calls those are that name no other account; it outlives a reset.
    account = DEFAULT_ACCOUNT_ID

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.clear()

    def clear(self) -> None:
        with self.lock:
            self.faults: list[Any] = []
            self.requests: list[dict[str, Any]] = []
            self.published: list[dict[str, Any]] = []
            # By key ARN: KMS records last use for each Region of a multi-Region key.
            self.key_last_usage: dict[str, dict[str, Any]] = {}
            # By (account, region), as LookupEvents answers for one Region.
            self.lookup_events: dict[tuple[str, str], list[dict[str, Any]]] = {}
            # By trail ARN: the delivery errors GetTrailStatus shows.
            self.trail_errors: dict[str, dict[str, str]] = {}
            # By access key: the statements that bind its calls.
            self.identities: dict[str, list[dict[str, Any]]] = {}
            self.query_result_keys: dict[tuple[str, str], str] = {}


STATE = State()
