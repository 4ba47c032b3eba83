"""Packs Cloud Custodian's nearest policy into a folder and an archive, with its own packer, as `custodian run` would upload it.

    custodian_package.py FOLDER TOPIC_ARN ROLE_ARN

The policy associates the key and tells the topic. It doesn't look at the key's policy and doesn't read back: Custodian has no
action for that.
"""

import pathlib
import sys
import zipfile

from c7n.config import Config
from c7n.loader import PolicyLoader
from c7n.mu import PolicyLambda
from c7n.resources import load_resources


def policy(topic: str, role: str) -> dict:
    """Log groups get their key as soon as they are made."""
    created = {"source": "logs.amazonaws.com", "event": "CreateLogGroup", "ids": "requestParameters.logGroupName"}
    page = {
        "type": "notify",
        "subject": "Log group without a key",
        "to": ["security@example.com"],
        "transport": {"type": "sns", "topic": topic},
    }
    return {
        "name": "log-group-key",
        "resource": "aws.log-group",
        "mode": {"type": "cloudtrail", "role": role, "events": [created]},
        "filters": [{"kmsKeyId": "absent"}],
        "actions": [{"type": "set-encryption", "kms-key": "alias/logs", "state": True}, page],
    }


def main() -> None:
    """Writes the folder, and `package.zip` beside it."""
    folder, topic, role = pathlib.Path(sys.argv[1]), *sys.argv[2:4]
    load_resources(["aws.log-group"])
    [only] = PolicyLoader(Config.empty()).load_data({"policies": [policy(topic, role)]}, "file://policy.json")
    archive = PolicyLambda(only).get_archive()
    (folder.parent / "package.zip").write_bytes(pathlib.Path(archive.path).read_bytes())
    with zipfile.ZipFile(archive.path) as packed:
        packed.extractall(folder)
    archive.remove()


if __name__ == "__main__":
    main()
