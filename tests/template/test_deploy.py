"""`make deploy`: the roles' modes follow from the policy file, and the architecture from the packages."""

import importlib.util
import pathlib
import struct
import subprocess
import tempfile
import tomllib
import unittest

from stack import ROOT, written

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
        header = lambda machine: b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, machine)
        self.assertEqual(deploy.architecture(header(183)), "arm64")
        self.assertEqual(deploy.architecture(header(62)), "x86_64")


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
