"""Multi-Region keys: which keys belong together.

It never changes which one is the primary: UpdatePrimaryRegion isn't implemented.
"""

from __future__ import annotations

from typing import Any

from moto.kms.models import Key, KmsBackend, kms_backends


def related(key: Key) -> list[Key]:
    """The key itself and all that share its id, in the order of Regions."""
    backends: list[KmsBackend] = list(kms_backends[key.account_id].values())
    return sorted((backend.keys[key.id] for backend in backends if key.id in backend.keys), key=lambda found: found.region)


def is_primary(key: Key) -> bool:
    return key.multi_region and key.multi_region_configuration["PrimaryKey"]["Arn"] == key.arn


def replicas(key: Key) -> list[Key]:
    return [found for found in related(key) if not is_primary(found)] if key.multi_region else []


def configuration(key: Key) -> dict[str, Any]:
    """As DescribeKey shows it, of the keys there are now: moto's copies don't hear of later replicas or of their end."""
    return {
        "MultiRegionKeyType": "PRIMARY" if is_primary(key) else "REPLICA", "PrimaryKey": key.multi_region_configuration["PrimaryKey"],
        "ReplicaKeys": [{"Arn": replica.arn, "Region": replica.region} for replica in replicas(key)],
    }
