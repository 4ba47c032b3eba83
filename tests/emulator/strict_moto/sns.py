"""SNS Publish with AWS's checks of topic, subject, structure and size; keeps what was published for the tests to read.

It never delivers by itself: moto still fans out to subscribed queues.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.sns.exceptions import SNSInvalidParameter, TopicNotFound
from moto.sns.responses import SNSResponse

from .state import STATE
from .wire import plain

MOST_BYTES = 262144
# ASCII that begins with a letter, number or punctuation mark, without control characters.
SUBJECT = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,99}")


def check(response: SNSResponse) -> None:
    def invalid(why: str) -> SNSInvalidParameter:
        return SNSInvalidParameter(f"Invalid parameter: {why}")

    topic, target, phone = (response._get_param(name) for name in ("TopicArn", "TargetArn", "PhoneNumber"))
    if sum(value is not None for value in (topic, target, phone)) != 1:
        raise invalid("TopicArn or TargetArn Reason: exactly one of TopicArn, TargetArn and PhoneNumber is needed")
    arn, message = topic or target, response._get_param("Message")
    if phone is None:
        parts = str(arn).split(":")
        if len(parts) < 6:
            raise invalid(f"TopicArn Reason: An ARN must have at least 6 elements, not {len(parts)}")
        if parts[0] != "arn" or parts[2] != "sns" or parts[3] != response.region:
            raise invalid("TopicArn")
        if not parts[5].startswith("endpoint/") and arn not in response.backend.topics:
            raise TopicNotFound()
    if not message:
        raise invalid("Empty message")
    subject, structure = response._get_param("Subject"), response._get_param("MessageStructure")
    if subject is not None and not SUBJECT.fullmatch(subject):
        raise invalid("Subject")
    attributes = response._get_param("MessageAttributes") or {}
    size = len(message.encode()) + sum(len(str(part).encode()) for name, value in attributes.items() for part in (name, *value.values()))
    if size > MOST_BYTES:
        raise invalid("Message too long")
    if structure not in (None, "json"):
        raise invalid("MessageStructure")
    if structure == "json":
        try:
            parsed = json.loads(message)
        except ValueError:
            parsed = None
        if not isinstance(parsed, dict):
            raise invalid("Message Structure - JSON message body failed to parse")
        if not isinstance(parsed.get("default"), str):
            raise invalid("Message Structure - No default entry in JSON message body")


def publishing(original: Callable[[SNSResponse], ActionResult]) -> Callable[[SNSResponse], ActionResult]:
    def publish(self: SNSResponse) -> ActionResult:
        check(self)
        names = ("TopicArn", "TargetArn", "PhoneNumber", "Message", "Subject", "MessageStructure", "MessageAttributes", "MessageGroupId")
        # Copied first: moto rewrites the attributes in place.
        given: dict[str, Any] = json.loads(json.dumps({name: plain(self._get_param(name)) for name in names}))
        answer = original(self)
        with STATE.lock:
            STATE.published.append({**given, "region": self.region, "account": self.current_account})
        return answer

    return publish


SNSResponse.publish = publishing(SNSResponse.publish)
