"""What makes a KMS key and what KMS tells of it: CreateKey, ReplicateKey and GetKeyLastUsage.

It never records a use by itself: the last one is what a test set.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy

from moto.core.exceptions import JsonRESTError
from moto.kms.models import Key, KmsBackend
from moto.kms.responses import KmsResponse

from .kms_policies import check_policy
from .kms_states import key_of
from .state import STATE

TRACKING_START = 1776902400  # 2026-04-23T00:00:00Z


def create_key(self: KmsResponse) -> str:
    spec = self._get_param("KeySpec") or self._get_param("CustomerMasterKeySpec") or "SYMMETRIC_DEFAULT"
    usage = self._get_param("KeyUsage") or "ENCRYPT_DECRYPT"
    if spec == "SYMMETRIC_DEFAULT" and usage != "ENCRYPT_DECRYPT" or spec.startswith("HMAC_") and usage != "GENERATE_VERIFY_MAC":
        raise JsonRESTError("ValidationException", f"KeyUsage {usage} is not compatible with KeySpec {spec}")
    policy = self._get_param("Policy")
    if policy is not None:
        check_policy(policy)
    origin = self._get_param("Origin") or "AWS_KMS"
    key = self.kms_backend.create_key(policy, usage, spec, self._get_param("Description"), self._get_param("Tags"), self._get_param("MultiRegion") or False, origin)
    if origin == "EXTERNAL":
        key.key_state, key.awaits_material = "PendingImport", True
    return json.dumps(key.to_dict())


def replicate(original: Callable[..., Key]) -> Callable[..., Key]:
    def replicate_key(self: KmsBackend, key_id: str, replica_region: str) -> Key:
        if not self.keys[key_id].multi_region:
            raise JsonRESTError("UnsupportedOperationException", f"{self.keys[key_id].arn} is not a multi-Region primary key.")
        replica = original(self, key_id, replica_region)
        # moto shares one object between primary and replica, so that a described replica turns its primary into one.
        replica.multi_region_configuration = {**deepcopy(replica.multi_region_configuration), "MultiRegionKeyType": "REPLICA"}
        replica.policy, replica.aliases, replica.grants = replica.generate_default_policy(), {}, {}
        return replica

    return replicate_key


def get_key_last_usage(self: KmsResponse) -> str:
    key = key_of(self)
    usage = STATE.key_last_usage.get(key.arn, {})
    return json.dumps({"KeyId": key.arn, "KeyLastUsage": usage, "TrackingStartDate": TRACKING_START, "KeyCreationDate": key.creation_date})


HANDLERS = (create_key, get_key_last_usage)
KmsBackend.replicate_key = replicate(KmsBackend.replicate_key)
