"""KMS grants as ListGrants shows them.

It never looks whether a grant would allow a call.
"""

from __future__ import annotations

import json

from moto.kms.responses import KmsResponse

from .kms_states import key_of


def list_grants(self: KmsResponse) -> str:
    key = key_of(self)
    shown = [{**grant.to_json(), "KeyId": key.arn, "IssuingAccount": f"arn:{self.partition}:iam::{key.account_id}:root"}
             for grant in key.list_grants(self._get_param("GrantId"))]
    return json.dumps({"Grants": shown})


HANDLERS = (list_grants,)
