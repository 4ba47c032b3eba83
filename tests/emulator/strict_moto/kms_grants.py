"""KMS grants: what CreateGrant takes and ListGrants shows, for principals and for service principals.

It never looks whether a grant would allow a call, nor whether the operation suits the key.
"""

from __future__ import annotations

import json
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.utils import get_service_model, unix_time
from moto.kms.models import Grant
from moto.kms.responses import KmsResponse
from moto.moto_api._internal import mock_random

from .kms_states import key_of

FIELDS = ("Name", "GranteePrincipal", "GranteeServicePrincipal", "RetiringPrincipal", "RetiringServicePrincipal", "Operations", "Constraints")
OPERATIONS = set(get_service_model("kms").shape_for("GrantOperation").enum)


def check(given: dict[str, Any]) -> None:
    def invalid(why: str) -> JsonRESTError:
        return JsonRESTError("ValidationException", f"1 validation error detected: {why}")

    if ("GranteePrincipal" in given) == ("GranteeServicePrincipal" in given):
        raise invalid("You must specify either GranteePrincipal or GranteeServicePrincipal, but not both")
    retires = {"RetiringPrincipal", "RetiringServicePrincipal"} & set(given)
    if len(retires) == 2:
        raise invalid("You can specify either RetiringPrincipal or RetiringServicePrincipal, but not both")
    if "GranteeServicePrincipal" in given and not (retires and (given.get("Constraints") or {}).get("SourceArn")):
        raise invalid("A GranteeServicePrincipal needs a SourceArn grant constraint and a principal that can retire the grant")
    if not given["Operations"] or not set(given["Operations"]) <= OPERATIONS:
        raise invalid(f"Value at 'operations' failed to satisfy constraint: Member must satisfy enum value set: {sorted(OPERATIONS)}")


def create_grant(self: KmsResponse) -> str:
    key = key_of(self)
    given = {name: self._get_param(name) for name in FIELDS if self._get_param(name) is not None}
    check(given)
    # Documented: with a name, the same request again answers the grant that is there.
    grant = next((grant for grant in key.grants.values() if "Name" in given and grant.given == given), None)
    if grant is None:
        grant = Grant(key.id, given.get("Name"), given.get("GranteePrincipal"), given["Operations"], given.get("Constraints"), given.get("RetiringPrincipal"))
        grant.id = mock_random.get_random_hex(64)  # As long as AWS's; moto's is short.
        grant.given, grant.shown = given, {
            **given, "KeyId": key.arn, "GrantId": grant.id, "CreationDate": unix_time(), "IssuingAccount": f"arn:{self.partition}:iam::{key.account_id}:root"}
        key.grants[grant.id] = grant
    return json.dumps({"GrantId": grant.id, "GrantToken": grant.token})


def list_grants(self: KmsResponse) -> str:
    if self._get_param("GranteeServicePrincipal") is not None:
        raise JsonRESTError("ValidationException", "GranteeServicePrincipal is usable only by callers in a service principal.")
    wanted = {name: self._get_param(name) for name in ("GrantId", "GranteePrincipal") if self._get_param(name) is not None}
    shown = [grant.to_json() for grant in key_of(self).grants.values()]
    return json.dumps({"Grants": [grant for grant in shown if all(grant.get(name) == value for name, value in wanted.items())]})


HANDLERS = (create_grant, list_grants)
Grant.to_json = lambda grant: grant.shown
