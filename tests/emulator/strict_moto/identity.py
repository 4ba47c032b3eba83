"""What a caller may do whose access key a test has given statements: each call that they don't allow is denied.

Knows which permissions a request needs, those included that a service asks for in the caller's name. Any other access key may do
everything, and a request without a signature has no identity at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from moto.kms.models import Key, kms_backends
from moto.sns.models import sns_backends
from moto.utilities.utils import get_partition

from . import key_policy
from .iam import ACTIONS, Context, Verdict, check, judge
from .state import STATE
from .wire import NOT_ALLOWED, Answer, Call, aws_error, denial, not_authorized

# Logs' own words; "this role lacks kms:DescribeKey" and "the key policy shuts Logs out" read alike.
LOGS_DENIES = "The specified KMS key does not exist or is not allowed to be used with Arn '{}'"


class Unjudged(Exception):
    """A call of which it can't be told what it needs."""


@dataclass(frozen=True)
class Need:
    action: str
    resource: str
    # The service that makes the call in the caller's name, with what it encrypts.
    via: str | None = None
    encryption: Context = field(default_factory=dict)


def give(order: Any) -> Any:
    key = order["AccessKeyId"]
    if not isinstance(key, str) or not key or set(order) != {"AccessKeyId", "Statements"}:
        raise ValueError("an identity has an AccessKeyId and Statements, and nothing else")
    STATE.identities[key] = check(order["Statements"])
    return {"AccessKeyId": key, "Statements": len(STATE.identities[key])}


def arn(call: Call, service: str, rest: str) -> str:
    return f"arn:{get_partition(call.region)}:{service}:{call.region}:{call.account}:{rest}"


def suffix(call: Call) -> str:
    return "amazonaws.com.cn" if get_partition(call.region) == "aws-cn" else "amazonaws.com"


def key_arn(call: Call, given: Any) -> str | None:
    """The ARN of the key that is named, which is what KMS asks IAM about; None for an alias that points to none."""
    name = str(given)
    if ":alias/" not in name and not name.startswith("alias/"):
        return name if name.startswith("arn:") else arn(call, "kms", f"key/{name}")
    region, account = name.split(":")[3:5] if name.startswith("arn:") else (call.region, call.account)
    try:
        backend = kms_backends[account][region]
    except KeyError:
        return None
    found = backend.keys.get(backend.get_key_id_from_alias("alias/" + name.partition("alias/")[2]) or "")
    return found.arn if found else None


def find_key(key: str) -> Key | None:
    parts = key.split(":", 5)
    try:
        return kms_backends[parts[4]][parts[3]].keys.get(parts[5].removeprefix("key/"))
    except (IndexError, KeyError):
        return None


def resources(call: Call, kind: str, given: Any) -> list[str]:
    """The ARNs that must be allowed, all of them."""
    if kind == "key":
        named = key_arn(call, given)
        return [named] if named else []  # KMS answers that there is no such alias.
    if kind == "log-group" and str(given).startswith("arn:"):
        return [str(given)]
    if kind == "log-group":
        # The reference has the group's ARN, denials name one that goes on with its streams: both must be allowed.
        return [arn(call, "logs", f"log-group:{given}:log-stream:"), arn(call, "logs", f"log-group:{given}")]
    if kind == "trail":
        names = [str(item) for item in (given if isinstance(given, list) else [given])]
        return [name if name.startswith("arn:") else arn(call, "cloudtrail", f"trail/{name}") for name in names]
    return [str(given)]


def needs(call: Call) -> list[Need]:
    """The permissions that the request itself needs."""
    action = f"{call.service}:{call.operation}"
    if action not in ACTIONS:
        raise Unjudged(action)
    about = ACTIONS[action]
    if about is None:
        return [Need(action, "*")]
    kind, parameter = about
    given = call.parameters.get(parameter)
    if action.startswith("logs:") and given is None:
        given = call.parameters.get("resourceIdentifier")
    if not given:
        raise Unjudged(f"{action} without {parameter}")
    encryption = call.parameters.get("EncryptionContext") if call.service == "kms" else None
    return [Need(action, it, encryption=encryption or {}) for it in resources(call, kind, given)]


def needs_in_its_name(call: Call) -> list[Need]:
    """The permissions on keys that the service asks for in the caller's name.

    CloudTrail asks for none: it checks a trail's key in its own name.
    """
    if (call.service, call.operation) in (("logs", "AssociateKmsKey"), ("logs", "CreateLogGroup")):
        given = str(call.parameters.get("kmsKeyId"))
        return [Need("kms:DescribeKey", given, "logs")] if ":key/" in given else []  # Logs answers that this is no key's ARN.
    if (call.service, call.operation) == ("sns", "Publish"):
        topic = str(call.parameters.get("TopicArn"))
        found = sns_backends[call.account][call.region].topics.get(topic)
        if found is None or not found.kms_master_key_id:
            return []
        key = key_arn(call, found.kms_master_key_id)
        if key is None:
            raise Unjudged(f"the key {found.kms_master_key_id} of {topic}")
        return [Need(action, key, "sns", {"aws:sns:topicArn": topic}) for action in ("kms:GenerateDataKey", "kms:Decrypt")]
    return []


def context(call: Call, need: Need) -> Context:
    known = {"aws:PrincipalAccount": call.account, "aws:RequestedRegion": str(call.region), "aws:SecureTransport": "true",
             "aws:ViaAWSService": "true" if need.via else "false"}
    if need.resource != "*":
        known["aws:ResourceAccount"] = need.resource.split(":")[4]
    if need.action.startswith("kms:"):
        known["kms:CallerAccount"] = call.account
        known |= {f"kms:EncryptionContext:{name}": value for name, value in need.encryption.items()}
        if need.via:
            known["kms:ViaService"] = f"{need.via}.{call.region}.{suffix(call)}"
    return known


def why_not(statements: list[dict[str, Any]], call: Call, need: Need) -> str | None:
    """Why the caller isn't allowed; None if it is."""
    known = context(call, need)
    verdict = judge(statements, need.action, need.resource, known)
    if verdict is not Verdict.ALLOWED:
        return NOT_ALLOWED if verdict is Verdict.NOT_ALLOWED else "with an explicit deny in an identity-based policy"
    key = find_key(need.resource) if need.action.startswith("kms:") and need.resource != "*" else None
    if key and not key_policy.leaves_to_iam(key.policy, key.arn, call.account, need.action, known):
        return "because no resource-based policy allows the {action} action"
    return None


def refused(call: Call, need: Need, why: str) -> Answer:
    if need.via == "logs":
        named = arn(call, "logs", f"log-group:{call.parameters.get('logGroupName')}")
        return aws_error(call, 400, "AccessDeniedException", LOGS_DENIES.format(call.parameters.get("resourceIdentifier") or named))
    if need.via == "sns":
        return aws_error(call, 400, "KMSAccessDenied", not_authorized(call, need.action, need.resource, why))
    return aws_error(call, *denial(call, need.resource, why))


def refusal(call: Call, entry: dict[str, Any]) -> Answer | None:
    """The denial that the caller gets, if any; what was needed and denied is kept in the record of the request."""
    statements = STATE.identities.get(call.access_key or "")
    if statements is None or (call.service, call.operation) == ("sts", "GetCallerIdentity"):
        return None
    entry["needed"] = []
    try:
        for find in (needs, needs_in_its_name):
            for need in find(call):
                entry["needed"].append(need.action)
                why = why_not(statements, call, need)
                if why:
                    entry["denied"] = need.action
                    return refused(call, need, why)
    except Unjudged as unjudged:
        entry["denied"] = f"{call.service}:{call.operation}"
        return aws_error(call, *denial(call, "*", f"because the emulator can't judge {unjudged}"))
    return None
