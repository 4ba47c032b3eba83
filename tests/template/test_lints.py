"""The linters, on what CloudFormation really gets: the transformed templates."""

import json
import pathlib
import subprocess
import tempfile
import unittest

from stack import ROOT, transformed

TOOLS = ROOT / ".tools"
TEMPLATES = ("template.yaml", "preventive.yaml")


class Linters(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.paths = []
        for name in TEMPLATES:
            path = pathlib.Path(folder.name, name).with_suffix(".json")
            path.write_text(json.dumps(transformed(name), indent=1))
            cls.paths.append(str(path))

    def passes(self, *command: str):
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)

    def test_sam_validates_and_lints_the_template(self):
        self.passes(str(TOOLS / "deploy/bin/sam"), "validate", "--lint", "--region", "eu-central-1", "--template", "template.yaml")

    def test_cfn_lint_is_quiet(self):
        regions = ["--regions", "eu-central-1", "us-east-1", "cn-north-1", "us-gov-west-1"]
        self.passes(str(TOOLS / "template/bin/cfn-lint"), *regions, "--", *self.paths)

    def test_checkov_passes(self):
        files = [word for path in self.paths for word in ("--file", path)]
        self.passes(str(TOOLS / "checkov/bin/checkov"), "--config-file", "tests/template/checkov.yaml", *files)


if __name__ == "__main__":
    unittest.main()
