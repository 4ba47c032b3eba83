"""KMS with AWS's rules on key identifiers, key states and key policies, and `GetKeyLastUsage`.

Every operation moto has passes through one gate that resolves the key and checks its state; the few that change a state
are written here. It never lets time pass: a pending key stays pending.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.utils import camelcase_to_underscores, get_service_model, unix_time, utcnow
from moto.kms import models
from moto.kms.models import Key, KmsBackend, kms_backends
from moto.kms.responses import KmsResponse

from . import key_policy
from .state import STATE

TRACKING_START = 1776902400  # 2026-04-23T00:00:00Z
KEY_ID = re.compile(r"(mrk-[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})", re.IGNORECASE)
CRYPTOGRAPHIC = {
    "Decrypt", "DeriveSharedSecret", "Encrypt", "GenerateDataKey", "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext", "GenerateMac", "GetPublicKey", "ReEncrypt", "Sign", "Verify", "VerifyMac",
}
TAKES_ALIAS = CRYPTOGRAPHIC | {"DescribeKey"}
# Operations documented as usable on a key of another account.
ACROSS_ACCOUNTS = TAKES_ALIAS | {"CreateGrant", "GetKeyRotationStatus", "ListGrants", "RetireGrant", "RevokeGrant"}
# AWS's table of key states, reduced to what fails where.
ENABLED_ONLY = CRYPTOGRAPHIC | {"CreateGrant", "DisableKeyRotation", "EnableKeyRotation", "ReplicateKey", "RotateKeyOnDemand"}
NOT_PENDING_DELETION = ENABLED_ONLY | {
    "CreateAlias", "DisableKey", "EnableKey", "ScheduleKeyDeletion", "TagResource", "UntagResource", "UpdateAlias", "UpdateKeyDescription",
}
FAILS_IN = {
    "Disabled": ENABLED_ONLY,
    "PendingDeletion": NOT_PENDING_DELETION,
    "PendingReplicaDeletion": NOT_PENDING_DELETION,
    "PendingImport": ENABLED_ONLY | {"DisableKey", "EnableKey"},
    "Unavailable": ENABLED_ONLY,
    "Creating": NOT_PENDING_DELETION,
    "Updating": {"DisableKey", "EnableKey", "ReplicateKey", "ScheduleKeyDeletion"},
}
STATE_TEXT = {"PendingDeletion": "pending deletion", "PendingReplicaDeletion": "pending replica deletion", "PendingImport": "pending import"}
AWS_MANAGED_DENIES = {"CancelKeyDeletion", "CreateGrant", "DisableKey", "EnableKey", "PutKeyPolicy", "ScheduleKeyDeletion", "TagResource", "UntagResource"}
# What moto answers in one page: list, default and largest page.
PAGED = {"ListAliases": ("Aliases", 50, 100), "ListGrants": ("Grants", 50, 100), "ListKeys": ("Keys", 100, 1000), "ListResourceTags": ("Tags", 50, 50)}


def fail(code: str, message: str) -> JsonRESTError:
    return JsonRESTError(code, message)


def denied(response: KmsResponse, operation: str, arn: str, why: str) -> JsonRESTError:
    user = f"arn:{response.partition}:sts::{response.current_account}:assumed-role/strict-role/strict-session"
    return fail("AccessDeniedException", f"User: {user} is not authorized to perform: kms:{operation} on resource: {arn} {why}")


def resolve(response: KmsResponse, operation: str, given: Any) -> Key:
    """The key an identifier names, by the forms this operation takes."""
    if not isinstance(given, str) or not 1 <= len(given) <= 2048:
        raise fail("ValidationException", "1 validation error detected: Value at 'keyId' failed to satisfy constraint: Member must have length between 1 and 2048")
    account, name = response.current_account, given
    if given.startswith("arn:"):
        parts = given.split(":", 5)
        if len(parts) != 6 or parts[1] != response.partition or parts[2] != "kms" or not re.match(r"(key|alias)/.", parts[5]):
            raise fail("InvalidArnException", f"Invalid arn {given}")
        if parts[3] != response.region:
            raise fail("NotFoundException", f"Invalid arn {parts[3]}")
        account, name = parts[4], parts[5].removeprefix("key/")
        if name.startswith("alias/") and operation not in TAKES_ALIAS:
            raise fail("InvalidArnException", f"Invalid arn {given}")
    elif not KEY_ID.fullmatch(given) and not (given.startswith("alias/") and operation in TAKES_ALIAS):
        raise fail("NotFoundException", f"Invalid keyId '{given}'")
    if account != response.current_account and operation not in ACROSS_ACCOUNTS:
        raise denied(response, operation, given, f"because no resource-based policy allows the kms:{operation} action")

    backend: KmsBackend = kms_backends[account][response.region]
    if name.startswith("alias/"):
        key_id = backend.get_key_id_from_alias(name)
        if key_id is None:
            raise fail("NotFoundException", f"Alias arn:{response.partition}:kms:{response.region}:{account}:{name} is not found.")
        name = key_id
    key = backend.keys.get(name)
    arn = f"arn:{response.partition}:kms:{response.region}:{account}:key/{name}"
    if key is None:
        raise fail("NotFoundException", f"Key '{arn}' does not exist")
    if account != response.current_account:
        if not key_policy.admits_account(key.policy, key.arn, response.current_account, f"kms:{operation}"):
            raise denied(response, operation, arn, f"because no resource-based policy allows the kms:{operation} action")
        response.current_account = account  # moto's own handler must look where the key is.
    if key_policy.denies_everyone(key.policy, key.arn, f"kms:{operation}"):
        raise denied(response, operation, arn, "with an explicit deny in a resource-based policy")
    if key.key_manager == "AWS" and operation in AWS_MANAGED_DENIES:
        raise denied(response, operation, arn, "because the key is an AWS managed key")
    return key


def check_state(operation: str, key: Key) -> None:
    if operation == "CancelKeyDeletion":
        if key.key_state not in ("PendingDeletion", "PendingReplicaDeletion"):
            raise fail("KMSInvalidStateException", f"{key.arn} is not pending deletion.")
    elif operation in FAILS_IN.get(key.key_state, ()):
        if key.key_state == "Disabled":
            raise fail("DisabledException", f"{key.arn} is disabled.")
        raise fail("KMSInvalidStateException", f"{key.arn} is {STATE_TEXT.get(key.key_state, key.key_state.lower())}.")
    if operation in ("EnableKeyRotation", "DisableKeyRotation") and (key.origin != "AWS_KMS" or key.key_spec != "SYMMETRIC_DEFAULT"):
        raise fail("UnsupportedOperationException", f"{key.arn} can't rotate.")
    if operation in ("Encrypt", "Decrypt", "ReEncrypt") and key.key_usage != "ENCRYPT_DECRYPT":
        raise fail("InvalidKeyUsageException", f"{key.arn} key usage is {key.key_usage} which is not valid for {operation}.")


def gate(operation: str, method: Callable[[KmsResponse], str]) -> Callable[[KmsResponse], str]:
    required = KMS.operation_model(operation).input_shape.required_members if KMS.operation_model(operation).input_shape else []

    def handler(self: KmsResponse) -> str:
        try:
            params = json.loads(self.body or "{}")
        except ValueError:
            raise fail("SerializationException", "the body isn't JSON") from None
        for name in required:
            if params.get(name) is None:
                camel = name[0].lower() + name[1:]
                raise fail("ValidationException", f"1 validation error detected: Value null at '{camel}' failed to satisfy constraint: Member must not be null")
        for name in ("KeyId", "TargetKeyId", "SourceKeyId", "DestinationKeyId"):
            if params.get(name) is not None:
                key = resolve(self, operation, params[name])
                check_state(operation, key)
                params[name] = key.id
        self.body = json.dumps(params)
        return page(operation, params, method(self))

    return handler


def page(operation: str, params: dict[str, Any], body: str) -> str:
    if operation not in PAGED:
        return body
    name, default, most = PAGED[operation]
    limit = params.get("Limit", default)
    if not isinstance(limit, int) or not 1 <= limit <= most:
        raise fail("ValidationException", f"1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: Member must have value between 1 and {most}")
    try:
        start = int(base64.b64decode(params["Marker"], validate=True)) if params.get("Marker") else 0
    except ValueError:
        raise fail("InvalidMarkerException", "Invalid marker") from None
    answer = json.loads(body)
    items = answer[name]
    more = start + limit < len(items)
    answer.pop("NextMarker", None)
    answer.pop("GrantCount", None)
    answer.update({name: items[start : start + limit], "Truncated": more})
    if more:
        answer["NextMarker"] = base64.b64encode(str(start + limit).encode()).decode()
    return json.dumps(answer)


def key_of(self: KmsResponse) -> Key:
    return self.kms_backend.keys[self._get_param("KeyId")]


def check_policy(policy: Any) -> None:
    why = key_policy.fault_of(policy)
    if why:
        raise fail("MalformedPolicyDocumentException", f"The policy document is malformed: {why}.")


def create_key(self: KmsResponse) -> str:
    spec = self._get_param("KeySpec") or self._get_param("CustomerMasterKeySpec") or "SYMMETRIC_DEFAULT"
    usage = self._get_param("KeyUsage") or "ENCRYPT_DECRYPT"
    if spec == "SYMMETRIC_DEFAULT" and usage != "ENCRYPT_DECRYPT" or spec.startswith("HMAC_") and usage != "GENERATE_VERIFY_MAC":
        raise fail("ValidationException", f"KeyUsage {usage} is not compatible with KeySpec {spec}")
    policy = self._get_param("Policy")
    if policy is not None:
        check_policy(policy)
    origin = self._get_param("Origin") or "AWS_KMS"
    key = self.kms_backend.create_key(policy, usage, spec, self._get_param("Description"), self._get_param("Tags"), self._get_param("MultiRegion") or False, origin)
    if origin == "EXTERNAL":
        key.key_state, key.enabled = "PendingImport", False
    return json.dumps(key.to_dict())


def enable_key(self: KmsResponse) -> str:
    key = key_of(self)
    key.key_state, key.enabled = "Enabled", True
    return "{}"


def disable_key(self: KmsResponse) -> str:
    key = key_of(self)
    key.key_state, key.enabled = "Disabled", False
    return "{}"


def cancel_key_deletion(self: KmsResponse) -> str:
    key = key_of(self)
    key.key_state, key.enabled, key.deletion_date = "Disabled", False, None
    return json.dumps({"KeyId": key.arn})


def schedule_key_deletion(self: KmsResponse) -> str:
    key, window = key_of(self), self._get_param("PendingWindowInDays", 30)
    if not isinstance(window, int) or not 7 <= window <= 30:
        raise fail("ValidationException", f"1 validation error detected: Value '{window}' at 'pendingWindowInDays' failed to satisfy constraint: Member must have value between 7 and 30")
    answer: dict[str, Any] = {"KeyId": key.arn, "PendingWindowInDays": window}
    key.enabled = False
    primary = key.multi_region and key.multi_region_configuration["PrimaryKey"]["Arn"] == key.arn
    if primary and key.multi_region_configuration["ReplicaKeys"]:
        # The countdown of a primary starts when its last replica is gone, so there is no date yet.
        key.key_state = "PendingReplicaDeletion"
    else:
        key.key_state, key.deletion_date = "PendingDeletion", utcnow() + timedelta(days=window)
        answer["DeletionDate"] = unix_time(key.deletion_date)
    return json.dumps({**answer, "KeyState": key.key_state})


def put_key_policy(self: KmsResponse) -> str:
    if self._get_param("PolicyName", "default") != "default":
        raise fail("NotFoundException", "No such policy exists")
    check_policy(self._get_param("Policy"))
    key_of(self).policy = self._get_param("Policy")
    return "{}"


def get_key_policy(self: KmsResponse) -> str:
    if self._get_param("PolicyName", "default") != "default":
        raise fail("NotFoundException", "No such policy exists")
    return json.dumps({"Policy": key_of(self).policy, "PolicyName": "default"})


def get_key_last_usage(self: KmsResponse) -> str:
    key = key_of(self)
    usage = STATE.key_last_usage.get(key.arn, {})
    return json.dumps({"KeyId": key.arn, "KeyLastUsage": usage, "TrackingStartDate": TRACKING_START, "KeyCreationDate": key.creation_date})


def list_grants(self: KmsResponse) -> str:
    key = key_of(self)
    shown = [{**grant.to_json(), "KeyId": key.arn, "IssuingAccount": f"arn:{self.partition}:iam::{key.account_id}:root"}
             for grant in key.list_grants(self._get_param("GrantId"))]
    return json.dumps({"Grants": shown})


def replicate(original: Callable[..., Key]) -> Callable[..., Key]:
    def replicate_key(self: KmsBackend, key_id: str, replica_region: str) -> Key:
        if not self.keys[key_id].multi_region:
            raise fail("UnsupportedOperationException", f"{self.keys[key_id].arn} is not a multi-Region primary key.")
        replica = original(self, key_id, replica_region)
        # moto shares one object between primary and replica, so that a described replica turns its primary into one.
        replica.multi_region_configuration = {**deepcopy(replica.multi_region_configuration), "MultiRegionKeyType": "REPLICA"}
        replica.policy, replica.aliases, replica.grants = replica.generate_default_policy(), {}, {}
        return replica

    return replicate_key


def decrypting(original: Callable[..., tuple[bytes, str]]) -> Callable[..., tuple[bytes, str]]:
    def decrypt(self: KmsBackend, *args: Any, **kwargs: Any) -> tuple[bytes, str]:
        plaintext, arn = original(self, *args, **kwargs)
        check_state("Decrypt", self.keys[arn.rpartition("/")[2]])  # Decrypt may name no key at all.
        return plaintext, arn

    return decrypt


def default_keys(original: Callable[..., str | None]) -> Callable[..., str | None]:
    def generate(self: KmsBackend, alias_name: str) -> str | None:
        key_id = None
        if alias_name.startswith("alias/aws/"):
            key = self.create_key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "Default key", None)
            key.key_manager, key_id = "AWS", key.id
            self.create_alias(key.id, alias_name)
        return key_id or original(self, alias_name)

    return generate


def key_ids(original: Callable[[bool], str]) -> Callable[[bool], str]:
    def generate(multi_region: bool = False) -> str:
        # A real multi-Region id has no dashes after its prefix; moto's has.
        key_id = original(False)
        return f"mrk-{key_id.replace('-', '')}" if multi_region else key_id

    return generate


KMS = get_service_model("kms")
OURS = (create_key, enable_key, disable_key, cancel_key_deletion, schedule_key_deletion, put_key_policy, get_key_policy, get_key_last_usage, list_grants)
for written in OURS:
    setattr(KmsResponse, written.__name__, written)
for known in KMS.operation_names:
    written = getattr(KmsResponse, camelcase_to_underscores(known), None)
    if written:
        setattr(KmsResponse, camelcase_to_underscores(known), gate(known, written))
# The gate has resolved the key by now, and knows ids that moto's pattern doesn't.
KmsResponse._validate_key_id = KmsResponse._validate_cmk_id = lambda self, key_id: None
# moto takes any Deny on DescribeKey for one on the caller; `resolve` asks about the principal first.
KmsResponse._validate_key_policy = lambda self, key_id, action: None
models.generate_key_id = key_ids(models.generate_key_id)
KmsBackend.replicate_key = replicate(KmsBackend.replicate_key)
KmsBackend.decrypt = decrypting(KmsBackend.decrypt)
KmsBackend._generate_default_keys = default_keys(KmsBackend._generate_default_keys)
