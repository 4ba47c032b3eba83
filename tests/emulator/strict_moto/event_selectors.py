"""CloudTrail event selectors and Insights selectors: the checks of PutEventSelectors and the default nobody put.

It never decides whether an event would be logged.
"""

from __future__ import annotations

from typing import Any

from moto.cloudtrail.models import Trail
from moto.core.exceptions import JsonRESTError

DEFAULT = [{"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": [], "ExcludeManagementEventSources": []}]
EXCLUDABLE = {"kms.amazonaws.com", "rdsdata.amazonaws.com"}
DATA_TYPES = {"AWS::DynamoDB::Table", "AWS::Lambda::Function", "AWS::S3::Object"}
CATEGORIES = {"Management", "Data", "NetworkActivity"}
OPERATORS = ("Equals", "StartsWith", "EndsWith", "NotEquals", "NotStartsWith", "NotEndsWith")
# The field besides eventCategory that a category can't do without.
NEEDED = {"Data": "resources.type", "NetworkActivity": "eventSource"}
INSIGHTS = {"ApiCallRateInsight", "ApiErrorRateInsight"}


def invalid(why: str) -> JsonRESTError:
    return JsonRESTError("InvalidEventSelectorsException", f"The event selectors are not valid: {why}.")


def basic(given: list[Any]) -> list[dict[str, Any]]:
    """The basic selectors with their defaults filled in."""
    if len(given) > 5:
        raise invalid("a trail can have up to 5")
    selectors = [{**DEFAULT[0], **{name: value for name, value in selector.items() if value is not None}} for selector in given]
    for selector in selectors:
        if set(selector) != set(DEFAULT[0]):
            raise invalid(f"unknown field among {sorted(selector)}")
        if selector["ReadWriteType"] not in ("ReadOnly", "WriteOnly", "All"):
            raise invalid(f"ReadWriteType {selector['ReadWriteType']}")
        if not isinstance(selector["IncludeManagementEvents"], bool):
            raise invalid("IncludeManagementEvents is true or false")
        if not set(selector["ExcludeManagementEventSources"]) <= EXCLUDABLE:
            raise invalid(f"ExcludeManagementEventSources holds only {sorted(EXCLUDABLE)}")
        for resource in selector["DataResources"]:
            if resource.get("Type") not in DATA_TYPES:
                raise invalid(f"data resource type {resource.get('Type')}")
    if sum(len(r.get("Values") or []) for s in selectors for r in s["DataResources"]) > 250:
        raise invalid("a trail is limited to 250 data resources")
    return selectors


def values_of(field: dict[str, Any]) -> list[Any]:
    return [value for name in OPERATORS for value in field.get(name) or []]


def check_advanced(given: list[Any]) -> None:
    for selector in given:
        fields = selector.get("FieldSelectors") or []
        categories = [field for field in fields if field.get("Field") == "eventCategory"]
        if len(categories) != 1 or len(values_of(categories[0])) != 1 or not set(categories[0].get("Equals") or []) & CATEGORIES:
            raise invalid(f"a selector needs eventCategory to equal one of {sorted(CATEGORIES)}")
        needed = NEEDED.get(categories[0]["Equals"][0])
        if needed and not any(field.get("Field") == needed and field.get("Equals") for field in fields):
            raise invalid(f"{categories[0]['Equals'][0]} needs {needed}")
        if not all(field.get("Field") and values_of(field) for field in fields):
            raise invalid("a field selector needs a field and a condition")
    if sum(len(values_of(field)) for selector in given for field in selector["FieldSelectors"]) > 500:
        raise invalid("more than 500 values")


def put(trail: Trail, selectors: Any, advanced: Any) -> None:
    """Either kind replaces the other."""
    if selectors and advanced:
        raise invalid("EventSelectors and AdvancedEventSelectors exclude each other")
    if not selectors and not advanced:
        raise invalid("there are none")
    try:
        if advanced:
            check_advanced(advanced)
        trail.event_selectors, trail.advanced_event_selectors = basic(selectors) if selectors else [], advanced or []
    except (AttributeError, TypeError) as error:  # Not the shapes of the model.
        raise JsonRESTError("SerializationException", f"{error}") from None


def shown(trail: Trail) -> dict[str, Any]:
    if trail.advanced_event_selectors:
        return {"TrailARN": trail.arn, "AdvancedEventSelectors": trail.advanced_event_selectors}
    return {"TrailARN": trail.arn, "EventSelectors": trail.event_selectors or DEFAULT}


def put_insights(trail: Trail, selectors: Any) -> None:
    """An empty list turns Insights off; moto would add to what is there."""
    if not isinstance(selectors, list) or not all(isinstance(s, dict) and s.get("InsightType") in INSIGHTS for s in selectors):
        raise JsonRESTError("InvalidInsightSelectorsException", f"InsightType is one of {sorted(INSIGHTS)}.")
    trail.insight_selectors = selectors
