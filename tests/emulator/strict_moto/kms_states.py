"""KMS key states: what fails in which, and the operations that move a key from one to another.

Keeps to the table "Key states of AWS KMS keys" of the KMS developer guide. It never lets time pass: a pending key stays
pending until somebody cancels the deletion or a test says that the key is gone.
"""

from __future__ import annotations

import json
from datetime import timedelta

from moto.core.exceptions import JsonRESTError
from moto.core.utils import unix_time, utcnow
from moto.kms.models import Key, kms_backends
from moto.kms.responses import KmsResponse
from moto.kms.utils import KeySpec

from .kms_replicas import is_primary, related, replicas

CRYPTOGRAPHIC = {
    "Decrypt", "DeriveSharedSecret", "Encrypt", "GenerateDataKey", "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext", "GenerateMac", "GetPublicKey", "ReEncrypt", "Sign", "Verify", "VerifyMac",
}
SYMMETRIC = {"SYMMETRIC_DEFAULT", *KeySpec.hmac_key_specs()}
ROTATION = {"DisableKeyRotation", "EnableKeyRotation"}
# AWS's table of key states, reduced to what fails where. What isn't here, such as the reads and PutKeyPolicy, works in all.
ENABLED_ONLY = CRYPTOGRAPHIC | ROTATION | {"CreateGrant", "ReplicateKey", "RotateKeyOnDemand"}
SWITCHES = {"DisableKey", "EnableKey"}
NOT_PENDING_DELETION = ENABLED_ONLY | SWITCHES | {
    "CreateAlias", "ScheduleKeyDeletion", "TagResource", "UntagResource", "UpdateAlias", "UpdateKeyDescription",
}
FAILS_IN = {
    "Disabled": ENABLED_ONLY,
    "PendingDeletion": NOT_PENDING_DELETION,
    "PendingReplicaDeletion": NOT_PENDING_DELETION,
    "PendingImport": ENABLED_ONLY | SWITCHES,
    "Unavailable": CRYPTOGRAPHIC,
    "Creating": ENABLED_ONLY | SWITCHES,
    "Updating": SWITCHES | {"ReplicateKey", "ScheduleKeyDeletion"},
}
STATE_TEXT = {"PendingDeletion": "pending deletion", "PendingReplicaDeletion": "pending replica deletion", "PendingImport": "pending import"}

# What moto's keys don't know of themselves.
Key.awaits_material = False
Key.custom_key_store = None
Key.disconnected = False
Key.pending_window = 30


def shown_state(key: Key) -> str:
    # A disconnected custom key store makes its keys Unavailable, "unless they are PendingDeletion"; connected again they are
    # what they were, or what EnableKey and DisableKey have made of them meanwhile.
    state = vars(key)["key_state"]
    return "Unavailable" if key.disconnected and state != "PendingDeletion" else state


def keep_state(key: Key, state: str) -> None:
    vars(key)["key_state"] = state


Key.key_state = property(shown_state, keep_state)
# "When KeyState is Enabled this value is true, otherwise it is false": nothing else may set it.
Key.enabled = property(lambda key: key.key_state == "Enabled", lambda key, enabled: None)


def check_state(operation: str, key: Key) -> None:
    # Footnotes 6 and 7 of the table: it isn't the state that fails the call.
    if operation in ROTATION | {"GetKeyRotationStatus", "RotateKeyOnDemand"}:
        rotates = {"AWS_KMS", "EXTERNAL"} if operation == "RotateKeyOnDemand" else {"AWS_KMS"}
        why = f"key spec is {key.key_spec}" if key.origin in rotates else f"origin is {key.origin}"
        if key.origin not in rotates or key.key_spec != "SYMMETRIC_DEFAULT":
            raise JsonRESTError("UnsupportedOperationException", f"{key.arn} {why} which is not valid for this operation.")
    if operation == "CancelKeyDeletion":
        if key.key_state not in ("PendingDeletion", "PendingReplicaDeletion"):
            raise JsonRESTError("KMSInvalidStateException", f"{key.arn} is not pending deletion.")
    elif operation in FAILS_IN.get(key.key_state, ()):
        if key.key_state == "Disabled":
            raise JsonRESTError("DisabledException", f"{key.arn} is disabled.")
        raise JsonRESTError("KMSInvalidStateException", f"{key.arn} is {STATE_TEXT.get(key.key_state, key.key_state.lower())}.")
    if operation == "GetPublicKey" and key.key_spec in SYMMETRIC:
        raise JsonRESTError("UnsupportedOperationException", f"{key.arn} has no public key.")
    if operation in ("Encrypt", "Decrypt", "ReEncrypt") and key.key_usage != "ENCRYPT_DECRYPT":
        raise JsonRESTError("InvalidKeyUsageException", f"{key.arn} key usage is {key.key_usage} which is not valid for {operation}.")


def key_of(response: KmsResponse) -> Key:
    """The key a request names, which the gate has resolved to an id."""
    return response.kms_backend.keys[response._get_param("KeyId")]


def enable_key(self: KmsResponse) -> str:
    key_of(self).key_state = "Enabled"
    return "{}"


def disable_key(self: KmsResponse) -> str:
    key_of(self).key_state = "Disabled"
    return "{}"


def cancel_key_deletion(self: KmsResponse) -> str:
    key = key_of(self)
    key.key_state, key.deletion_date = "PendingImport" if key.awaits_material else "Disabled", None
    return json.dumps({"KeyId": key.arn})


def schedule_key_deletion(self: KmsResponse) -> str:
    key, window = key_of(self), self._get_param("PendingWindowInDays", 30)
    if not isinstance(window, int) or not 7 <= window <= 30:
        raise JsonRESTError(
            "ValidationException",
            f"1 validation error detected: Value '{window}' at 'pendingWindowInDays' "
            f"failed to satisfy constraint: Member must have value between 7 and 30",
        )
    key.pending_window = window
    begin_waiting(key)
    date = {"DeletionDate": unix_time(key.deletion_date)} if key.deletion_date else {}
    return json.dumps({"KeyId": key.arn, "PendingWindowInDays": window, "KeyState": key.key_state, **date})


def begin_waiting(key: Key) -> None:
    if is_primary(key) and replicas(key):
        # The countdown of a primary starts when its last replica is gone, so there is no date yet.
        key.key_state, key.deletion_date = "PendingReplicaDeletion", None
    else:
        key.key_state, key.deletion_date = "PendingDeletion", utcnow() + timedelta(days=key.pending_window)


def delete_for_good(key: Key) -> None:
    """The end of the waiting period, with aliases, grants and tags; the last replica's end begins that of its primary."""
    if is_primary(key) and replicas(key):
        raise ValueError("KMS never deletes a primary key that has replicas")
    kms_backends[key.account_id][key.region].delete_key(key.id)
    for left in related(key):
        if left.key_state == "PendingReplicaDeletion":
            begin_waiting(left)


HANDLERS = (enable_key, disable_key, cancel_key_deletion, schedule_key_deletion)
