"""Events and patterns of EventBridge: which rule a recorded call starts.

The matching is moto's, which was held against AWS's own matcher: right for plain values, `prefix`, `suffix`, `exists` and `$or`, and too
kind to operators that don't exist. So a pattern that holds anything else is refused here.
"""

import json

from moto.events.models import EventPattern
from stack import ROOT, Stack

OPERATORS = {"prefix": str, "suffix": str, "exists": bool}
LONGEST = 2048  # EventBridge's limit of a pattern, in characters
GUARDS_RULES = {"log-group": "LogGroupGuardChanges", "trail": "TrailGuardChanges", "key": "KeyGuardChanges"}


class Refused(Exception):
    """A pattern that the matcher may get wrong."""


def check(node, place="pattern") -> None:
    """Fails on whatever isn't an object of lists of plain values, `prefix`, `suffix`, `exists` and `$or`."""
    if not isinstance(node, dict) or not node:
        raise Refused(f"{place} is no object")
    for key, value in node.items():
        if key == "$or":
            if not isinstance(value, list) or len(value) < 2:
                raise Refused(f"{place}.$or needs two objects or more")
            for index, part in enumerate(value):
                check(part, f"{place}.$or[{index}]")
        elif isinstance(value, dict):
            check(value, f"{place}.{key}")
        elif not isinstance(value, list) or not value:
            raise Refused(f"{place}.{key} is no list")
        else:
            for it in value:
                if isinstance(it, dict):
                    ((operator, wanted),) = it.items()
                    if not isinstance(wanted, OPERATORS.get(operator, ())):
                        raise Refused(f"{place}.{key} has the operator `{operator}`")
                elif not isinstance(it, str):
                    raise Refused(f"{place}.{key} has the value {it!r}")


def rules(stack: Stack) -> dict[str, dict]:
    """The pattern of every rule of a stack."""
    return {name: it["EventPattern"] for name, it in stack.of_type("AWS::Events::Rule").items()}


def matching(stack: Stack, event: dict) -> set[str]:
    """The rules that an event starts."""
    return {name for name, it in rules(stack).items() if EventPattern(None, it).matches_event(event)}


def envelope(record: dict) -> dict:
    """What EventBridge makes of a CloudTrail record; an event that is in its envelope already stays as it is."""
    if "detail-type" in record:
        return record
    kinds = {"AwsApiCall": "AWS API Call via CloudTrail", "AwsServiceEvent": "AWS Service Event via CloudTrail"}
    return {
        "version": "0",
        "id": record["eventID"],
        "detail-type": kinds[record.get("eventType", "AwsApiCall")],
        "source": "aws." + record["eventSource"].removesuffix(".amazonaws.com"),
        "account": record.get("recipientAccountId", "111122223333"),
        "time": record["eventTime"],
        "region": record["awsRegion"],
        "resources": [],
        "detail": record,
    }


def call(service: str, name: str, /, **request) -> dict:
    """A recorded call, in its envelope."""
    return envelope({
        "eventID": "00000000-0000-4000-8000-000000000000",
        "eventType": "AwsApiCall",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "eventTime": "2026-11-03T09:12:44Z",
        "awsRegion": "eu-central-1",
        "requestParameters": request or None,
    })


def samples():
    """Every sample event, with the guard whose folder it is in."""
    for path in sorted((ROOT / "events").glob("*/*.json")):
        held = json.loads(path.read_text())
        records = held["Records"] if isinstance(held, dict) and "Records" in held else held if isinstance(held, list) else [held]
        for record in records:
            yield path.relative_to(ROOT), path.parent.name, envelope(record)


def names(pattern: dict) -> set[str]:
    """The names of the events in a pattern, as the code knows them: a call's, or else the detail type."""
    if "$or" in pattern:
        return {name for part in pattern["$or"] for name in names(part)}
    return set(pattern["detail"]["eventName"] if "detail" in pattern else pattern["detail-type"])
