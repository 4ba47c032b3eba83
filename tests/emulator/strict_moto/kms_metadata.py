"""What makes a KMS key and what KMS tells of it: CreateKey, ReplicateKey, DescribeKey and GetKeyLastUsage.

It never records a use by itself: the last one is what a test set.
"""

from __future__ import annotations

import json
from copy import copy
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.utils import unix_time
from moto.kms.models import Key, kms_backends
from moto.kms.responses import KmsResponse

from .kms_policies import check_policy
from .kms_replicas import configuration, is_primary, related
from .kms_states import key_of
from .state import STATE

TRACKING_START = 1776902400  # 2026-04-23T00:00:00Z, when KMS began to record the last use of all keys.


def algorithms(key: Key) -> dict[str, Any]:
    """Those of the key's usage: DescribeKey leaves the lists of other usages out."""
    return {
        "ENCRYPT_DECRYPT": {"EncryptionAlgorithms": key.encryption_algorithms}, "SIGN_VERIFY": {"SigningAlgorithms": key.signing_algorithms},
        "GENERATE_VERIFY_MAC": {"MacAlgorithms": [key.key_spec.replace("HMAC_", "HMAC_SHA_")]}, "KEY_AGREEMENT": {"KeyAgreementAlgorithms": ["ECDH"]},
    }.get(key.key_usage, {})


def metadata(key: Key) -> dict[str, Any]:
    shown = {
        "AWSAccountId": key.account_id, "KeyId": key.id, "Arn": key.arn, "CreationDate": key.creation_date, "Enabled": key.enabled, "Description": key.description,
        "KeyUsage": key.key_usage, "KeyState": key.key_state, "Origin": key.origin, "KeyManager": key.key_manager, "CustomerMasterKeySpec": key.key_spec,
        "KeySpec": key.key_spec, "MultiRegion": key.multi_region, **algorithms(key),
    }
    if key.key_state == "PendingDeletion":
        shown["DeletionDate"] = unix_time(key.deletion_date)
    if key.key_state == "PendingReplicaDeletion":
        shown["PendingDeletionWindowInDays"] = key.pending_window
    if key.multi_region:
        shown["MultiRegionConfiguration"] = configuration(key)
    if key.origin == "EXTERNAL" and not key.awaits_material:
        shown["ExpirationModel"] = "KEY_MATERIAL_DOES_NOT_EXPIRE"
    if key.custom_key_store:
        shown["CustomKeyStoreId"] = key.custom_key_store
        shown |= {"CloudHsmClusterId": "cluster-1a23b4cdefg"} if key.origin == "AWS_CLOUDHSM" else {"XksKeyConfiguration": {"Id": "bb8562717f809024"}}
    return shown


def create_key(self: KmsResponse) -> str:
    spec = self._get_param("KeySpec") or self._get_param("CustomerMasterKeySpec") or "SYMMETRIC_DEFAULT"
    usage = self._get_param("KeyUsage") or "ENCRYPT_DECRYPT"
    if spec == "SYMMETRIC_DEFAULT" and usage != "ENCRYPT_DECRYPT" or spec.startswith("HMAC_") and usage != "GENERATE_VERIFY_MAC":
        raise JsonRESTError("ValidationException", f"KeyUsage {usage} is not compatible with KeySpec {spec}")
    policy, origin = self._get_param("Policy"), self._get_param("Origin") or "AWS_KMS"
    if self._get_param("CustomKeyStoreId") or origin not in ("AWS_KMS", "EXTERNAL"):
        # There are no custom key stores but by the control API, which moves a key into one.
        raise JsonRESTError("CustomKeyStoreNotFoundException", f"Custom key store {self._get_param('CustomKeyStoreId')} does not exist.")
    if policy is not None:
        check_policy(self, policy, f"arn:{self.partition}:kms:{self.region}:{self.current_account}:key/*")
    key = self.kms_backend.create_key(policy, usage, spec, self._get_param("Description"), self._get_param("Tags"), self._get_param("MultiRegion") or False, origin)
    if origin == "EXTERNAL":
        key.key_state, key.awaits_material = "PendingImport", True
    return json.dumps(key.to_dict())


def replicate_key(self: KmsResponse) -> str:
    """Id, material, spec, usage and origin are shared; policy, description, aliases, grants, tags and state aren't."""
    key, region = key_of(self), self._get_param("ReplicaRegion")
    if not is_primary(key):
        raise JsonRESTError("UnsupportedOperationException", f"{key.arn} is not a multi-Region primary key.")
    if any(found.region == region for found in related(key)):
        raise JsonRESTError("AlreadyExistsException", f"{region} already has a related key of {key.arn}.")
    policy, tags, backend = self._get_param("Policy"), self._get_param("Tags") or [], kms_backends[key.account_id][region]
    replica = copy(key)
    replica.region, replica.arn, replica.creation_date = region, key.arn.replace(f":{key.region}:", f":{region}:"), unix_time()
    if policy is not None:
        check_policy(self, policy, replica.arn)
    replica.policy, replica.description = policy or key.generate_default_policy(), self._get_param("Description") or ""
    replica.aliases, replica.grants, replica.ram_policy = {}, {}, None
    if key.origin == "EXTERNAL":  # "The replica key is created with no key material."
        replica.key_state, replica.awaits_material = "PendingImport", True
    backend.keys[key.id] = replica
    backend.tagger.tag_resource(key.id, tags)
    return json.dumps({"ReplicaKeyMetadata": metadata(replica), "ReplicaPolicy": replica.policy, "ReplicaTags": tags})


def get_key_last_usage(self: KmsResponse) -> str:
    key = key_of(self)
    # "… or the date the KMS key was created, whichever is later."
    dates = {"TrackingStartDate": max(TRACKING_START, key.creation_date), "KeyCreationDate": key.creation_date}
    return json.dumps({"KeyId": key.arn, "KeyLastUsage": STATE.key_last_usage.get(key.arn, {}), **dates})


HANDLERS = (create_key, replicate_key, get_key_last_usage)
Key.to_dict = lambda key: {"KeyMetadata": metadata(key)}
