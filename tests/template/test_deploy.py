"""`make deploy`: the roles' modes follow from the policy file, and the architecture from the packages."""

import datetime
import importlib.util
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import tomllib
import unittest
import unittest.mock

import boto3
from botocore.stub import Stubber
from stack import ROOT, written

MADE, LATER = (datetime.datetime(2026, 11, 3, hour, tzinfo=datetime.UTC) for hour in (9, 10))
spec = importlib.util.spec_from_file_location("deploy", ROOT / "deploy/deploy.py")
deploy = importlib.util.module_from_spec(spec)
spec.loader.exec_module(deploy)


class Modes(unittest.TestCase):
    def test_the_shipped_policy_observes_as_the_template_does_by_default(self):
        modes = deploy.modes((ROOT / "policy.toml").read_text())
        parameters = written("template.yaml")["Parameters"]
        self.assertEqual(modes, {name: parameters[name]["Default"] for name in modes})

    def test_a_guard_s_own_mode_becomes_its_parameter(self):
        modes = deploy.modes('mode = "page"\n[log_groups]\nmode = "remediate"\n[keys]\nmode = "observe"\n')
        wanted = {"Mode": "page", "LogGroupGuardMode": "remediate", "TrailGuardMode": "inherit", "KeyGuardMode": "observe"}
        self.assertEqual(modes, wanted)

    def test_a_file_that_names_no_mode_observes_as_the_guards_take_it(self):
        self.assertEqual(deploy.modes("")["Mode"], "observe")

    def test_they_are_values_that_the_template_takes(self):
        parameters = written("template.yaml")["Parameters"]
        for mode in ("observe", "page", "remediate"):
            for name, value in deploy.modes(f'mode = "{mode}"\n[trails]\nmode = "{mode}"\n').items():
                self.assertIn(value, parameters[name]["AllowedValues"], name)


class Architectures(unittest.TestCase):
    def test_are_read_from_the_binary(self):
        for machine, name in ((183, "arm64"), (62, "x86_64")):
            header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, machine)
            self.assertEqual(deploy.architecture(header), name)


class Answers(unittest.TestCase):
    def test_that_were_kept_are_read_in_both_forms(self):
        kept = {"Mode": "page", "PageEmail": "", "LogsAlias": "alias/logs"}
        line = 'Mode=\\"page\\" PageEmail=\\"\\" LogsAlias=\\"alias/logs\\"'
        text = f'[default.deploy.parameters]\nparameter_overrides = "{line}"\n'
        self.assertEqual(deploy.saved(text, "default"), kept)
        listed = '[default.deploy.parameters]\nparameter_overrides = ["Mode=page", "PageEmail=", "LogsAlias=alias/logs"]\n'
        self.assertEqual(deploy.saved(listed, "default"), kept)

    def test_of_another_environment_don_t_count(self):
        self.assertEqual(deploy.saved('[default.deploy.parameters]\nparameter_overrides = "Mode=page"\n', "prod"), {})

    def test_the_shipped_configuration_holds_none(self):
        text = (ROOT / "samconfig.toml").read_text()
        self.assertEqual(deploy.saved(text, "default"), {})
        deployed = tomllib.loads(text)["default"]["deploy"]["parameters"]
        self.assertEqual(deployed["capabilities"], "CAPABILITY_IAM")
        self.assertTrue(deployed["confirm_changeset"])

    def test_that_disagree_with_what_was_built_are_told(self):
        wanted = {"Mode": "observe", "Architecture": "arm64"}
        self.assertEqual(deploy.disagreements(wanted, wanted | {"PageEmail": "a@example.com"}), [])
        self.assertEqual(deploy.disagreements(wanted, {}), [], "nothing was kept: nothing was answered")
        (told,) = deploy.disagreements(wanted, wanted | {"Mode": "remediate"})
        self.assertIn("Mode is remediate", told)


class TheStackSName(unittest.TestCase):
    def test_is_what_was_kept_or_else_what_is_offered(self):
        text = (ROOT / "samconfig.toml").read_text()
        self.assertEqual(deploy.stack_name(text, "default"), "sealwatch")
        self.assertEqual(deploy.stack_name(text.replace("[default.deploy.parameters]", '[default.deploy.parameters]\nstack_name = "mine"'), "default"), "mine")
        self.assertEqual(deploy.stack_name(text, "prod"), "")

    def test_has_a_limit(self):
        self.assertEqual(deploy.too_long("s" * deploy.LONGEST_NAME), [])
        (told,) = deploy.too_long("s" * (deploy.LONGEST_NAME + 1))
        self.assertIn("has 33 characters", told)

    def test_that_is_too_long_deploys_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for path, content in {
                "deploy/deploy.py": (ROOT / "deploy/deploy.py").read_bytes(),
                "samconfig.toml": f'[default.global.parameters]\nstack_name = "{"s" * 33}"\n'.encode(),
                ".aws-sam/build/PolicyLayer/sealwatch/policy.toml": b"",
                ".aws-sam/build/LogGroupGuard/bootstrap": bytes(18) + struct.pack("<H", 183),
            }.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(content)
            # There is no `sam` in this folder: to run it would fail otherwise.
            ended = subprocess.run([sys.executable, root / "deploy/deploy.py"], capture_output=True, text=True, check=False)
        self.assertEqual((ended.returncode, ended.stderr.count("\n")), (1, 1), ended.stderr)
        self.assertIn("error: the stack name sss", ended.stderr)


class AnotherRegion(unittest.TestCase):
    text = (ROOT / "samconfig.toml").read_text()

    def test_begins_as_the_first_was_shipped(self):
        shipped = tomllib.loads(self.text)["default"]
        kept = self.text.replace("[default.deploy.parameters]", '[default.deploy.parameters]\nregion = "eu-central-1"\nparameter_overrides = "Mode=page"')
        begun = tomllib.loads(deploy.begun(kept, "eu-west-1"))
        self.assertEqual(begun["eu-west-1"]["deploy"]["parameters"], shipped["deploy"]["parameters"] | {"region": "eu-west-1"})
        self.assertEqual(begun["eu-west-1"]["global"], shipped["global"])
        self.assertEqual(begun["default"], tomllib.loads(kept)["default"])
        self.assertEqual(deploy.stack_name(deploy.begun(kept, "eu-west-1"), "eu-west-1"), "sealwatch")

    def test_that_was_begun_stays_as_it_is(self):
        begun = deploy.begun(self.text, "eu-west-1")
        self.assertEqual(deploy.begun(begun, "eu-west-1"), begun)
        self.assertEqual(deploy.begun(self.text, "default"), self.text)

    def test_may_have_any_name(self):
        begun = tomllib.loads(deploy.begun(self.text, 'prod."eu"'))
        self.assertNotIn("region", begun['prod."eu"']["deploy"]["parameters"])


class Protection(unittest.TestCase):
    """Against botocore's own model of CloudFormation, without a network."""

    on = ("update_termination_protection", {}, {"StackName": "sealwatch", "EnableTerminationProtection": True})

    def protect(self, *answers, before=None) -> str:
        aws = boto3.Session("test", "test", region_name="eu-central-1")
        client = aws.client("cloudformation")
        with Stubber(client) as stubber:
            for name, answer, asked in answers:
                if isinstance(answer, str):
                    stubber.add_client_error(name, answer, expected_params=asked)
                else:
                    stubber.add_response(name, answer, asked)
            with unittest.mock.patch.object(aws, "client", return_value=client):
                said = deploy.protect(aws, "sealwatch", before)
            stubber.assert_no_pending_responses()
        self.assertIn("sealwatch in eu-central-1", said)
        return said

    def found(self, **more) -> tuple:
        stack = {"StackName": "sealwatch", "CreationTime": MADE, "StackStatus": "UPDATE_COMPLETE"} | more
        return "describe_stacks", {"Stacks": [stack]}, {"StackName": "sealwatch"}

    def test_is_switched_on_once(self):
        self.assertIn("is protected from deletion now", self.protect(self.found(), self.on))
        self.assertIn("is protected from deletion now", self.protect(self.found(LastUpdatedTime=LATER), self.on, before=MADE))
        self.assertTrue(self.protect(self.found(EnableTerminationProtection=True)).endswith("is protected from deletion"))

    def test_is_not_for_what_was_declined(self):
        for answer, before in ((self.found(StackStatus="REVIEW_IN_PROGRESS"), None), (self.found(), MADE), (self.found(LastUpdatedTime=LATER), LATER)):
            self.assertIn("wasn't changed", self.protect(answer, before=before))

    def test_that_fails_is_told_with_the_command(self):
        denied = (self.on[0], "AccessDenied", self.on[2])
        for answers in ([self.found(), denied], [("describe_stacks", "AccessDenied", {"StackName": "sealwatch"})]):
            said = self.protect(*answers)
            self.assertIn("AccessDenied", said)
            self.assertIn("aws cloudformation update-termination-protection --enable-termination-protection --stack-name sealwatch --region eu-central-1", said)

    def test_without_a_region_is_told_too(self):
        with unittest.mock.patch.dict(os.environ, {"AWS_CONFIG_FILE": os.devnull}, clear=True):
            self.assertIn("region", deploy.protect(boto3.Session(), "sealwatch", None))
            self.assertIsNone(deploy.changed(boto3.Session(), "sealwatch"))


class TheAccount(unittest.TestCase):
    def told(self, **environment) -> subprocess.CompletedProcess:
        with tempfile.TemporaryDirectory() as home:
            nothing = {"HOME": home, "PATH": os.defpath, "AWS_EC2_METADATA_DISABLED": "true"}
            command = [sys.executable, ROOT / "deploy/deploy.py", "--account"]
            return subprocess.run(command, env=nothing | environment, capture_output=True, text=True, check=False)

    def test_without_credentials_is_one_clear_line(self):
        ended = self.told()
        self.assertEqual((ended.returncode, ended.stdout), (1, ""))
        self.assertEqual(ended.stderr, "error: no usable AWS credentials: Unable to locate credentials\n")

    def test_of_a_profile_that_isn_t_there_is_one_too(self):
        ended = self.told(AWS_PROFILE="nobody")
        self.assertEqual((ended.returncode, ended.stderr.count("\n")), (1, 1), ended.stderr)
        self.assertIn("nobody", ended.stderr)

    def test_is_asked_for_before_anything_is_built(self):
        recipe = (ROOT / "Makefile").read_text().split("\ndeploy:", 1)[1].split("\n\n", 1)[0]
        self.assertLess(recipe.index("--account"), recipe.index("build"))


class TheLayer(unittest.TestCase):
    def test_holds_the_policy_file_where_the_functions_look(self):
        with tempfile.TemporaryDirectory() as folder:
            makefile = ROOT / "deploy/policy/Makefile"
            command = ["make", "--silent", "--makefile", str(makefile), "build-PolicyLayer", f"ARTIFACTS_DIR={folder}"]
            subprocess.run(command, cwd=ROOT, check=True)
            packed = {it.relative_to(folder).as_posix(): it.read_bytes() for it in pathlib.Path(folder).rglob("*") if it.is_file()}
        self.assertEqual(packed, {"sealwatch/policy.toml": (ROOT / "policy.toml").read_bytes()})


if __name__ == "__main__":
    unittest.main()
