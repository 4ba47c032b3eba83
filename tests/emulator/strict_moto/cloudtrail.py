"""CloudTrail: settings of trails and their keys as AWS checks, keeps and shows them.

Replaces moto's handlers of trails; who may touch which trail is decided in trails.py. It never writes a log file.
"""

from __future__ import annotations

import calendar
import json
import re
from collections.abc import Callable
from copy import copy
from datetime import datetime
from typing import Any

from moto.cloudtrail import models
from moto.cloudtrail.exceptions import InsufficientSnsTopicPolicyException, InvalidParameterCombinationException, S3BucketDoesNotExistException
from moto.cloudtrail.models import Trail, TrailStatus
from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.exceptions import JsonRESTError
from moto.kms.models import Key, kms_backends
from moto.s3.models import FakeBucket
from moto.sns.models import sns_backends

from . import event_selectors, key_policy, trails
from .kms import KEY_ID
from .s3 import find_bucket
from .state import STATE

# Where moto keeps what UpdateTrail changes.
TEXTS = {"S3BucketName": "bucket_name", "S3KeyPrefix": "s3_key_prefix", "SnsTopicName": "sns_topic_name",
         "CloudWatchLogsLogGroupArn": "cw_log_group_arn", "CloudWatchLogsRoleArn": "cw_role_arn", "KmsKeyId": "kms_key_id"}
FLAGS = {"IncludeGlobalServiceEvents": "include_global_service_events", "IsMultiRegionTrail": "is_multi_region",
         "EnableLogFileValidation": "log_validation", "IsOrganizationTrail": "is_org_trail"}


def existing_bucket(name: Any) -> FakeBucket:
    bucket = find_bucket(name)
    if bucket is None:
        raise S3BucketDoesNotExistException(f"S3 bucket {name} does not exist!")
    return bucket


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
    bucket_region = existing_bucket(bucket).region_name
    if key.region != bucket_region:
        raise JsonRESTError("KmsKeyNotFoundException", f"The KMS key {key.arn} is not in the Region of the bucket, {bucket_region}.")
    if key.key_state != "Enabled" or key.key_spec != "SYMMETRIC_DEFAULT" or key.key_usage != "ENCRYPT_DECRYPT":
        raise JsonRESTError("KmsException", f"The KMS key {key.arn} can't be used: it is {key.key_state}, {key.key_spec}, {key.key_usage}.")
    describing = {"aws:SourceArn": trail_arn, "aws:SourceAccount": response.current_account}
    encrypting = {**describing, "kms:EncryptionContext:aws:cloudtrail:arn": trail_arn}
    # DescribeKey has no encryption context: a statement that asks for one doesn't allow it.
    for action, context in (("kms:GenerateDataKey", encrypting), ("kms:DescribeKey", describing)):
        if not key_policy.service_may(key.policy, key.arn, {"cloudtrail.amazonaws.com"}, [action], context):
            raise JsonRESTError("InsufficientEncryptionPolicyException", f"Insufficient permissions to access S3 bucket {bucket} or KMS key {key.arn}.")
    return key.arn


def topic_arn(trail: Trail) -> str | None:
    """moto takes a topic's ARN for a name."""
    if not trail.sns_topic_name or trail.sns_topic_name.startswith("arn:"):
        return trail.sns_topic_name or None
    return f"arn:{trail.partition}:sns:{trail.region_name}:{trail.account_id}:{trail.sns_topic_name}"


def check_topic(trail: Trail) -> None:
    parts = (trail.topic_arn or "").split(":")
    if parts != [""] and (len(parts) != 6 or trail.topic_arn not in sns_backends[parts[4]][parts[3]].topics):
        raise InsufficientSnsTopicPolicyException("SNS Topic does not exist or the topic policy is incorrect!")


def settings(trail: Trail) -> dict[str, Any]:
    """What CreateTrail and UpdateTrail answer; a setting a trail doesn't have is left out."""
    given = {
        "Name": trail.trail_name, "S3BucketName": trail.bucket_name, "S3KeyPrefix": trail.s3_key_prefix,
        "SnsTopicName": trail.sns_topic_name, "SnsTopicARN": trail.topic_arn,
        "IncludeGlobalServiceEvents": trail.include_global_service_events, "IsMultiRegionTrail": trail.is_multi_region,
        "TrailARN": trail.arn, "LogFileValidationEnabled": trail.log_validation,
        "CloudWatchLogsLogGroupArn": trail.cw_log_group_arn, "CloudWatchLogsRoleArn": trail.cw_role_arn,
        "KmsKeyId": trail.kms_key_id, "IsOrganizationTrail": trail.is_org_trail,
    }
    return {name: value for name, value in given.items() if value not in (None, "")}


def described(trail: Trail) -> dict[str, Any]:
    """What GetTrail and DescribeTrails show."""
    custom = bool(trail.event_selectors or trail.advanced_event_selectors)
    return {**settings(trail), "HomeRegion": trail.region_name, "HasCustomEventSelectors": custom, "HasInsightSelectors": bool(trail.insight_selectors)}


def read(response: CloudTrailResponse) -> dict[str, Any]:
    """The request's fields that were sent; null counts as not sent."""
    try:
        return {name: value for name, value in json.loads(response.body or "{}").items() if value is not None}
    except (ValueError, AttributeError):
        raise JsonRESTError("SerializationException", "The request isn't a JSON object.") from None


def check_flags(given: dict[str, Any], multi_region: bool, global_events: bool) -> None:
    for name in FLAGS:
        if not isinstance(given.get(name, False), bool):
            raise JsonRESTError("SerializationException", f"{name} is true or false")
    if given.get("IsMultiRegionTrail", multi_region) and not given.get("IncludeGlobalServiceEvents", global_events):
        raise InvalidParameterCombinationException("Multi-Region trail must include global service events.")


def creating(original: Callable[[CloudTrailResponse], str]) -> Callable[[CloudTrailResponse], str]:
    def create_trail(self: CloudTrailResponse) -> str:
        given = read(self)
        name, bucket, key = given.get("Name"), given.get("S3BucketName"), given.get("KmsKeyId")
        trails.check_name(name)
        check_flags(given, False, True)
        existing_bucket(bucket)
        if name in self.cloudtrail_backend.trails:
            raise JsonRESTError("TrailAlreadyExistsException", f"Trail {name} already exists for customer: {self.current_account}")
        arn = f"arn:{self.partition}:cloudtrail:{self.region}:{self.current_account}:trail/{name}"
        self.body = json.dumps({**given, "KmsKeyId": usable_key(self, key, arn, bucket) if key else None})
        original(self)
        return json.dumps(settings(self.cloudtrail_backend.trails[name]))

    return create_trail


def update_trail(self: CloudTrailResponse) -> str:
    given = read(self)
    trail = trails.to_change(self, given.get("Name"))
    check_flags(given, trail.is_multi_region, trail.include_global_service_events)
    bucket = given.get("S3BucketName", trail.bucket_name)
    if "S3BucketName" in given:
        existing_bucket(bucket)
    # A new bucket must suit the key the trail keeps; otherwise a key that isn't sent isn't looked at.
    key = given.get("KmsKeyId", trail.kms_key_id if "S3BucketName" in given else None)
    if key:
        given["KmsKeyId"] = usable_key(self, key, trail.arn, bucket)
    changed = copy(trail)
    for name, attribute in (TEXTS | FLAGS).items():
        if name in given:
            # An empty text takes a setting off; "KmsKeyId": "" is the documented way to take a key off.
            setattr(changed, attribute, None if given[name] == "" else given[name])
    if "SnsTopicName" in given:
        changed.check_topic_exists()
    vars(trail).update(vars(changed))  # Only now: a refused update changes nothing.
    return json.dumps(settings(trail))


def delete_trail(self: CloudTrailResponse) -> str:
    trail = trails.to_change(self, read(self).get("Name"))
    del self.cloudtrail_backend.trails[trail.trail_name]
    self.cloudtrail_backend.tagging_service.delete_all_tags_for_resource(trail.arn)
    STATE.trail_errors.pop(trail.arn, None)
    return "{}"


def get_trail(self: CloudTrailResponse) -> str:
    return json.dumps({"Trail": described(trails.to_read(self, read(self).get("Name")))})


def describe_trails(self: CloudTrailResponse) -> str:
    given = read(self)
    found = trails.described(self, given.get("trailNameList", []), given.get("includeShadowTrails", True))
    return json.dumps({"trailList": [described(trail) for trail in found]})


def get_trail_status(self: CloudTrailResponse) -> str:
    trail = trails.to_read(self, read(self).get("Name"))
    return json.dumps({**trail.status.description(), **STATE.trail_errors.get(trail.arn, {})})


def logging(change: Callable[[TrailStatus], None]) -> Callable[[CloudTrailResponse], str]:
    def handler(self: CloudTrailResponse) -> str:
        change(trails.to_change(self, read(self).get("Name")).status)
        return "{}"

    return handler


def get_event_selectors(self: CloudTrailResponse) -> str:
    return json.dumps(event_selectors.shown(trails.to_read(self, read(self).get("TrailName"))))


def put_event_selectors(self: CloudTrailResponse) -> str:
    given = read(self)
    trail = trails.to_change(self, given.get("TrailName"))
    event_selectors.put(trail, given.get("EventSelectors"), given.get("AdvancedEventSelectors"))
    return json.dumps(event_selectors.shown(trail))


def get_insight_selectors(self: CloudTrailResponse) -> str:
    trail = trails.to_read(self, read(self).get("TrailName"))
    if not trail.insight_selectors:
        raise JsonRESTError("InsightNotEnabledException", f"Trail {trail.arn} does not have Insights enabled.")
    return json.dumps({"TrailARN": trail.arn, "InsightSelectors": trail.insight_selectors})


def put_insight_selectors(self: CloudTrailResponse) -> str:
    given = read(self)
    trail = trails.to_change(self, given.get("TrailName"))
    event_selectors.put_insights(trail, given.get("InsightSelectors"))
    return json.dumps({"TrailARN": trail.arn, "InsightSelectors": trail.insight_selectors})


def list_tags(self: CloudTrailResponse) -> str:
    arns = [trails.tagged(self, arn).arn for arn in read(self).get("ResourceIdList", [])]
    return json.dumps({"ResourceTagList": self.cloudtrail_backend.list_tags(arns)})


def tagging(original: Callable[[CloudTrailResponse], str]) -> Callable[[CloudTrailResponse], str]:
    def handler(self: CloudTrailResponse) -> str:
        trails.tagged(self, read(self).get("ResourceId"), changing=True)
        return original(self)

    return handler


def epoch(date: datetime) -> int:
    return calendar.timegm(date.timetuple())


models.datetime2int = epoch  # moto takes UTC for local time.
Trail.topic_arn = property(topic_arn)
Trail.check_topic_exists = check_topic
CloudTrailResponse.create_trail = creating(CloudTrailResponse.create_trail)
CloudTrailResponse.add_tags = tagging(CloudTrailResponse.add_tags)
CloudTrailResponse.remove_tags = tagging(CloudTrailResponse.remove_tags)
CloudTrailResponse.start_logging = logging(TrailStatus.start_logging)
CloudTrailResponse.stop_logging = logging(TrailStatus.stop_logging)
for handler in (update_trail, delete_trail, get_trail, describe_trails, get_trail_status, get_event_selectors, put_event_selectors,
                get_insight_selectors, put_insight_selectors, list_tags):
    setattr(CloudTrailResponse, handler.__name__, handler)
