"""A template as AWS would see it: transformed by SAM, with its conditions and functions worked out for given parameters.

Knows only the functions that the templates use, and fails on any other.
"""

import functools
import json
import os
import pathlib
import re

import yaml
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

# The translator wants one; what depends on the Region is worked out here.
os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")
ROOT = pathlib.Path(__file__).resolve().parents[2]
ACCOUNT = "111122223333"
NAME = "sealwatch"
GUARDS = {"log-group": "LogGroupGuard", "trail": "TrailGuard", "key": "KeyGuard"}
MODES = ("observe", "page", "remediate")
# What `Ref` gives is a name, but for these.
ARN_BY_REF = ("AWS::SNS::Topic", "AWS::SNS::Subscription", "AWS::Lambda::LayerVersion")
ARNS = {
    "AWS::Events::Rule": "events:{region}:{account}:rule/{name}",
    "AWS::IAM::Role": "iam::{account}:role/{name}",
    "AWS::KMS::Key": "kms:{region}:{account}:key/{name}",
    "AWS::Lambda::Function": "lambda:{region}:{account}:function:{name}",
    "AWS::Lambda::LayerVersion": "lambda:{region}:{account}:layer:{name}:1",
    "AWS::Logs::LogGroup": "logs:{region}:{account}:log-group:{name}:*",
    "AWS::SNS::Topic": "sns:{region}:{account}:{name}",
    "AWS::SQS::Queue": "sqs:{region}:{account}:{name}",
}
NAMES = ("FunctionName", "LogGroupName", "QueueName", "TopicName", "AlarmName", "DashboardName", "LayerName", "Name")


class Unknown(Exception):
    """Something in a template that this file doesn't know."""


@functools.cache
def transformed(path: str) -> dict:
    """A template of the checkout, as CloudFormation gets it from SAM's transform."""
    template = yaml_parse((ROOT / path).read_text())
    if "Transform" not in template:
        return template
    for resource in template["Resources"].values():
        # The translator wants packages that have been uploaded.
        for place in ("CodeUri", "ContentUri"):
            if place in resource.get("Properties", {}):
                resource["Properties"][place] = "s3://packages/package"
    return Translator({}, Parser()).translate(template, {})


def written(path: str) -> dict:
    """A template as it is written, for what the transform takes away."""
    return yaml_parse((ROOT / path).read_text())


class Stack:
    """A template deployed with some parameters, in some Region."""

    def __init__(self, path="template.yaml", region="eu-central-1", partition="aws", account=ACCOUNT, **parameters):
        self.template = json.loads(json.dumps(transformed(path)))
        self.region, self.partition, self.account = region, partition, account
        self.suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
        declared = self.template.get("Parameters", {})
        strange = set(parameters) - set(declared)
        if strange:
            raise Unknown(f"no such parameter: {strange}")
        self.parameters = {name: parameters.get(name, it.get("Default")) for name, it in declared.items()}
        self.resources = {
            logical: self.value(resource)
            for logical, resource in self.template["Resources"].items()
            if "Condition" not in resource or self.condition(resource["Condition"])
        }

    def output(self, name: str) -> str:
        """The value of an output."""
        return self.value(self.template["Outputs"][name]["Value"])

    def of_type(self, kind: str) -> dict[str, dict]:
        """The properties of all resources of a type."""
        return {name: it.get("Properties", {}) for name, it in self.resources.items() if it["Type"] == kind}

    def properties(self, logical: str) -> dict:
        """The properties of one resource."""
        return self.resources[logical]["Properties"]

    def condition(self, name: str) -> bool:
        return self.test(self.template["Conditions"][name])

    def test(self, rule) -> bool:
        ((function, arguments),) = rule.items()
        match function:
            case "Condition":
                return self.condition(arguments)
            case "Fn::Equals":
                left, right = map(self.value, arguments)
                return str(left) == str(right)
            case "Fn::Not":
                return not self.test(arguments[0])
            case "Fn::And":
                return all(map(self.test, arguments))
            case "Fn::Or":
                return any(map(self.test, arguments))
        raise Unknown(function)

    NOTHING = object()

    def value(self, node):
        """A node with everything worked out; what is `AWS::NoValue` is gone."""
        if isinstance(node, list):
            return [it for it in map(self.value, node) if it is not self.NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((function, argument),) = node.items()
            match function:
                case "Ref":
                    return self.ref(argument)
                case "Fn::GetAtt":
                    return self.attribute(*(argument.split(".", 1) if isinstance(argument, str) else argument))
                case "Fn::Sub":
                    return re.sub(r"\$\{([^}!]+)\}", lambda it: str(self.named(it[1])), argument)
                case "Fn::If":
                    name, then, otherwise = argument
                    return self.value(then if self.condition(name) else otherwise)
                case "Fn::Join":
                    return argument[0].join(map(str, self.value(argument[1])))
            if function.startswith("Fn::"):
                raise Unknown(function)
        worked = {key: self.value(it) for key, it in node.items()}
        return {key: it for key, it in worked.items() if it is not self.NOTHING}

    def named(self, name: str):
        return self.attribute(*name.split(".", 1)) if "." in name else self.ref(name)

    def ref(self, name: str):
        pseudo = {
            "AWS::AccountId": self.account,
            "AWS::NoValue": self.NOTHING,
            "AWS::Partition": self.partition,
            "AWS::Region": self.region,
            "AWS::StackName": NAME,
            "AWS::URLSuffix": self.suffix,
        }
        if name in pseudo:
            return pseudo[name]
        if name in self.parameters:
            return self.parameters[name]
        kind = self.template["Resources"][name]["Type"]
        if kind == "AWS::SQS::Queue":
            return f"https://sqs.{self.region}.{self.suffix}/{self.account}/{self.name_of(name)}"
        return self.attribute(name, "Arn") if kind in ARN_BY_REF else self.name_of(name)

    def attribute(self, logical: str, attribute: str) -> str:
        if attribute == "QueueName":
            return self.name_of(logical)
        if attribute != "Arn":
            raise Unknown(f"{logical}.{attribute}")
        shape = ARNS[self.template["Resources"][logical]["Type"]]
        tail = shape.format(region=self.region, account=self.account, name=self.name_of(logical))
        return f"arn:{self.partition}:{tail}"

    def name_of(self, logical: str) -> str:
        """The name that a resource gets, by the template or by CloudFormation."""
        properties = self.template["Resources"][logical].get("Properties", {})
        for key in NAMES:
            if key in properties:
                return self.value(properties[key])
        return f"{NAME}-{logical}-1A2B3C4D"

    def statements(self, role: str, policy: str | None = None) -> list[dict]:
        """The statements of a role's policies, or of the one that is named; actions and resources as lists."""
        policies = self.properties(role).get("Policies", [])
        wanted = [it for it in policies if policy in (None, it["PolicyName"])]
        return [listed(statement) for it in wanted for statement in it["PolicyDocument"]["Statement"]]


def listed(statement: dict) -> dict:
    """A statement whose actions and resources are lists."""
    held = {key: statement[key] for key in ("Action", "Resource") if key in statement}
    return statement | {key: it if isinstance(it, list) else [it] for key, it in held.items()}


def guard_stack(mode: str, **parameters) -> Stack:
    """The stack with all guards in a mode."""
    return Stack(Mode=mode, **parameters)


__all__ = ["ACCOUNT", "GUARDS", "MODES", "NAME", "ROOT", "Stack", "Unknown", "guard_stack", "listed", "transformed", "written", "yaml"]
