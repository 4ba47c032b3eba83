"""The log-group guard as one would write it plainly in Python, to hold the packaged guard against.

It makes the same calls in the same order: the group, the key and its policy, the association, the group again, the page. It makes
a client when it first needs one. It reads no policy file, judges no key policy beyond looking for the service in it, and writes no
receipt, so what it is held against does more.
"""

import functools
import json
import os

import boto3
from botocore.config import Config

REGION = os.environ["AWS_REGION"]
TOPIC = os.environ["SEALWATCH_TOPIC_ARN"]
KEY = "alias/logs"


@functools.cache
def client(service: str):
    """A client, made once."""
    return boto3.client(service, region_name=REGION, config=Config(retries={"mode": "standard", "max_attempts": 12}))


def group_of(name: str) -> dict | None:
    """The log group of exactly this name."""
    answer = client("logs").describe_log_groups(logGroupNamePrefix=name)
    return next((it for it in answer["logGroups"] if it["logGroupName"] == name), None)


def serves(key: dict, policy: str) -> bool:
    """Whether the key can be associated, as far as is easily seen."""
    usable = key["KeyState"] == "Enabled" and key["KeySpec"] == "SYMMETRIC_DEFAULT" and key["KeyUsage"] == "ENCRYPT_DECRYPT"
    services = [it.get("Principal", {}).get("Service") for it in json.loads(policy)["Statement"] if it["Effect"] == "Allow"]
    return usable and f"logs.{REGION}.amazonaws.com" in services


def handler(event: dict, _context: object) -> dict:
    """One event, as EventBridge delivers it."""
    change = event["detail"]
    if change.get("errorCode"):
        return {"verdict": "ignored"}
    name = change["requestParameters"]["logGroupName"]
    group = group_of(name)
    if group is None:
        return {"verdict": "ignored"}
    if group.get("kmsKeyId"):
        return {"verdict": "compliant"}
    key = client("kms").describe_key(KeyId=KEY)["KeyMetadata"]
    policy = client("kms").get_key_policy(KeyId=key["Arn"], PolicyName="default")["Policy"]
    outcome = "withheld"
    if serves(key, policy):
        client("logs").associate_kms_key(logGroupName=name, kmsKeyId=key["Arn"])
        outcome = "applied" if (group_of(name) or {}).get("kmsKeyId") == key["Arn"] else "failed"
    text = f"{name} had no KMS key. {change['eventName']} by {change['userIdentity'].get('arn')}. Repair: {outcome}."
    message = json.dumps({"default": text, "email": text, "sms": text[:140]})
    client("sns").publish(TopicArn=TOPIC, Subject="Log group without a key", Message=message, MessageStructure="json")
    effect = {"ensure": "log-group-key", "target": name, "value": key["Arn"], "outcome": outcome}
    return {"verdict": "violation", "effects": [effect], "page": {"outcome": "sent"}}
