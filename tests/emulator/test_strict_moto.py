"""Holds the emulator to the documented behaviour it promises, through boto3, the way a product would meet it.

Run: `python -m unittest test_strict_moto` in this folder, which loads test_strict_identity, test_strict_kms and test_strict_trails too. Starts
a server on the loopback and never calls AWS.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
import unittest
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, HTTPClientError

HERE = Path(__file__).resolve().parent
REGION, ACCOUNT = "eu-west-1", "123456789012"
ROOT = {"Sid": "root", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}


def setUpModule() -> None:
    global SERVER, PORT
    env = {**os.environ, "PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "strict_moto", "--port", "0", "--until-stdin-closes"]
    SERVER = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    line = SERVER.stdout.readline()
    assert line.startswith("listening on 127.0.0.1:"), line
    PORT = int(line.rsplit(":", 1)[1])


def tearDownModule() -> None:
    SERVER.stdin.close()
    assert SERVER.wait(10) == 0
    SERVER.stdout.close()


def control(method: str, path: str, body: Any = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
    connection.request(method, f"/_strict/{path}", None if body is None else json.dumps(body))
    answer = connection.getresponse()
    value = json.loads(answer.read())
    connection.close()
    return answer.status, value


def client(service: str, region: str = REGION, attempts: int = 1, setup: bool = False, account: str | None = None) -> Any:
    config = Config(retries={"total_max_attempts": attempts, "mode": "standard"}, parameter_validation=False,
                    user_agent_extra="strict-setup" if setup else None)
    made = boto3.client(service, region_name=region, endpoint_url=f"http://127.0.0.1:{PORT}", config=config,
                        aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="secret")
    if account:
        made.meta.events.register("before-call", lambda params, **_: params["headers"].update({"x-moto-account-id": account}))
    return made


def logs_statement(region: str = REGION, **changes: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow", "Principal": {"Service": f"logs.{region}.amazonaws.com"}, "Resource": "*",
        "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
        "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{region}:{ACCOUNT}:*"}}, **changes,
    }


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [ROOT, *statements]})


class Emulated(unittest.TestCase):
    def setUp(self) -> None:
        control("POST", "reset")
        self.logs, self.kms, self.sns, self.trails = (client(name) for name in ("logs", "kms", "sns", "cloudtrail"))

    def refuses(self, code: str, call: Any, **parameters: Any) -> str:
        with self.assertRaises(ClientError) as caught:
            call(**parameters)
        self.assertEqual(caught.exception.response["Error"]["Code"], code)
        return caught.exception.response["Error"]["Message"]

    def key(self, *statements: dict[str, Any], **more: Any) -> str:
        return self.kms.create_key(Policy=policy(*statements), **more)["KeyMetadata"]["Arn"]

    def group_key(self, name: str = "/app/a") -> str | None:
        found = self.logs.describe_log_groups(logGroupIdentifiers=[name])["logGroups"]
        return found[0].get("kmsKeyId")


class LogsTest(Emulated):
    def setUp(self) -> None:
        super().setUp()
        self.logs.create_log_group(logGroupName="/app/a", tags={"team": "x"}, logGroupClass="INFREQUENT_ACCESS")

    def arn(self, name: str) -> str:
        return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"

    def test_a_key_is_associated_shown_replaced_and_taken_off(self) -> None:
        first, second = self.key(logs_statement()), self.key(logs_statement())
        self.logs.associate_kms_key(logGroupName="/app/a", kmsKeyId=first)
        self.assertEqual(self.group_key(), first)
        self.logs.associate_kms_key(resourceIdentifier=self.arn("/app/a"), kmsKeyId=second)
        self.assertEqual(self.group_key(), second)
        self.logs.disassociate_kms_key(logGroupName="/app/a")
        self.assertIsNone(self.group_key())
        self.logs.associate_kms_key(resourceIdentifier=f"arn:aws:logs:{REGION}:{ACCOUNT}:query-result:*", kmsKeyId=first)

    def test_exactly_one_well_formed_resource_is_named(self) -> None:
        key, call = self.key(logs_statement()), self.logs.associate_kms_key
        for named in (
            {}, {"logGroupName": "/app/a", "resourceIdentifier": self.arn("/app/a")}, {"logGroupName": "a b"}, {"logGroupName": ""},
            {"logGroupName": "x" * 513}, {"resourceIdentifier": self.arn("/app/a") + ":*"}, {"resourceIdentifier": "/app/a"},
            {"resourceIdentifier": self.arn("/app/a").replace(REGION, "us-east-1")},
        ):
            with self.subTest(named):
                self.refuses("InvalidParameterException", call, kmsKeyId=key, **named)
        self.refuses("InvalidParameterException", call, logGroupName="/app/a")
        self.refuses("ResourceNotFoundException", call, kmsKeyId=key, logGroupName="/app")
        self.refuses("ResourceNotFoundException", self.logs.disassociate_kms_key, logGroupName="/app")

    def test_a_key_that_cannot_serve_is_an_invalid_parameter(self) -> None:
        good = self.key(logs_statement())
        self.kms.create_alias(AliasName="alias/a", TargetKeyId=good)
        disabled, pending = self.key(logs_statement()), self.key(logs_statement())
        self.kms.disable_key(KeyId=disabled)
        self.kms.schedule_key_deletion(KeyId=pending)
        elsewhere = client("kms", "us-east-1").create_key(Policy=policy(logs_statement()))["KeyMetadata"]["Arn"]
        for bad in (
            good.rpartition("/")[2], "alias/a", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/a", elsewhere, disabled, pending,
            self.key(logs_statement(), Origin="EXTERNAL"), self.key(logs_statement(), KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT"),
            f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555", "", "x" * 257,
        ):
            with self.subTest(bad[:60]):
                self.refuses("InvalidParameterException", self.logs.associate_kms_key, logGroupName="/app/a", kmsKeyId=bad)
                self.refuses("InvalidParameterException", self.logs.create_log_group, logGroupName="/app/b", kmsKeyId=bad)
        self.assertIsNone(self.group_key())

    def test_the_key_policy_decides(self) -> None:
        def scoped(operator: str, arn: str) -> dict[str, Any]:
            return logs_statement(Condition={operator: {"kms:EncryptionContext:aws:logs:arn": arn}})

        exact, deny = self.arn("/app/a"), {"Effect": "Deny", "Principal": "*", "Resource": "*"}
        cases: list[tuple[str, bool, tuple[dict[str, Any], ...]]] = [
            ("no statement for Logs", False, ()),
            ("AWS's own sample", True, (logs_statement(),)),
            ("every action", True, (logs_statement(Action="kms:*", Condition={}),)),
            ("case of actions", True, (logs_statement(Action="KMS:*"),)),
            ("ReEncryptTo is missing", False, (logs_statement(Action=["kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:GenerateDataKey", "kms:DescribeKey"]),)),
            (
                "split over two statements",
                True,
                (logs_statement(Action=["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*"]), logs_statement(Action=["kms:GenerateDataKey*", "kms:Describe*"])),
            ),
            ("another Region's Logs", False, (logs_statement("us-east-1"),)),
            ("the Logs of all Regions", False, (logs_statement(Principal={"Service": "logs.amazonaws.com"}),)),
            ("a list of services", True, (logs_statement(Principal={"Service": ["s3.amazonaws.com", f"logs.{REGION}.amazonaws.com"]}),)),
            ("exactly this group", True, (scoped("ArnEquals", exact),)),
            ("exactly this group as text", True, (scoped("StringEquals", exact),)),
            ("this group with a star as text", False, (scoped("StringEquals", exact + "*"),)),
            ("a pattern as text", True, (scoped("StringLike", self.arn("/app/*")),)),
            ("a sibling group", False, (scoped("ArnEquals", self.arn("/app/ab")),)),
            ("another account", False, (scoped("ArnLike", f"arn:aws:logs:{REGION}:999999999999:*"),)),
            ("the ARN with :* at its end", False, (scoped("ArnEquals", exact + ":*"),)),
            ("a key Logs doesn't send", False, (logs_statement(Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),)),
            ("an operator nobody knows", False, (logs_statement(Condition={"StringSounds": {"kms:EncryptionContext:aws:logs:arn": exact}}),)),
            ("denied to all", False, (logs_statement(), {**deny, "Action": "kms:Decrypt"})),
            ("denied to Logs", False, (logs_statement(), {**deny, "Principal": {"Service": f"logs.{REGION}.amazonaws.com"}, "Action": "kms:Gen*"})),
            ("an action denied that Logs doesn't need", True, (logs_statement(), {**deny, "Action": "kms:CreateGrant"})),
            ("denied to another service", True, (logs_statement(), {**deny, "Principal": {"Service": "s3.amazonaws.com"}, "Action": "kms:*"})),
            ("denied over plain HTTP", True, (logs_statement(), {**deny, "Action": "kms:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}})),
            (
                "denied outside the organisation, services too",
                False,
                (logs_statement(), {**deny, "Action": "kms:*", "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}}),
            ),
        ]
        for name, allowed, statements in cases:
            with self.subTest(name):
                key = self.key(*statements)
                if allowed:
                    self.logs.associate_kms_key(logGroupName="/app/a", kmsKeyId=key)
                    self.assertEqual(self.group_key(), key)
                else:
                    message = self.refuses("AccessDeniedException", self.logs.associate_kms_key, logGroupName="/app/a", kmsKeyId=key)
                    self.assertEqual(message, f"The specified KMS key does not exist or is not allowed to be used with Arn '{exact}'")
                self.logs.disassociate_kms_key(logGroupName="/app/a")

    def test_create_log_group_is_as_strict(self) -> None:
        self.refuses("AccessDeniedException", self.logs.create_log_group, logGroupName="/app/b", kmsKeyId=self.key())
        for wrong in ({"logGroupName": "a b"}, {"logGroupName": "x" * 513}, {}, {"logGroupName": "c", "logGroupClass": "COLD"}, {"logGroupName": "c", "tags": {}}):
            self.refuses("InvalidParameterException", self.logs.create_log_group, **wrong)
        key = self.key(logs_statement())
        self.logs.create_log_group(logGroupName="/app/b", kmsKeyId=key)
        self.assertEqual(self.group_key("/app/b"), key)
        self.refuses("ResourceAlreadyExistsException", self.logs.create_log_group, logGroupName="/app/b")

    def test_describe_by_identifier_is_exact_and_stands_alone(self) -> None:
        for name in ("/app/ab", "/app/a/child"):
            self.logs.create_log_group(logGroupName=name)
        found = self.logs.describe_log_groups(logGroupIdentifiers=[self.arn("/app/ab"), "/app/a", "/app/none"])["logGroups"]
        self.assertEqual([g["logGroupName"] for g in found], ["/app/a", "/app/ab"])
        self.assertEqual((found[0]["logGroupClass"], found[1]["logGroupClass"]), ("INFREQUENT_ACCESS", "STANDARD"))
        self.assertEqual((found[0]["arn"], found[0]["logGroupArn"]), (self.arn("/app/a") + ":*", self.arn("/app/a")))
        for other in ({"logGroupNamePrefix": "/a"}, {"logGroupNamePattern": "a"}, {"logGroupClass": "STANDARD"}):
            self.refuses("InvalidParameterException", self.logs.describe_log_groups, logGroupIdentifiers=["/app/a"], **other)
        self.refuses("InvalidParameterException", self.logs.describe_log_groups, logGroupIdentifiers=[self.arn("/app/a") + ":*"])

    def test_describe_by_prefix_is_sorted_and_by_pattern_hides_the_key(self) -> None:
        self.logs.associate_kms_key(logGroupName="/app/a", kmsKeyId=self.key(logs_statement()))
        for name in ("/app/ab", "/app/a/child", "/app/aB", "other"):
            self.logs.create_log_group(logGroupName=name)
        names = [g["logGroupName"] for g in self.logs.describe_log_groups(logGroupNamePrefix="/app/a")["logGroups"]]
        self.assertEqual(names, ["/app/a", "/app/a/child", "/app/aB", "/app/ab"])
        found = self.logs.describe_log_groups(logGroupNamePattern="p/a")["logGroups"]
        self.assertEqual({tuple(sorted(g)) for g in found}, {("arn", "creationTime", "logGroupName")})
        self.refuses("InvalidParameterException", self.logs.describe_log_groups, logGroupNamePrefix="a", logGroupNamePattern="a")

    def test_lists_are_paged(self) -> None:
        for n in range(60):
            self.logs.create_log_group(logGroupName=f"many/{n:02}")
        pages = list(self.logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix="many/"))
        self.assertEqual([len(p["logGroups"]) for p in pages], [50, 10])
        self.refuses("InvalidParameterException", self.logs.describe_log_groups, limit=51)
        self.refuses("InvalidParameterException", self.logs.describe_log_groups, nextToken="?")
        first = self.logs.list_log_groups(limit=61)
        self.assertEqual((len(first["logGroups"]), "nextToken" in first), (61, False))
        self.assertEqual(first["logGroups"][0], {"logGroupName": "/app/a", "logGroupArn": self.arn("/app/a"), "logGroupClass": "INFREQUENT_ACCESS"})
        self.assertEqual(len(self.logs.list_log_groups(logGroupNamePattern="^many/0|^/app")["logGroups"]), 11)
        self.refuses("InvalidParameterException", self.logs.list_log_groups, limit=1001)
        self.refuses("UnknownOperationException", self.logs.list_log_groups, logGroupTags=[{"key": "a"}])

    def test_thousands_of_groups_are_seeded_at_once_and_paged_by_fifty(self) -> None:
        key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
        groups = [{"logGroupName": f"/many/{n * 7 % 3000:04}", **({"kmsKeyId": key} if n % 10 == 0 else {})} for n in range(3000)]
        self.assertEqual(control("POST", "log-groups", {"region": REGION, "groups": groups}), (200, {"logGroups": 3001}))
        begun = time.monotonic()
        pages = [page["logGroups"] for page in self.logs.get_paginator("describe_log_groups").paginate()]
        self.assertLess(time.monotonic() - begun, 20)
        self.assertEqual([len(page) for page in pages], [50] * 60 + [1])
        found = [group for page in pages for group in page]
        self.assertEqual([g["logGroupName"] for g in found], ["/app/a", *sorted(g["logGroupName"] for g in groups)])
        self.assertEqual({g["logGroupName"] for g in found if "kmsKeyId" in g}, {g["logGroupName"] for g in groups if "kmsKeyId" in g})
        self.assertEqual({g.get("kmsKeyId") for g in found}, {None, key})

    def test_a_seed_is_taken_whole_or_not_at_all(self) -> None:
        good = {"logGroupName": "/seed", "tags": {"a": "b"}, "logGroupClass": "ESSENTIALS"}
        for wrong in ({"logGroupName": "/seed"}, {"logGroupName": "/app/a"}, {"logGroupName": "a b"}, {"logGroupName": "x" * 513}, {}, {"logGroupName": "b", "kmsKeyId": "k"},
                      {"logGroupName": "b", "logGroupClass": "COLD"}, {"logGroupName": "b", "retentionInDays": 1}):
            self.assertEqual(control("POST", "log-groups", {"region": REGION, "groups": [good, wrong]})[0], 400, wrong)
        self.assertEqual(control("POST", "log-groups", {"region": REGION, "account": "999999999999", "groups": [good]}), (200, {"logGroups": 1}))
        self.assertEqual(control("POST", "log-groups", {"region": REGION, "groups": [good]}), (200, {"logGroups": 2}))
        self.assertEqual(self.logs.list_tags_for_resource(resourceArn=self.arn("/seed"))["tags"], {"a": "b"})
        for group_class, names in (("ESSENTIALS", ["/app/a", "/seed"]), ("INFREQUENT_ACCESS", ["/app/a", "/seed"]), ("STANDARD", [])):
            found = self.logs.describe_log_groups(logGroupClass=group_class)["logGroups"]
            self.assertEqual([g["logGroupName"] for g in found], names)

    def test_tags_belong_to_the_arn_without_a_star(self) -> None:
        self.assertEqual(self.logs.list_tags_for_resource(resourceArn=self.arn("/app/a"))["tags"], {"team": "x"})
        self.refuses("InvalidParameterException", self.logs.list_tags_for_resource, resourceArn=self.arn("/app/a") + ":*")
        self.refuses("ResourceNotFoundException", self.logs.list_tags_for_resource, resourceArn=self.arn("/app"))
        self.logs.tag_resource(resourceArn=self.arn("/app/a"), tags={"b": "c"})
        self.logs.untag_resource(resourceArn=self.arn("/app/a"), tagKeys=["team"])
        self.assertEqual(self.logs.list_tags_for_resource(resourceArn=self.arn("/app/a"))["tags"], {"b": "c"})
        self.logs.delete_log_group(logGroupName="/app/a")
        self.logs.create_log_group(logGroupName="/app/a")
        self.assertEqual(self.logs.list_tags_for_resource(resourceArn=self.arn("/app/a"))["tags"], {})


class SnsTest(Emulated):
    def test_a_message_is_delivered_and_kept(self) -> None:
        topic, sqs = self.sns.create_topic(Name="pages")["TopicArn"], client("sqs")
        queue = sqs.create_queue(QueueName="q")["QueueUrl"].replace("http://localhost", "http://127.0.0.1")
        self.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:q")
        attributes = {"severity": {"DataType": "String", "StringValue": "high"}}
        message = json.dumps({"default": "d", "email": "e"})
        self.sns.publish(TopicArn=topic, Message=message, Subject="s", MessageStructure="json", MessageAttributes=attributes)
        kept = control("GET", "published")[1]
        self.assertEqual(len(kept), 1)
        self.assertEqual({name: kept[0][name] for name in ("TopicArn", "Message", "Subject", "MessageStructure", "MessageAttributes")},
                         {"TopicArn": topic, "Message": message, "Subject": "s", "MessageStructure": "json", "MessageAttributes": attributes})
        self.assertEqual(len(sqs.receive_message(QueueUrl=queue)["Messages"]), 1)

    def test_what_sns_refuses(self) -> None:
        topic = self.sns.create_topic(Name="pages")["TopicArn"]
        self.refuses("NotFound", self.sns.publish, TopicArn=topic + "x", Message="m")
        for wrong in (
            {"Subject": "x" * 101}, {"Subject": "Ä"}, {"Subject": "a\nb"}, {"Subject": "a\x07"}, {"Subject": " a"}, {"Message": "x" * 262145},
            {"Message": "ä" * 131073}, {"Message": ""}, {"MessageStructure": "json"}, {"MessageStructure": "json", "Message": '{"email":"x"}'},
            {"MessageStructure": "json", "Message": '{"default":1}'}, {"MessageStructure": "xml"}, {"TopicArn": "pages"}, {"TopicArn": topic.replace(REGION, "us-east-1")},
        ):
            with self.subTest(str(wrong)[:60]):
                self.refuses("InvalidParameter", self.sns.publish, **{"TopicArn": topic, "Message": "m", **wrong})
        self.assertEqual(control("GET", "published")[1], [])
        self.sns.publish(TopicArn=topic, Message="ä" * 131072, Subject="x" * 100)


class ControlTest(Emulated):
    def fault(self, **order: Any) -> Any:
        status, shown = control("POST", "faults", order)
        self.assertEqual(status, 200, shown)
        return shown

    def test_requests_are_recorded_in_order(self) -> None:
        client("logs", setup=True).create_log_group(logGroupName="/app/a")
        control("DELETE", "requests")
        client("logs", setup=True).describe_log_groups()
        topic = self.sns.create_topic(Name="t")["TopicArn"]
        self.refuses("ResourceNotFoundException", self.logs.disassociate_kms_key, logGroupName="/none")
        self.sns.publish(TopicArn=topic, Message="m", MessageAttributes={"a": {"DataType": "String", "StringValue": "b"}})
        seen = control("GET", "requests")[1]
        self.assertEqual([(r["n"], r["service"], r["operation"], r["setup"], r["status"], r["code"]) for r in seen], [
            (1, "logs", "DescribeLogGroups", True, 200, None), (2, "sns", "CreateTopic", False, 200, None),
            (3, "logs", "DisassociateKmsKey", False, 400, "ResourceNotFoundException"), (4, "sns", "Publish", False, 200, None)])
        self.assertEqual((seen[2]["region"], seen[2]["account"], seen[2]["parameters"]), (REGION, ACCOUNT, {"logGroupName": "/none"}))
        self.assertEqual(seen[3]["parameters"]["MessageAttributes"], {"a": {"DataType": "String", "StringValue": "b"}})

    def test_throttling_strikes_as_ordered_and_an_sdk_gets_past_it(self) -> None:
        self.fault(service="logs", operation="DescribeLogGroups", kind="throttle", times=2, after=1)
        self.logs.describe_log_groups()
        self.assertEqual(self.refuses("ThrottlingException", self.logs.describe_log_groups), "Rate exceeded")
        client("logs", attempts=3).describe_log_groups()
        shown = control("GET", "faults")[1]
        self.assertEqual((shown[0]["seen"], shown[0]["struck"]), (4, 2))
        self.assertEqual([r.get("faults") for r in control("GET", "requests")[1]], [None, ["throttle"], ["throttle"], None])
        control("DELETE", "faults")
        self.assertEqual(control("GET", "faults")[1], [])

    def test_each_kind_of_fault(self) -> None:
        topic = self.sns.create_topic(Name="t")["TopicArn"]
        for service, denied, throttled in (("sns", "AuthorizationError", "Throttling"), ("kms", "AccessDeniedException", "ThrottlingException")):
            call = (lambda: self.sns.publish(TopicArn=topic, Message="m")) if service == "sns" else (lambda: self.kms.list_keys())
            operation = "Publish" if service == "sns" else "ListKeys"
            for kind, code in (("throttle", throttled), ("access-denied", denied), ("error", "InternalFailure")):
                self.fault(service=service, operation=operation, kind=kind, times=1)
                message = self.refuses(code, call)
                if kind == "access-denied":
                    self.assertIn(f"is not authorized to perform: {'SNS' if service == 'sns' else 'kms'}:{operation} on resource: ", message)
        self.fault(service="kms", kind="error", times=1, status=400, code="KMSInternalException", message="no")
        self.assertEqual(self.refuses("KMSInternalException", self.kms.list_keys), "no")
        self.fault(service="kms", kind="delay", seconds=0.3, times=1)
        begun = time.monotonic()
        self.kms.list_keys()
        self.assertGreater(time.monotonic() - begun, 0.29)

    def test_a_cut_connection_answers_nothing_and_the_server_lives_on(self) -> None:
        self.fault(service="logs", operation="DescribeLogGroups", kind="cut", times=1)
        with self.assertRaises((ConnectionClosedError, EndpointConnectionError, HTTPClientError)):
            self.logs.describe_log_groups()
        self.logs.describe_log_groups()
        first = control("GET", "requests")[1][0]
        self.assertEqual((first["status"], first["faults"]), (None, ["cut"]))

    def test_a_fault_can_single_out_parameters_and_spares_set_up(self) -> None:
        self.fault(service="logs", operation="CreateLogGroup", kind="access-denied", where={"logGroupName": "b"})
        self.logs.create_log_group(logGroupName="a")
        self.refuses("AccessDeniedException", self.logs.create_log_group, logGroupName="b")
        client("logs", setup=True).create_log_group(logGroupName="b")

    def test_a_fault_that_could_never_strike_is_refused(self) -> None:
        for order in ({"kind": "explode"}, {"kind": "cut", "service": "logz"}, {"kind": "cut", "service": "logs", "operation": "AssociateKMSKey"},
                      {"kind": "cut", "operation": "Publish"}, {"kind": "delay"}, {"kind": "cut", "time": 1}, []):
            self.assertEqual(control("POST", "faults", order)[0], 400, order)
        self.assertEqual(control("GET", "nothing")[0], 404)
        self.assertEqual(control("GET", "health"), (200, {"ok": True}))

    def test_what_moto_lacks_is_an_aws_error_and_not_retried(self) -> None:
        control("DELETE", "requests")
        self.refuses("UnknownOperationException", client("logs", attempts=3).get_log_anomaly_detector, anomalyDetectorArn="a")
        wrapping = {"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
        self.refuses("UnknownOperationException", client("kms", attempts=3).get_parameters_for_import, KeyId=self.key(), **wrapping)
        self.refuses("InvalidAction", client("sns", attempts=3).get_data_protection_policy, ResourceArn="a")
        self.assertEqual(len(control("GET", "requests")[1]), 4)
        self.assertNotIn(500, [r["status"] for r in control("GET", "requests")[1]])

    def raw(self, path: str, body: bytes, **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
        connection.request("POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        result = answer.status, answer.read()
        connection.close()
        return result

    def test_raw_requests_get_aws_errors(self) -> None:
        signed = f"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261101/{REGION}/%s/aws4_request, SignedHeaders=host, Signature=0"
        status, body = self.raw("/", b"{}", X_Amz_Target="Logs_20140328.Nonsense", Authorization=signed % "logs")
        self.assertEqual((status, json.loads(body)["__type"]), (400, "UnknownOperationException"))
        status, body = self.raw("/service/Logs_20140328/operation/DescribeLogGroups", b"\xa0", Authorization=signed % "logs", smithy_protocol="rpc-v2-cbor")
        self.assertEqual((status, control("GET", "requests")[1][-1]["operation"]), (400, "DescribeLogGroups"))
        status, body = self.raw("/", b"Action=Nonsense&Version=2010-03-31", Authorization=signed % "sns", Content_Type="application/x-www-form-urlencoded")
        self.assertEqual((status, b"<Code>InvalidAction</Code>" in body), (400, True))
        status, body = self.raw("/", b"{}", X_Amz_Target="TrentService.ListKeys")
        self.assertEqual((status, json.loads(body)["__type"]), (400, "MissingAuthenticationTokenException"))
        status, body = self.raw("/", b"not json", X_Amz_Target="TrentService.DescribeKey", Authorization=signed % "kms")
        self.assertEqual((status, json.loads(body)["__type"]), (400, "SerializationException"))
        status, body = self.raw("/no/such/path", b"{}", Authorization=signed % "lambda")
        self.assertEqual((status, json.loads(body)["__type"]), (400, "UnknownOperationException"))

    def test_only_the_loopback_is_served(self) -> None:
        env = {**os.environ, "PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1"}
        refused = subprocess.run([sys.executable, "-m", "strict_moto", "--host", "0.0.0.0"], env=env, capture_output=True, check=False, timeout=60)
        self.assertEqual(refused.returncode, 2)


def load_tests(loader: unittest.TestLoader, tests: unittest.TestSuite, _pattern: str | None) -> unittest.TestSuite:
    tests.addTests(loader.loadTestsFromNames(["test_strict_identity", "test_strict_kms", "test_strict_trails"]))
    return tests


if __name__ == "__main__":
    unittest.main()
