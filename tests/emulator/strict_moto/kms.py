"""KMS's gate: which key an identifier names, whether its policy and state let the call in, and pages of lists.

Every operation moto has passes through it; those that moto gets wrong are written by topic in the kms_… modules, which it
installs. It never changes a key.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.utils import camelcase_to_underscores, get_service_model
from moto.kms import models
from moto.kms.models import Key, KmsBackend, kms_backends
from moto.kms.responses import KmsResponse

from . import key_policy, kms_aliases, kms_grants, kms_metadata, kms_policies, kms_rotation, kms_states
from .kms_states import CRYPTOGRAPHIC, SYMMETRIC, check_state
from .wire import caller_arn

KEY_ID = re.compile(r"(mrk-[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})", re.IGNORECASE)
TAKES_ALIAS = CRYPTOGRAPHIC | {"DescribeKey"}
# Operations documented as usable on a key of another account.
ACROSS_ACCOUNTS = TAKES_ALIAS | {"CreateGrant", "GetKeyRotationStatus", "ListGrants", "RetireGrant", "RevokeGrant"}
AWS_MANAGED_DENIES = {
    "CancelKeyDeletion", "CreateGrant", "DisableKey", "DisableKeyRotation", "EnableKey", "EnableKeyRotation", "PutKeyPolicy", "ScheduleKeyDeletion",
    "TagResource", "UntagResource",
}
# What moto answers in one page: list, default and largest page.
PAGED = {
    "ListAliases": ("Aliases", 50, 100), "ListGrants": ("Grants", 50, 100), "ListKeyPolicies": ("PolicyNames", 100, 1000),
    "ListKeys": ("Keys", 100, 1000), "ListResourceTags": ("Tags", 50, 50),
}


def denied(response: KmsResponse, operation: str, arn: str, why: str) -> JsonRESTError:
    user = caller_arn(response.current_account, response.partition)
    return JsonRESTError("AccessDeniedException", f"User: {user} is not authorized to perform: kms:{operation} on resource: {arn} {why}")


def resolve(response: KmsResponse, operation: str, given: Any) -> Key:
    """The key an identifier names, by the forms this operation takes."""
    if not isinstance(given, str) or not 1 <= len(given) <= 2048:
        raise JsonRESTError("ValidationException", "1 validation error detected: Value at 'keyId' failed to satisfy constraint: Member must have length between 1 and 2048")
    account, name = response.current_account, given
    if given.startswith("arn:"):
        parts = given.split(":", 5)
        if len(parts) != 6 or parts[1] != response.partition or parts[2] != "kms" or not re.match(r"(key|alias)/.", parts[5]):
            raise JsonRESTError("InvalidArnException", f"Invalid arn {given}")
        if parts[3] != response.region:
            raise JsonRESTError("NotFoundException", f"Invalid arn {parts[3]}")
        account, name = parts[4], parts[5].removeprefix("key/")
        if name.startswith("alias/") and operation not in TAKES_ALIAS:
            raise JsonRESTError("InvalidArnException", f"Invalid arn {given}")
    elif not KEY_ID.fullmatch(given) and not (given.startswith("alias/") and operation in TAKES_ALIAS):
        raise JsonRESTError("NotFoundException", f"Invalid keyId '{given}'")
    if account != response.current_account and operation not in ACROSS_ACCOUNTS:
        raise denied(response, operation, given, f"because no resource-based policy allows the kms:{operation} action")

    backend: KmsBackend = kms_backends[account][response.region]
    if name.startswith("alias/"):
        key_id = backend.get_key_id_from_alias(name)
        if key_id is None:
            raise JsonRESTError("NotFoundException", f"Alias arn:{response.partition}:kms:{response.region}:{account}:{name} is not found.")
        name = key_id
    key = backend.keys.get(name)
    arn = f"arn:{response.partition}:kms:{response.region}:{account}:key/{name}"
    if key is None:
        raise JsonRESTError("NotFoundException", f"Key '{arn}' does not exist")
    if account != response.current_account:
        policies = kms_policies.policies(key).values()
        if not any(key_policy.admits_account(policy, key.arn, response.current_account, f"kms:{operation}") for policy in policies):
            raise denied(response, operation, arn, f"because no resource-based policy allows the kms:{operation} action")
        response.current_account = account  # moto's own handler must look where the key is.
    # ListAliases needs a permission in an IAM policy; a key policy has no say.
    if operation != "ListAliases" and key_policy.denies_everyone(key.policy, key.arn, f"kms:{operation}"):
        raise denied(response, operation, arn, "with an explicit deny in a resource-based policy")
    if key.key_manager == "AWS" and operation in AWS_MANAGED_DENIES:
        raise denied(response, operation, arn, "because the key is an AWS managed key")
    return key


def gate(operation: str, method: Callable[[KmsResponse], str]) -> Callable[[KmsResponse], str]:
    required = KMS.operation_model(operation).input_shape.required_members if KMS.operation_model(operation).input_shape else []

    def handler(self: KmsResponse) -> str:
        try:
            params = json.loads(self.body or "{}")
        except ValueError:
            raise JsonRESTError("SerializationException", "the body isn't JSON") from None
        for name in required:
            if params.get(name) is None:
                camel = name[0].lower() + name[1:]
                raise JsonRESTError("ValidationException", f"1 validation error detected: Value null at '{camel}' failed to satisfy constraint: Member must not be null")
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
    limit = default if params.get("Limit") is None else params["Limit"]
    if not isinstance(limit, int) or not 1 <= limit <= most:
        raise JsonRESTError(
            "ValidationException",
            f"1 validation error detected: Value '{limit}' at 'limit' "
            f"failed to satisfy constraint: Member must have value between 1 and {most}",
        )
    try:
        start = int(base64.b64decode(params["Marker"], validate=True)) if params.get("Marker") else 0
    except ValueError:
        raise JsonRESTError("InvalidMarkerException", "Invalid marker") from None
    answer = json.loads(body)
    items = answer[name]
    more = start + limit < len(items)
    answer.pop("NextMarker", None)
    answer.pop("GrantCount", None)
    answer.update({name: items[start : start + limit], "Truncated": more})
    if more:
        answer["NextMarker"] = base64.b64encode(str(start + limit).encode()).decode()
    return json.dumps(answer)


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


def private_keys(original: Callable[[str], Any]) -> Callable[[str], Any]:
    def generate(key_spec: str) -> Any:
        # moto makes an RSA pair for symmetric keys too, which nobody can use and which is most of the time CreateKey takes.
        return None if key_spec in SYMMETRIC else original(key_spec)

    return generate


KMS = get_service_model("kms")
TOPICS = (kms_aliases, kms_grants, kms_metadata, kms_policies, kms_rotation, kms_states)
for written in (handler for topic in TOPICS for handler in topic.HANDLERS):
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
models.generate_private_key = private_keys(models.generate_private_key)
KmsBackend.decrypt = decrypting(KmsBackend.decrypt)
KmsBackend._generate_default_keys = default_keys(KmsBackend._generate_default_keys)
