"""What a test may say of KMS keys: facts that AWS would know from elsewhere, and states that no call leads to.

It refuses what can't be in AWS, since a test that relies on it would prove nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from moto.core.utils import get_service_model
from moto.kms.models import Key, kms_backends

from . import key_policy
from .kms_policies import policies
from .kms_states import delete_for_good
from .state import STATE, epoch

STATES = {"Creating", "Disabled", "Enabled", "PendingDeletion", "PendingImport", "Updating"}
USAGE_FIELDS = set(get_service_model("kms").shape_for("KeyLastUsageData").members)
USAGE_OPERATIONS = set(get_service_model("kms").shape_for("KeyLastUsageTrackingOperation").enum)
STORE_ORIGINS = {"AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"}


def find(wanted: Any) -> Key:
    backends = [backend for account in list(kms_backends.values()) for backend in list(account.values())]
    found = [key for backend in backends for key in list(backend.keys.values()) if wanted in (key.arn, key.id)]
    if len(found) != 1:
        raise ValueError(f"{len(found)} keys are named {wanted!r}" + (": say which by ARN" if found else ""))
    return found[0]


def set_last_usage(order: Any) -> Any:
    key = find(order["KeyId"])
    usage = dict(order.get("KeyLastUsage") or {})
    if usage and not {"Operation", "Timestamp"} <= set(usage) <= USAGE_FIELDS or usage.get("Operation", "Decrypt") not in USAGE_OPERATIONS:
        raise ValueError(f"KeyLastUsage is empty, or has Operation, one of {sorted(USAGE_OPERATIONS)}, and Timestamp among {sorted(USAGE_FIELDS)}")
    if usage:
        usage["Timestamp"] = epoch(usage["Timestamp"])
    STATE.key_last_usage[key.arn] = usage
    if "KeyCreationDate" in order:
        key.creation_date = epoch(order["KeyCreationDate"])
    return {"KeyId": key.arn, "KeyLastUsage": usage, "KeyCreationDate": key.creation_date}


def set_state(order: Any) -> Any:
    key, state = find(order["KeyId"]), order["KeyState"]
    if state not in STATES:
        raise ValueError(f"KeyState is one of {sorted(STATES)}; a key is Unavailable by custom-key-store, and PendingReplicaDeletion by ScheduleKeyDeletion")
    if state == "PendingImport" and key.origin != "EXTERNAL":
        raise ValueError("only a key with the Origin EXTERNAL awaits an import")
    if (state == "PendingDeletion") != ("DeletionDate" in order):
        raise ValueError("PendingDeletion needs a DeletionDate, and no other state has one")
    date = datetime.fromtimestamp(epoch(order["DeletionDate"]), UTC).replace(tzinfo=None) if state == "PendingDeletion" else None
    if state in ("Disabled", "Enabled", "PendingImport"):
        key.awaits_material = state == "PendingImport"
    key.key_state, key.deletion_date = state, date
    return {"KeyId": key.arn, "KeyState": key.key_state}


def set_gone(order: Any) -> Any:
    key = find(order["KeyId"])
    delete_for_good(key)
    STATE.key_last_usage.pop(key.arn, None)
    return {"KeyId": key.arn}


def set_ram_policy(order: Any) -> Any:
    key, policy = find(order["KeyId"]), order["Policy"]
    if policy is not None and key_policy.fault_of(policy):
        raise ValueError(f"Policy is a policy document as a text, or null: {key_policy.fault_of(policy)}")
    key.ram_policy = policy
    return {"KeyId": key.arn, "PolicyNames": list(policies(key))}


def set_custom_key_store(order: Any) -> Any:
    key, connection, origin = find(order["KeyId"]), order["ConnectionState"], order.get("Origin", "AWS_CLOUDHSM")
    if connection not in ("CONNECTED", "DISCONNECTED"):
        raise ValueError("ConnectionState is CONNECTED or DISCONNECTED")
    if origin not in STORE_ORIGINS:
        raise ValueError(f"Origin is one of {sorted(STORE_ORIGINS)}")
    if key.multi_region or key.key_spec != "SYMMETRIC_DEFAULT" or key.origin == "EXTERNAL":
        raise ValueError("a custom key store holds only symmetric single-Region keys without imported material")
    key.custom_key_store, key.origin, key.disconnected = "cks-1234567890abcdef0", origin, connection == "DISCONNECTED"
    return {"KeyId": key.arn, "CustomKeyStoreId": key.custom_key_store, "Origin": origin, "KeyState": key.key_state}
