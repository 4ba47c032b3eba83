"""The rules against the sample events and against the code: every call that a guard handles reaches it, and no other does."""

import json
import unittest

import calls as code
from patterns import GUARDS_RULES, LONGEST, Refused, call, check, matching, names, rules, samples
from stack import GUARDS, Stack

FOREIGN = [
    call("logs", "DeleteLogGroup", logGroupName="/payments/api"),
    call("logs", "PutRetentionPolicy", logGroupName="/payments/api"),
    call("logs", "CreateLogStream", logGroupName="/payments/api"),
    call("logs", "DisassociateSourceFromS3TableIntegration"),
    call("cloudtrail", "AddTags"),
    call("cloudtrail", "CreateEventDataStore", name="archive"),
    call("cloudtrail", "DeleteEventDataStore"),
    call("kms", "CreateKey"),
    call("kms", "CreateGrant", keyId="1"),
    call("kms", "Decrypt"),
    call("kms", "EnableKeyRotation", keyId="1"),
    call("kms", "CreateAlias", aliasName="alias/logs"),
    call("kms", "TagResource", keyId="1"),
    call("s3", "CreateBucket", bucketName="archive"),
    call("iam", "CreateUser", userName="StopLogging"),
    # Another service's call of the same name.
    call("redshift", "StopLogging"),
    call("ec2", "CreateTrail"),
    call("payments", "CreateLogGroup"),
]


class TheRulesOfTheGuards(unittest.TestCase):
    stack = Stack()

    def test_there_is_one_rule_a_guard_and_it_starts_that_guard(self):
        for guard, rule in GUARDS_RULES.items():
            properties = self.stack.properties(rule)
            (target,) = properties["Targets"]
            self.assertEqual(target["Arn"], self.stack.attribute(GUARDS[guard], "Arn"))
            self.assertNotIn("Input", target)
            self.assertNotIn("InputPath", target)
            self.assertNotIn("InputTransformer", target)
            self.assertEqual(properties.get("State", "ENABLED"), "ENABLED")

    def test_eventbridge_may_invoke_the_function_for_that_rule_only(self):
        permissions = list(self.stack.of_type("AWS::Lambda::Permission").values())
        allowed = {(it["FunctionName"], it["SourceArn"]) for it in permissions}
        wanted = {(self.stack.ref(GUARDS[guard]), self.stack.attribute(rule, "Arn")) for guard, rule in GUARDS_RULES.items()}
        self.assertEqual(allowed, wanted)
        for it in permissions:
            self.assertEqual((it["Action"], it["Principal"]), ("lambda:InvokeFunction", "events.amazonaws.com"))

    def test_every_sample_starts_its_own_guard_and_no_other_rule(self):
        seen = set()
        for path, guard, event in samples():
            with self.subTest(sample=str(path)):
                self.assertEqual(matching(self.stack, event), {GUARDS_RULES[guard]})
                seen.add(guard)
        self.assertLessEqual(set(code.guards()), seen, "each guard has samples")

    def test_what_isn_t_a_guard_s_business_starts_none(self):
        for event in FOREIGN:
            with self.subTest(call=event["detail"]["eventName"], service=event["source"]):
                self.assertEqual(matching(self.stack, event), set())

    def test_a_name_alone_starts_nothing(self):
        """Anybody may put an event on the bus under a source that doesn't begin with `aws.`."""
        for _, _, event in samples():
            self.assertEqual(matching(self.stack, event | {"source": "payments"}), set())
            self.assertEqual(matching(self.stack, event | {"detail-type": "Payment"}), set())

    def test_a_denied_call_is_delivered_too(self):
        for path, guard, event in samples():
            denied = event | {"detail": event["detail"] | {"errorCode": "AccessDenied", "requestParameters": None}}
            self.assertEqual(matching(self.stack, denied), {GUARDS_RULES[guard]}, path)

    def test_what_kms_does_by_itself_reaches_the_key_guard(self):
        base = call("kms", "DeleteKey")
        for name in ("DeleteKey", "DeleteExpiredKeyMaterial"):
            event = base | {"detail-type": "AWS Service Event via CloudTrail", "detail": base["detail"] | {"eventName": name}}
            self.assertEqual(matching(self.stack, event), {GUARDS_RULES["key"]})
        for kind in ("KMS CMK Deletion", "KMS Imported Key Material Expiration"):
            event = base | {"detail-type": kind, "detail": {"key-id": "1234abcd-12ab-34cd-56ef-1234567890ab"}}
            self.assertEqual(matching(self.stack, event), {GUARDS_RULES["key"]})
        rotated = base | {"detail-type": "KMS CMK Rotation", "detail": {"key-id": "1234abcd-12ab-34cd-56ef-1234567890ab"}}
        self.assertEqual(matching(self.stack, rotated), set())

    def test_the_rules_name_exactly_what_the_code_handles(self):
        patterns = rules(self.stack)
        self.assertEqual(set(code.judged()), set(GUARDS))
        for guard in code.judged():
            with self.subTest(guard=guard):
                self.assertEqual(names(patterns[GUARDS_RULES[guard]]), code.handled(guard))

    def test_no_event_gets_lost_on_the_way_to_a_guard(self):
        for rule in GUARDS_RULES.values():
            (target,) = self.stack.properties(rule)["Targets"]
            self.assertEqual(target["DeadLetterConfig"]["Arn"], self.stack.attribute("FailureQueue", "Arn"))


class EveryPattern(unittest.TestCase):
    def test_holds_only_what_the_matcher_is_right_about(self):
        for name, pattern in rules(Stack(region="us-east-1")).items():
            with self.subTest(rule=name):
                check(pattern)

    def test_is_about_one_service_by_its_full_name(self):
        for name, pattern in rules(Stack(region="us-east-1")).items():
            (source,) = pattern["source"]
            details = [pattern] if "detail" in pattern else [it for it in pattern["$or"] if "detail" in it]
            for it in details:
                self.assertEqual([source], ["aws." + it["detail"]["eventSource"][0].removesuffix(".amazonaws.com")], name)

    def test_is_within_eventbridges_limit(self):
        for name, pattern in rules(Stack(region="us-east-1")).items():
            # The stack's name, of up to 128 characters, stands in a pattern six times at the most.
            self.assertLess(len(json.dumps(pattern)) + 6 * 119, LONGEST, name)

    def test_that_isn_t_understood_is_refused(self):
        for pattern in (
            {},
            {"source": "aws.kms"},
            {"source": []},
            {"source": [{"anything-but": ["aws.kms"]}]},
            {"source": [{"prefix": ["aws."]}]},
            {"source": [{"wildcard": "aws.*"}]},
            {"detail": {"count": [1]}},
            {"$or": [{"source": ["aws.kms"]}]},
            {"$or": [{"source": ["aws.kms"]}, {"source": [{"cidr": "192.0.2.0/24"}]}]},
        ):
            with self.subTest(pattern=pattern), self.assertRaises(Refused):
                check(pattern)


if __name__ == "__main__":
    unittest.main()
