"""KMS key policies: the one named `default`, which its owner puts, and `AWS_RAM`, which only RAM does.

What a policy document allows is read in key_policy.py. Here is no sharing: a test says what RAM has put.
"""

from __future__ import annotations

import json
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.kms.models import Key
from moto.kms.responses import KmsResponse

from . import key_policy
from .kms_states import key_of
from .wire import caller_arn

MOST_BYTES = 32768

Key.ram_policy = None


def check_policy(response: KmsResponse, policy: Any, key_arn: str) -> None:
    """What CreateKey, ReplicateKey and PutKeyPolicy demand of a new policy."""
    why = key_policy.fault_of(policy)
    if why:
        raise JsonRESTError("MalformedPolicyDocumentException", f"The policy document is malformed: {why}.")
    if len(policy.encode()) > MOST_BYTES:
        raise JsonRESTError("LimitExceededException", f"The key policy is longer than {MOST_BYTES} bytes.")
    account, iam = response.current_account, f"arn:{response.partition}:iam::{response.current_account}"
    caller = {account, f"{iam}:root", f"{iam}:role/strict-role", caller_arn(account, response.partition)}
    if response._get_param("BypassPolicyLockoutSafetyCheck") is not True and not key_policy.caller_may_put(policy, key_arn, account, caller):
        raise JsonRESTError("MalformedPolicyDocumentException", "The new key policy will not allow you to update the key policy in the future.")


def policies(key: Key) -> dict[str, str]:
    return {"default": key.policy, **({"AWS_RAM": key.ram_policy} if key.ram_policy else {})}


def put_key_policy(self: KmsResponse) -> str:
    key, name = key_of(self), self._get_param("PolicyName", "default")
    if name == "AWS_RAM":
        raise JsonRESTError("ValidationException", "The AWS_RAM policy can only be managed by the RAM service.")
    if name != "default":
        raise JsonRESTError("NotFoundException", "No such policy exists")
    check_policy(self, self._get_param("Policy"), key.arn)
    key.policy = self._get_param("Policy")
    return "{}"


def get_key_policy(self: KmsResponse) -> str:
    name = self._get_param("PolicyName", "default")
    policy = policies(key_of(self)).get(name)
    if policy is None:
        raise JsonRESTError("NotFoundException", "No such policy exists")
    return json.dumps({"Policy": policy, "PolicyName": name})


def list_key_policies(self: KmsResponse) -> str:
    return json.dumps({"PolicyNames": list(policies(key_of(self)))})


HANDLERS = (put_key_policy, get_key_policy, list_key_policies)
