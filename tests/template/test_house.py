"""Sealwatch's own house: its logs, keys, topic and queue are what it asks of others, and its functions are set up as written."""

import fnmatch
import json
import re
import tomllib
import unittest

from botocore.session import get_session
from stack import ACCOUNT, GUARDS, MODES, NAMES, ROOT, Stack, listed, written
from test_deploy import deploy

THEIR_KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
THEIR_TOPIC = f"arn:aws:sns:eu-central-1:{ACCOUNT}:theirs"
# What each kind of resource is named by, and how long a name may be.
LIMITS = {
    "AWS::CloudWatch::Alarm": ("AlarmName", 255),
    "AWS::CloudWatch::Dashboard": ("DashboardName", 255),
    "AWS::Events::Rule": ("Name", 64),
    "AWS::Lambda::Function": ("FunctionName", 64),
    "AWS::Lambda::LayerVersion": ("LayerName", 140),
    "AWS::Logs::LogGroup": ("LogGroupName", 512),
    "AWS::SNS::Topic": ("TopicName", 256),
    "AWS::SQS::Queue": ("QueueName", 80),
    "AWS::Scheduler::Schedule": ("Name", 64),
    "AWS::Scheduler::ScheduleGroup": ("Name", 64),
}


class TheFunctions(unittest.TestCase):
    def test_run_as_the_code_expects_it(self):
        for guard, logical in GUARDS.items():
            it = Stack().properties(logical)
            self.assertEqual((it["Runtime"], it["Handler"], it["MemorySize"], it["Timeout"]), ("provided.al2023", "bootstrap", 128, 60))
            self.assertEqual(it["FunctionName"], f"sealwatch-{guard}-guard")
            boot = (ROOT / "shared/runtime/src/boot.rs").read_text()
            read = set(re.findall(r'var(?:iable|_os)\("(SEALWATCH_\w+)"\)', boot))
            self.assertEqual(set(it["Environment"]["Variables"]), read)
            self.assertEqual(it["Environment"]["Variables"]["SEALWATCH_POLICY"], re.search(r'POLICY_PATH: &str = "(.*)"', boot)[1])

    def test_have_a_role_of_their_own(self):
        roles = [Stack().properties(it)["Role"] for it in GUARDS.values()]
        self.assertEqual(roles, [Stack().attribute(f"{it}Role", "Arn") for it in GUARDS.values()])

    def test_are_told_their_role_by_which_they_know_their_own_calls(self):
        for it in GUARDS.values():
            self.assertEqual(Stack().properties(it)["Environment"]["Variables"]["SEALWATCH_ROLE_ARN"], Stack().attribute(f"{it}Role", "Arn"))

    def test_get_the_topic_that_was_chosen(self):
        for parameters, topic in (({}, Stack().ref("Topic")), ({"TopicArn": THEIR_TOPIC}, THEIR_TOPIC)):
            for it in GUARDS.values():
                self.assertEqual(Stack(**parameters).properties(it)["Environment"]["Variables"]["SEALWATCH_TOPIC_ARN"], topic)

    def test_are_told_the_mode_that_their_role_is_for(self):
        """Whatever the modes: where a function could repair, its role can, and the other way round."""
        takes = re.findall(r'Self::\w+ => "(observe|page|remediate)"', (ROOT / "shared/policy/src/policy/mod.rs").read_text())
        self.assertEqual(tuple(takes), MODES)
        for mode in MODES:
            for own in ("inherit", *MODES):
                for logical in GUARDS.values():
                    stack = Stack(Mode=mode, **{f"{logical}Mode": own})
                    for it in GUARDS.values():
                        told = stack.properties(it)["Environment"]["Variables"]["SEALWATCH_MODE"]
                        self.assertEqual(told, own if it == logical and own != "inherit" else mode)
                        sids = {statement["Sid"] for statement in stack.statements(f"{it}Role", "guard")}
                        self.assertEqual(told, "remediate" if "Repair" in sids else "page" if "Page" in sids else "observe")

    def test_are_built_from_the_crates_of_the_workspace(self):
        for guard, logical in GUARDS.items():
            it = written("template.yaml")["Resources"][logical]
            self.assertEqual(it["Metadata"], {"BuildMethod": "rust-cargolambda", "BuildProperties": {"Binary": f"{guard}-guard"}})
            self.assertEqual(it["Properties"]["CodeUri"], f"functions/{guard}-guard")

    def test_run_on_the_processors_that_were_chosen(self):
        for it in GUARDS.values():
            self.assertEqual(Stack().properties(it)["Architectures"], ["arm64"])
            self.assertEqual(Stack(Architecture="x86_64").properties(it)["Architectures"], ["x86_64"])

    def test_reserve_concurrency_unless_told_not_to(self):
        for it in GUARDS.values():
            self.assertEqual(Stack().properties(it)["ReservedConcurrentExecutions"], 5)
            self.assertNotIn("ReservedConcurrentExecutions", Stack(ReservedConcurrency=0).properties(it))

    def test_are_traced_if_asked(self):
        for mode in ("Active", "PassThrough"):
            for it in GUARDS.values():
                self.assertEqual(Stack(Tracing=mode).properties(it)["TracingConfig"], {"Mode": mode})

    def test_log_json_to_their_own_group_and_lose_no_receipt(self):
        for it in GUARDS.values():
            self.assertEqual(
                Stack().properties(it)["LoggingConfig"],
                {"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO", "LogGroup": Stack().ref(f"{it}Logs")},
            )

    def test_keep_what_fails(self):
        stack = Stack()
        configs = list(stack.of_type("AWS::Lambda::EventInvokeConfig").values())
        self.assertEqual({it["FunctionName"] for it in configs}, {stack.ref(it) for it in GUARDS.values()})
        for it in configs:
            self.assertEqual(it["MaximumRetryAttempts"], 2)
            self.assertEqual(it["DestinationConfig"], {"OnFailure": {"Destination": stack.attribute("FailureQueue", "Arn")}})

    def test_read_the_policy_file_from_the_layer(self):
        layer = written("template.yaml")["Resources"]["PolicyLayer"]
        self.assertEqual((layer["Metadata"]["BuildMethod"], layer["Properties"]["ContentUri"]), ("makefile", "deploy/policy"))
        for it in GUARDS.values():
            (name,) = Stack().properties(it)["Layers"]
            self.assertTrue(name.endswith("layer:sealwatch-policy:1"), name)


class TheLogs(unittest.TestCase):
    def test_are_declared_encrypted_and_kept_for_a_time(self):
        for parameters, key in (({}, Stack().attribute("LogsKey", "Arn")), ({"LogsKeyArn": THEIR_KEY}, THEIR_KEY)):
            stack = Stack(LogRetentionInDays=90, **parameters)
            for guard, logical in GUARDS.items():
                self.assertEqual(
                    stack.properties(f"{logical}Logs"),
                    {"LogGroupName": f"/aws/lambda/sealwatch-{guard}-guard", "RetentionInDays": 90, "KmsKeyId": key},
                )

    def test_outlive_the_stack_as_their_key_does(self):
        for logical in GUARDS.values():
            it = Stack().resources[f"{logical}Logs"]
            self.assertEqual((it["DeletionPolicy"], it["UpdateReplacePolicy"]), ("RetainExceptOnCreate", "Retain"), logical)

    def test_keep_their_key_also_when_a_change_is_rolled_back(self):
        """A guard may have given the new key to a log group before something else of the change failed."""
        it = Stack().resources["LogsKey"]
        self.assertEqual((it["DeletionPolicy"], it["UpdateReplacePolicy"]), ("Retain", "Retain"))


class TheKeys(unittest.TestCase):
    def policy(self, key: str, **where) -> list[dict]:
        return [listed(it) for it in Stack(**where).properties(key)["KeyPolicy"]["Statement"]]

    def test_turn_over_by_themselves(self):
        for key in Stack().of_type("AWS::KMS::Key").values():
            self.assertTrue(key["EnableKeyRotation"])

    def test_belong_to_the_account(self):
        for key in ("LogsKey", "TopicKey"):
            account = self.policy(key)[0]
            self.assertEqual((account["Principal"], account["Action"]), ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, ["kms:*"]))
            for statement in self.policy(key)[1:]:
                self.assertEqual(set(statement["Principal"]), {"Service"}, "nobody else but services")
                self.assertFalse({"kms:*", "kms:PutKeyPolicy", "kms:DisableKey", "kms:ScheduleKeyDeletion"} & set(statement["Action"]))

    def test_the_logs_key_serves_this_region_s_log_groups_and_the_account_s_trails(self):
        services = {it["Sid"]: it for it in self.policy("LogsKey")}
        self.assertEqual(services["CloudWatchLogs"]["Principal"], {"Service": "logs.eu-central-1.amazonaws.com"})
        (context,) = services["CloudWatchLogs"]["Condition"]["ArnLike"].values()
        self.assertEqual(context, f"arn:aws:logs:eu-central-1:{ACCOUNT}:*")
        for sid in ("CloudTrailEncrypts", "CloudTrailDescribes"):
            self.assertEqual(services[sid]["Condition"]["ArnLike"], {"aws:SourceArn": f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/*"})
        self.assertEqual(set(services["CloudTrailDescribes"]["Action"]), {"kms:DescribeKey", "kms:Decrypt"}, "also for buckets with a Bucket Key")
        self.assertIn("kms:EncryptionContext:aws:cloudtrail:arn", services["CloudTrailEncrypts"]["Condition"]["StringLike"])

    def test_china_has_its_own_names(self):
        services = {it["Sid"]: it for it in self.policy("LogsKey", region="cn-north-1", partition="aws-cn")}
        self.assertEqual(services["CloudWatchLogs"]["Principal"], {"Service": "logs.cn-north-1.amazonaws.com.cn"})
        self.assertEqual(services["CloudTrailEncrypts"]["Principal"], {"Service": "cloudtrail.amazonaws.com"})

    def test_alarms_can_publish_under_the_topic_s_key(self):
        (alarms,) = self.policy("TopicKey")[1:]
        self.assertEqual(alarms["Principal"], {"Service": "cloudwatch.amazonaws.com"})
        self.assertEqual(set(alarms["Action"]), {"kms:Decrypt", "kms:GenerateDataKey*"})
        (topics,) = [it for it in Stack().properties("TopicPolicy")["PolicyDocument"]["Statement"] if it["Sid"] == "Alarms"]
        self.assertEqual(alarms["Condition"], topics["Condition"], "for those alarms that may publish")

    def test_the_topic_isn_t_under_the_key_of_the_logs(self):
        """Or whoever disables that key silences the page about it."""
        topic = Stack().properties("Topic")["KmsMasterKeyId"]
        self.assertEqual(topic, Stack().attribute("TopicKey", "Arn"))
        self.assertNotEqual(topic, Stack().properties("TrailGuardLogs")["KmsKeyId"])

    def test_are_made_only_where_none_was_given(self):
        def keys(**parameters):
            return set(Stack(**parameters).of_type("AWS::KMS::Key"))

        self.assertEqual(keys(), {"LogsKey", "TopicKey"})
        self.assertEqual(keys(LogsKeyArn=THEIR_KEY), {"TopicKey"})
        self.assertEqual(keys(TopicKeyArn=THEIR_KEY), {"LogsKey"})
        self.assertEqual(keys(TopicArn=THEIR_TOPIC), {"LogsKey"})

    def test_aliases_are_those_of_the_shipped_policy(self):
        policy = tomllib.loads((ROOT / "policy.toml").read_text())

        def aliases(**parameters):
            return {it["AliasName"] for it in Stack(**parameters).of_type("AWS::KMS::Alias").values()}

        self.assertEqual(aliases(), {it["key"] for it in policy["log_groups"]["keys"]})
        self.assertEqual(aliases(TrailsAlias="alias/trails"), {"alias/logs", "alias/trails"})
        self.assertEqual(aliases(LogsAlias=""), set())
        self.assertEqual(aliases(LogsKeyArn=THEIR_KEY, TrailsAlias="alias/trails"), set(), "an existing key keeps its aliases")


class TheTopic(unittest.TestCase):
    def publishes(self, **principal) -> bool:
        """Whether the topic's policy lets somebody publish who, as an administrator, may by his own policy."""
        stack = Stack()
        request = {"aws:SecureTransport": "true"} | principal
        allowed = "aws:PrincipalArn" in request
        for it in stack.properties("TopicPolicy")["PolicyDocument"]["Statement"]:
            met = "Service" not in it["Principal"] or it["Principal"]["Service"] == request.get("service")
            for operator, block in it.get("Condition", {}).items():
                for key, wanted in block.items():
                    values, actual = wanted if isinstance(wanted, list) else [wanted], request.get(key)
                    match operator:
                        case "Null":
                            met &= (actual is None) == (wanted == "true")
                        case "ArnNotEquals":
                            met &= actual not in values
                        case "ArnLike":
                            met &= actual is not None and any(fnmatch.fnmatchcase(actual, value) for value in values)
                        case "StringEquals" | "Bool":
                            met &= actual in values
                        case _:
                            raise AssertionError(operator)
            if met and it["Effect"] == "Deny":
                return False
            allowed |= met
        return allowed

    def test_the_guards_and_the_watching_rules_publish(self):
        for role in [f"{it}Role" for it in GUARDS.values()] + ["WatchRole"]:
            self.assertTrue(self.publishes(**{"aws:PrincipalArn": Stack().attribute(role, "Arn")}), role)

    def test_the_stack_s_alarms_publish(self):
        alarm = {"service": "cloudwatch.amazonaws.com", "aws:SourceAccount": ACCOUNT}
        mine, other = (f"arn:aws:cloudwatch:eu-central-1:{it}:alarm:sealwatch-key-guard-errors" for it in (ACCOUNT, "444455556666"))
        self.assertTrue(self.publishes(**alarm, **{"aws:SourceArn": mine}))
        self.assertFalse(self.publishes(**alarm | {"aws:SourceAccount": "444455556666"}, **{"aws:SourceArn": other}))
        self.assertFalse(self.publishes(**alarm, **{"aws:SourceArn": f"arn:aws:cloudwatch:eu-central-1:{ACCOUNT}:alarm:payments"}))

    def test_nobody_else_publishes_not_even_an_administrator(self):
        self.assertFalse(self.publishes(**{"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/Admin"}))
        self.assertFalse(self.publishes(**{"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:root"}))
        self.assertFalse(self.publishes(**{"aws:PrincipalArn": Stack().attribute("HeartbeatRole", "Arn")}))
        self.assertFalse(self.publishes(service="s3.amazonaws.com", **{"aws:SourceAccount": ACCOUNT}))

    def test_nobody_publishes_in_plain(self):
        self.assertFalse(self.publishes(**{"aws:PrincipalArn": Stack().attribute("KeyGuardRole", "Arn"), "aws:SecureTransport": "false"}))

    def test_an_address_is_subscribed_if_given(self):
        self.assertEqual(Stack().of_type("AWS::SNS::Subscription"), {})
        for parameters, topic in (({}, Stack().ref("Topic")), ({"TopicArn": THEIR_TOPIC}, THEIR_TOPIC)):
            (it,) = Stack(PageEmail="oncall@example.com", **parameters).of_type("AWS::SNS::Subscription").values()
            self.assertEqual(it, {"TopicArn": topic, "Protocol": "email", "Endpoint": "oncall@example.com"})

    def test_an_existing_topic_is_left_as_it_is(self):
        stack = Stack(TopicArn=THEIR_TOPIC)
        self.assertEqual(stack.of_type("AWS::SNS::Topic") | stack.of_type("AWS::SNS::TopicPolicy"), {})


class TheFailureQueue(unittest.TestCase):
    def test_is_encrypted_without_a_key_that_can_be_disabled_and_keeps_for_two_weeks(self):
        it = Stack().properties("FailureQueue")
        self.assertTrue(it["SqsManagedSseEnabled"])
        self.assertNotIn("KmsMasterKeyId", it)
        self.assertEqual(it["MessageRetentionPeriod"], 14 * 24 * 3600)

    def test_takes_events_of_the_stack_s_rules_over_tls_and_nothing_else(self):
        stack = Stack(region="us-east-1")
        statements = {it["Sid"]: it for it in stack.properties("FailureQueuePolicy")["PolicyDocument"]["Statement"]}
        self.assertEqual(set(statements), {"UndeliveredEvents", "TlsOnly"})
        allow, deny = statements["UndeliveredEvents"], statements["TlsOnly"]
        self.assertEqual((allow["Principal"], allow["Action"]), ({"Service": "events.amazonaws.com"}, "sqs:SendMessage"))
        for rule in stack.of_type("AWS::Events::Rule"):
            self.assertTrue(fnmatch.fnmatchcase(stack.attribute(rule, "Arn"), allow["Condition"]["ArnLike"]["aws:SourceArn"]), rule)
        self.assertEqual((deny["Effect"], deny["Action"], deny["Condition"]), ("Deny", "sqs:*", {"Bool": {"aws:SecureTransport": "false"}}))


class TheParameters(unittest.TestCase):
    def test_each_says_what_it_is_and_what_it_takes(self):
        for path in ("template.yaml", "preventive.yaml"):
            for name, it in written(path)["Parameters"].items():
                self.assertTrue(it["Description"].strip(), name)
                self.assertTrue({"AllowedPattern", "AllowedValues", "MinValue"} & set(it), name)
                self.assertIn(name, it["ConstraintDescription"], "it names the parameter that is wrong")

    def test_each_stands_in_a_group_of_the_console(self):
        template = written("template.yaml")
        groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        self.assertCountEqual([name for it in groups for name in it["Parameters"]], template["Parameters"])

    def test_all_have_a_default_that_they_take(self):
        for name, it in written("template.yaml")["Parameters"].items():
            if "AllowedValues" in it:
                self.assertIn(it["Default"], it["AllowedValues"], name)
            if "AllowedPattern" in it:
                self.assertRegex(it["Default"], it["AllowedPattern"], name)

    def test_patterns_take_what_is_right_and_nothing_else(self):
        cases = {
            "PageEmail": (["", "oncall@example.com"], ["oncall", "a b@example.com", "a@b"]),
            "TopicArn": (["", THEIR_TOPIC, "arn:aws-cn:sns:cn-north-1:111122223333:a"], ["theirs", THEIR_TOPIC + ".fifo", THEIR_KEY]),
            "TopicKeyArn": (["", THEIR_KEY], ["alias/logs", THEIR_KEY[:-1], THEIR_KEY.replace("key/", "alias/")]),
            "LogsKeyArn": (["", THEIR_KEY, f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/mrk-" + "0" * 32], ["alias/logs", THEIR_TOPIC]),
            "LogsAlias": (["", "alias/logs", "alias/a/b-c_d"], ["logs", "alias/", "alias/aws/logs", "alias/a:b"]),
            "TrailsAlias": (["", "alias/trails"], ["trails", "alias/aws/cloudtrail"]),
        }
        parameters = written("template.yaml")["Parameters"]
        self.assertEqual(set(cases), {name for name, it in parameters.items() if "AllowedPattern" in it})
        for name, (fine, wrong) in cases.items():
            for value in fine:
                self.assertRegex(value, parameters[name]["AllowedPattern"], name)
            for value in wrong:
                self.assertNotRegex(value, parameters[name]["AllowedPattern"], name)

    def test_names_fit_aws_s_limits_for_the_longest_name_of_a_stack(self):
        longest = deploy.LONGEST_NAME
        stack = Stack(region="us-east-1", partition="aws")
        for kind, (key, limit) in LIMITS.items():
            for logical, it in stack.of_type(kind).items():
                name = it[key].rsplit("/", 1)[-1]
                self.assertTrue(name.startswith("sealwatch-"), logical)
                self.assertLessEqual(len(name) - len("sealwatch") + longest, limit, logical)
        # CloudFormation names a role after stack and resource, with 12 or 13 letters, and cuts what is longer than 64.
        for logical in stack.of_type("AWS::IAM::Role"):
            self.assertLessEqual(longest + len(f"-{logical}-") + 13, 64, logical)
        named = {kind for kind, it in ((it["Type"], it.get("Properties", {})) for it in stack.resources.values()) if set(NAMES) & set(it)}
        self.assertEqual(named - {"AWS::Lambda::EventInvokeConfig", "AWS::Lambda::Permission"}, set(LIMITS), "each kind that is named")


class ThePartitions(unittest.TestCase):
    places = (("aws", "eu-central-1"), ("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-east-1"))

    def test_no_arn_names_another(self):
        for partition, region in self.places:
            for mode in ("observe", "remediate"):
                stack = Stack(region=region, partition=partition, Mode=mode, PageEmail="oncall@example.com", TrailsAlias="alias/trails", Tracing="Active")
                text = json.dumps(stack.resources) + "".join(map(stack.output, stack.template["Outputs"]))
                self.assertEqual(set(re.findall(r"\barn:([a-z-]+):", text)), {partition})
                self.assertEqual(set(re.findall(r"\b(?:cn|us-gov|us|eu)-(?:gov-)?[a-z]+-\d\b", text)), {region})

    def test_the_dashboard_is_in_their_own_console(self):
        for (partition, region), host in zip(self.places, ("console.aws.amazon.com", "console.amazonaws.cn", "console.amazonaws-us-gov.com"), strict=True):
            address = Stack(region=region, partition=partition).output("Dashboard")
            self.assertEqual(address, f"https://{region}.{host}/cloudwatch/home?region={region}#dashboards/dashboard/sealwatch-{region}")

    def test_changes_of_roles_are_heard_where_iam_s_calls_are_recorded(self):
        """That is the Region for which requests to IAM are signed."""
        known = {it["partition"]: it for it in get_session().get_data("endpoints")["partitions"]}
        for partition, _ in self.places:
            iam = known[partition]["services"]["iam"]
            signed = iam["endpoints"][iam["partitionEndpoint"]]["credentialScope"]["region"]
            heard = {it for it in known[partition]["regions"] if "RolesWatch" in Stack(region=it, partition=partition).resources}
            self.assertEqual(heard, {signed})


class WhoeverIsLetIn(unittest.TestCase):
    """No service acts on a stranger's word: where a policy lets one in, it says for whose resources."""

    def statements(self, stack: Stack):
        for role, it in stack.of_type("AWS::IAM::Role").items():
            yield from ((role, statement) for statement in it["AssumeRolePolicyDocument"]["Statement"])
        for kind, place in (("AWS::KMS::Key", "KeyPolicy"), ("AWS::SNS::TopicPolicy", "PolicyDocument"), ("AWS::SQS::QueuePolicy", "PolicyDocument")):
            for logical, it in stack.of_type(kind).items():
                yield from ((logical, statement) for statement in it[place]["Statement"])

    def test_a_service_is_let_in_for_this_account_s_resources_only(self):
        keys = {"aws:SourceArn", "kms:EncryptionContext:aws:logs:arn"}
        seen = 0
        for logical, statement in self.statements(Stack(Mode="remediate")):
            if statement["Effect"] != "Allow" or "Service" not in statement["Principal"]:
                continue
            # Lambda takes a role only for a function of the role's own account, from somebody who may pass it.
            if statement["Principal"]["Service"] == "lambda.amazonaws.com":
                self.assertNotIn("Condition", statement)
                continue
            seen += 1
            told = {key: value for operator, block in statement["Condition"].items() for key, value in block.items()}
            for key in keys & set(told):
                self.assertEqual(told[key].split(":")[4], ACCOUNT, logical)
            self.assertTrue(keys & set(told), f"{logical} {statement.get('Sid')}")
            self.assertFalse([it for it in statement["Condition"] if it.endswith("IfExists")])
        self.assertEqual(seen, 8)

    def test_nobody_of_another_account_is_let_in(self):
        for logical, statement in self.statements(Stack(Mode="remediate")):
            if statement["Effect"] == "Allow" and "Service" not in statement["Principal"]:
                self.assertEqual(statement["Principal"], {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, logical)


if __name__ == "__main__":
    unittest.main()
