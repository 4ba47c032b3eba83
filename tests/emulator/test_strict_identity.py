"""Holds the emulator to the statements that it is given for an access key: what they don't allow is denied, as the service denies it."""

from __future__ import annotations

import unittest
from typing import Any

import boto3
import test_strict_moto as base
from botocore.config import Config
from botocore.exceptions import ClientError
from strict_moto.iam import check, judge

setUpModule, tearDownModule = base.setUpModule, base.tearDownModule
KEY = f"arn:aws:kms:{base.REGION}:{base.ACCOUNT}:key/*"
GROUPS = f"arn:aws:logs:{base.REGION}:{base.ACCOUNT}:log-group:*"
TRAILS = f"arn:aws:cloudtrail:{base.REGION}:{base.ACCOUNT}:trail/*"


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def when(operator: str, key: str, value: Any) -> dict[str, Any]:
    return {"Condition": {operator: {key: value}}}


class JudgementTest(unittest.TestCase):
    def verdict(self, *statements: dict[str, Any], action: str = "kms:DescribeKey", resource: str = KEY.replace("*", "a-b"), **context: str) -> str:
        return judge(check(list(statements)), action, resource, {"kms:ViaService": "sns.eu-west-1.amazonaws.com", **context}).value

    def test_an_action_on_a_resource_is_allowed_by_both_or_not_at_all(self) -> None:
        for expected, statement in (
            ("allowed", allow("kms:DescribeKey", KEY)),
            ("allowed", allow("kms:describekey", KEY)),
            ("allowed", allow(["logs:DescribeLogGroups", "kms:Describe*"], ["arn:aws:kms:us-east-1:1:key/x", KEY])),
            ("allowed", allow("*")),
            ("allowed", allow("kms:DescribeKey", f"arn:aws:kms:*:{base.ACCOUNT}:key/a-?")),
            ("not allowed", allow("kms:EnableKey", KEY)),
            ("not allowed", allow("kms:Describe", KEY)),
            ("not allowed", allow("kms:DescribeKey", KEY.replace(base.ACCOUNT, "999999999999"))),
            ("not allowed", allow("kms:DescribeKey", KEY.replace(base.REGION, "eu-west-2"))),
            ("not allowed", allow("kms:DescribeKey", KEY.replace("key/*", "alias/*"))),
            ("not allowed", allow("kms:DescribeKey", "arn:aws:kms:*")),
        ):
            with self.subTest(statement):
                self.assertEqual(self.verdict(statement), expected)
        self.assertEqual(self.verdict(), "not allowed")

    def test_what_knows_no_resources_is_allowed_by_the_star_alone(self) -> None:
        for expected, resource in (("allowed", "*"), ("not allowed", KEY), ("not allowed", "arn:aws:kms:*:*:*")):
            self.assertEqual(self.verdict(allow("kms:ListAliases", resource), action="kms:ListAliases", resource="*"), expected, resource)

    def test_a_deny_wins_also_where_it_can_t_be_told(self) -> None:
        everything = allow("kms:*")
        for expected, statement in (
            ("denied", deny("kms:DescribeKey", KEY)),
            ("denied", deny("*", "arn:*")),
            ("allowed", deny("kms:EnableKey")),
            ("denied", deny("kms:*", **when("StringEquals", "kms:ViaService", "sns.eu-west-1.amazonaws.com"))),
            ("allowed", deny("kms:*", **when("StringNotEquals", "kms:ViaService", "sns.eu-west-1.amazonaws.com"))),
            ("denied", deny("kms:*", **when("StringEquals", "aws:PrincipalOrgID", "o-1"))),
            ("denied", deny("kms:*", **when("DateLessThan", "kms:ViaService", "2020-01-01"))),
        ):
            with self.subTest(statement):
                self.assertEqual([self.verdict(statement, everything), self.verdict(everything, statement)], [expected] * 2)

    def test_conditions_are_judged_or_not_met(self) -> None:
        via = "sns.eu-west-1.amazonaws.com"
        for expected, condition in (
            ("allowed", when("StringEquals", "kms:ViaService", via)),
            ("allowed", when("StringEquals", "KMS:viaservice", ["x", via])),
            ("allowed", when("StringLike", "kms:ViaService", "sns.*.amazonaws.com")),
            ("allowed", when("StringEquals", "aws:ResourceAccount", "1")),
            ("allowed", when("ArnEquals", "kms:EncryptionContext:aws:logs:arn", "arn:aws:logs:a:b:c")),
            ("allowed", when("Null", "kms:EncryptionContext:none", "true")),
            ("not allowed", when("StringEquals", "kms:ViaService", "logs.eu-west-1.amazonaws.com")),
            ("not allowed", when("StringEquals", "kms:ViaService", via[:-1])),
            ("not allowed", when("StringEquals", "aws:ResourceAccount", "2")),
            ("not allowed", when("ArnEquals", "kms:EncryptionContext:aws:logs:arn", "arn:aws:logs:a:b:cc")),
            ("not allowed", when("StringEquals", "kms:EncryptionContext:none", "x")),
            # Not known here, whatever is asked of it.
            ("not allowed", when("StringEquals", "aws:SourceVpc", "vpc-1")),
            ("not allowed", when("StringNotEquals", "aws:SourceVpc", "vpc-1")),
            ("not allowed", when("StringEqualsIfExists", "aws:SourceVpc", "vpc-1")),
            ("not allowed", when("NumericLessThan", "kms:ViaService", "1")),
            ("not allowed", when("ForAllValues:StringEquals", "kms:ViaService", via)),
            ("not allowed", when("StringNotEquals", "kms:ViaService", "${aws:PrincipalTag/x}")),
            ("not allowed", {"Condition": {"StringEquals": {"kms:ViaService": via, "aws:ResourceAccount": "2"}}}),
            ("not allowed", {"Condition": {"StringEquals": {"kms:ViaService": via}, "Bool": {"aws:SecureTransport": "false"}}}),
        ):
            with self.subTest(condition):
                found = self.verdict(allow("kms:DescribeKey", KEY, **condition), **{
                    "aws:ResourceAccount": "1", "aws:SecureTransport": "true", "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:a:b:c"})
                self.assertEqual(found, expected)

    def test_a_statement_of_another_form_is_refused(self) -> None:
        for bad in (
            {}, "x", [{}], [{"Effect": "Allow", "Action": "kms:*"}], [{"Effect": "Allow", "NotAction": "kms:*", "Resource": "*"}], [allow("a", "")], [allow([])],
            [{**allow("a"), "Effect": "allow"}], [{**allow("a"), "Principal": "*"}], [{**allow("a"), "NotResource": "*"}], [allow("a", "${aws:username}")],
            [allow("a", Condition=[])], [allow("a", Condition={"StringEquals": {}})], [allow("a", {"Ref": "x"})],
        ):
            with self.subTest(bad), self.assertRaises(ValueError):
                check(bad)


class IdentityTest(base.Emulated):
    def as_role(self, service: str, *statements: dict[str, Any], region: str = base.REGION) -> Any:
        status, answer = base.control("POST", "identity", {"AccessKeyId": "ASIAROLE", "Statements": list(statements)})
        self.assertEqual(status, 200, answer)
        return boto3.client(service, region_name=region, endpoint_url=f"http://127.0.0.1:{base.PORT}", config=Config(retries={"total_max_attempts": 1}),
                            aws_access_key_id="ASIAROLE", aws_secret_access_key="secret", aws_session_token="token")

    def denied(self, code: str, action: str, call: Any, **parameters: Any) -> str:
        with self.assertRaises(ClientError) as caught:
            call(**parameters)
        self.assertEqual(caught.exception.response["Error"]["Code"], code)
        self.assertEqual(self.last()["denied"].lower(), action.lower())
        return caught.exception.response["Error"]["Message"]

    def last(self) -> dict[str, Any]:
        return base.control("GET", "requests")[1][-1]

    def test_only_the_key_with_statements_is_bound(self) -> None:
        key = self.key()
        role = self.as_role("kms")
        said = self.denied("AccessDeniedException", "kms:DescribeKey", role.describe_key, KeyId=key)
        self.assertRegex(said, rf"^User: arn:aws:sts::{base.ACCOUNT}:assumed-role/\S+ is not authorized to perform: kms:DescribeKey on resource: {key} because no identity")
        self.kms.describe_key(KeyId=key)
        self.assertNotIn("needed", self.last())
        role = self.as_role("kms", allow("kms:DescribeKey", key))
        role.describe_key(KeyId=key)
        self.assertEqual((self.last()["needed"], self.last().get("denied")), (["kms:DescribeKey"], None))
        role = self.as_role("kms", allow("kms:*"), deny("kms:DescribeKey", key))
        self.assertIn("explicit deny", self.denied("AccessDeniedException", "kms:DescribeKey", role.describe_key, KeyId=key))
        self.as_role("sts").get_caller_identity()
        base.control("DELETE", "identity")
        role.describe_key(KeyId=key)
        self.as_role("kms")
        base.control("POST", "reset")
        self.refuses("NotFoundException", role.describe_key, KeyId=key)

    def test_a_key_is_judged_by_its_arn_however_it_is_named(self) -> None:
        key, other = self.key(), self.key()
        self.kms.create_alias(AliasName="alias/a", TargetKeyId=key)
        self.kms.create_alias(AliasName="alias/b", TargetKeyId=other)
        role, alias = self.as_role("kms", allow("kms:DescribeKey", key)), f"arn:aws:kms:{base.REGION}:{base.ACCOUNT}:alias/"
        for name in (key, key.rpartition("/")[2], "alias/a", f"{alias}a"):
            self.assertEqual(role.describe_key(KeyId=name)["KeyMetadata"]["Arn"], key)
        for name in (other, other.rpartition("/")[2], "alias/b", f"{alias}b"):
            self.denied("AccessDeniedException", "kms:DescribeKey", role.describe_key, KeyId=name)
        self.refuses("NotFoundException", role.describe_key, KeyId="alias/none")
        self.denied("AccessDeniedException", "kms:DescribeKey", self.as_role("kms", allow("kms:DescribeKey", f"{alias}*")).describe_key, KeyId="alias/a")

    def test_conditions_are_held_against_the_request(self) -> None:
        key = self.key()
        for name, value in (("aws:ResourceAccount", base.ACCOUNT), ("aws:PrincipalAccount", base.ACCOUNT), ("kms:CallerAccount", base.ACCOUNT),
                            ("aws:RequestedRegion", base.REGION), ("aws:ViaAWSService", "false"), ("aws:SecureTransport", "true")):
            self.as_role("kms", allow("kms:DescribeKey", key, **when("StringEquals", name, value))).describe_key(KeyId=key)
            role = self.as_role("kms", allow("kms:DescribeKey", key, **when("StringNotEquals", name, value)))
            self.denied("AccessDeniedException", "kms:DescribeKey", role.describe_key, KeyId=key)
        self.as_role("kms", allow("kms:DescribeKey", key, **when("Null", "kms:ViaService", "true"))).describe_key(KeyId=key)

    def test_a_key_policy_must_leave_it_to_iam(self) -> None:
        named = {**base.ROOT, "Principal": {"AWS": f"arn:aws:iam::{base.ACCOUNT}:role/strict-role"}}
        through_sns = {**base.ROOT, **when("StringEquals", "kms:ViaService", f"sns.{base.REGION}.amazonaws.com")}
        for statements in ([named], [through_sns, named], [{**base.ROOT, "Action": "kms:Enable*"}, named]):
            key = self.kms.create_key(Policy=base.json.dumps({"Version": "2012-10-17", "Statement": statements}))["KeyMetadata"]["Arn"]
            said = self.denied("AccessDeniedException", "kms:DescribeKey", self.as_role("kms", allow("kms:*")).describe_key, KeyId=key)
            self.assertIn("no resource-based policy", said)

    def test_actions_without_resources_need_the_star(self) -> None:
        for service, action, operation in (("kms", "ListAliases", "list_aliases"), ("logs", "DescribeLogGroups", "describe_log_groups"),
                                           ("cloudtrail", "DescribeTrails", "describe_trails"), ("cloudtrail", "LookupEvents", "lookup_events")):
            name = f"{service}:{action}"
            getattr(self.as_role(service, allow(name)), operation)()
            role = self.as_role(service, allow(name, [KEY, GROUPS, TRAILS]))
            self.denied("AccessDeniedException", name, getattr(role, operation))

    def test_what_the_emulator_does_not_know_is_denied(self) -> None:
        said = self.denied("AccessDeniedException", "kms:GenerateRandom", self.as_role("kms", allow("*")).generate_random, NumberOfBytes=8)
        self.assertIn("can't judge", said)
        self.denied("AccessDeniedException", "logs:AssociateKmsKey", self.as_role("logs", allow("*")).associate_kms_key, kmsKeyId=self.key())

    def test_associating_a_key_also_needs_to_describe_it_through_logs(self) -> None:
        self.logs.create_log_group(logGroupName="/app/a")
        key, other = self.key(base.logs_statement()), self.key(base.logs_statement())
        associate, through = allow("logs:AssociateKmsKey", GROUPS), when("StringEquals", "kms:ViaService", f"logs.{base.REGION}.amazonaws.com")
        for describe in (allow("kms:DescribeKey", key), allow("kms:DescribeKey", key, **through)):
            self.as_role("logs", associate, describe).associate_kms_key(logGroupName="/app/a", kmsKeyId=key)
            self.assertEqual(self.last()["needed"], ["logs:AssociateKmsKey"] * 2 + ["kms:DescribeKey"])
        self.logs.disassociate_kms_key(logGroupName="/app/a")
        elsewhere = when("StringEquals", "kms:ViaService", "logs.eu-north-1.amazonaws.com")
        for describe in (allow("kms:DescribeKey", other), allow("kms:GetKeyPolicy", key), allow("kms:DescribeKey", key, **elsewhere)):
            role = self.as_role("logs", associate, describe)
            said = self.denied("AccessDeniedException", "kms:DescribeKey", role.associate_kms_key, logGroupName="/app/a", kmsKeyId=key)
            self.assertEqual(said, f"The specified KMS key does not exist or is not allowed to be used with Arn 'arn:aws:logs:{base.REGION}:{base.ACCOUNT}:log-group:/app/a'")
        for groups in (GROUPS.replace("*", "/app/b*"), GROUPS.replace("*", "/app/a"), GROUPS.replace("log-group:*", "query-result:*")):
            role = self.as_role("logs", allow("logs:AssociateKmsKey", groups), allow("kms:*"))
            self.denied("AccessDeniedException", "logs:AssociateKmsKey", role.associate_kms_key, logGroupName="/app/a", kmsKeyId=key)
        results = f"arn:aws:logs:{base.REGION}:{base.ACCOUNT}:query-result:*"
        role = self.as_role("logs", associate, allow("kms:*"))
        self.denied("AccessDeniedException", "logs:AssociateKmsKey", role.associate_kms_key, resourceIdentifier=results, kmsKeyId=key)
        self.assertIsNone(self.group_key())

    def test_tags_of_a_group_are_read_by_its_arn(self) -> None:
        self.logs.create_log_group(logGroupName="/app/a")
        arn = GROUPS.replace("*", "/app/a")
        self.as_role("logs", allow("logs:ListTagsForResource", GROUPS)).list_tags_for_resource(resourceArn=arn)
        role = self.as_role("logs", allow("logs:ListTagsForResource", f"{arn}:*"))
        self.denied("AccessDeniedException", "logs:ListTagsForResource", role.list_tags_for_resource, resourceArn=arn)

    def test_trails_are_judged_by_region_and_account(self) -> None:
        base.client("s3").create_bucket(Bucket="logs", CreateBucketConfiguration={"LocationConstraint": base.REGION})
        own = self.trails.create_trail(Name="own-trail", S3BucketName="logs")["TrailARN"]
        far = base.client("cloudtrail", "us-east-1").create_trail(Name="far-trail", S3BucketName="logs")["TrailARN"]
        role = self.as_role("cloudtrail", allow(["cloudtrail:GetTrailStatus", "cloudtrail:ListTags", "cloudtrail:UpdateTrail", "cloudtrail:StartLogging"], TRAILS))
        for name in ("own-trail", own):
            role.get_trail_status(Name=name)
            role.start_logging(Name=name)
            role.update_trail(Name=name, EnableLogFileValidation=True)
        self.denied("AccessDeniedException", "cloudtrail:GetTrailStatus", role.get_trail_status, Name=far)
        self.denied("AccessDeniedException", "cloudtrail:GetEventSelectors", role.get_event_selectors, TrailName=own)
        self.denied("AccessDeniedException", "cloudtrail:StopLogging", role.stop_logging, Name=own)
        self.denied("AccessDeniedException", "cloudtrail:ListTags", role.list_tags, ResourceIdList=[own, far])
        self.assertTrue(self.trails.get_trail_status(Name=own)["IsLogging"])

    def test_a_key_for_a_trail_needs_no_permission_of_the_caller(self) -> None:
        base.client("s3").create_bucket(Bucket="logs", CreateBucketConfiguration={"LocationConstraint": base.REGION})
        self.trails.create_trail(Name="own-trail", S3BucketName="logs")
        key = self.key({"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": ["kms:GenerateDataKey*", "kms:DescribeKey"], "Resource": "*"})
        self.as_role("cloudtrail", allow("cloudtrail:UpdateTrail", TRAILS)).update_trail(Name="own-trail", KmsKeyId=key)
        self.assertEqual(self.last()["needed"], ["cloudtrail:UpdateTrail"])

    def test_a_page_to_an_encrypted_topic_needs_its_key_through_sns(self) -> None:
        key = self.key()
        plain = self.sns.create_topic(Name="plain")["TopicArn"]
        sealed = self.sns.create_topic(Name="sealed", Attributes={"KmsMasterKeyId": key})["TopicArn"]
        publish, both = allow("sns:Publish", [plain, sealed]), ["kms:Decrypt", "kms:GenerateDataKey*"]
        through = when("StringEquals", "kms:ViaService", f"sns.{base.REGION}.amazonaws.com")
        of_topic = when("StringEquals", "kms:EncryptionContext:aws:sns:topicArn", sealed)
        said = self.denied("AuthorizationError", "sns:Publish", self.as_role("sns", allow("sns:Publish", plain)).publish, TopicArn=sealed, Message="x")
        self.assertIn("is not authorized to perform: SNS:Publish on resource: " + sealed, said)
        self.as_role("sns", publish).publish(TopicArn=plain, Message="x")
        for use in (allow(both, key), allow(both, key, **through), allow(both, key, **of_topic)):
            self.as_role("sns", publish, use).publish(TopicArn=sealed, Message="x")
            self.assertEqual(self.last()["needed"], ["sns:Publish", "kms:GenerateDataKey", "kms:Decrypt"])
        through_logs = when("StringEquals", "kms:ViaService", f"logs.{base.REGION}.amazonaws.com")
        for lacks, use in (("kms:GenerateDataKey", allow("kms:Decrypt", key)), ("kms:Decrypt", allow("kms:GenerateDataKey*", key)),
                           ("kms:GenerateDataKey", allow(both, KEY.replace("key/*", "key/other"))), ("kms:GenerateDataKey", allow(both, key, **through_logs))):
            said = self.denied("KMSAccessDenied", lacks, self.as_role("sns", publish, use).publish, TopicArn=sealed, Message="x")
            self.assertIn(f"is not authorized to perform: {lacks} on resource: {key}", said)
        self.assertEqual(len(base.control("GET", "published")[1]), 4)
        # Through SNS is not by itself.
        role = self.as_role("kms", allow(both, key, **through))
        self.denied("AccessDeniedException", "kms:GenerateDataKey", role.generate_data_key, KeyId=key, KeySpec="AES_256")

    def test_an_order_that_makes_no_sense_is_refused(self) -> None:
        for bad in (
            {},
            {"AccessKeyId": "x"},
            {"AccessKeyId": "", "Statements": []},
            {"AccessKeyId": "x", "Statements": [allow("")]},
            {"AccessKeyId": "x", "Statements": [], "Role": "r"},
        ):
            self.assertEqual(base.control("POST", "identity", bad)[0], 400, bad)


if __name__ == "__main__":
    unittest.main()
