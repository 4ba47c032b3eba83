"""Faults a test orders: throttling, errors, denials, delays and cut connections, by service and operation.

A fault never strikes a request marked as set-up, so that a test can still build its world.
"""

from __future__ import annotations

import itertools
from typing import Any

from botocore.loaders import Loader

from .state import STATE
from .wire import MODEL_OF_SERVICE, Answer, Call, aws_error, denial, service_model

KINDS = ("throttle", "error", "access-denied", "delay", "cut", "cut-body")
FIELDS = {"service", "operation", "kind", "times", "after", "status", "code", "message", "seconds", "where", "resource"}
IDS = itertools.count(1)
KNOWN_SERVICES = set(Loader().list_available_services("service-2")) | set(MODEL_OF_SERVICE)


class Fault:
    def __init__(self, order: Any) -> None:
        """Raises ValueError on anything it doesn't know: a fault that never strikes would make a test pass by mistake."""
        if not isinstance(order, dict) or not set(order) <= FIELDS:
            raise ValueError(f"a fault is an object with only the fields {sorted(FIELDS)}")
        self.order = order
        self.kind = order.get("kind")
        if self.kind not in KINDS:
            raise ValueError(f"kind is one of {list(KINDS)}")
        service, operation = order.get("service"), order.get("operation")
        if service is not None and service not in KNOWN_SERVICES:
            raise ValueError(f"unknown service {service!r}")
        if operation is not None and service is None:
            raise ValueError("an operation needs its service")
        if operation is not None and operation not in service_model(service).operation_names:
            raise ValueError(f"unknown operation {operation!r} of {service}")
        if self.kind == "delay" and not isinstance(order.get("seconds"), (int, float)):
            raise ValueError("a delay needs its seconds")
        for name in ("times", "after", "status"):
            if order.get(name) is not None and not isinstance(order[name], int):
                raise ValueError(f"{name} is a whole number")
        for name in ("code", "message", "resource"):
            if order.get(name) is not None and not isinstance(order[name], str):
                raise ValueError(f"{name} is a text")
        if not isinstance(order.get("where") or {}, dict):
            raise ValueError("where is an object")
        self.id = next(IDS)
        self.seen = 0
        self.struck = 0

    def strikes(self, call: Call) -> bool:
        if self.order.get("service") not in (None, call.service) or self.order.get("operation") not in (None, call.operation):
            return False
        where = self.order.get("where") or {}
        if any(call.parameters.get(name) != value for name, value in where.items()):
            return False
        self.seen += 1
        times = self.order.get("times")
        if self.seen <= (self.order.get("after") or 0) or (times is not None and self.struck >= times):
            return False
        self.struck += 1
        return True

    def shown(self) -> dict[str, Any]:
        return {"id": self.id, **self.order, "seen": self.seen, "struck": self.struck}

    def answer(self, call: Call) -> Answer:
        s3 = call.service == "s3"
        if self.kind == "throttle" and s3:
            status, code, message = 503, "SlowDown", "Please reduce your request rate."
        elif self.kind == "throttle":
            status, code, message = 400, "Throttling" if call.protocol == "query" else "ThrottlingException", "Rate exceeded"
            if call.service == "kms":
                message = "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls."
        elif self.kind == "access-denied":
            status, code, message = denial(call, self.order.get("resource") or resource_of(call))
        else:
            status, code, message = 500, "InternalError" if s3 else "InternalFailure", "The request processing has failed because of an unknown error."
        return aws_error(call, self.order.get("status") or status, self.order.get("code") or code, self.order.get("message") or message)


def strike(call: Call) -> list[Fault]:
    """The faults that strike this call: any delays and cuts of the answer, then at most one that answers instead of the service."""
    struck = []
    if call.setup:
        return struck
    with STATE.lock:
        for fault in STATE.faults:
            if fault.strikes(call):
                struck.append(fault)
                if fault.kind not in ("delay", "cut-body"):
                    break
    return struck


def resource_of(call: Call) -> str:
    """The ARN AWS would name in a denial, as far as the parameters tell."""
    def arn(rest: str) -> str:
        return f"arn:aws:{call.service}:{call.region}:{call.account}:{rest}"

    given = call.parameters
    if call.service == "logs":
        if given.get("resourceIdentifier") or given.get("resourceArn"):
            return str(given.get("resourceIdentifier") or given.get("resourceArn"))
        return arn(f"log-group:{given.get('logGroupName') or ''}:log-stream:{given.get('logStreamName') or ''}")
    # ListAliases is allowed or denied for all keys at once.
    if call.service == "kms" and given.get("KeyId") and call.operation != "ListAliases":
        key = str(given["KeyId"])
        return key if key.startswith("arn:") else arn(key if key.startswith("alias/") else f"key/{key}")
    if call.service == "s3" and given.get("Bucket"):
        return f"arn:aws:s3:::{given['Bucket']}" + (f"/{given['Key']}" if given.get("Key") else "")
    if call.service == "cloudtrail":
        name = str(given.get("Name") or given.get("TrailName") or next(iter(given.get("ResourceIdList") or []), "*"))
        if name == "*":
            return name
        return name if name.startswith("arn:") else arn(f"trail/{name}")
    return str(given.get("TopicArn") or "*")
