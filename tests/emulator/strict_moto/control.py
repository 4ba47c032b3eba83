"""The control API under /_strict/: plain JSON, for tests only.

It sets facts AWS would know from elsewhere (past events, a trail's failures; of keys in key_control.py), makes log groups in
bulk, and reads what callers did. It never stands in for an AWS operation.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.cloudtrail.models import cloudtrail_backends

from . import identity, key_control, logs
from .faults import Fault
from .state import STATE, epoch
from .wire import Answer, json_answer

DELIVERY_ERRORS = {"LatestDeliveryError", "LatestDigestDeliveryError", "LatestNotificationError", "LatestCloudWatchLogsDeliveryError"}


def add_fault(order: Any) -> Any:
    fault = Fault(order)
    STATE.faults.append(fault)
    return fault.shown()


def set_trail_status(order: Any) -> Any:
    given = {name: value for name, value in order.items() if name != "TrailARN"}
    if not set(given) <= DELIVERY_ERRORS:
        raise ValueError(f"a trail status has a TrailARN and only the fields {sorted(DELIVERY_ERRORS)}")
    if not all(value is None or (isinstance(value, str) and value) for value in given.values()):
        raise ValueError("an error is a text, or null to remove it")
    arn = order["TrailARN"]
    if not any(trail.arn == arn for account in list(cloudtrail_backends.values()) for backend in list(account.values()) for trail in backend.trails.values()):
        raise ValueError(f"no trail {arn!r}")
    merged = {**STATE.trail_errors.get(arn, {}), **given}
    STATE.trail_errors[arn] = {name: value for name, value in merged.items() if value is not None}
    return {"TrailARN": arn, **STATE.trail_errors[arn]}


def add_log_groups(order: Any) -> Any:
    return {"logGroups": logs.seed(order["region"], order.get("account", STATE.account), order["groups"])}


def lookup_event(event: Any, place: tuple[str, str]) -> dict[str, Any]:
    """The event as LookupEvents answers it, which never lacks the whole record as JSON in a text."""
    seconds = epoch(event["EventTime"])
    record = {"eventVersion": "1.11", "eventID": event.get("EventId"), "eventName": event.get("EventName"), "eventSource": event.get("EventSource"),
              "eventTime": datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "awsRegion": place[1], "recipientAccountId": place[0]}
    whole = event.get("CloudTrailEvent", json.dumps({name: value for name, value in record.items() if value is not None}))
    if not isinstance(whole, str) or not isinstance(json.loads(whole), dict):
        raise ValueError("CloudTrailEvent is a text that holds a JSON object")
    return {**event, "EventTime": seconds, "CloudTrailEvent": whole}


def add_lookup_events(order: Any) -> Any:
    place = (order.get("account", STATE.account), order["region"])
    events = [lookup_event(event, place) for event in order["events"]]
    STATE.lookup_events.setdefault(place, []).extend(events)
    return {"events": len(STATE.lookup_events[place])}


def reset(_: Any) -> Any:
    from moto.moto_api._internal.models import moto_api_backend

    moto_api_backend.reset()
    STATE.clear()
    return {"ok": True}


def drop(name: str) -> Callable[[Any], Any]:
    def clear(_: Any) -> Any:
        getattr(STATE, name).clear()
        return {"ok": True}

    return clear


ROUTES: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("GET", "health"): lambda _: {"ok": True},
    ("POST", "reset"): reset,
    ("GET", "faults"): lambda _: [fault.shown() for fault in STATE.faults],
    ("POST", "faults"): add_fault,
    ("DELETE", "faults"): drop("faults"),
    ("GET", "requests"): lambda _: list(STATE.requests),
    ("DELETE", "requests"): drop("requests"),
    ("GET", "published"): lambda _: list(STATE.published),
    ("DELETE", "published"): drop("published"),
    ("POST", "identity"): identity.give,
    ("DELETE", "identity"): drop("identities"),
    ("POST", "key-last-usage"): key_control.set_last_usage,
    ("POST", "key-state"): key_control.set_state,
    ("POST", "key-gone"): key_control.set_gone,
    ("POST", "ram-policy"): key_control.set_ram_policy,
    ("POST", "custom-key-store"): key_control.set_custom_key_store,
    ("POST", "log-groups"): add_log_groups,
    ("POST", "trail-status"): set_trail_status,
    ("POST", "lookup-events"): add_lookup_events,
}


def control(method: str, path: str, body: bytes) -> Answer:
    handler = ROUTES.get((method, path.removeprefix("/_strict/").rstrip("/")))
    if handler is None:
        return json_answer(404, {"error": f"no {method} {path}", "known": [f"{m} /_strict/{p}" for m, p in ROUTES]})
    try:
        with STATE.lock:
            # Encoded under the lock: another thread may be finishing a record.
            return json_answer(200, handler(json.loads(body) if body else {}))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return json_answer(400, {"error": f"{type(error).__name__}: {error}"})
