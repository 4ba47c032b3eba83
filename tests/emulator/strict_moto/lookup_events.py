"""CloudTrail `LookupEvents`: filters, pages and limits over what a test put there.

It never makes up an event: the emulator's own calls don't show.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from typing import Any

from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.exceptions import JsonRESTError

from .state import STATE

KEPT_SECONDS = 90 * 86400
# Which field of an event a LookupAttribute compares.
ATTRIBUTES = {"EventId": "EventId", "EventName": "EventName", "ReadOnly": "ReadOnly", "Username": "Username", "EventSource": "EventSource", "AccessKeyId": "AccessKeyId"}


def looked_for(event: dict[str, Any], attribute: dict[str, str]) -> bool:
    key, value = attribute.get("AttributeKey"), attribute.get("AttributeValue")
    if key in ("ResourceName", "ResourceType"):
        return any(resource.get(key) == value for resource in event.get("Resources") or [])
    if key not in ATTRIBUTES or not value:
        raise JsonRESTError("InvalidLookupAttributesException", "The lookup attribute is not valid.")
    return event.get(ATTRIBUTES[key]) == value


def first_of(token: str | None, request: dict[str, Any]) -> tuple[int, str]:
    """Where the page begins, and a digest of what is asked: "The token must be passed in with the same parameters"."""
    rest = {name: value for name, value in request.items() if name != "NextToken"}
    asked = hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
    if not token:
        return 0, asked
    try:
        first, _, of = base64.b64decode(token, validate=True).decode().partition(":")
        if of == asked:
            return int(first), asked
    except ValueError:
        pass
    raise JsonRESTError("InvalidNextTokenException", "The token is not valid.")


def lookup_events(self: CloudTrailResponse) -> str:
    attributes, most = self._get_param("LookupAttributes", []) or [], self._get_param("MaxResults", 50)
    if len(attributes) > 1:
        raise JsonRESTError("InvalidLookupAttributesException", "You can specify only one lookup attribute.")
    if not isinstance(most, int) or not 1 <= most <= 50:
        raise JsonRESTError("InvalidMaxResultsException", "The number of results must be between 1 and 50.")
    now = time.time()
    start, end = self._get_param("StartTime", 0), self._get_param("EndTime", now)
    if start > end:
        raise JsonRESTError("InvalidTimeRangeException", "The start time is after the end time.")
    category = self._get_param("EventCategory")
    if category not in (None, "insight"):
        raise JsonRESTError("InvalidEventCategoryException", "The event category is not valid.")
    first, asked = first_of(self._get_param("NextToken"), json.loads(self.body or "{}"))
    # There are no Insights events, which is what the category "insight" alone asks for.
    kept = [] if category else STATE.lookup_events.get((self.current_account, self.region), [])
    found = [e for e in kept if max(start, now - KEPT_SECONDS) <= e["EventTime"] <= end and all(looked_for(e, a) for a in attributes)]
    found.sort(key=lambda event: -event["EventTime"])
    answer: dict[str, Any] = {"Events": found[first : first + most]}
    if first + most < len(found):
        answer["NextToken"] = base64.b64encode(f"{first + most}:{asked}".encode()).decode()
    return json.dumps(answer)


CloudTrailResponse.lookup_events = lookup_events
