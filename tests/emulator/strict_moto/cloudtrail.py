"""CloudTrail: strict keys on trails, the home Region rule, and a minimal `LookupEvents`.

It never writes a log file, and records no events of its own: `LookupEvents` answers what a test put there.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable
from typing import Any

from moto.cloudtrail.models import Trail, cloudtrail_backends
from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.exceptions import JsonRESTError
from moto.kms.models import Key, kms_backends
from moto.s3.models import s3_backends

from . import key_policy
from .kms import KEY_ID
from .state import STATE

KEPT_SECONDS = 90 * 86400
# Which field of an event a LookupAttribute compares.
ATTRIBUTES = {"EventId": "EventId", "EventName": "EventName", "ReadOnly": "ReadOnly", "Username": "Username", "EventSource": "EventSource", "AccessKeyId": "AccessKeyId"}


def resolve_key(response: CloudTrailResponse, given: str) -> Key:
    account, region, name = response.current_account, response.region, given
    if given.startswith("arn:"):
        parts = given.split(":", 5)
        if len(parts) != 6 or parts[1] != response.partition or parts[2] != "kms" or not re.match(r"(key|alias)/.", parts[5]):
            raise JsonRESTError("InvalidKmsKeyIdException", f"The KMS key ARN {given} is not valid.")
        region, account, name = parts[3], parts[4], parts[5].removeprefix("key/")
    elif not given.startswith("alias/") and not KEY_ID.fullmatch(given):
        raise JsonRESTError("InvalidKmsKeyIdException", f"The KMS key ID {given} is not valid.")
    try:
        backend = kms_backends[account][region]
    except KeyError:
        backend = None
    key_id = backend.get_key_id_from_alias(name) if backend and name.startswith("alias/") else name
    if backend is None or key_id not in backend.keys:
        raise JsonRESTError("KmsKeyNotFoundException", f"The KMS key {given} does not exist, or is not in the Region of the bucket.")
    return backend.keys[key_id]


def usable_key(response: CloudTrailResponse, given: str, trail_arn: str, bucket: str) -> str:
    """The ARN of the key, if CloudTrail may encrypt this trail's files in this bucket with it."""
    key = resolve_key(response, given)
    try:
        bucket_region = s3_backends[response.current_account][response.partition].get_bucket(bucket).region_name
    except Exception:
        raise JsonRESTError("S3BucketDoesNotExistException", f"S3 bucket {bucket} does not exist!") from None
    if key.region != bucket_region:
        raise JsonRESTError("KmsKeyNotFoundException", f"The KMS key {key.arn} is not in the Region of the bucket, {bucket_region}.")
    if key.key_state != "Enabled" or key.key_spec != "SYMMETRIC_DEFAULT" or key.key_usage != "ENCRYPT_DECRYPT":
        raise JsonRESTError("KmsException", f"The KMS key {key.arn} can't be used: it is {key.key_state}, {key.key_spec}, {key.key_usage}.")
    context = {"kms:EncryptionContext:aws:cloudtrail:arn": trail_arn, "aws:SourceArn": trail_arn, "aws:SourceAccount": response.current_account}
    if not key_policy.service_may(key.policy, key.arn, {"cloudtrail.amazonaws.com"}, ["kms:GenerateDataKey"], context):
        raise JsonRESTError("InsufficientEncryptionPolicyException", f"Insufficient permissions to access S3 bucket {bucket} or KMS key {key.arn}.")
    return key.arn


def home_trail(response: CloudTrailResponse, name: Any) -> Trail | None:
    """The trail of this Region; an error if its home is another. None leaves an unknown name to moto."""
    for region, backend in list(cloudtrail_backends[response.current_account].items()):
        for trail in backend.trails.values():
            here = region == response.region
            if name == trail.arn or (name == trail.trail_name and (here or trail.is_multi_region)):
                if not here:
                    raise JsonRESTError("InvalidHomeRegionException", f"The trail {trail.arn} must be changed in its home region {region}.")
                return trail
    return None


def with_body(response: CloudTrailResponse, **changes: Any) -> None:
    response.body = json.dumps({**json.loads(response.body), **changes})


def creating(original: Callable[[CloudTrailResponse], str]) -> Callable[[CloudTrailResponse], str]:
    def create_trail(self: CloudTrailResponse) -> str:
        name, given = self._get_param("Name"), self._get_param("KmsKeyId")
        if name in self.cloudtrail_backend.trails:
            raise JsonRESTError("TrailAlreadyExistsException", f"Trail {name} already exists for customer: {self.current_account}")
        if given is not None:
            arn = f"arn:{self.partition}:cloudtrail:{self.region}:{self.current_account}:trail/{name}"
            with_body(self, KmsKeyId=usable_key(self, given, arn, self._get_param("S3BucketName")) if given else None)
        return original(self)

    return create_trail


def updating(original: Callable[[CloudTrailResponse], str]) -> Callable[[CloudTrailResponse], str]:
    def update_trail(self: CloudTrailResponse) -> str:
        trail, given = home_trail(self, self._get_param("Name")), self._get_param("KmsKeyId")
        if trail and given:
            with_body(self, KmsKeyId=usable_key(self, given, trail.arn, self._get_param("S3BucketName") or trail.bucket_name))
        answer = json.loads(original(self))
        if trail and given == "":
            trail.kms_key_id = None  # The documented way to take a key off.
            answer.pop("KmsKeyId", None)
        return json.dumps(answer)

    return update_trail


def at_home(original: Callable[[CloudTrailResponse], str], field: str) -> Callable[[CloudTrailResponse], str]:
    def handler(self: CloudTrailResponse) -> str:
        home_trail(self, self._get_param(field))
        return original(self)

    return handler


def delete_trail(self: CloudTrailResponse) -> str:
    home_trail(self, self._get_param("Name"))
    trail = self.cloudtrail_backend.get_trail(self._get_param("Name"))  # moto ignores ARNs and unknown names.
    del self.cloudtrail_backend.trails[trail.trail_name]
    return "{}"


def looked_for(event: dict[str, Any], attribute: dict[str, str]) -> bool:
    key, value = attribute.get("AttributeKey"), attribute.get("AttributeValue")
    if key in ("ResourceName", "ResourceType"):
        return any(resource.get(key) == value for resource in event.get("Resources") or [])
    if key not in ATTRIBUTES or not value:
        raise JsonRESTError("InvalidLookupAttributesException", "The lookup attribute is not valid.")
    return event.get(ATTRIBUTES[key]) == value


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
    token = self._get_param("NextToken")
    try:
        first = int(base64.b64decode(token, validate=True)) if token else 0
    except ValueError:
        raise JsonRESTError("InvalidNextTokenException", "The token is not valid.") from None
    kept = STATE.lookup_events.get((self.current_account, self.region), [])
    found = [e for e in kept if max(start, now - KEPT_SECONDS) <= e["EventTime"] <= end and all(looked_for(e, a) for a in attributes)]
    found.sort(key=lambda event: -event["EventTime"])
    answer: dict[str, Any] = {"Events": found[first : first + most]}
    if first + most < len(found):
        answer["NextToken"] = base64.b64encode(str(first + most).encode()).decode()
    return json.dumps(answer)


CloudTrailResponse.create_trail = creating(CloudTrailResponse.create_trail)
CloudTrailResponse.update_trail = updating(CloudTrailResponse.update_trail)
CloudTrailResponse.delete_trail = delete_trail
CloudTrailResponse.lookup_events = lookup_events
for operation, field in (("start_logging", "Name"), ("stop_logging", "Name"), ("put_event_selectors", "TrailName")):
    setattr(CloudTrailResponse, operation, at_home(getattr(CloudTrailResponse, operation), field))
