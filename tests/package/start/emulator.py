"""The strict AWS emulator, and the calls that make a case's account in it."""

import json
import os
import subprocess
import urllib.request

from . import ACCOUNT, PATIENCE, REGION, ROOT

LOGS, KMS, CLOUDTRAIL = "Logs_20140328", "TrentService", "CloudTrail_20131101"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:sealwatch-pages"
BUCKET = "example-trail-logs"


class Emulator:
    """Runs from its making until it is closed."""

    def __init__(self) -> None:
        environment = os.environ | {"PYTHONPATH": str(ROOT / "tests/emulator"), "PYTHONDONTWRITEBYTECODE": "1"}
        python = ROOT / ".tools/venv/bin/python"
        command = [python, "-m", "strict_moto", "--port", "0", "--until-stdin-closes", "--account", ACCOUNT]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, env=environment, text=True, **pipes)
        self.address = self.process.stdout.readline().strip().removeprefix("listening on ")
        if not self.address:
            raise SystemExit("the AWS emulator doesn't start")

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.process.stdout.close()

    def send(self, method: str, path: str, body: str = "", service: str = "", **headers: str) -> bytes:
        scope = f"AWS4-HMAC-SHA256 Credential=testing/20261103/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=0"
        headers = {name.replace("_", "-"): value for name, value in headers.items()} | {"x-strict-setup": "1"}
        if service:
            headers["authorization"] = scope
        request = urllib.request.Request(f"http://{self.address}{path}", body.encode() or None, headers, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.read()

    def call(self, service: str, operation: str, **parameters: object) -> dict:
        """A call of a JSON service, which the record of requests shows as set-up."""
        signed = {LOGS: "logs", KMS: "kms", CLOUDTRAIL: "cloudtrail"}[service]
        kind = {"content_type": "application/x-amz-json-1.1", "x_amz_target": f"{service}.{operation}"}
        answer = self.send("POST", "/", json.dumps(parameters), signed, **kind)
        return json.loads(answer) if answer else {}

    def order(self, what: str, order: dict) -> None:
        self.send("POST", f"/_strict/{what}", json.dumps(order))

    def calls(self) -> list[str]:
        """What was called since the last reset, without what was set up."""
        record = json.loads(self.send("GET", "/_strict/requests"))
        return [f"{it['service']}:{it['operation']}" for it in record if not it["setup"]]

    def begin(self) -> None:
        """An account with nothing but the topic of the pages."""
        self.send("POST", "/_strict/reset")
        form = "Action=CreateTopic&Version=2010-03-31&Name=sealwatch-pages"
        self.send("POST", "/", form, "sns", content_type="application/x-www-form-urlencoded")

    def key(self, alias: str | None = None) -> str:
        """The ARN of a new key that CloudWatch Logs and CloudTrail may use, as AWS documents it."""
        service = {"Effect": "Allow", "Resource": "*"}
        logs = {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:*"}}
        trails = {"StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/*"}}
        use = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
        statements = [
            service | {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*"},
            service | {"Principal": {"Service": f"logs.{REGION}.amazonaws.com"}, "Action": use, "Condition": logs},
            service
            | {"Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "kms:GenerateDataKey*", "Condition": trails},
            service | {"Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "kms:DescribeKey"},
        ]
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        arn = self.call(KMS, "CreateKey", Policy=policy)["KeyMetadata"]["Arn"]
        if alias:
            self.call(KMS, "CreateAlias", AliasName=alias, TargetKeyId=arn)
        return arn

    def trail(self, name: str, key: str) -> None:
        """A trail that is as policy requires it, and records."""
        place = f"<LocationConstraint>{REGION}</LocationConstraint>"
        bucket = f'<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{place}</CreateBucketConfiguration>'
        self.send("PUT", f"/{BUCKET}", bucket, "s3", content_type="application/xml")
        wanted = {"Name": name, "S3BucketName": BUCKET, "KmsKeyId": key}
        self.call(CLOUDTRAIL, "CreateTrail", **wanted, IsMultiRegionTrail=True, EnableLogFileValidation=True)
        self.call(CLOUDTRAIL, "StartLogging", Name=name)
