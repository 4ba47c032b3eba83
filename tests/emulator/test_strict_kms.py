"""Holds KMS to the documented behaviour the emulator promises, through boto3.

Loaded by test_strict_moto, whose server and clients it uses.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from botocore import xform_name
from botocore.exceptions import ConnectionClosedError
from test_strict_moto import ACCOUNT, REGION, ROOT, Emulated, client, control, logs_statement, policy, setUpModule, tearDownModule  # noqa: F401

AWAY, OTHER = "us-east-1", "999999999999"
STATES = ("Enabled", "Disabled", "PendingDeletion", "PendingReplicaDeletion", "PendingImport", "Unavailable", "Creating", "Updating")
TABLE = """
    EnableKey               ok  ok  I   I   I   ok  I   I
    DisableKey              ok  ok  I   I   I   ok  I   I
    CancelKeyDeletion       I   I   ok  ok  I   I   I   I
    ScheduleKeyDeletion     ok  ok  I   I   ok  ok  ok  I
    TagResource             ok  ok  I   I   ok  ok  ok  ok
    UpdateKeyDescription    ok  ok  I   I   ok  ok  ok  ok
    CreateAlias             ok  ok  I   I   ok  ok  ok  ok
    CreateGrant             ok  D   I   I   I   ok  I   ok
    Encrypt                 ok  D   I   I   I   I   I   ok
    EnableKeyRotation       ok  D   I   I   U   U   I   ok
    GetKeyRotationStatus    ok  ok  ok  ok  U   U   ok  ok
    DescribeKey             ok  ok  ok  ok  ok  ok  ok  ok
    GetKeyPolicy            ok  ok  ok  ok  ok  ok  ok  ok
    PutKeyPolicy            ok  ok  ok  ok  ok  ok  ok  ok
    GetKeyLastUsage         ok  ok  ok  ok  ok  ok  ok  ok
    ListAliases             ok  ok  ok  ok  ok  ok  ok  ok
    ListGrants              ok  ok  ok  ok  ok  ok  ok  ok
    ListKeyPolicies         ok  ok  ok  ok  ok  ok  ok  ok
    ListResourceTags        ok  ok  ok  ok  ok  ok  ok  ok
"""
CODES = {"ok": None, "I": "KMSInvalidStateException", "D": "DisabledException", "U": "UnsupportedOperationException"}


class Kms(Emulated):
    def metadata(self, key: str) -> dict[str, Any]:
        return self.kms.describe_key(KeyId=key)["KeyMetadata"]

    def state(self, key: str) -> str:
        return self.metadata(key)["KeyState"]

    def told(self, what: str, **order: Any) -> Any:
        status, answer = control("POST", what, order)
        self.assertEqual(status, 200, answer)
        return answer

    def replicated(self, *regions: str) -> str:
        """A multi-Region primary key with a replica in each of the Regions."""
        key = self.key(MultiRegion=True)
        for region in regions:
            self.kms.replicate_key(KeyId=key, ReplicaRegion=region)
        return key


class KeyStateTest(Kms):
    def key_in(self, state: str) -> str:
        key = self.replicated(AWAY) if state == "PendingReplicaDeletion" else self.key(Origin="EXTERNAL" if state == "PendingImport" else "AWS_KMS")
        if state.startswith("Pending") and state.endswith("Deletion"):
            self.kms.schedule_key_deletion(KeyId=key)
        elif state == "Disabled":
            self.kms.disable_key(KeyId=key)
        elif state == "Unavailable":
            self.told("custom-key-store", KeyId=key, ConnectionState="DISCONNECTED")
        elif state in ("Creating", "Updating"):
            self.told("key-state", KeyId=key, KeyState=state)
        self.assertEqual(self.state(key), state)
        return key

    def test_what_works_in_which_state_is_aws_table(self) -> None:
        more = {
            "TagResource": {"Tags": [{"TagKey": "a", "TagValue": "b"}]}, "UpdateKeyDescription": {"Description": "d"}, "Encrypt": {"Plaintext": b"x"},
            "CreateGrant": {"GranteePrincipal": f"arn:aws:iam::{ACCOUNT}:root", "Operations": ["Decrypt"]}, "PutKeyPolicy": {"Policy": policy()},
        }
        for operation, *cells in (line.split() for line in TABLE.strip().splitlines()):
            for state, cell in zip(STATES, cells, strict=True):
                with self.subTest(operation, state=state):
                    key, call = self.key_in(state), getattr(self.kms, xform_name(operation))
                    named = {"TargetKeyId": key, "AliasName": f"alias/{state}"} if operation == "CreateAlias" else {"KeyId": key, **more.get(operation, {})}
                    if CODES[cell]:
                        self.refuses(CODES[cell], call, **named)
                        self.assertEqual(self.state(key), state)
                    else:
                        call(**named)

    def test_a_pending_key_comes_back_disabled_and_only_from_pending(self) -> None:
        key = self.key()
        self.refuses("KMSInvalidStateException", self.kms.cancel_key_deletion, KeyId=key)
        self.assertEqual(self.state(key), "Enabled")
        answer = self.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        self.assertEqual((answer["KeyId"], answer["KeyState"], answer["PendingWindowInDays"]), (key, "PendingDeletion", 7))
        for call in (self.kms.enable_key, self.kms.disable_key, self.kms.schedule_key_deletion):
            self.refuses("KMSInvalidStateException", call, KeyId=key)
        self.refuses("KMSInvalidStateException", self.kms.tag_resource, KeyId=key, Tags=[{"TagKey": "a", "TagValue": "b"}])
        self.refuses("KMSInvalidStateException", self.kms.create_grant, KeyId=key, GranteePrincipal=f"arn:aws:iam::{ACCOUNT}:root", Operations=["Decrypt"])
        self.refuses("KMSInvalidStateException", self.kms.encrypt, KeyId=key, Plaintext=b"x")
        self.kms.get_key_policy(KeyId=key)
        self.kms.put_key_policy(KeyId=key, Policy=policy())
        self.kms.list_grants(KeyId=key), self.kms.list_aliases(KeyId=key), self.kms.list_resource_tags(KeyId=key)
        self.assertIn("DeletionDate", self.kms.describe_key(KeyId=key)["KeyMetadata"])
        self.assertEqual(self.kms.cancel_key_deletion(KeyId=key)["KeyId"], key)
        self.assertEqual(self.state(key), "Disabled")
        self.kms.enable_key(KeyId=key)
        self.assertEqual(self.state(key), "Enabled")

    def test_the_pending_window_is_7_to_30_days(self) -> None:
        key = self.key()
        for days in (0, 6, 31, 365):
            self.refuses("ValidationException", self.kms.schedule_key_deletion, KeyId=key, PendingWindowInDays=days)
        self.assertEqual(self.state(key), "Enabled")

    def test_a_disabled_key_does_no_cryptography(self) -> None:
        key = self.key()
        blob = self.kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        self.assertEqual(self.kms.decrypt(CiphertextBlob=blob)["Plaintext"], b"x")
        self.kms.disable_key(KeyId=key)
        self.refuses("DisabledException", self.kms.generate_data_key, KeyId=key, KeySpec="AES_256")
        self.refuses("DisabledException", self.kms.decrypt, CiphertextBlob=blob)
        self.refuses("DisabledException", self.kms.encrypt, KeyId=key, Plaintext=b"x")

    def test_an_imported_key_waits_for_its_material(self) -> None:
        key = self.key(Origin="EXTERNAL")
        self.assertEqual(self.state(key), "PendingImport")
        self.refuses("KMSInvalidStateException", self.kms.enable_key, KeyId=key)
        self.refuses("KMSInvalidStateException", self.kms.encrypt, KeyId=key, Plaintext=b"x")
        control("POST", "key-state", {"KeyId": key, "KeyState": "Enabled"})
        self.kms.encrypt(KeyId=key, Plaintext=b"x")
        self.assertEqual(control("POST", "key-state", {"KeyId": key, "KeyState": "Lost"})[0], 400)

    def test_a_disconnected_key_store_hides_what_its_key_is_switched_to(self) -> None:
        key = self.key()
        self.told("custom-key-store", KeyId=key, ConnectionState="DISCONNECTED")
        for call, beneath in ((self.kms.disable_key, "Disabled"), (self.kms.enable_key, "Enabled")):
            call(KeyId=key)
            self.assertEqual(self.state(key), "Unavailable")
            self.assertEqual(self.told("custom-key-store", KeyId=key, ConnectionState="CONNECTED")["KeyState"], beneath)
            self.assertEqual(self.told("custom-key-store", KeyId=key, ConnectionState="DISCONNECTED")["KeyState"], "Unavailable")

    def test_a_pending_key_of_a_disconnected_store_can_be_cancelled_and_stays_unavailable(self) -> None:
        key = self.key()
        self.kms.schedule_key_deletion(KeyId=key)
        self.assertEqual(self.told("custom-key-store", KeyId=key, ConnectionState="DISCONNECTED")["KeyState"], "PendingDeletion")
        self.kms.cancel_key_deletion(KeyId=key)
        self.assertEqual(self.state(key), "Unavailable")
        self.kms.enable_key(KeyId=key)
        self.assertEqual((self.state(key), self.metadata(key)["Enabled"]), ("Unavailable", False))

    def test_a_key_without_its_imported_material_awaits_it_after_a_cancelled_deletion(self) -> None:
        key = self.key(Origin="EXTERNAL")
        for before, after in (("PendingImport", "PendingImport"), ("Enabled", "Disabled")):
            self.told("key-state", KeyId=key, KeyState=before)
            self.kms.schedule_key_deletion(KeyId=key)
            self.kms.cancel_key_deletion(KeyId=key)
            self.assertEqual(self.state(key), after)

    def test_enabling_can_lag_behind_a_cancelled_deletion(self) -> None:
        key = self.key()
        late = {"service": "kms", "operation": "EnableKey", "kind": "error", "status": 400, "code": "KMSInvalidStateException",
                "message": f"{key} is pending deletion.", "times": 2, "where": {"KeyId": key}}
        self.told("faults", **late)
        self.kms.schedule_key_deletion(KeyId=key)
        self.kms.cancel_key_deletion(KeyId=key)
        for _ in range(2):
            self.assertEqual(self.refuses("KMSInvalidStateException", self.kms.enable_key, KeyId=key), f"{key} is pending deletion.")
        self.kms.enable_key(KeyId=key)
        self.assertEqual(self.state(key), "Enabled")

    def test_the_test_itself_sets_only_what_aws_has(self) -> None:
        key, date = self.key(), "2026-12-01T10:00:00+01:00"
        self.assertEqual(self.told("key-state", KeyId=key, KeyState="PendingDeletion", DeletionDate=date)["KeyState"], "PendingDeletion")
        self.assertEqual(self.metadata(key)["DeletionDate"].isoformat(), "2026-12-01T09:00:00+00:00")
        for wrong in ({"KeyState": "Lost"}, {"KeyState": "Unavailable"}, {"KeyState": "PendingReplicaDeletion"}, {"KeyState": "PendingImport"},
                      {"KeyState": "PendingDeletion"}, {"KeyState": "Enabled", "DeletionDate": date}, {}, {"KeyState": "Enabled", "KeyId": "none"}):
            self.assertEqual(control("POST", "key-state", {"KeyId": key, **wrong})[0], 400, wrong)
        for wrong in ({}, {"ConnectionState": "FAILED"}, {"ConnectionState": "CONNECTED", "Origin": "AWS_KMS"},
                      {"ConnectionState": "CONNECTED", "KeyId": self.key(MultiRegion=True)}, {"ConnectionState": "CONNECTED", "KeyId": self.key(Origin="EXTERNAL")}):
            self.assertEqual(control("POST", "custom-key-store", {"KeyId": key, **wrong})[0], 400, wrong)
        self.assertEqual(self.state(key), "PendingDeletion")


class MultiRegionTest(Kms):
    def test_every_related_key_tells_of_all(self) -> None:
        key = self.replicated(AWAY, "ap-southeast-2")
        self.assertRegex(key, r":key/mrk-[0-9a-f]{32}$")
        related = {"PrimaryKey": {"Arn": key, "Region": REGION},
                   "ReplicaKeys": [{"Arn": key.replace(REGION, region), "Region": region} for region in ("ap-southeast-2", AWAY)]}
        for region, kind in ((REGION, "PRIMARY"), (AWAY, "REPLICA"), ("ap-southeast-2", "REPLICA")):
            described = client("kms", region).describe_key(KeyId=key.rpartition("/")[2])["KeyMetadata"]
            self.assertEqual(described["Arn"], key.replace(REGION, region))
            self.assertEqual(described["MultiRegionConfiguration"], {"MultiRegionKeyType": kind, **related})
        single = self.metadata(self.key())
        self.assertEqual((single["MultiRegion"], "MultiRegionConfiguration" in single), (False, False))

    def test_a_replica_has_its_own_policy_aliases_grants_tags_and_state(self) -> None:
        key, tags = self.key(MultiRegion=True, Tags=[{"TagKey": "a", "TagValue": "b"}]), [{"TagKey": "c", "TagValue": "d"}]
        self.kms.create_alias(AliasName="alias/here", TargetKeyId=key)
        self.kms.create_grant(KeyId=key, GranteePrincipal=f"arn:aws:iam::{ACCOUNT}:root", Operations=["Decrypt"])
        self.kms.put_key_policy(KeyId=key, Policy=policy(logs_statement()))
        answer = self.kms.replicate_key(KeyId=key, ReplicaRegion=AWAY, Tags=tags, Policy=policy(), Description="there")
        away, there = client("kms", AWAY), key.replace(REGION, AWAY)
        self.assertEqual((answer["ReplicaKeyMetadata"]["Arn"], answer["ReplicaPolicy"], answer["ReplicaTags"]), (there, policy(), tags))
        self.assertEqual((away.list_resource_tags(KeyId=there)["Tags"], away.get_key_policy(KeyId=there)["Policy"]), (tags, policy()))
        self.assertEqual((away.list_aliases(KeyId=there)["Aliases"], away.list_grants(KeyId=there)["Grants"]), ([], []))
        self.kms.disable_key(KeyId=key)
        self.assertEqual(away.describe_key(KeyId=there)["KeyMetadata"]["KeyState"], "Enabled")
        blob = away.encrypt(KeyId=there, Plaintext=b"x")["CiphertextBlob"]
        self.kms.enable_key(KeyId=key)
        self.assertEqual(self.kms.decrypt(CiphertextBlob=blob)["KeyId"], key)

    def test_what_cannot_be_replicated(self) -> None:
        key = self.replicated(AWAY)
        self.refuses("AlreadyExistsException", self.kms.replicate_key, KeyId=key, ReplicaRegion=AWAY)
        self.refuses("UnsupportedOperationException", client("kms", AWAY).replicate_key, KeyId=key.replace(REGION, AWAY), ReplicaRegion="ap-southeast-2")
        self.refuses("UnsupportedOperationException", self.kms.replicate_key, KeyId=self.key(), ReplicaRegion=AWAY)
        imported = self.key(MultiRegion=True, Origin="EXTERNAL")
        self.told("key-state", KeyId=imported, KeyState="Enabled")
        self.assertEqual(self.kms.replicate_key(KeyId=imported, ReplicaRegion=AWAY)["ReplicaKeyMetadata"]["KeyState"], "PendingImport")

    def test_a_primary_waits_without_a_date_until_its_last_replica_is_gone(self) -> None:
        key = self.replicated(AWAY, "ap-southeast-2")
        answer = self.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        self.assertEqual((answer["KeyState"], answer["PendingWindowInDays"], "DeletionDate" in answer), ("PendingReplicaDeletion", 7, False))
        for region, state, replicas in ((AWAY, "PendingReplicaDeletion", 1), ("ap-southeast-2", "PendingDeletion", 0)):
            replica = key.replace(REGION, region)
            client("kms", region).schedule_key_deletion(KeyId=replica)
            waiting = self.metadata(key)
            self.assertEqual((waiting["KeyState"], waiting["PendingDeletionWindowInDays"], "DeletionDate" in waiting), ("PendingReplicaDeletion", 7, False))
            self.told("key-gone", KeyId=replica)
            left = self.metadata(key)
            self.assertEqual((left["KeyState"], len(left["MultiRegionConfiguration"]["ReplicaKeys"])), (state, replicas))
        self.assertAlmostEqual((left["DeletionDate"] - datetime.now(UTC)).total_seconds(), 7 * 86400, delta=60)
        self.assertNotIn("PendingDeletionWindowInDays", left)
        self.kms.cancel_key_deletion(KeyId=key)
        self.assertEqual(self.state(key), "Disabled")

    def test_a_primary_is_recovered_before_its_replicas_are_gone_and_never_deleted_then(self) -> None:
        key = self.replicated(AWAY)
        self.kms.schedule_key_deletion(KeyId=key)
        self.assertEqual(control("POST", "key-gone", {"KeyId": key})[0], 400)
        self.assertEqual(control("POST", "key-gone", {"KeyId": key.rpartition("/")[2]})[0], 400)
        self.kms.cancel_key_deletion(KeyId=key)
        self.assertEqual(self.state(key), "Disabled")


class KeyTest(Kms):
    def test_a_key_is_described_with_the_fields_that_it_has(self) -> None:
        key = self.key(Description="d")
        shown = self.kms.describe_key(KeyId=key)["KeyMetadata"]
        self.assertAlmostEqual((datetime.now(UTC) - shown.pop("CreationDate")).total_seconds(), 0, delta=60)
        self.assertEqual(shown, {
            "AWSAccountId": ACCOUNT, "KeyId": key.rpartition("/")[2], "Arn": key, "Enabled": True, "Description": "d", "KeyUsage": "ENCRYPT_DECRYPT", "KeyState": "Enabled",
            "Origin": "AWS_KMS", "KeyManager": "CUSTOMER", "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT", "KeySpec": "SYMMETRIC_DEFAULT",
            "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"], "MultiRegion": False})
        self.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=30)
        pending = self.metadata(key)
        self.assertEqual((pending["KeyState"], pending["Enabled"]), ("PendingDeletion", False))
        self.assertAlmostEqual((pending["DeletionDate"] - datetime.now(UTC)).total_seconds(), 30 * 86400, delta=60)
        self.kms.cancel_key_deletion(KeyId=key)
        self.assertNotIn("DeletionDate", self.metadata(key))

    def test_the_algorithms_are_those_of_the_usage(self) -> None:
        for spec, usage, name, first in (
            ("RSA_2048", "ENCRYPT_DECRYPT", "EncryptionAlgorithms", "RSAES_OAEP_SHA_1"), ("ECC_NIST_P256", "SIGN_VERIFY", "SigningAlgorithms", "ECDSA_SHA_256"),
            ("HMAC_384", "GENERATE_VERIFY_MAC", "MacAlgorithms", "HMAC_SHA_384"), ("ECC_NIST_P256", "KEY_AGREEMENT", "KeyAgreementAlgorithms", "ECDH"),
        ):
            shown = self.metadata(self.key(KeySpec=spec, KeyUsage=usage))
            self.assertEqual(([field for field in shown if field.endswith("Algorithms")], shown[name][0]), ([name], first))

    def test_the_origin_tells_where_the_material_is(self) -> None:
        imported, stored, outside = self.key(Origin="EXTERNAL"), self.key(), self.key()
        self.assertEqual((self.metadata(imported)["Origin"], "ExpirationModel" in self.metadata(imported)), ("EXTERNAL", False))
        self.told("key-state", KeyId=imported, KeyState="Enabled")
        self.assertEqual(self.metadata(imported)["ExpirationModel"], "KEY_MATERIAL_DOES_NOT_EXPIRE")
        self.told("custom-key-store", KeyId=stored, ConnectionState="CONNECTED")
        self.told("custom-key-store", KeyId=outside, ConnectionState="CONNECTED", Origin="EXTERNAL_KEY_STORE")
        for key, origin, field in ((stored, "AWS_CLOUDHSM", "CloudHsmClusterId"), (outside, "EXTERNAL_KEY_STORE", "XksKeyConfiguration")):
            shown = self.metadata(key)
            self.assertEqual((shown["Origin"], shown["KeyState"]), (origin, "Enabled"))
            self.assertLessEqual({"CustomKeyStoreId", field}, set(shown))
        self.refuses("CustomKeyStoreNotFoundException", self.kms.create_key, Origin="AWS_CLOUDHSM", CustomKeyStoreId="cks-1")

    def test_only_an_asymmetric_key_has_a_public_half(self) -> None:
        self.refuses("UnsupportedOperationException", self.kms.get_public_key, KeyId=self.key())
        self.assertTrue(self.kms.get_public_key(KeyId=self.key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT"))["PublicKey"])

    def test_identifiers_by_operation(self) -> None:
        key = self.key()
        plain_id = key.rpartition("/")[2]
        self.kms.create_alias(AliasName="alias/a", TargetKeyId=plain_id)
        alias_arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/a"
        for name in (key, plain_id, "alias/a", alias_arn):
            self.assertEqual(self.kms.describe_key(KeyId=name)["KeyMetadata"]["Arn"], key)
        self.assertEqual(self.kms.get_key_policy(KeyId=plain_id)["PolicyName"], "default")
        self.refuses("NotFoundException", self.kms.get_key_policy, KeyId="alias/a")
        self.refuses("InvalidArnException", self.kms.get_key_policy, KeyId=alias_arn)
        self.refuses("NotFoundException", self.kms.get_key_policy, KeyId=key, PolicyName="AWS_RAM")
        self.refuses("NotFoundException", self.kms.describe_key, KeyId=key.replace(REGION, "us-east-1"))
        self.refuses("NotFoundException", client("kms", "us-east-1").describe_key, KeyId=plain_id)
        self.refuses("NotFoundException", self.kms.describe_key, KeyId="alias/none")
        self.refuses("NotFoundException", self.kms.describe_key, KeyId="nonsense")
        self.refuses("InvalidArnException", self.kms.describe_key, KeyId="arn:aws:s3:::bucket")
        self.refuses("ValidationException", self.kms.describe_key)
        self.refuses("AccessDeniedException", self.kms.schedule_key_deletion, KeyId=key.replace(ACCOUNT, "999999999999"))

    def test_an_aws_managed_key_is_never_scheduled(self) -> None:
        managed = self.metadata("alias/aws/s3")
        self.assertEqual(managed["KeyManager"], "AWS")
        self.refuses("AccessDeniedException", self.kms.schedule_key_deletion, KeyId=managed["Arn"])

    def test_a_key_that_is_gone_is_not_found_and_neither_are_its_aliases(self) -> None:
        key = self.key(Tags=[{"TagKey": "a", "TagValue": "b"}])
        self.kms.create_alias(AliasName="alias/a", TargetKeyId=key)
        self.kms.schedule_key_deletion(KeyId=key)
        self.assertEqual(self.told("key-gone", KeyId=key), {"KeyId": key})
        self.assertEqual(control("POST", "key-gone", {"KeyId": key})[0], 400)
        for name in (key, key.rpartition("/")[2], "alias/a", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/a"):
            self.refuses("NotFoundException", self.kms.describe_key, KeyId=name)
        for call in ("cancel_key_deletion", "enable_key", "get_key_last_usage", "get_key_policy", "get_key_rotation_status", "list_aliases", "list_grants",
                     "list_key_policies", "list_resource_tags", "schedule_key_deletion"):
            self.refuses("NotFoundException", getattr(self.kms, call), KeyId=key)
        self.assertEqual(self.kms.list_keys()["Keys"], [])


class KeyPolicyTest(Kms):
    def test_policies_are_documents(self) -> None:
        key = self.key()
        no_action = {name: value for name, value in ROOT.items() if name != "Action"}
        for bad in ("", "{", "[]", "{}", policy({"Effect": "Allow"}), policy(no_action), policy({**ROOT, "Effect": "Maybe"}), policy({**ROOT, "Action": "s3:*"})):
            self.refuses("MalformedPolicyDocumentException", self.kms.put_key_policy, KeyId=key, Policy=bad)
        self.refuses("MalformedPolicyDocumentException", self.kms.create_key, Policy="{}")
        self.assertEqual(self.kms.get_key_policy(KeyId=key)["Policy"], policy())

    def test_a_deny_for_everyone_holds_for_the_caller_and_one_for_a_service_does_not(self) -> None:
        locked = self.key({"Effect": "Deny", "Principal": "*", "Action": "kms:DescribeKey", "Resource": "*"})
        self.refuses("AccessDeniedException", self.kms.describe_key, KeyId=locked)
        self.kms.get_key_policy(KeyId=locked)
        self.kms.describe_key(KeyId=self.key({"Effect": "Deny", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "kms:*", "Resource": "*"}))

    def test_a_policy_is_put_and_read_back_in_every_wording(self) -> None:
        key = self.key()
        for text in (policy(logs_statement()), json.dumps(json.loads(policy()), indent=2), json.dumps({"Version": "2012-10-17", "Statement": ROOT})):
            self.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=text)
            self.assertEqual(self.kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"], text)
        self.refuses("LimitExceededException", self.kms.put_key_policy, KeyId=key, Policy=policy({**ROOT, "Sid": "s" * 32768}))
        self.assertEqual(self.kms.get_key_policy(KeyId=key)["Policy"], text)

    def test_a_policy_that_locks_its_writer_out_needs_the_bypass(self) -> None:
        role, other = f"arn:aws:iam::{ACCOUNT}:role/strict-role", f"arn:aws:iam::{ACCOUNT}:role/other"
        logs, deny = logs_statement(), {"Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*"}
        cases: list[tuple[str, bool, list[dict[str, Any]]]] = [
            ("the account", True, [ROOT]),
            ("the account by its number", True, [{**ROOT, "Principal": {"AWS": ACCOUNT}}]),
            ("the caller's role", True, [{**ROOT, "Principal": {"AWS": [other, role]}}]),
            ("everyone in the account", True, [{**ROOT, "Principal": {"AWS": "*"}, "Condition": {"StringEquals": {"kms:CallerAccount": ACCOUNT}}}]),
            ("only PutKeyPolicy", True, [{**ROOT, "Action": "kms:Put*"}]),
            ("a service only", False, [logs]),
            ("another role only", False, [{**ROOT, "Principal": {"AWS": other}}]),
            ("another account only", False, [{**ROOT, "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}}]),
            ("everyone in another account", False, [{**ROOT, "Principal": "*", "Condition": {"StringEquals": {"kms:CallerAccount": OTHER}}}]),
            ("only reads", False, [{**ROOT, "Action": ["kms:Describe*", "kms:GetKeyPolicy"]}]),
            ("all but PutKeyPolicy", False, [{name: ROOT[name] for name in ROOT if name != "Action"} | {"NotAction": "kms:PutKeyPolicy"}]),
            ("through a service only", False, [{**ROOT, "Condition": {"StringEquals": {"kms:ViaService": f"logs.{REGION}.amazonaws.com"}}}]),
            ("denied to everyone", False, [ROOT, deny]),
            ("denied to the account", False, [ROOT, {**deny, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:PutKeyPolicy"}]),
            ("denied to another role", True, [ROOT, {**deny, "Principal": {"AWS": other}}]),
            ("denied to all but another role", False, [ROOT, {name: deny[name] for name in deny if name != "Principal"} | {"NotPrincipal": {"AWS": other}}]),
            ("denied over plain HTTP", True, [ROOT, {**deny, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]),
            ("denied outside an organisation", True, [ROOT, {**deny, "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}}]),
        ]
        for name, allowed, statements in cases:
            with self.subTest(name):
                key, text = self.key(), json.dumps({"Version": "2012-10-17", "Statement": statements})
                if allowed:
                    self.kms.put_key_policy(KeyId=key, Policy=text)
                    self.kms.create_key(Policy=text)
                else:
                    refusal = "The new key policy will not allow you to update the key policy in the future."
                    self.assertEqual(self.refuses("MalformedPolicyDocumentException", self.kms.put_key_policy, KeyId=key, Policy=text), refusal)
                    self.assertEqual(self.refuses("MalformedPolicyDocumentException", self.kms.create_key, Policy=text), refusal)
                    self.assertEqual(self.kms.get_key_policy(KeyId=key)["Policy"], policy())
                    self.kms.create_key(Policy=text, BypassPolicyLockoutSafetyCheck=True)
                    self.kms.put_key_policy(KeyId=key, Policy=text, BypassPolicyLockoutSafetyCheck=True)

    def test_a_shared_key_has_the_policy_of_ram_too(self) -> None:
        key = self.key()
        shared = json.dumps({"Version": "2012-10-17", "Statement": {**ROOT, "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}, "Action": ["kms:DescribeKey", "kms:Decrypt"]}})
        self.assertEqual(self.kms.list_key_policies(KeyId=key)["PolicyNames"], ["default"])
        self.refuses("NotFoundException", self.kms.get_key_policy, KeyId=key, PolicyName="AWS_RAM")
        self.refuses("AccessDeniedException", client("kms", account=OTHER).describe_key, KeyId=key)
        self.assertEqual(self.told("ram-policy", KeyId=key, Policy=shared), {"KeyId": key, "PolicyNames": ["default", "AWS_RAM"]})
        answer = self.kms.get_key_policy(KeyId=key, PolicyName="AWS_RAM")
        self.assertEqual((answer["Policy"], answer["PolicyName"]), (shared, "AWS_RAM"))
        self.assertEqual(client("kms", account=OTHER).describe_key(KeyId=key)["KeyMetadata"]["Arn"], key)
        refusal = self.refuses("ValidationException", self.kms.put_key_policy, KeyId=key, PolicyName="AWS_RAM", Policy=policy())
        self.assertEqual(refusal, "The AWS_RAM policy can only be managed by the RAM service.")
        first = self.kms.list_key_policies(KeyId=key, Limit=1)
        self.assertEqual((first["PolicyNames"], first["Truncated"]), (["default"], True))
        rest = self.kms.list_key_policies(KeyId=key, Marker=first["NextMarker"])
        self.assertEqual((rest["PolicyNames"], rest["Truncated"], "NextMarker" in rest), (["AWS_RAM"], False, False))
        self.refuses("ValidationException", self.kms.list_key_policies, KeyId=key, Limit=1001)
        self.refuses("NotFoundException", self.kms.get_key_policy, KeyId=key, PolicyName="other")
        for wrong in ("{", {}, 1):
            self.assertEqual(control("POST", "ram-policy", {"KeyId": key, "Policy": wrong})[0], 400)
        self.told("ram-policy", KeyId=key, Policy=None)
        self.assertEqual(self.kms.list_key_policies(KeyId=key)["PolicyNames"], ["default"])


class GrantTest(Kms):
    def granted(self, key: str, **fields: Any) -> dict[str, Any]:
        """The grant as ListGrants shows it."""
        made = self.kms.create_grant(KeyId=key, Operations=["Decrypt", "DescribeKey"], **fields)["GrantId"]
        return self.kms.list_grants(KeyId=key, GrantId=made)["Grants"][0]

    def test_a_grant_shows_who_has_it_who_retires_it_and_who_issued_it(self) -> None:
        key, role, admin = self.key(), f"arn:aws:iam::{OTHER}:role/reader", f"arn:aws:iam::{ACCOUNT}:root"
        context = {"EncryptionContextSubset": {"a": "b"}}
        grant = self.granted(key, GranteePrincipal=role, RetiringPrincipal=admin, Name="n", Constraints=context)
        self.assertAlmostEqual((datetime.now(UTC) - grant.pop("CreationDate")).total_seconds(), 0, delta=60)
        self.assertRegex(grant.pop("GrantId"), "^[0-9a-f]{64}$")
        self.assertEqual(grant, {"KeyId": key, "Name": "n", "GranteePrincipal": role, "RetiringPrincipal": admin, "Operations": ["Decrypt", "DescribeKey"],
                                 "Constraints": context, "IssuingAccount": admin})
        self.assertEqual(set(self.granted(key, GranteePrincipal=role)), {"KeyId", "GrantId", "CreationDate", "GranteePrincipal", "Operations", "IssuingAccount"})

    def test_a_service_holds_a_grant_by_either_field(self) -> None:
        key, source = self.key(), {"SourceArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:a"}
        old = self.granted(key, GranteePrincipal=f"dynamodb.{REGION}.amazonaws.com", RetiringPrincipal=f"dynamodb.{REGION}.amazonaws.com")
        self.assertEqual((old["GranteePrincipal"], "GranteeServicePrincipal" in old), (f"dynamodb.{REGION}.amazonaws.com", False))
        new = self.granted(key, GranteeServicePrincipal="logs.amazonaws.com", RetiringServicePrincipal="logs.amazonaws.com", Constraints=source)
        self.assertEqual((new["GranteeServicePrincipal"], new["RetiringServicePrincipal"], new["Constraints"]), ("logs.amazonaws.com", "logs.amazonaws.com", source))
        self.assertEqual(("GranteePrincipal" in new, "RetiringPrincipal" in new), (False, False))

    def test_a_grant_needs_one_grantee_and_operations_that_can_be_granted(self) -> None:
        key, root, service = self.key(), f"arn:aws:iam::{ACCOUNT}:root", "logs.amazonaws.com"
        source = {"SourceArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:a"}
        for wrong in (
            {}, {"GranteePrincipal": root, "GranteeServicePrincipal": service}, {"GranteePrincipal": root, "Operations": []},
            {"GranteePrincipal": root, "Operations": ["ScheduleKeyDeletion"]},
            {"GranteePrincipal": root, "RetiringPrincipal": root, "RetiringServicePrincipal": service},
            {"GranteeServicePrincipal": service, "RetiringPrincipal": root}, {"GranteeServicePrincipal": service, "Constraints": source},
        ):
            with self.subTest(wrong):
                self.refuses("ValidationException", self.kms.create_grant, **{"KeyId": key, "Operations": ["Decrypt"], **wrong})
        self.refuses("ValidationException", self.kms.create_grant, KeyId=key, GranteePrincipal=root)
        self.assertEqual(self.kms.list_grants(KeyId=key)["Grants"], [])
        self.refuses("ValidationException", self.kms.list_grants, KeyId=key, GranteeServicePrincipal=service)

    def test_a_named_grant_is_made_once_and_one_without_a_name_each_time(self) -> None:
        key, role = self.key(), f"arn:aws:iam::{ACCOUNT}:role/a"
        first = self.granted(key, GranteePrincipal=role, Name="n")
        self.assertEqual(self.granted(key, GranteePrincipal=role, Name="n")["GrantId"], first["GrantId"])
        for other in ({"GranteePrincipal": role}, {"GranteePrincipal": role}, {"GranteePrincipal": role, "Name": "m"}, {"GranteePrincipal": role + "2", "Name": "n"}):
            self.granted(key, **other)
        self.assertEqual(len(self.kms.list_grants(KeyId=key)["Grants"]), 5)
        self.assertEqual(len(self.kms.list_grants(KeyId=key, GranteePrincipal=role)["Grants"]), 4)
        self.kms.revoke_grant(KeyId=key, GrantId=first["GrantId"])
        self.assertEqual(len(self.kms.list_grants(KeyId=key)["Grants"]), 4)


class ListTest(Kms):
    def pages(self, operation: str, field: str, **named: Any) -> list[int]:
        return [len(page[field]) for page in self.kms.get_paginator(operation).paginate(**named)]

    def test_lists_are_paged_to_their_own_limits(self) -> None:
        key, other = self.key(Tags=[{"TagKey": f"k{n}", "TagValue": "v"} for n in range(50)]), self.key()
        self.kms.create_alias(AliasName="alias/other", TargetKeyId=other)
        for n in range(120):
            self.kms.create_alias(AliasName=f"alias/{n:03}", TargetKeyId=key)
            self.kms.create_grant(KeyId=key, GranteePrincipal=f"arn:aws:iam::{ACCOUNT}:role/{n}", Operations=["Decrypt"])
        for operation, field, most, full in (
            ("list_aliases", "Aliases", 100, [50, 50, 20]), ("list_grants", "Grants", 100, [50, 50, 20]), ("list_resource_tags", "Tags", 50, [50]),
        ):
            with self.subTest(operation):
                call, count = getattr(self.kms, operation), sum(full)
                self.assertEqual(self.pages(operation, field, KeyId=key), full)
                self.assertEqual(self.pages(operation, field, KeyId=key, Limit=30), [30] * (count // 30) + [count % 30] * (count % 30 > 0))
                self.assertEqual(len(call(KeyId=key, Limit=most)[field]), min(count, most))
                first = call(KeyId=key, Limit=20)
                second = call(KeyId=key, Limit=20, Marker=first["NextMarker"])
                self.assertTrue(first["Truncated"])
                self.assertFalse([item for item in second[field] if item in first[field]])
                whole = call(KeyId=other)
                self.assertEqual((whole["Truncated"], "NextMarker" in whole), (False, False))
                for limit in (0, most + 1):
                    self.refuses("ValidationException", call, KeyId=key, Limit=limit)
                self.refuses("InvalidMarkerException", call, KeyId=key, Marker="?")

    def test_aliases_are_those_of_the_key(self) -> None:
        key, second = self.key({"Effect": "Deny", "Principal": "*", "Action": "kms:ListAliases", "Resource": "*"}), self.key()
        self.kms.create_alias(AliasName="alias/b", TargetKeyId=key)
        self.kms.create_alias(AliasName="alias/a", TargetKeyId=key)
        alias = self.kms.list_aliases(KeyId=key)["Aliases"][0]
        self.assertEqual(alias.pop("CreationDate"), alias.pop("LastUpdatedDate"))
        self.assertEqual(alias, {"AliasName": "alias/a", "AliasArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/a", "TargetKeyId": key.rpartition("/")[2]})
        self.kms.update_alias(AliasName="alias/a", TargetKeyId=second)
        self.assertEqual([[a["AliasName"] for a in self.kms.list_aliases(KeyId=k)["Aliases"]] for k in (key, second)], [["alias/b"], ["alias/a"]])
        self.refuses("NotFoundException", self.kms.list_aliases, KeyId="alias/a")
        unused = [a["AliasName"] for a in self.kms.list_aliases(Limit=100)["Aliases"] if "TargetKeyId" not in a]
        self.assertIn("alias/aws/s3", unused)
        managed = self.metadata("alias/aws/s3")["Arn"]
        self.assertEqual([a["AliasName"] for a in self.kms.list_aliases(KeyId=managed)["Aliases"]], ["alias/aws/s3"])


class LastUsageTest(Kms):
    USAGE = {"Operation": "Decrypt", "Timestamp": "2026-05-01T10:00:00+00:00", "CloudTrailEventId": "e", "KmsRequestId": "r"}

    def test_last_usage_is_what_the_test_set(self) -> None:
        key = self.key()
        self.told("key-last-usage", KeyId=key, KeyLastUsage=self.USAGE, KeyCreationDate="2025-01-01T00:00:00+00:00")
        answer = self.kms.get_key_last_usage(KeyId=key.rpartition("/")[2])
        self.assertEqual(answer["KeyLastUsage"], {**self.USAGE, "Timestamp": datetime(2026, 5, 1, 10, tzinfo=UTC)})
        self.assertEqual((answer["KeyId"], answer["KeyCreationDate"]), (key, self.metadata(key)["CreationDate"]))
        self.kms.create_alias(AliasName="alias/a", TargetKeyId=key)
        self.refuses("NotFoundException", self.kms.get_key_last_usage, KeyId="alias/a")
        self.refuses("InvalidArnException", self.kms.get_key_last_usage, KeyId=f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/a")
        for wrong in ({"Operation": "Decrypt"}, {"Operation": "DescribeKey", "Timestamp": 1}, {**self.USAGE, "Region": REGION}, {"Timestamp": 1}):
            self.assertEqual(control("POST", "key-last-usage", {"KeyId": key, "KeyLastUsage": wrong})[0], 400, wrong)

    def test_tracking_starts_in_april_2026_or_with_the_key(self) -> None:
        key, began = self.key(), datetime(2026, 4, 23, tzinfo=UTC)
        for created, start in ((datetime(2025, 1, 1, tzinfo=UTC), began), (datetime(2026, 4, 24, tzinfo=UTC), datetime(2026, 4, 24, tzinfo=UTC))):
            self.told("key-last-usage", KeyId=key, KeyCreationDate=created.isoformat())
            answer = self.kms.get_key_last_usage(KeyId=key)
            self.assertEqual((answer["KeyLastUsage"], answer["KeyCreationDate"], answer["TrackingStartDate"]), ({}, created, start))

    def test_a_pending_key_tells_its_last_use_and_one_that_is_gone_does_not(self) -> None:
        key = self.key()
        self.told("key-last-usage", KeyId=key, KeyLastUsage=self.USAGE)
        self.kms.schedule_key_deletion(KeyId=key)
        self.assertEqual(self.kms.get_key_last_usage(KeyId=key)["KeyLastUsage"]["Operation"], "Decrypt")
        self.told("key-gone", KeyId=key)
        self.refuses("NotFoundException", self.kms.get_key_last_usage, KeyId=key)

    def test_related_keys_are_used_apart_and_a_new_replica_starts_anew(self) -> None:
        key, away = self.replicated(AWAY), client("kms", AWAY)
        there = key.replace(REGION, AWAY)
        self.told("key-last-usage", KeyId=there, KeyLastUsage=self.USAGE)
        self.assertEqual(self.kms.get_key_last_usage(KeyId=key)["KeyLastUsage"], {})
        self.assertEqual(away.get_key_last_usage(KeyId=there)["KeyLastUsage"]["KmsRequestId"], "r")
        self.told("key-gone", KeyId=there)
        self.kms.replicate_key(KeyId=key, ReplicaRegion=AWAY)
        self.assertEqual(away.get_key_last_usage(KeyId=there)["KeyLastUsage"], {})


class RotationTest(Kms):
    def status(self, key: str, region: str = REGION) -> dict[str, Any]:
        return {name: value for name, value in client("kms", region).get_key_rotation_status(KeyId=key).items() if name != "ResponseMetadata"}

    def test_a_rotation_has_a_period_and_a_next_date(self) -> None:
        key = self.key()
        self.assertEqual(self.status(key), {"KeyId": key, "KeyRotationEnabled": False})
        for given, period in (({}, 365), ({"RotationPeriodInDays": 90}, 90)):
            self.kms.enable_key_rotation(KeyId=key, **given)
            shown = self.status(key)
            self.assertAlmostEqual((shown.pop("NextRotationDate") - datetime.now(UTC)).total_seconds(), period * 86400, delta=60)
            self.assertEqual(shown, {"KeyId": key, "KeyRotationEnabled": True, "RotationPeriodInDays": period})
        for days in (89, 2561):
            self.refuses("ValidationException", self.kms.enable_key_rotation, KeyId=key, RotationPeriodInDays=days)
        self.kms.disable_key_rotation(KeyId=key)
        self.assertFalse(self.status(key)["KeyRotationEnabled"])

    def test_a_pending_key_does_not_rotate_until_it_is_back(self) -> None:
        key = self.key()
        self.kms.enable_key_rotation(KeyId=key)
        self.kms.schedule_key_deletion(KeyId=key)
        self.assertEqual(self.status(key), {"KeyId": key, "KeyRotationEnabled": False})
        self.kms.cancel_key_deletion(KeyId=key)
        self.assertTrue(self.status(key)["KeyRotationEnabled"])

    def test_only_symmetric_material_of_kms_itself_rotates(self) -> None:
        imported, stored = self.key(Origin="EXTERNAL"), self.key()
        self.told("custom-key-store", KeyId=stored, ConnectionState="CONNECTED")
        for key in (imported, stored, self.key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY"), self.key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")):
            for call in (self.kms.get_key_rotation_status, self.kms.enable_key_rotation, self.kms.disable_key_rotation):
                self.refuses("UnsupportedOperationException", call, KeyId=key)
            if key != imported:  # That rotates on demand, when it has material.
                self.refuses("UnsupportedOperationException", self.kms.rotate_key_on_demand, KeyId=key)
        self.assertEqual(self.refuses("UnsupportedOperationException", self.kms.get_key_rotation_status, KeyId=imported),
                         f"{imported} origin is EXTERNAL which is not valid for this operation.")
        self.refuses("KMSInvalidStateException", self.kms.rotate_key_on_demand, KeyId=imported)

    def test_a_replica_rotates_with_its_primary_and_an_aws_managed_key_always(self) -> None:
        key = self.replicated(AWAY)
        self.kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=180)
        self.assertEqual(self.status(key.replace(REGION, AWAY), AWAY)["RotationPeriodInDays"], 180)
        self.refuses("UnsupportedOperationException", client("kms", AWAY).disable_key_rotation, KeyId=key.replace(REGION, AWAY))
        managed = self.metadata("alias/aws/s3")["Arn"]
        self.assertTrue(self.status(managed)["KeyRotationEnabled"])
        self.refuses("AccessDeniedException", self.kms.disable_key_rotation, KeyId=managed)


class FaultTest(Kms):
    def test_every_call_about_keys_can_fail_in_every_way(self) -> None:
        key = self.key()
        calls = [("kms", operation, {"KeyId": key, **more}, "*" if operation == "ListAliases" else key) for operation, more in (
            ("DescribeKey", {}), ("ScheduleKeyDeletion", {}), ("CancelKeyDeletion", {}), ("EnableKey", {}), ("DisableKey", {}), ("ListAliases", {}),
            ("ListResourceTags", {}), ("ListGrants", {}), ("ListKeyPolicies", {}), ("GetKeyPolicy", {}), ("PutKeyPolicy", {"Policy": policy()}),
            ("GetKeyRotationStatus", {}), ("GetKeyLastUsage", {}),
        )]
        calls += [("logs", "DescribeLogGroups", {}, f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group::log-stream:"),
                  ("cloudtrail", "LookupEvents", {}, "*"), ("cloudtrail", "DescribeTrails", {}, "*")]
        for service, operation, named, resource in calls:
            with self.subTest(operation):
                before = self.metadata(key)
                control("DELETE", "requests")
                call = getattr(client(service), xform_name(operation))
                for kind in ("throttle", "access-denied", "error", "cut", "delay"):
                    self.told("faults", service=service, operation=operation, kind=kind, times=1, **({"seconds": 0.01} if kind == "delay" else {}))
                slower = "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls." if service == "kms" else "Rate exceeded"
                self.assertEqual(self.refuses("ThrottlingException", call, **named), slower)
                denial = self.refuses("AccessDeniedException", call, **named)
                self.assertIn(f"is not authorized to perform: {service}:{operation} on resource: {resource} because", denial)
                self.refuses("InternalFailure", call, **named)
                with self.assertRaises(ConnectionClosedError):
                    call(**named)
                self.assertEqual(self.metadata(key), before)
                call(**named)
                seen = [(r["status"], r.get("faults")) for r in control("GET", "requests")[1] if r["operation"] == operation][:4]
                self.assertEqual(seen, [(400, ["throttle"]), (400, ["access-denied"]), (500, ["error"]), (None, ["cut"])])
                self.assertEqual([(f["kind"], f["struck"]) for f in control("GET", "faults")[1]], [(k, 1) for k in ("throttle", "access-denied", "error", "cut", "delay")])
                control("DELETE", "faults")
