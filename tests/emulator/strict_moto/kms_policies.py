"""KMS key policies: putting and getting the one whose name is `default`.

What a policy document allows is read in key_policy.py.
"""

from __future__ import annotations

import json
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.kms.responses import KmsResponse

from . import key_policy
from .kms_states import key_of


def check_policy(policy: Any) -> None:
    why = key_policy.fault_of(policy)
    if why:
        raise JsonRESTError("MalformedPolicyDocumentException", f"The policy document is malformed: {why}.")


def put_key_policy(self: KmsResponse) -> str:
    if self._get_param("PolicyName", "default") != "default":
        raise JsonRESTError("NotFoundException", "No such policy exists")
    check_policy(self._get_param("Policy"))
    key_of(self).policy = self._get_param("Policy")
    return "{}"


def get_key_policy(self: KmsResponse) -> str:
    if self._get_param("PolicyName", "default") != "default":
        raise JsonRESTError("NotFoundException", "No such policy exists")
    return json.dumps({"Policy": key_of(self).policy, "PolicyName": "default"})


HANDLERS = (put_key_policy, get_key_policy)
