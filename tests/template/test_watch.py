"""What watches over the guards: alarms, heartbeat, the rules about Sealwatch's own parts, the dashboard."""

import importlib.util
import json
import re
import sys
import unittest

import calls as code
from botocore.session import get_session
from patterns import GUARDS_RULES, call, matching
from stack import ACCOUNT, GUARDS, Stack

REGION = "eu-central-1"
# What a page about Sealwatch itself may hold: none of it is chosen by the caller.
WRITTEN_BY_AWS = {"$.detail.eventName", "$.detail.eventID", "$.account", "$.region", "$.time"}
SERVICES = {"cloudwatchlogs": "logs"}  # by the SDK's name, where CloudTrail's differs


class Alarms(unittest.TestCase):
    stack = Stack()

    def alarms(self, metric: str) -> dict[str, dict]:
        """The alarms on a metric, by the value of their dimension."""
        found = [it for it in self.stack.of_type("AWS::CloudWatch::Alarm").values() if it["MetricName"] == metric]
        return {it["Dimensions"][0]["Value"]: it for it in found}

    def test_every_alarm_pages_and_can_t_be_switched_off_by_a_parameter(self):
        for parameters in ({}, {"Mode": "remediate"}, {"TopicArn": "arn:aws:sns:eu-central-1:111122223333:theirs"}):
            stack = Stack(**parameters)
            alarms = stack.of_type("AWS::CloudWatch::Alarm")
            self.assertEqual(len(alarms), 22)
            for name, alarm in alarms.items():
                self.assertEqual(alarm["AlarmActions"], [stack.named("Topic") if stack.condition("OwnTopic") else parameters["TopicArn"]], name)
                self.assertTrue(alarm.get("ActionsEnabled", True), name)

    def test_each_function_s_errors_throttles_and_lost_failures_page(self):
        functions = {self.stack.ref(it) for it in GUARDS.values()}
        for metric in ("Errors", "Throttles", "DestinationDeliveryFailures"):
            self.assertEqual(set(self.alarms(metric)), functions, metric)

    def test_each_guard_s_failed_pages_and_effects_page(self):
        for metric in ("PagesFailed", "EffectsFailed"):
            self.assertEqual(set(self.alarms(metric)), set(GUARDS), metric)

    def test_one_of_a_bad_thing_is_enough_and_none_is_fine(self):
        for metric in ("Errors", "Throttles", "DestinationDeliveryFailures", "PagesFailed", "EffectsFailed", "ApproximateNumberOfMessagesVisible"):
            for name, alarm in self.alarms(metric).items():
                self.assertEqual((alarm["ComparisonOperator"], alarm["Threshold"]), ("GreaterThanThreshold", 0), name)
                self.assertEqual((alarm["EvaluationPeriods"], alarm["TreatMissingData"]), (1, "notBreaching"), name)

    def test_what_lies_on_the_failure_queue_pages(self):
        self.assertEqual(set(self.alarms("ApproximateNumberOfMessagesVisible")), {"sealwatch-failures"})

    def test_silence_pages(self):
        alarms = self.alarms("Events")
        self.assertEqual(set(alarms), set(GUARDS))
        for alarm in alarms.values():
            self.assertEqual((alarm["ComparisonOperator"], alarm["Threshold"]), ("LessThanThreshold", 1))
            self.assertEqual((alarm["Statistic"], alarm["TreatMissingData"]), ("Sum", "breaching"))
            self.lasts_two_hours(alarm)

    def test_silence_of_the_rules_pages_by_what_eventbridge_counts(self):
        alarms = self.alarms("TriggeredRules")
        self.assertEqual(set(alarms), {self.stack.ref(it) for it in GUARDS_RULES.values()})
        for alarm in alarms.values():
            self.assertEqual((alarm["Namespace"], alarm["Dimensions"][0]["Name"]), ("AWS/Events", "RuleName"))
            self.assertEqual((alarm["ComparisonOperator"], alarm["Threshold"]), ("LessThanThreshold", 1))
            self.assertEqual((alarm["Statistic"], alarm["TreatMissingData"]), ("Sum", "breaching"))
            self.lasts_two_hours(alarm)

    def lasts_two_hours(self, alarm: dict) -> None:
        self.assertEqual(alarm["Period"] * alarm["EvaluationPeriods"], 2 * 3600)
        self.assertLessEqual(alarm["Period"], 300, "CloudWatch looks back some periods further, and what it finds there keeps the alarm quiet")
        self.assertEqual(alarm["OKActions"], alarm["AlarmActions"], "who was told of silence is told of its end")

    def test_the_functions_write_every_metric_that_is_used(self):
        dashboard = self.stack.properties("Dashboard")["DashboardBody"]
        drawn = set(re.findall(r'"Sealwatch", "(\w+)"', dashboard))
        alarmed = {it["MetricName"] for it in self.stack.of_type("AWS::CloudWatch::Alarm").values() if it["Namespace"] == "Sealwatch"}
        self.assertLessEqual(drawn | alarmed, code.metrics())
        self.assertLessEqual({"Events", "FindingsCritical", "EffectsApplied", "EventAge", "TimeToEffect"}, drawn)

    def test_the_dimension_is_the_one_that_the_functions_write(self):
        self.assertIn('dimensions: [["guard"]]', (code.RUNTIME / "metrics.rs").read_text())
        self.assertIn('NAMESPACE: &str = "Sealwatch"', (code.RUNTIME / "metrics.rs").read_text())
        names = re.findall(r'Self::\w+ => "([a-z-]+)"', (code.ROOT / "shared/policy/src/guard.rs").read_text())
        self.assertLessEqual(set(GUARDS), set(names))
        for alarm in self.stack.of_type("AWS::CloudWatch::Alarm").values():
            if alarm["Namespace"] == "Sealwatch":
                (dimension,) = alarm["Dimensions"]
                self.assertEqual(dimension["Name"], "guard")
                self.assertIn(dimension["Value"], GUARDS)


class TheDashboard(unittest.TestCase):
    def widgets(self) -> list[dict]:
        return [it["properties"] for it in json.loads(Stack().properties("Dashboard")["DashboardBody"])["widgets"]]

    def drawn(self, widget: dict) -> list[list]:
        """The metrics of a widget, without expressions."""
        return [it for it in widget["metrics"] if isinstance(it[0], str)]

    def test_shows_each_guard_in_this_region(self):
        for widget in self.widgets():
            self.assertEqual(widget["region"], REGION)
            if widget["title"] != "Failures":
                self.assertEqual({it[3] for it in self.drawn(widget)}, set(GUARDS), widget["title"])
        titles = [it["title"] for it in self.widgets()]
        self.assertLessEqual({"Events", "Findings by severity", "Effects", "Pages", "Failures"}, set(titles))

    def test_draws_a_count_that_nobody_told_of_as_none(self):
        """The functions leave out counts of 0, and a gap would hide that."""
        for widget in self.widgets():
            filled = {it[0]["expression"]: it[0]["label"] for it in widget["metrics"] if isinstance(it[0], dict)}
            ids = [it[-1]["id"] for it in self.drawn(widget) if it[-1].get("visible") is False]
            self.assertEqual(list(filled), [f"FILL({it}, 0)" for it in ids], widget["title"])
            self.assertEqual(len(ids), len(set(ids)))
            if widget["stat"] == "Sum" and widget["title"] != "Failures":
                self.assertEqual(len(ids), len(self.drawn(widget)), widget["title"])
            for expression, metric in zip(filled, self.drawn(widget), strict=False):
                self.assertIn(metric[3], filled[expression], "the label is that of the metric")

    def test_draws_how_long_repairs_took_as_it_is(self):
        """A repair that wasn't made took no time at all: nothing is filled in."""
        (widget,) = [it for it in self.widgets() if "TimeToEffect" in json.dumps(it)]
        self.assertEqual(self.drawn(widget), widget["metrics"])
        told = {(it[1], it[3], it[-1].get("stat", widget["stat"])) for it in self.drawn(widget)}
        self.assertEqual(told, {("TimeToEffect", guard, stat) for guard in GUARDS for stat in ("Average", "p99")})

    def test_draws_no_more_metrics_than_cost_nothing(self):
        body = json.loads(Stack().properties("Dashboard")["DashboardBody"])
        drawn = [it for widget in body["widgets"] for it in self.drawn(widget["properties"])]
        self.assertLessEqual(len(drawn), 50)

    def test_widgets_don_t_overlap(self):
        body = json.loads(Stack().properties("Dashboard")["DashboardBody"])
        cells = [(x, y) for it in body["widgets"] for x in range(it["x"], it["x"] + it["width"]) for y in range(it["y"], it["y"] + it["height"])]
        self.assertEqual(len(cells), len(set(cells)))
        self.assertLessEqual(max(x for x, _ in cells), 23)


class TheHeartbeat(unittest.TestCase):
    def beats(self, stack: Stack) -> dict[str, dict]:
        return {it["Target"]["Arn"]: it for it in stack.of_type("AWS::Scheduler::Schedule").values()}

    def test_each_guard_hears_its_own_beat_and_nobody_else_does(self):
        for partition, region in (("aws", REGION), ("aws", "us-east-1"), ("aws-cn", "cn-north-1")):
            stack = Stack(region=region, partition=partition)
            heard = []
            for arn in self.beats(stack):
                head, service, action = arn.rsplit(":", 2)
                self.assertEqual(head, f"arn:{partition}:scheduler:::aws-sdk")
                denied = call(SERVICES.get(service, service), action[0].upper() + action[1:])
                denied["detail"] |= {"errorCode": "AccessDenied", "requestParameters": None}
                heard.append(matching(stack, denied))
            self.assertCountEqual(heard, [{it} for it in GUARDS_RULES.values()])

    def test_the_packages_are_tried_with_the_beats(self):
        sys.path.insert(0, str(code.ROOT / "tests/package"))
        self.addCleanup(sys.path.pop, 0)
        spec = importlib.util.spec_from_file_location("check", code.ROOT / "tests/package/check.py")
        check = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(check)
        self.assertEqual(set(check.HEARTBEATS), {f"{guard}-guard" for guard in GUARDS})
        for guard in GUARDS:
            self.assertEqual(matching(Stack(), check.heartbeat(f"{guard}-guard")), {GUARDS_RULES[guard]})
        beats = {(SERVICES.get(service, service), action[0].upper() + action[1:]) for service, action in (arn.rsplit(":", 2)[1:] for arn in self.beats(Stack()))}
        self.assertEqual(set(check.HEARTBEATS.values()), beats)

    def test_beats_come_four_times_before_silence_is_called(self):
        for beat in self.beats(Stack()).values():
            self.assertEqual(beat["ScheduleExpression"], "rate(30 minutes)")
            self.assertEqual(beat["FlexibleTimeWindow"], {"Mode": "OFF"})
            self.assertEqual(beat.get("State", "ENABLED"), "ENABLED")

    def test_a_denied_beat_is_not_tried_again(self):
        for beat in self.beats(Stack()).values():
            self.assertEqual(beat["Target"]["RetryPolicy"]["MaximumRetryAttempts"], 0)

    def test_the_role_may_do_nothing(self):
        stack = Stack(Mode="remediate")
        role = stack.properties("HeartbeatRole")
        self.assertLessEqual(set(role), {"Description", "AssumeRolePolicyDocument"})
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
        group = stack.properties("Heartbeat")["Name"]
        self.assertEqual(trust["Condition"]["StringEquals"]["aws:SourceArn"], f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/{group}")
        self.assertEqual({it["GroupName"] for it in self.beats(stack).values()}, {group})
        for beat in self.beats(stack).values():
            self.assertEqual(beat["Target"]["RoleArn"], stack.attribute("HeartbeatRole", "Arn"))

    def test_no_resource_policy_of_ours_lets_the_role_in(self):
        """A key's own policy could allow what the role's doesn't."""
        stack = Stack()
        for key in stack.of_type("AWS::KMS::Key").values():
            principals = [it["Principal"] for it in key["KeyPolicy"]["Statement"]]
            self.assertNotIn("HeartbeatRole", json.dumps(principals))

    def test_what_is_denied_is_a_repair_so_that_no_guard_takes_it_for_an_attack(self):
        stack = Stack(Mode="remediate")
        repairs = {action for it in GUARDS.values() for statement in stack.statements(f"{it}Role", "guard") if statement["Sid"] == "Repair" for action in statement["Action"]}
        for arn in self.beats(stack):
            service, action = arn.rsplit(":", 2)[1:]
            self.assertIn(f"{SERVICES.get(service, service)}:{action[0].upper()}{action[1:]}", repairs)

    def test_the_calls_are_such_as_aws_takes_and_name_what_can_t_be_there(self):
        session = get_session()
        for arn, beat in self.beats(Stack()).items():
            service, action = arn.rsplit(":", 2)[1:]
            model = session.get_service_model(SERVICES.get(service, service))
            members = model.operation_model(action[0].upper() + action[1:]).input_shape.members
            known = {name[0].upper() + name[1:] for name in members}
            given = json.loads(beat["Target"]["Input"])
            self.assertLessEqual(set(given), known, arn)
            self.assertTrue(any("probe" in it or "00000000-0000-0000-0000-000000000000" in it for it in given.values()), arn)


class ChangesToItself(unittest.TestCase):
    """Each is paged by exactly one rule, whose target is the topic; a change of the rule that watches the rules by another one too."""

    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:sealwatch-pages"
    function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:sealwatch-key-guard"
    queue = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/sealwatch-failures"

    def pages(self, *events, region=REGION, by=1, **parameters):
        stack = Stack(region=region, **parameters)
        for event in events:
            with self.subTest(call=event["detail"]["eventName"], request=event["detail"]["requestParameters"]):
                rules = matching(stack, event)
                self.assertEqual(len(rules), by, rules)
                for rule in rules:
                    (target,) = stack.properties(rule)["Targets"]
                    self.assertEqual(target["Arn"], parameters.get("TopicArn", self.topic))

    def is_silent(self, *events, **parameters):
        stack = Stack(**parameters)
        for event in events:
            with self.subTest(call=event["detail"]["eventName"], request=event["detail"]["requestParameters"]):
                self.assertEqual(matching(stack, event), set())

    def test_its_rules(self):
        rules = [it["Name"] for it in Stack(region="us-east-1").of_type("AWS::Events::Rule").values()]
        for name in rules:
            by = 2 if name == "sealwatch-watch-rules" else 1
            self.pages(*(call("events", it, name=name) for it in ("DisableRule", "DeleteRule", "PutRule")), by=by)
            self.pages(*(call("events", it, rule=name) for it in ("RemoveTargets", "PutTargets")), by=by)
        self.is_silent(call("events", "DisableRule", name="payments"), call("events", "EnableRule", name="sealwatch-key-guard"))

    def test_its_functions_by_every_name_and_version_of_the_call(self):
        for name in (self.function, f"{self.function}:$LATEST", "sealwatch-key-guard", f"{ACCOUNT}:function:sealwatch-key-guard", "function:sealwatch-key-guard"):
            self.pages(
                call("lambda", "DeleteFunction20150331", functionName=name),
                call("lambda", "UpdateFunctionConfiguration20150331v2", functionName=name),
                call("lambda", "UpdateFunctionCode20150331v2", functionName=name),
                call("lambda", "PutFunctionConcurrency20171031", functionName=name),
                call("lambda", "DeleteFunctionConcurrency20171031", functionName=name),
                call("lambda", "DeleteFunctionEventInvokeConfig", functionName=name),
                call("lambda", "RemovePermission20150331v2", functionName=name),
                call("lambda", "AddPermission20150331v2", functionName=name),
            )
        self.pages(*(call("lambda", it, resourceArn=self.function) for it in ("PutResourcePolicy20241031", "DeleteResourcePolicy20241031")))
        self.is_silent(
            call("lambda", "UpdateFunctionCode20150331v2", functionName="payments"),
            call("lambda", "Invoke", functionName="sealwatch-key-guard"),
            call("lambda", "GetFunction20150331v2", functionName="sealwatch-key-guard"),
        )

    def test_its_topic_and_who_is_subscribed(self):
        for topic in (self.topic, "arn:aws:sns:eu-central-1:111122223333:theirs"):
            parameters = {} if topic == self.topic else {"TopicArn": topic}
            self.pages(call("sns", "PutDataProtectionPolicy", resourceArn=topic), **parameters)
            self.pages(
                call("sns", "Subscribe", topicArn=topic, protocol="https"),
                *(call("sns", it, topicArn=topic) for it in ("DeleteTopic", "SetTopicAttributes", "RemovePermission")),
                *(call("sns", it, subscriptionArn=f"{topic}:6b0e71bd-7e97-4d97-80ce-4a0994e55286") for it in ("Unsubscribe", "SetSubscriptionAttributes")),
                **parameters,
            )
        self.is_silent(call("sns", "DeleteTopic", topicArn=f"arn:aws:sns:{REGION}:{ACCOUNT}:payments"), call("sns", "Publish", topicArn=self.topic))

    def test_its_failure_queue_by_every_address(self):
        hosts = ("sqs.eu-central-1.amazonaws.com", "eu-central-1.queue.amazonaws.com", "queue.amazonaws.com", "sqs.eu-central-1.api.aws", "sqs-fips.us-east-1.amazonaws.com")
        for url in (f"https://{host}/{ACCOUNT}/sealwatch-failures" for host in hosts):
            self.pages(*(call("sqs", it, queueUrl=url) for it in ("DeleteQueue", "PurgeQueue", "SetQueueAttributes")))
        for queue in (f"{ACCOUNT}/payments", "444455556666/sealwatch-failures", f"{ACCOUNT}/x-sealwatch-failures"):
            self.is_silent(call("sqs", "PurgeQueue", queueUrl=f"https://sqs.{REGION}.amazonaws.com/{queue}"))

    def test_its_alarms(self):
        for alarm in Stack().of_type("AWS::CloudWatch::Alarm").values():
            names = ["payments", alarm["AlarmName"]]
            self.pages(*(call("monitoring", it, alarmNames=names) for it in ("DeleteAlarms", "DisableAlarmActions")))
            self.pages(call("monitoring", "PutMetricAlarm", alarmName=alarm["AlarmName"]))
            self.pages(call("monitoring", "PutAlarmMuteRule", name="quiet", muteTargets={"alarmNames": names}))
        self.is_silent(call("monitoring", "DeleteAlarms", alarmNames=["payments"]))

    def test_its_heartbeat(self):
        stack = Stack()
        for schedule in stack.of_type("AWS::Scheduler::Schedule").values():
            self.pages(*(call("scheduler", it, name=schedule["Name"], groupName=schedule["GroupName"]) for it in ("DeleteSchedule", "UpdateSchedule")))
        self.pages(call("scheduler", "DeleteScheduleGroup", name=stack.properties("Heartbeat")["Name"]))
        self.is_silent(call("scheduler", "DeleteSchedule", name="payments", groupName="default"))

    def test_its_logs(self):
        for group in Stack().of_type("AWS::Logs::LogGroup").values():
            name = group["LogGroupName"]
            self.pages(call("logs", "DeleteLogGroup", logGroupName=name), call("logs", "DeleteLogStream", logGroupName=name))
            arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"
            self.pages(*(call("logs", "PutDataProtectionPolicy", logGroupIdentifier=it) for it in (name, arn)))
        self.pages(call("logs", "PutAccountPolicy", policyName="a", policyType="DATA_PROTECTION_POLICY"))
        self.is_silent(call("logs", "DeleteLogGroup", logGroupName="/aws/lambda/payments"))
        self.is_silent(call("logs", "PutAccountPolicy", policyName="a", policyType="SUBSCRIPTION_FILTER_POLICY"))

    def test_its_stack(self):
        arn = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/sealwatch/1a2b"
        for name in ("sealwatch", arn):
            self.pages(*(call("cloudformation", it, stackName=name) for it in ("DeleteStack", "UpdateStack", "RollbackStack", "UpdateTerminationProtection")))
        self.is_silent(call("cloudformation", "DeleteStack", stackName="sealwatch-preventive"), call("cloudformation", "DescribeStacks", stackName="sealwatch"))

    def test_its_roles_where_iams_calls_are_heard(self):
        for role in Stack().of_type("AWS::IAM::Role"):
            name = Stack().name_of(role)
            calls = ("PutRolePolicy", "DeleteRolePolicy", "DetachRolePolicy", "AttachRolePolicy", "UpdateAssumeRolePolicy", "DeleteRole")
            events = [call("iam", it, roleName=name) for it in calls]
            self.pages(*events, region="us-east-1", TopicArn="arn:aws:sns:us-east-1:111122223333:theirs")
            self.is_silent(*events)

    def test_its_roles_are_named_one_by_one(self):
        """The names of a stack with a long name are cut, and don't begin with it."""
        stack = Stack(region="us-east-1")
        named = stack.properties("RolesWatch")["EventPattern"]["detail"]["requestParameters"]["roleName"]
        self.assertLessEqual({stack.name_of(it) for it in stack.of_type("AWS::IAM::Role")}, {it for it in named if isinstance(it, str)})

    def test_no_page_leads_to_another(self):
        """What the stack's own roles may do, Lambda, SNS and EventBridge in their name included, starts none of these rules."""
        stack = Stack(region="us-east-1", Mode="remediate", Tracing="Active")
        allowed = {action for role in stack.of_type("AWS::IAM::Role") for it in stack.statements(role) for action in it["Action"]}
        for name, rule in stack.of_type("AWS::Events::Rule").items():
            if name in GUARDS_RULES.values():
                continue
            service = rule["EventPattern"]["detail"]["eventSource"][0].split(".")[0]
            for watched in rule["EventPattern"]["detail"]["eventName"]:
                begins = watched if isinstance(watched, str) else watched["prefix"]
                self.assertEqual([it for it in allowed if it.startswith(f"{service}:{begins}")], [], name)

    def test_the_guards_themselves_start_nothing_here(self):
        """Or each repair would page twice."""
        self.assertEqual(matching(Stack(), call("logs", "AssociateKmsKey", logGroupName="/aws/lambda/sealwatch-key-guard")), {"LogGroupGuardChanges"})

    def test_a_page_holds_nothing_that_a_caller_chooses(self):
        stack = Stack(region="us-east-1")
        watching = {name: it for name, it in stack.of_type("AWS::Events::Rule").items() if name not in GUARDS_RULES.values()}
        self.assertEqual(len(watching), 10)
        for name, rule in watching.items():
            (target,) = rule["Targets"]
            transformer = target["InputTransformer"]
            self.assertLessEqual(set(transformer["InputPathsMap"].values()), WRITTEN_BY_AWS, name)
            self.assertLessEqual(set(re.findall(r"<(\w+)>", transformer["InputTemplate"])), set(transformer["InputPathsMap"]), name)
            for line in transformer["InputTemplate"].strip().splitlines():
                self.assertRegex(line, r'^"[^"]*"$', "EventBridge takes lines of text in quotation marks")

    def test_the_rules_page_with_a_role_that_only_their_like_may_take(self):
        stack = Stack(region="us-east-1")
        (trust,) = stack.properties("WatchRole")["AssumeRolePolicyDocument"]["Statement"]
        allowed = trust["Condition"]["ArnLike"]["aws:SourceArn"]
        self.assertEqual(allowed, f"arn:aws:events:us-east-1:{ACCOUNT}:rule/sealwatch-watch-*")
        for name, rule in stack.of_type("AWS::Events::Rule").items():
            if name not in GUARDS_RULES.values():
                (target,) = rule["Targets"]
                self.assertEqual(target["RoleArn"], stack.attribute("WatchRole", "Arn"))
                self.assertTrue(rule["Name"].startswith("sealwatch-watch-"), name)
                self.assertEqual(target["DeadLetterConfig"]["Arn"], stack.attribute("FailureQueue", "Arn"))
        self.assertEqual({it for statement in stack.statements("WatchRole") for it in statement["Action"]}, {"sns:Publish", "kms:Decrypt", "kms:GenerateDataKey*"})


if __name__ == "__main__":
    unittest.main()
