"""Automatic rotation of KMS keys: the setting, its period, and what GetKeyRotationStatus tells of it.

It never rotates a key. RotateKeyOnDemand and ListKeyRotations are moto's own.
"""

from __future__ import annotations

import json

from moto.core.exceptions import JsonRESTError
from moto.core.utils import unix_time
from moto.kms.models import Key
from moto.kms.responses import KmsResponse

from .kms_replicas import is_primary, related
from .kms_states import key_of

YEAR = 365

# The period in days and the moment it was set, on the primary of a multi-Region key; None is off.
Key.rotation = None


def to_set(response: KmsResponse) -> Key:
    key = key_of(response)
    if key.multi_region and not is_primary(key):
        raise JsonRESTError("UnsupportedOperationException", f"{key.arn} is a multi-Region replica key, which rotates with its primary.")
    return key


def enable_key_rotation(self: KmsResponse) -> str:
    key, period = to_set(self), self._get_param("RotationPeriodInDays")
    period = (key.rotation[0] if key.rotation else YEAR) if period is None else period
    if not isinstance(period, int) or not 90 <= period <= 2560:
        raise JsonRESTError(
            "ValidationException",
            f"1 validation error detected: Value '{period}' at 'rotationPeriodInDays' "
            f"failed to satisfy constraint: Member must have value between 90 and 2560",
        )
    key.rotation = (period, unix_time())
    return "{}"


def disable_key_rotation(self: KmsResponse) -> str:
    to_set(self).rotation = None
    return "{}"


def get_key_rotation_status(self: KmsResponse) -> str:
    key = key_of(self)
    # A shared property of related keys; of AWS managed keys it is "always true".
    rotation = (YEAR, key.creation_date) if key.key_manager == "AWS" else next((k.rotation for k in related(key) if is_primary(k)), key.rotation)
    # "While a KMS key is pending deletion, its key rotation status is false."
    if rotation is None or key.key_state in ("PendingDeletion", "PendingReplicaDeletion"):
        return json.dumps({"KeyId": key.arn, "KeyRotationEnabled": False})
    period, since = rotation
    return json.dumps({"KeyId": key.arn, "KeyRotationEnabled": True, "RotationPeriodInDays": period, "NextRotationDate": since + period * 86400})


HANDLERS = (enable_key_rotation, disable_key_rotation, get_key_rotation_status)
