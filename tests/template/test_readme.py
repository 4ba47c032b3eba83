"""The README's tables: permissions as in the roles, and a sum that adds up over what the template makes."""

import math
import re
import unittest

import calls as code
from stack import GUARDS, MODES, ROOT, Stack, guard_stack

README = (ROOT / "README.md").read_text()


def section(title: str) -> str:
    return re.split(rf"(?m)^##+ {re.escape(title)}$", README)[1].split("\n## ")[0]


def tables(text: str) -> list[list[list[str]]]:
    """The rows of each table, without heads."""
    found = re.findall(r"(?m)^\| ?-+.*\n((?:\|.*\n)+)", text)
    return [[[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()] for table in found]


class Permissions(unittest.TestCase):
    def test_stand_in_the_readme_as_in_the_roles_with_their_modes(self):
        listed = tables(section("Permissions"))
        self.assertEqual(len(listed), len(GUARDS))
        for rows, (guard, logical) in zip(listed, GUARDS.items(), strict=True):
            for mode in MODES:
                told = {
                    action
                    for actions, _, _, modes in rows
                    if modes.strip("| ") == "all" or mode in modes
                    for action in re.findall(r"`([a-z]+:\w+)`", actions)
                }
                statements = guard_stack(mode).statements(f"{logical}Role", "guard")
                held = {action for it in statements if it["Sid"] != "PageUnderKey" for action in it["Action"]}
                with self.subTest(guard=guard, mode=mode):
                    self.assertEqual(told, held)

    def test_stand_there_with_the_resources_of_the_roles(self):
        for rows, logical in zip(tables(section("Permissions")), GUARDS.values(), strict=True):
            held = {action: it["Resource"] for it in guard_stack("remediate").statements(f"{logical}Role", "guard") for action in it["Action"]}
            for actions, resource, *_ in rows:
                for action in re.findall(r"`([a-z]+:\w+)`", actions):
                    told = resource.split("`")[1] if "`" in resource else resource
                    told = told.replace("REGION", "eu-central-1").replace("ACCOUNT", "111122223333")
                    told = {"the topic": guard_stack("page").ref("Topic")}.get(told, told)
                    self.assertEqual([told], held[action], action)

    def test_of_lambda_itself_are_told_too(self):
        text = section("Permissions")
        stack = guard_stack("page", Tracing="Active")
        for logical in GUARDS.values():
            for statement in stack.statements(f"{logical}Role"):
                for action in statement["Action"]:
                    self.assertIn(f"`{action}`", text)


class Alarms(unittest.TestCase):
    def test_each_has_its_lines_with_names_that_the_stack_gives(self):
        text, stack = section("Alarms"), Stack()
        for name in (it["AlarmName"] for it in stack.of_type("AWS::CloudWatch::Alarm").values()):
            told = re.sub(r"^sealwatch-[a-z-]+-guard-", "…-", name)
            self.assertIn(f"**`{told}`**", text)
        for name in ("sealwatch-failures", "sealwatch-key-guard", "/aws/lambda/sealwatch-key-guard"):
            self.assertIn(name, text)
            self.assertIn(name, [stack.name_of(it) for it in stack.resources])
        self.assertTrue(all(stack.name_of(it).startswith("sealwatch-") for it in stack.of_type("AWS::Scheduler::Schedule")))
        self.assertIn("sealwatch-key-guard", [it["Name"] for it in stack.of_type("AWS::Events::Rule").values()])


class Costs(unittest.TestCase):
    rows = tables(section("What it costs"))[0]

    def test_add_up(self):
        items, (last,) = self.rows[:-1], self.rows[-1:]
        for column in (-2, -1):
            total = round(sum(float(it[column].strip("| ")) for it in items), 2)
            self.assertEqual(last[column].strip("*| "), f"{total:.2f}")

    def test_are_how_many_times_the_price(self):
        for name, how_many, price, *sums in self.rows[:-1]:
            amounts = [float(it.replace(",", "")) for it in how_many.split("; ")]
            amounts = amounts * 2 if len(amounts) == 1 else amounts
            for amount, told in zip(amounts, sums, strict=True):
                self.assertAlmostEqual(amount * float(price), float(told.strip("| ")), delta=0.0051, msg=name)

    def test_count_what_the_template_makes_and_the_functions_write(self):
        count = {name.split(" (")[0]: how_many for name, how_many, *_ in self.rows}
        stack = Stack(region="us-east-1")
        self.assertEqual(count["KMS keys"], str(len(stack.of_type("AWS::KMS::Key"))))
        self.assertEqual(count["alarms"], str(len(stack.of_type("AWS::CloudWatch::Alarm"))))
        self.assertEqual(count["dashboard"], str(len(stack.of_type("AWS::CloudWatch::Dashboard"))))
        beats = len(stack.of_type("AWS::Scheduler::Schedule")) * 48 * 30
        self.assertIn(f"{beats:,} heartbeats", section("What it costs"))

    def test_count_a_metric_for_the_hours_in_which_it_is_told_of(self):
        """Some with each heartbeat, so in every hour; the others in a small account now and then, in a large one always."""
        (how_many,) = [it for name, it, *_ in self.rows if name == "custom metrics"]
        always, hours = code.metrics_always(), 730
        self.assertEqual(always, {"Events", "EventAge", "GatherTime", "ApplyTime"})
        # 100 violations: a finding, perhaps two, an effect with its time, and a page.
        small = len(always) * len(GUARDS) + 5 * 100 / hours
        self.assertEqual(how_many, f"{math.ceil(small)}; {len(code.metrics()) * len(GUARDS)}")


if __name__ == "__main__":
    unittest.main()
