"""KMS aliases as ListAliases shows them, with their dates.

An alias that AWS predefines has no key before a service first uses it, so it isn't listed for any key until then.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.utils import unix_time
from moto.kms.models import RESERVED_ALIASES, Alias, KmsBackend
from moto.kms.responses import KmsResponse


def list_aliases(self: KmsResponse) -> str:
    wanted = self._get_param("KeyId")
    listed = [
        {"AliasName": alias.alias_name, "AliasArn": alias.alias_arn, "TargetKeyId": alias.target_key_id, "CreationDate": alias.created, "LastUpdatedDate": alias.updated}
        for alias in self.kms_backend.list_aliases(wanted)
    ]
    if wanted is None:
        named = {alias["AliasName"] for alias in listed}
        prefix = f"arn:{self.partition}:kms:{self.region}:{self.current_account}"
        listed += [{"AliasName": name, "AliasArn": f"{prefix}:{name}"} for name in RESERVED_ALIASES if name not in named]
    return json.dumps({"Aliases": sorted(listed, key=lambda alias: alias["AliasName"])})


def dated(original: Callable[..., Alias]) -> Callable[..., Alias]:
    def set_alias(self: KmsBackend, *args: Any, **kwargs: Any) -> Alias:
        alias = original(self, *args, **kwargs)
        alias.updated = unix_time()
        alias.created = vars(alias).get("created", alias.updated)
        return alias

    return set_alias


HANDLERS = (list_aliases,)
KmsBackend.create_alias = dated(KmsBackend.create_alias)
KmsBackend.update_alias = dated(KmsBackend.update_alias)
