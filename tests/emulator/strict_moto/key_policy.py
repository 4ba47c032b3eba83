"""Decides whether a key policy lets an AWS service use a key or the caller change it, and whether a document is well formed.

A small part of IAM's evaluation: Deny wins, an unknown condition operator never allows and always denies. It never looks
at identity policies or grants.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

STATEMENT_KEYS = {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
Context = dict[str, str]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def wildcard(pattern: Any, value: str, ignore_case: bool = False) -> bool:
    expression = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in str(pattern))
    return re.fullmatch(expression, value, re.DOTALL | (re.IGNORECASE if ignore_case else 0)) is not None


def arn_like(pattern: Any, value: str) -> bool:
    """Each of the six parts matches by itself: a star in the name never reaches back into the account."""
    wanted, given = str(pattern).split(":", 5), value.split(":", 5)
    return len(wanted) == len(given) == 6 and all(wildcard(w, g) for w, g in zip(wanted, given, strict=True))


# The value test of each operator; a "Not…" operator is its negation.
OPERATORS: dict[str, Callable[[Any, str], bool]] = {
    "StringEquals": lambda wanted, value: str(wanted) == value,
    "StringEqualsIgnoreCase": lambda wanted, value: str(wanted).lower() == value.lower(),
    "StringLike": wildcard,
    "ArnEquals": arn_like,  # IAM treats ArnEquals and ArnLike alike.
    "ArnLike": arn_like,
    "Bool": lambda wanted, value: str(wanted).lower() == value.lower(),
}


def condition_holds(operator: str, key: str, wanted: Any, context: Context) -> bool | None:
    """None when the operator isn't known here."""
    value = {name.lower(): item for name, item in context.items()}.get(key.lower())
    operator = operator.removeprefix("ForAnyValue:")
    if operator == "Null":
        return all((str(item).lower() == "true") == (value is None) for item in as_list(wanted))
    if_exists = operator.endswith("IfExists")
    operator = operator.removesuffix("IfExists")
    negated = "Not" in operator
    test = OPERATORS.get(operator.replace("Not", "", 1))
    if test is None:
        return None
    if value is None:
        return if_exists or negated
    return any(test(item, value) for item in as_list(wanted)) != negated


def conditions_hold(statement: dict[str, Any], context: Context) -> bool | None:
    results = [
        condition_holds(operator, key, wanted, context)
        for operator, block in (statement.get("Condition") or {}).items()
        for key, wanted in block.items()
    ]
    return False if False in results else None if None in results else True


def named(block: Any, kind: str, names: set[str]) -> bool:
    return isinstance(block, dict) and any(str(item) in names for item in as_list(block.get(kind, [])))


def everyone(block: Any) -> bool:
    return block == "*" or (isinstance(block, dict) and "*" in as_list(block.get("AWS", [])))


def covers(statement: dict[str, Any], action: str, key_arn: str) -> bool:
    if "Action" in statement:
        acts = any(wildcard(item, action, ignore_case=True) for item in as_list(statement["Action"]))
    else:
        acts = not any(wildcard(item, action, ignore_case=True) for item in as_list(statement.get("NotAction", "*")))
    if "Resource" in statement:
        return acts and any(wildcard(item, key_arn) for item in as_list(statement["Resource"]))
    return acts and not any(wildcard(item, key_arn) for item in as_list(statement.get("NotResource", "*")))


def statements(policy: str) -> list[dict[str, Any]]:
    return as_list(json.loads(policy)["Statement"])


def service_may(policy: str, key_arn: str, services: set[str], actions: list[str], context: Context) -> bool:
    """Whether one of the service's names may do every one of the actions."""
    context = {**context, "aws:PrincipalIsAWSService": "true", "aws:SecureTransport": "true"}
    for action in actions:
        allowed = False
        for statement in statements(policy):
            if not covers(statement, action, key_arn):
                continue
            holds = conditions_hold(statement, context)
            if statement["Effect"] == "Deny":
                if "Principal" in statement:
                    hit = everyone(statement["Principal"]) or named(statement["Principal"], "Service", services | {"*"})
                else:
                    hit = not (everyone(statement["NotPrincipal"]) or named(statement["NotPrincipal"], "Service", services))
                if hit and holds is not False:
                    return False
            elif named(statement.get("Principal"), "Service", services) and holds:
                allowed = True
        if not allowed:
            return False
    return True


def denies_everyone(policy: str, key_arn: str, action: str) -> bool:
    """A Deny without condition for every principal: it holds for any caller, whoever that is."""
    return any(
        statement["Effect"] == "Deny" and everyone(statement.get("Principal")) and not statement.get("Condition")
        and covers(statement, action, key_arn)
        for statement in statements(policy)
    )


def admits_account(policy: str, key_arn: str, account: str, action: str) -> bool:
    """Whether another account is let in at all; what its own policies say isn't known here."""
    def holds(statement: dict[str, Any]) -> bool:
        principal = statement.get("Principal")
        given = as_list(principal.get("AWS", [])) if isinstance(principal, dict) else []
        return everyone(principal) or any(str(item) == account or f"::{account}:" in str(item) for item in given)

    context = {"kms:CallerAccount": account, "aws:SecureTransport": "true"}
    return any(
        statement["Effect"] == "Allow" and holds(statement) and conditions_hold(statement, context) is True
        and covers(statement, action, key_arn)
        for statement in statements(policy)
    )


def leaves_to_iam(policy: str, key_arn: str, account: str, action: str, context: Context) -> bool:
    """Whether the policy lets the account decide by IAM who of it may act, as its usual first statement does.

    That it may name a role itself isn't looked at: it would allow what IAM needn't.
    """
    def whole_account(principal: Any) -> bool:
        given = as_list(principal.get("AWS", [])) if isinstance(principal, dict) else []
        return everyone(principal) or any(str(item) == account or str(item).endswith(f":iam::{account}:root") for item in given)

    return any(
        statement["Effect"] == "Allow" and whole_account(statement.get("Principal")) and conditions_hold(statement, context) is True
        and covers(statement, action, key_arn)
        for statement in statements(policy)
    )


def caller_may_put(policy: str, key_arn: str, account: str, caller: set[str]) -> bool:
    """KMS's lockout safety check: whether the names of the caller, the account's among them, may put the next policy.

    The account's own IAM policies are taken to allow it. A Deny counts only if all it asks about is known of the caller.
    """
    context = {"kms:CallerAccount": account, "aws:PrincipalAccount": account, "kms:PolicyName": "default", "aws:SecureTransport": "true"}
    known = {name.lower() for name in context}

    def names_caller(principal: Any) -> bool:
        return everyone(principal) or named(principal, "AWS", caller)

    allowed = False
    for statement in statements(policy):
        if not covers(statement, "kms:PutKeyPolicy", key_arn):
            continue
        holds = conditions_hold(statement, context)
        if statement["Effect"] == "Allow":
            allowed = allowed or (holds is True and names_caller(statement["Principal"]))
            continue
        is_clear = all(key.lower() in known for block in (statement.get("Condition") or {}).values() for key in block)
        is_about_caller = names_caller(statement["Principal"]) if "Principal" in statement else not names_caller(statement["NotPrincipal"])
        if holds is not False and is_clear and is_about_caller:
            return False
    return allowed


def fault_of(policy: Any) -> str | None:
    """Why KMS would call the document malformed; None when it wouldn't."""
    try:
        document = json.loads(policy)
    except (ValueError, TypeError):
        return "the document isn't JSON"
    if not isinstance(document, dict) or not set(document) <= {"Version", "Id", "Statement"}:
        return "the document isn't a policy"
    if document.get("Version", "2008-10-17") not in ("2008-10-17", "2012-10-17"):
        return "unknown Version"
    listed = as_list(document.get("Statement", []))
    if not listed:
        return "no Statement"
    for statement in listed:
        if not isinstance(statement, dict) or not set(statement) <= STATEMENT_KEYS:
            return "a Statement has an unknown element"
        if statement.get("Effect") not in ("Allow", "Deny"):
            return "Effect is Allow or Deny"
        for one, other in (("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource")):
            if (one in statement) == (other in statement) or statement.get(one, statement.get(other)) in (None, "", [], {}):
                return f"a Statement needs one of {one} and {other}"
        principal = statement.get("Principal", statement.get("NotPrincipal"))
        if principal != "*" and not (isinstance(principal, dict) and set(principal) <= {"AWS", "Service", "Federated", "CanonicalUser"}):
            return "invalid principal"
        if "NotPrincipal" in statement and statement["Effect"] == "Allow":
            return "NotPrincipal with Allow"
        for action in as_list(statement.get("Action", statement.get("NotAction"))):
            if not (action == "*" or (isinstance(action, str) and action.lower().startswith("kms:"))):
                return "an action isn't one of KMS"
        condition = statement.get("Condition", {})
        if not isinstance(condition, dict) or not all(isinstance(block, dict) for block in condition.values()):
            return "invalid Condition"
    return None
