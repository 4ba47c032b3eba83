"""Holds CloudTrail and the Region of buckets to the documented behaviour the emulator promises, through boto3.

Loaded by test_strict_moto, whose server and clients it uses.
"""

from __future__ import annotations

import http.client
import json
import time
from typing import Any

import test_strict_moto as base
from botocore.exceptions import ClientError, HTTPClientError
from test_strict_moto import ACCOUNT, REGION, Emulated, client, control, policy, setUpModule, tearDownModule  # noqa: F401

AWAY, OTHER = "us-east-1", "999999999999"
DEFAULT = [{"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": [], "ExcludeManagementEventSources": []}]


class Trails(Emulated):
    def setUp(self) -> None:
        super().setUp()
        client("s3").create_bucket(Bucket="trails", CreateBucketConfiguration={"LocationConstraint": REGION})
        self.trails.create_trail(Name="main", S3BucketName="trails", IsMultiRegionTrail=True)
        self.arn = self.trail_arn("main")
        self.away, self.stranger = client("cloudtrail", AWAY), client("cloudtrail", account=OTHER)

    def trail_arn(self, name: str, region: str = REGION, account: str = ACCOUNT) -> str:
        return f"arn:aws:cloudtrail:{region}:{account}:trail/{name}"

    def organization(self, **more: Any) -> str:
        """An organization trail; every other account counts as a member."""
        return self.trails.create_trail(Name="org", S3BucketName="trails", IsOrganizationTrail=True, **more)["TrailARN"]

    def shown(self, name: str = "main") -> dict[str, Any]:
        return self.trails.get_trail(Name=name)["Trail"]

    def statements(self, arn: str | None = None, **changes: Any) -> list[dict[str, Any]]:
        """AWS's own sample for a trail's key, both sections, for one trail."""
        source = {"StringEquals": {"aws:SourceArn": arn or self.arn}}
        context = {"StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/*"}}
        allow = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Resource": "*"}
        return [{**allow, "Action": "kms:GenerateDataKey*", "Condition": {**context, **source}},
                {**allow, "Action": "kms:DescribeKey", "Condition": source, **changes}]


class TrailKeyTest(Trails):
    def test_a_key_is_set_kept_and_removed(self) -> None:
        key = self.key(*self.statements())
        self.kms.create_alias(AliasName="alias/t", TargetKeyId=key)
        self.assertEqual(self.trails.update_trail(Name=self.arn, KmsKeyId="alias/t")["KmsKeyId"], key)
        self.trails.update_trail(Name="main", EnableLogFileValidation=True)
        self.assertEqual(self.trails.get_trail(Name="main")["Trail"]["KmsKeyId"], key)
        self.assertNotIn("KmsKeyId", self.trails.update_trail(Name="main", KmsKeyId=""))
        self.assertNotIn("KmsKeyId", self.trails.get_trail(Name="main")["Trail"])

    def test_a_key_that_cannot_serve_is_refused(self) -> None:
        update, disabled = self.trails.update_trail, self.key(*self.statements())
        self.kms.disable_key(KeyId=disabled)
        elsewhere = client("kms", AWAY).create_key(Policy=policy(*self.statements()))["KeyMetadata"]["Arn"]
        self.refuses("KmsKeyNotFoundException", update, Name="main", KmsKeyId="alias/none")
        self.refuses("KmsKeyNotFoundException", update, Name="main", KmsKeyId=elsewhere)
        self.refuses("KmsException", update, Name="main", KmsKeyId=disabled)
        self.refuses("InvalidKmsKeyIdException", update, Name="main", KmsKeyId="nonsense")
        self.refuses("InsufficientEncryptionPolicyException", update, Name="main", KmsKeyId=self.key())
        self.refuses("InsufficientEncryptionPolicyException", update, Name="main", KmsKeyId=self.key(*self.statements(self.arn + "2")))
        self.refuses("InsufficientEncryptionPolicyException", self.trails.create_trail, Name="two", S3BucketName="trails", KmsKeyId=self.key())
        self.refuses("TrailNotFoundException", update, Name="none", KmsKeyId=self.key())
        self.assertNotIn("KmsKeyId", self.shown())

    def test_cloudtrail_describes_the_key_without_an_encryption_context(self) -> None:
        encrypt, describe = self.statements()
        for name, allowed, statements in (
            ("AWS's own sample", True, (encrypt, describe)),
            ("no DescribeKey", False, (encrypt,)),
            ("no GenerateDataKey", False, (describe,)),
            ("DescribeKey without a condition", True, (encrypt, {**describe, "Condition": {}})),
            ("DescribeKey for this account's trails", True, (encrypt, {**describe, "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}})),
            ("DescribeKey asks for an encryption context", False, (encrypt, {**describe, "Condition": encrypt["Condition"]})),
            ("one statement with the context for both", False, ({**encrypt, "Action": ["kms:GenerateDataKey*", "kms:DescribeKey"]},)),
            ("one statement without it for both", True, ({**describe, "Action": ["kms:GenerateDataKey*", "kms:DescribeKey"]},)),
            ("DescribeKey for another trail", False, (encrypt, {**describe, "Condition": {"StringEquals": {"aws:SourceArn": self.arn + "2"}}})),
        ):
            with self.subTest(name):
                key = self.key(*statements)
                if allowed:
                    self.assertEqual(self.trails.update_trail(Name=self.arn, KmsKeyId=key)["KmsKeyId"], key)
                else:
                    self.refuses("InsufficientEncryptionPolicyException", self.trails.update_trail, Name=self.arn, KmsKeyId=key)


class TrailSettingsTest(Trails):
    def test_a_bucket_must_exist_and_may_be_another_accounts(self) -> None:
        self.refuses("S3BucketDoesNotExistException", self.trails.create_trail, Name="two", S3BucketName="none")
        self.refuses("S3BucketDoesNotExistException", self.trails.update_trail, Name="main", S3BucketName="none")
        self.assertEqual(self.shown()["S3BucketName"], "trails")
        client("s3", AWAY, account=OTHER).create_bucket(Bucket="archive")
        self.assertEqual(self.trails.update_trail(Name="main", S3BucketName="archive")["S3BucketName"], "archive")
        self.refuses("KmsKeyNotFoundException", self.trails.update_trail, Name="main", KmsKeyId=self.key(*self.statements()))
        elsewhere = client("kms", AWAY).create_key(Policy=policy(*self.statements()))["KeyMetadata"]["Arn"]
        self.trails.update_trail(Name="main", KmsKeyId=elsewhere)
        self.refuses("KmsKeyNotFoundException", self.trails.update_trail, Name="main", S3BucketName="trails")
        self.assertEqual(self.shown()["S3BucketName"], "archive")

    def test_an_update_changes_only_what_was_sent(self) -> None:
        topic, key = self.sns.create_topic(Name="t")["TopicArn"], self.key(*self.statements(self.trail_arn("full")))
        settings = {"S3KeyPrefix": "p", "SnsTopicName": "t", "KmsKeyId": key, "CloudWatchLogsLogGroupArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:g:*",
                    "CloudWatchLogsRoleArn": f"arn:aws:iam::{ACCOUNT}:role/r", "IsMultiRegionTrail": True, "EnableLogFileValidation": True}
        created = self.trails.create_trail(Name="full", S3BucketName="trails", **settings)
        expected = {**settings, "Name": "full", "S3BucketName": "trails", "SnsTopicARN": topic, "TrailARN": self.trail_arn("full"),
                    "IncludeGlobalServiceEvents": True, "IsOrganizationTrail": False, "LogFileValidationEnabled": True}
        del expected["EnableLogFileValidation"]
        self.assertEqual({k: v for k, v in created.items() if k != "ResponseMetadata"}, expected)
        for change, seen in (
            ({"EnableLogFileValidation": False}, {"LogFileValidationEnabled": False}), ({"IsMultiRegionTrail": False}, {"IsMultiRegionTrail": False}),
            ({"IncludeGlobalServiceEvents": False}, {"IncludeGlobalServiceEvents": False}), ({"EnableLogFileValidation": True}, {"LogFileValidationEnabled": True}),
            ({"S3KeyPrefix": ""}, {"S3KeyPrefix": None}), ({"KmsKeyId": ""}, {"KmsKeyId": None}), ({"S3KeyPrefix": "q"}, {"S3KeyPrefix": "q"}),
            ({"KmsKeyId": key}, {"KmsKeyId": key}), ({"SnsTopicName": ""}, {"SnsTopicName": None, "SnsTopicARN": None}),
            ({"SnsTopicName": topic}, {"SnsTopicName": topic, "SnsTopicARN": topic}), ({"IsOrganizationTrail": True}, {"IsOrganizationTrail": True}),
            ({"CloudWatchLogsLogGroupArn": "", "CloudWatchLogsRoleArn": ""}, {"CloudWatchLogsLogGroupArn": None, "CloudWatchLogsRoleArn": None}), ({}, {}),
        ):
            with self.subTest(change):
                expected = {name: value for name, value in {**expected, **seen}.items() if value is not None}
                answer = self.trails.update_trail(Name="full", **change)
                self.assertEqual({k: v for k, v in answer.items() if k != "ResponseMetadata"}, expected)
                self.assertEqual(self.shown("full"), {**expected, "HomeRegion": REGION, "HasCustomEventSelectors": False, "HasInsightSelectors": False})

    def test_a_refused_update_changes_nothing(self) -> None:
        before = self.shown()
        for code, change in (
            ("InsufficientSnsTopicPolicyException", {"SnsTopicName": "none", "S3KeyPrefix": "p"}), ("SerializationException", {"EnableLogFileValidation": "yes"}),
            ("InvalidParameterCombinationException", {"IncludeGlobalServiceEvents": False}), ("KmsKeyNotFoundException", {"KmsKeyId": "alias/no", "S3KeyPrefix": "p"}),
        ):
            self.refuses(code, self.trails.update_trail, Name="main", **change)
        self.assertEqual(self.shown(), before)

    def test_logging_is_off_until_it_is_started(self) -> None:
        self.assertEqual(self.trails.get_trail_status(Name="main")["IsLogging"], False)
        self.trails.start_logging(Name=self.arn)
        status = self.trails.get_trail_status(Name=self.arn)
        self.assertTrue(status["IsLogging"])
        self.assertLess(abs(status["StartLoggingTime"].timestamp() - time.time()), 60)
        self.trails.stop_logging(Name="main")
        self.assertEqual(self.away.get_trail_status(Name=self.arn)["IsLogging"], False)

    def test_delivery_errors_are_what_the_test_set(self) -> None:
        names = ("LatestDeliveryError", "LatestDigestDeliveryError", "LatestNotificationError", "LatestCloudWatchLogsDeliveryError")
        control("POST", "trail-status", {"TrailARN": self.arn, **{name: "AccessDenied" for name in names}})
        answer = control("POST", "trail-status", {"TrailARN": self.arn, "LatestDeliveryError": "NoSuchBucket", "LatestNotificationError": None})
        expected = {"LatestDeliveryError": "NoSuchBucket", "LatestDigestDeliveryError": "AccessDenied", "LatestCloudWatchLogsDeliveryError": "AccessDenied"}
        self.assertEqual(answer, (200, {"TrailARN": self.arn, **expected}))
        status = self.trails.get_trail_status(Name="main")
        self.assertEqual({name: status[name] for name in names if name in status}, expected)
        for wrong in ({"TrailARN": self.arn + "2"}, {}, [], {"TrailARN": self.arn, "IsLogging": True}, {"TrailARN": self.arn, "LatestDeliveryError": ""},
                      {"TrailARN": self.arn, "LatestDeliveryError": 1}, {"TrailARN": "main"}):
            self.assertEqual(control("POST", "trail-status", wrong)[0], 400, wrong)
        self.trails.delete_trail(Name="main")
        self.trails.create_trail(Name="main", S3BucketName="trails")
        self.assertNotIn("LatestDeliveryError", self.trails.get_trail_status(Name="main"))


class TrailIdentityTest(Trails):
    def calls(self, of: Any, name: str) -> dict[str, Any]:
        """Every call by trail but tagging, ready to make; StopLogging and DeleteTrail last."""
        insights = {"InsightSelectors": [{"InsightType": "ApiErrorRateInsight"}]}
        return {
            "GetTrail": lambda: of.get_trail(Name=name), "GetTrailStatus": lambda: of.get_trail_status(Name=name),
            "GetEventSelectors": lambda: of.get_event_selectors(TrailName=name),
            "UpdateTrail": lambda: of.update_trail(Name=name, EnableLogFileValidation=True), "StartLogging": lambda: of.start_logging(Name=name),
            "PutEventSelectors": lambda: of.put_event_selectors(TrailName=name, EventSelectors=DEFAULT),
            "PutInsightSelectors": lambda: of.put_insight_selectors(TrailName=name, **insights),
            "StopLogging": lambda: of.stop_logging(Name=name), "DeleteTrail": lambda: of.delete_trail(Name=name),
        }

    def each(self, of: Any, name: str, reads: str | None, writes: str | None) -> None:
        for operation, call in self.calls(of, name).items():
            code = reads if operation.startswith("Get") else writes
            with self.subTest(operation, name=name):
                if code is None:
                    call()
                else:
                    self.refuses(code, call)

    def test_an_unknown_trail_is_not_found(self) -> None:
        for name in ("none", self.trail_arn("none"), self.trail_arn("main", AWAY)):
            self.each(self.trails, name, "TrailNotFoundException", "TrailNotFoundException")
        for call in self.calls(self.trails, "none").values():
            self.assertEqual(self.refuses("TrailNotFoundException", call), f"Unknown trail: {self.trail_arn('none')} for the user: {ACCOUNT}")

    def test_a_malformed_arn_is_not_an_arn(self) -> None:
        for name in ("arn:aws:cloudtrail", self.arn.replace("trail/", "channel/"), self.arn.replace("aws:", "aws-cn:", 1), self.arn.replace(ACCOUNT, "1"),
                     self.arn + "!", self.arn + "/x", f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/", "arn:aws:s3:::trails"):
            self.each(self.trails, name, "CloudTrailARNInvalidException", "CloudTrailARNInvalidException")
            self.refuses("CloudTrailARNInvalidException", self.trails.describe_trails, trailNameList=[name])
            self.refuses("CloudTrailARNInvalidException", self.trails.list_tags, ResourceIdList=[name])

    def test_a_bad_name_is_refused(self) -> None:
        for name in ("", "ab", "x" * 129, "a b c", "-abc", "abc-", "a--b", "a._b", "192.168.5.4", "a:b:c"):
            self.each(self.trails, name, "InvalidTrailNameException", "InvalidTrailNameException")
            self.refuses("InvalidTrailNameException", self.trails.create_trail, Name=name, S3BucketName="trails")

    def test_a_trail_changes_at_home_only(self) -> None:
        self.each(self.away, self.arn, None, "InvalidHomeRegionException")
        self.each(self.away, "main", "TrailNotFoundException", "InvalidHomeRegionException")
        self.trails.create_trail(Name="local", S3BucketName="trails")
        self.each(self.away, "local", "TrailNotFoundException", "TrailNotFoundException")
        self.each(self.away, self.trail_arn("local"), None, "InvalidHomeRegionException")
        self.each(self.trails, self.arn, None, None)
        self.refuses("TrailNotFoundException", self.trails.get_trail, Name="main")

    def test_members_read_an_organization_trail_by_arn_and_never_change_it(self) -> None:
        arn = self.organization(IsMultiRegionTrail=True)
        self.each(self.stranger, arn, None, "NotOrganizationMasterAccountException")
        self.each(client("cloudtrail", AWAY, account=OTHER), arn, None, "NotOrganizationMasterAccountException")
        self.each(self.stranger, "org", "TrailNotFoundException", "TrailNotFoundException")

    def test_another_accounts_own_trail_is_not_found(self) -> None:
        self.each(self.stranger, self.arn, "TrailNotFoundException", "TrailNotFoundException")
        self.assertEqual(self.refuses("TrailNotFoundException", self.stranger.start_logging, Name=self.arn), f"Unknown trail: {self.arn} for the user: {OTHER}")

    def test_tags_are_the_owners_at_home(self) -> None:
        tags, arn = [{"Key": "team", "Value": "x"}], self.organization(TagsList=[{"Key": "a", "Value": "b"}])
        self.trails.add_tags(ResourceId=self.arn, TagsList=tags)
        listed = self.trails.list_tags(ResourceIdList=[self.arn, arn])["ResourceTagList"]
        self.assertEqual(listed, [{"ResourceId": self.arn, "TagsList": tags}, {"ResourceId": arn, "TagsList": [{"Key": "a", "Value": "b"}]}])
        self.refuses("ResourceNotFoundException", self.trails.list_tags, ResourceIdList=[self.trail_arn("none")])
        self.refuses("ResourceNotFoundException", self.trails.add_tags, ResourceId=self.trail_arn("none"), TagsList=tags)
        self.refuses("CloudTrailARNInvalidException", self.trails.list_tags, ResourceIdList=["main"])
        region = self.refuses("CloudTrailARNInvalidException", self.away.list_tags, ResourceIdList=[self.arn])
        self.assertEqual(region, f"Region in ARN is wrong, you can only access resources in region {AWAY}.")
        owner = self.refuses("CloudTrailARNInvalidException", self.stranger.list_tags, ResourceIdList=[arn])
        self.assertEqual(owner, f"AccountID in ARN is wrong, you can only access resources with AccountID {OTHER}.")
        self.refuses("NotOrganizationMasterAccountException", self.stranger.add_tags, ResourceId=arn, TagsList=tags)
        self.trails.remove_tags(ResourceId=self.arn, TagsList=tags)
        self.assertEqual(self.trails.list_tags(ResourceIdList=[self.arn])["ResourceTagList"][0]["TagsList"], [])


class DescribeTrailsTest(Trails):
    def names(self, of: Any, *names: str, **more: Any) -> list[str]:
        return sorted(trail["Name"] for trail in of.describe_trails(trailNameList=list(names), **more)["trailList"])

    def setUp(self) -> None:
        super().setUp()
        self.trails.create_trail(Name="local", S3BucketName="trails")
        self.away.create_trail(Name="far", S3BucketName="trails")
        self.org = self.organization()

    def test_an_empty_list_means_this_region_and_its_shadows(self) -> None:
        self.assertEqual(self.names(self.trails), ["local", "main", "org"])
        self.assertEqual(self.names(self.trails, includeShadowTrails=False), ["local", "main", "org"])
        self.assertEqual(self.names(self.away), ["far", "main"])
        self.assertEqual(self.names(self.away, includeShadowTrails=True), ["far", "main"])
        self.assertEqual(self.names(self.away, includeShadowTrails=False), ["far"])
        homes = {trail["Name"]: trail["HomeRegion"] for trail in self.away.describe_trails()["trailList"]}
        self.assertEqual(homes, {"far": AWAY, "main": REGION})

    def test_members_see_organization_trails(self) -> None:
        member, far = self.stranger, client("cloudtrail", AWAY, account=OTHER)
        self.assertEqual((self.names(member), self.names(far)), (["org"], []))
        self.trails.update_trail(Name="org", IsMultiRegionTrail=True)
        self.assertEqual((self.names(member), self.names(far)), (["org"], ["org"]))
        self.assertEqual(self.names(member, includeShadowTrails=False), [])
        self.assertEqual((self.names(member, self.org), self.names(far, self.org), self.names(member, "org"), self.names(member, self.arn)), (["org"], ["org"], [], []))

    def test_names_are_of_here_and_arns_of_anywhere(self) -> None:
        self.assertEqual(self.names(self.trails, "main", "none", "local"), ["local", "main"])
        self.assertEqual(self.names(self.away, "main", "local"), [])
        self.assertEqual(self.names(self.away, self.arn, self.trail_arn("local"), self.trail_arn("none"), "far"), ["far", "local", "main"])
        self.assertEqual(self.names(self.trails, "main", self.arn), ["main"])
        self.assertEqual(self.names(self.away, self.arn, includeShadowTrails=False), [])
        self.refuses("InvalidTrailNameException", self.trails.describe_trails, trailNameList=["a"])

    def test_the_answer_has_the_fields_aws_gives(self) -> None:
        self.sns.create_topic(Name="t")
        key = self.key(*self.statements())
        self.kms.create_alias(AliasName="alias/t", TargetKeyId=key)
        self.trails.update_trail(Name="main", S3KeyPrefix="p", SnsTopicName="t", KmsKeyId="alias/t")
        shown = self.away.describe_trails(trailNameList=[self.arn])["trailList"]
        self.assertEqual(shown, [{
            "Name": "main", "S3BucketName": "trails", "S3KeyPrefix": "p", "SnsTopicName": "t", "SnsTopicARN": f"arn:aws:sns:{REGION}:{ACCOUNT}:t",
            "IncludeGlobalServiceEvents": True, "IsMultiRegionTrail": True, "HomeRegion": REGION, "TrailARN": self.arn, "LogFileValidationEnabled": False,
            "KmsKeyId": key, "HasCustomEventSelectors": False, "HasInsightSelectors": False, "IsOrganizationTrail": False}])


class SelectorTest(Trails):
    def put(self, **selectors: Any) -> Any:
        return self.trails.put_event_selectors(TrailName=self.arn, **selectors)

    def seen(self) -> dict[str, Any]:
        return {k: v for k, v in self.trails.get_event_selectors(TrailName=self.arn).items() if k != "ResponseMetadata"}

    def advanced(self, *values: str, **more: Any) -> list[dict[str, Any]]:
        return [{"Name": "n", "FieldSelectors": [{"Field": "eventCategory", "Equals": list(values)}, *more.get("fields", [])]}]

    def test_a_trail_begins_with_the_default_selector(self) -> None:
        self.assertEqual(self.seen(), {"TrailARN": self.arn, "EventSelectors": DEFAULT})

    def test_either_kind_replaces_the_other(self) -> None:
        without_kms = [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True, "ExcludeManagementEventSources": ["kms.amazonaws.com"]}]
        advanced = self.advanced("Management", fields=[{"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]}])
        for _ in range(2):
            self.put(EventSelectors=without_kms)
            self.assertEqual(self.seen(), {"TrailARN": self.arn, "EventSelectors": [{**DEFAULT[0], **without_kms[0]}]})
            self.put(AdvancedEventSelectors=advanced)
            self.assertEqual(self.seen(), {"TrailARN": self.arn, "AdvancedEventSelectors": advanced})
        self.assertTrue(self.shown()["HasCustomEventSelectors"])

    def test_selectors_that_are_not_valid_change_nothing(self) -> None:
        good = self.advanced("Management")
        for wrong in (
            {}, {"EventSelectors": []}, {"EventSelectors": DEFAULT, "AdvancedEventSelectors": good}, {"EventSelectors": DEFAULT * 6},
            {"EventSelectors": [{"ReadWriteType": "Most"}]}, {"EventSelectors": [{"ExcludeManagementEventSources": ["s3.amazonaws.com"]}]},
            {"EventSelectors": [{"DataResources": [{"Type": "AWS::EC2::Instance", "Values": ["a"]}]}]},
            {"EventSelectors": [{"DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"] * 251}]}]},
            {"AdvancedEventSelectors": [{"FieldSelectors": [{"Field": "readOnly", "Equals": ["true"]}]}]}, {"AdvancedEventSelectors": [{"Name": "n"}]},
            {"AdvancedEventSelectors": self.advanced("Nonsense")}, {"AdvancedEventSelectors": self.advanced("Management", "Data")},
            {"AdvancedEventSelectors": self.advanced("Data")}, {"AdvancedEventSelectors": self.advanced("Management", fields=[{"Field": "eventSource"}])},
        ):
            with self.subTest(str(wrong)[:100]):
                self.refuses("InvalidEventSelectorsException", self.put, **wrong)
        self.assertEqual(self.seen()["EventSelectors"], DEFAULT)
        self.put(EventSelectors=DEFAULT * 5)
        self.put(AdvancedEventSelectors=self.advanced("Data", fields=[{"Field": "resources.type", "Equals": ["AWS::S3::Object"]}]))

    def test_insights_replace_each_other_and_an_empty_list_turns_them_off(self) -> None:
        self.refuses("InsightNotEnabledException", self.trails.get_insight_selectors, TrailName="main")
        for kind in ("ApiCallRateInsight", "ApiErrorRateInsight"):
            self.trails.put_insight_selectors(TrailName="main", InsightSelectors=[{"InsightType": kind}])
            self.assertEqual(self.trails.get_insight_selectors(TrailName="main")["InsightSelectors"], [{"InsightType": kind}])
        self.assertTrue(self.shown()["HasInsightSelectors"])
        self.refuses("InvalidInsightSelectorsException", self.trails.put_insight_selectors, TrailName="main", InsightSelectors=[{"InsightType": "x"}])
        self.trails.put_insight_selectors(TrailName="main", InsightSelectors=[])
        self.assertFalse(self.shown()["HasInsightSelectors"])


class TrailFaultTest(Trails):
    def test_throttling_is_what_cloudtrail_answers(self) -> None:
        control("POST", "faults", {"service": "cloudtrail", "kind": "throttle"})
        for call, name in ((self.trails.describe_trails, {}), (self.trails.update_trail, {"Name": self.arn}), (self.trails.list_tags, {"ResourceIdList": [self.arn]})):
            with self.assertRaises(ClientError) as caught:
                call(**name)
            answer = caught.exception.response
            self.assertEqual((answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]), ("ThrottlingException", 400))

    def test_a_fault_can_carry_any_code_of_the_operation(self) -> None:
        for operation, call in (("UpdateTrail", lambda: self.trails.update_trail(Name=self.arn, EnableLogFileValidation=True)),
                                ("StartLogging", lambda: self.trails.start_logging(Name=self.arn))):
            for code in ("ConflictException", "InsufficientDependencyServiceAccessPermissionException", "OperationNotPermittedException"):
                order = {"service": "cloudtrail", "operation": operation, "kind": "error", "status": 400, "code": code, "times": 1, "where": {"Name": self.arn}}
                self.assertEqual(control("POST", "faults", order)[0], 200)
                with self.assertRaises(ClientError) as caught:
                    call()
                answer = caught.exception.response
                self.assertEqual((answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]), (code, 400))
            call()
        self.assertEqual((self.shown()["LogFileValidationEnabled"], self.trails.get_trail_status(Name="main")["IsLogging"]), (True, True))
        self.assertEqual(control("POST", "faults", {"service": "cloudtrail", "kind": "error", "code": 400})[0], 400)

    def test_a_denial_names_the_trail(self) -> None:
        control("POST", "faults", {"service": "cloudtrail", "kind": "access-denied"})
        for call, name in ((self.trails.get_event_selectors, {"TrailName": "main"}), (self.trails.list_tags, {"ResourceIdList": [self.arn]})):
            self.assertIn(f"on resource: {self.arn} ", self.refuses("AccessDeniedException", call, **name))


class LookupTest(Trails):
    def test_lookup_answers_what_the_test_put_there(self) -> None:
        now = time.time()
        events = [{"EventId": str(n), "EventName": "Decrypt", "EventTime": now - n * 86400, "Resources": [{"ResourceName": "k"}], "CloudTrailEvent": "{}"} for n in range(95)]
        control("POST", "lookup-events", {"region": REGION, "events": events})
        pages = list(self.trails.get_paginator("lookup_events").paginate(LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": "k"}]))
        self.assertEqual([len(p["Events"]) for p in pages], [50, 40])
        self.assertEqual(pages[0]["Events"][0]["EventId"], "0")
        self.assertEqual(client("cloudtrail", AWAY).lookup_events()["Events"], [])
        self.refuses("InvalidMaxResultsException", self.trails.lookup_events, MaxResults=51)
        self.refuses("InvalidLookupAttributesException", self.trails.lookup_events, LookupAttributes=[{"AttributeKey": "EventId", "AttributeValue": "1"}] * 2)

    def test_a_long_history_is_paged_latest_first_by_the_same_question(self) -> None:
        now, names = time.time(), ("ScheduleKeyDeletion", "DisableKey")
        events = [{"EventId": f"{name}-{n}", "EventName": name, "EventTime": now - (n * 37 % 120) * 60} for n in range(120) for name in names]
        control("POST", "lookup-events", {"region": REGION, "events": events})
        by_name = {name: [{"AttributeKey": "EventName", "AttributeValue": name}] for name in names}
        asked = {"LookupAttributes": by_name["DisableKey"], "StartTime": now - 86400}
        pages = [page["Events"] for page in self.trails.get_paginator("lookup_events").paginate(**asked)]
        self.assertEqual([len(page) for page in pages], [50, 50, 20])
        found = [event for page in pages for event in page]
        self.assertEqual(found, sorted(found, key=lambda event: event["EventTime"], reverse=True))
        self.assertEqual({event["EventId"] for event in found}, {f"DisableKey-{n}" for n in range(120)})
        token = self.trails.lookup_events(**asked)["NextToken"]
        self.assertEqual(self.trails.lookup_events(**asked, NextToken=token)["Events"], pages[1])
        for other in ({**asked, "LookupAttributes": by_name["ScheduleKeyDeletion"]}, {"LookupAttributes": asked["LookupAttributes"]}, {}):
            self.refuses("InvalidNextTokenException", self.trails.lookup_events, **other, NextToken=token)
        self.refuses("InvalidNextTokenException", self.trails.lookup_events, **asked, NextToken="?")
        self.refuses("InvalidTimeRangeException", self.trails.lookup_events, StartTime=now, EndTime=now - 1)
        self.assertEqual(self.trails.lookup_events(EventCategory="insight")["Events"], [])
        self.refuses("InvalidEventCategoryException", self.trails.lookup_events, EventCategory="management")

    def test_events_are_found_by_name_and_carry_their_record(self) -> None:
        record = json.dumps({"eventName": "StopLogging", "requestParameters": {"name": self.arn}})
        events = [{"EventId": "1", "EventName": "StopLogging", "EventTime": time.time() - 60, "CloudTrailEvent": record},
                  {"EventId": "2", "EventName": "UpdateTrail", "EventTime": time.time(), "EventSource": "cloudtrail.amazonaws.com"}]
        control("POST", "lookup-events", {"region": REGION, "events": events[:1]})
        found = self.trails.lookup_events(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "StopLogging"}])["Events"]
        self.assertEqual([event["CloudTrailEvent"] for event in found], [record])
        self.assertEqual(self.trails.lookup_events(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "stoplogging"}])["Events"], [])
        control("POST", "lookup-events", {"region": REGION, "events": events[1:]})
        whole = json.loads(self.trails.lookup_events()["Events"][0]["CloudTrailEvent"])
        self.assertEqual((whole["eventID"], whole["eventName"], whole["awsRegion"], whole["recipientAccountId"]), ("2", "UpdateTrail", REGION, ACCOUNT))
        for wrong in ("no JSON", "[]", {}, 1, None):
            self.assertEqual(control("POST", "lookup-events", {"region": REGION, "events": [{**events[0], "CloudTrailEvent": wrong}]})[0], 400, wrong)


class BucketRegionTest(Trails):
    def head(self, path: str, **headers: str) -> tuple[int, str | None, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", base.PORT, timeout=10)
        connection.request("HEAD", path, headers=headers)
        answer = connection.getresponse()
        result = answer.status, answer.headers["x-amz-bucket-region"], answer.read()
        connection.close()
        return result

    def test_a_head_without_signature_tells_the_region(self) -> None:
        client("s3", AWAY, account=OTHER).create_bucket(Bucket="theirs")
        control("DELETE", "requests")
        self.assertEqual(self.head("/trails"), (403, REGION, b""))
        self.assertEqual(self.head("/trails/"), (403, REGION, b""))
        self.assertEqual(self.head("/theirs"), (403, AWAY, b""))
        self.assertEqual(self.head("/none"), (404, None, b""))
        seen = [(r["service"], r["operation"], r["parameters"], r["status"], r["code"]) for r in control("GET", "requests")[1]]
        self.assertEqual(seen[0], ("s3", "HeadBucket", {"Bucket": "trails"}, 403, "AccessDenied"))
        self.assertEqual(seen[3], ("s3", "HeadBucket", {"Bucket": "none"}, 404, "NoSuchBucket"))

    def test_a_signed_head_is_answered_to_the_owner_only(self) -> None:
        answer = client("s3").head_bucket(Bucket="trails")
        self.assertEqual((answer["ResponseMetadata"]["HTTPStatusCode"], answer["BucketRegion"]), (200, REGION))
        for bucket, status, region in (("trails", 403, REGION), ("none", 404, None)):
            with self.assertRaises(ClientError) as caught:
                client("s3", account=OTHER).head_bucket(Bucket=bucket)
            metadata = caught.exception.response["ResponseMetadata"]
            self.assertEqual((metadata["HTTPStatusCode"], metadata["HTTPHeaders"].get("x-amz-bucket-region")), (status, region))

    def test_a_read_that_is_signed_for_another_region_is_redirected(self) -> None:
        client("s3").put_object(Bucket="trails", Key="a", Body=b"x" * 100)
        # boto3 follows, once for a bucket.
        for call, parameters in (("list_objects_v2", {}), ("get_object", {"Key": "a"})):
            control("DELETE", "requests")
            getattr(client("s3", AWAY), call)(Bucket="trails", **parameters)
            seen = [(it["region"], it["status"], it["code"]) for it in control("GET", "requests")[1] if it["operation"] != "HeadBucket"]
            self.assertEqual(seen, [(AWAY, 301, None), (REGION, 200, None)])

    def test_an_answer_can_break_off_in_its_middle(self) -> None:
        client("s3").put_object(Bucket="trails", Key="a", Body=b"x" * 100)
        control("POST", "faults", {"service": "s3", "operation": "GetObject", "kind": "cut-body", "times": 1})
        body = client("s3").get_object(Bucket="trails", Key="a")["Body"]
        with self.assertRaises(HTTPClientError):
            body.read()
        self.assertEqual(client("s3").get_object(Bucket="trails", Key="a")["Body"].read(), b"x" * 100)

    def test_a_deleted_bucket_has_no_region(self) -> None:
        client("s3").delete_bucket(Bucket="trails")
        self.assertEqual(self.head("/trails"), (404, None, b""))

    def test_faults_strike_it(self) -> None:
        def order(kind: str, **more: Any) -> None:
            control("DELETE", "faults")
            self.assertEqual(control("POST", "faults", {"service": "s3", "operation": "HeadBucket", "kind": kind, **more})[0], 200)

        for kind, more, status in (("error", {}, 500), ("throttle", {}, 503), ("access-denied", {}, 403), ("error", {"status": 400}, 400)):
            order(kind, **more)
            self.assertEqual(self.head("/trails"), (status, None, b""))
        order("cut", times=1)
        with self.assertRaises(http.client.HTTPException):
            self.head("/trails")
        self.assertEqual(self.head("/trails"), (403, REGION, b""))
        order("delay", seconds=0.3, where={"Bucket": "trails"})
        begun = time.monotonic()
        self.assertEqual(self.head("/trails"), (403, REGION, b""))
        self.assertGreater(time.monotonic() - begun, 0.29)
        order("error")
        self.assertEqual(self.head("/trails", **{"x-strict-setup": "1"}), (403, REGION, b""))
