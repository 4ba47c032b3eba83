"""CloudWatch Logs: key association, strict checks of names and keys, and the two ways to list log groups.

A key is accepted only if its policy really lets the Logs service use it for the group's ARN. It never encrypts anything
and never checks the caller's own permission on the key.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.kms.models import Key, kms_backends
from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.models import LogGroup, LogsBackend, logs_backends
from moto.logs.responses import LogsResponse

from . import key_policy
from .state import STATE

GROUP_NAME = r"[\.\-_/#A-Za-z0-9]+"
IDENTIFIER = r"[\w#+=/:,.@\-]*"
RESOURCE_IDENTIFIER = r"[\w+=/:,.@\-\*]*"
LIST_PATTERN = r"(\^?[\.\-_\/#A-Za-z0-9]{3,24})(\|\^?[\.\-_\/#A-Za-z0-9]{3,24}){0,4}"
CLASSES = ("STANDARD", "INFREQUENT_ACCESS", "DELIVERY", "ESSENTIALS")
NEEDED = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:DescribeKey"]


def invalid(message: str) -> JsonRESTError:
    return JsonRESTError("InvalidParameterException", message)


def text(response: LogsResponse, name: str, shortest: int, longest: int, pattern: str | None = None) -> str | None:
    """A string parameter by the API model's constraints; None when it isn't given."""
    value = response._get_param(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise JsonRESTError("SerializationException", f"{name} isn't a string")
    constraint = None
    if len(value) < shortest:
        constraint = f"Member must have length greater than or equal to {shortest}"
    elif len(value) > longest:
        constraint = f"Member must have length less than or equal to {longest}"
    elif pattern and not re.fullmatch(pattern, value, re.ASCII):
        constraint = f"Member must satisfy regular expression pattern: {pattern}"
    if constraint:
        raise invalid(f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: {constraint}")
    return value


def group_name(response: LogsResponse, name: str = "logGroupName") -> str | None:
    return text(response, name, 1, 512, GROUP_NAME)


def log_class(response: LogsResponse) -> str | None:
    value = response._get_param("logGroupClass")
    if value is not None and value not in CLASSES:
        raise invalid(f"1 validation error detected: Value '{value}' at 'logGroupClass' failed to satisfy constraint: Member must satisfy enum value set: [{', '.join(CLASSES)}]")
    return value


def arn_of(response: LogsResponse, rest: str) -> str:
    return f"arn:{response.partition}:logs:{response.region}:{response.current_account}:{rest}"


def usable_key(response: LogsResponse, resource_arn: str) -> str | None:
    """The ARN of the key the request names, if Logs may use it for the resource."""
    given = text(response, "kmsKeyId", 0, 256)
    if given is None:
        return None
    parts = given.split(":", 5)
    if len(parts) != 6 or parts[:3] != ["arn", response.partition, "kms"] or not parts[5].startswith("key/"):
        raise invalid("The specified KMS Key Id is not a valid key ARN.")
    key: Key | None = kms_backends[parts[4]][response.region].keys.get(parts[5].removeprefix("key/")) if parts[3] == response.region else None
    if key is None:
        raise invalid("The specified KMS Key Id could not be found.")
    if key.key_state != "Enabled":
        raise invalid("The specified KMS Key is not enabled.")
    if key.key_spec != "SYMMETRIC_DEFAULT" or key.key_usage != "ENCRYPT_DECRYPT":
        raise invalid("The specified KMS Key must be a symmetric encryption key.")
    services = {f"logs.{response.region}.amazonaws.com"}
    if response.partition == "aws-cn":
        services.add(f"logs.{response.region}.amazonaws.com.cn")
    context = {"kms:EncryptionContext:aws:logs:arn": resource_arn}
    if not key_policy.service_may(key.policy, key.arn, services, NEEDED, context):
        raise JsonRESTError("AccessDeniedException", f"The specified KMS key does not exist or is not allowed to be used with Arn '{resource_arn}'")
    return key.arn


def named_resource(response: LogsResponse) -> LogGroup | str:
    """The log group a call names, or the ARN of all query results."""
    name, identifier = group_name(response), text(response, "resourceIdentifier", 1, 2048, RESOURCE_IDENTIFIER)
    if (name is None) == (identifier is None):
        raise invalid("Exactly one of logGroupName and resourceIdentifier must be specified.")
    if identifier is not None:
        if identifier == arn_of(response, "query-result:*"):
            return identifier
        prefix = arn_of(response, "log-group:")
        name = identifier.removeprefix(prefix)
        if not identifier.startswith(prefix) or not re.fullmatch(GROUP_NAME, name) or len(name) > 512:
            raise invalid(f"The specified resourceIdentifier '{identifier}' is not valid.")
    return group(response.logs_backend, name)


def group(backend: LogsBackend, name: str | None) -> LogGroup:
    if name not in backend.groups:
        raise ResourceNotFoundException()
    return backend.groups[name]


def associate_kms_key(self: LogsResponse) -> str:
    if self._get_param("kmsKeyId") is None:
        raise invalid("1 validation error detected: Value null at 'kmsKeyId' failed to satisfy constraint: Member must not be null")
    resource = named_resource(self)
    if isinstance(resource, LogGroup):
        resource.kms_key_id = usable_key(self, resource.arn)
    else:
        STATE.query_result_keys[(self.current_account, self.region)] = usable_key(self, resource) or ""
    return "{}"


def disassociate_kms_key(self: LogsResponse) -> str:
    resource = named_resource(self)
    if isinstance(resource, LogGroup):
        resource.kms_key_id = None
    else:
        STATE.query_result_keys.pop((self.current_account, self.region), None)
    return "{}"


def create_log_group(self: LogsResponse) -> str:
    name, group_class, tags = group_name(self), log_class(self), self._get_param("tags")
    if name is None:
        raise invalid("1 validation error detected: Value null at 'logGroupName' failed to satisfy constraint: Member must not be null")
    if tags is not None and (not isinstance(tags, dict) or not 1 <= len(tags) <= 50):
        raise invalid("1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length between 1 and 50")
    key = usable_key(self, arn_of(self, f"log-group:{name}"))
    created = self.logs_backend.create_log_group(name, tags or {}, kmsKeyId=key)
    created.log_group_class = group_class or "STANDARD"
    return "{}"


def delete_log_group(self: LogsResponse) -> str:
    doomed = group(self.logs_backend, group_name(self))
    # moto would hand the tags to the next group of that name.
    self.logs_backend.tagger.delete_all_tags_for_resource(doomed.arn)
    del self.logs_backend.groups[doomed.name]
    return "{}"


def seed(region: str, account: str, groups: list[dict[str, Any]]) -> int:
    """Many log groups at once, or none if one of them couldn't be. Their keys needn't serve or exist any more: in AWS they did once."""
    backend: LogsBackend = logs_backends[account][region]
    names = [given["logGroupName"] for given in groups]
    if len({*names, *backend.groups}) != len(names) + len(backend.groups):
        raise ValueError("a log group is there already, or twice in the list")
    for given in groups:
        if not set(given) <= {"logGroupName", "kmsKeyId", "logGroupClass", "tags"} or given.get("logGroupClass", "STANDARD") not in CLASSES:
            raise ValueError(f"a log group has a logGroupName and at most kmsKeyId, logGroupClass and tags: {given}")
        if not re.fullmatch(GROUP_NAME, given["logGroupName"], re.ASCII) or len(given["logGroupName"]) > 512:
            raise ValueError(f"{given['logGroupName']!r} is no name of a log group")
        if "kmsKeyId" in given and not re.fullmatch(r"arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/.+", given["kmsKeyId"]):
            raise ValueError(f"{given['kmsKeyId']!r} is no ARN of a key")
    for given in groups:
        created = backend.create_log_group(given["logGroupName"], given.get("tags", {}), kmsKeyId=given.get("kmsKeyId"))
        created.log_group_class = given.get("logGroupClass", "STANDARD")
    return len(backend.groups)


def page(response: LogsResponse, groups: Sequence[LogGroup], default: int, most: int) -> tuple[list[LogGroup], str | None]:
    """One page in the order of names, and the token of the next."""
    limit, token = response._get_param("limit", default), text(response, "nextToken", 1, 4096)
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= most:
        raise invalid(f"1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: Member must have value between 1 and {most}")
    after = ""
    if token is not None:
        try:
            after = base64.b64decode(token, validate=True).decode()
        except ValueError:
            raise invalid("The specified nextToken is invalid.") from None
    rest = sorted((g for g in groups if g.name > after), key=lambda g: g.name)
    shown = rest[:limit]
    return shown, base64.b64encode(shown[-1].name.encode()).decode() if len(rest) > limit else None


def class_of(log_group: LogGroup) -> str:
    return getattr(log_group, "log_group_class", "STANDARD")


def describe_log_groups(self: LogsResponse) -> str:
    prefix, group_class = group_name(self, "logGroupNamePrefix"), log_class(self)
    pattern, identifiers = text(self, "logGroupNamePattern", 0, 512, r"[\.\-_/#A-Za-z0-9]*"), self._get_param("logGroupIdentifiers")
    if prefix is not None and pattern is not None:
        raise invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
    if identifiers is not None:
        if any(value is not None for value in (prefix, pattern, group_class, self._get_param("accountIdentifiers"))):
            raise invalid("logGroupIdentifiers can't be combined with other filters.")
        if not isinstance(identifiers, list) or not 1 <= len(identifiers) <= 50:
            raise invalid("1 validation error detected: Value at 'logGroupIdentifiers' failed to satisfy constraint: Member must have length between 1 and 50")
        for identifier in identifiers:
            if not isinstance(identifier, str) or not 1 <= len(identifier) <= 2048 or not re.fullmatch(IDENTIFIER, identifier, re.ASCII):
                raise invalid(
                    f"1 validation error detected: Value '{identifier}' at 'logGroupIdentifiers' "
                    f"failed to satisfy constraint: Member must satisfy regular expression pattern: {IDENTIFIER}"
                )
    wanted: list[Callable[[LogGroup], bool]] = [lambda g: g.name.startswith(prefix or "") and (pattern or "") in g.name]
    if group_class is not None:
        # Documented: either of these two answers both.
        both = ("INFREQUENT_ACCESS", "ESSENTIALS")
        wanted.append(lambda g: class_of(g) in (both if group_class in both else (group_class,)))
    if identifiers is not None:
        wanted.append(lambda g: g.name in identifiers or g.arn in identifiers)
    shown, token = page(self, [g for g in list(self.logs_backend.groups.values()) if all(test(g) for test in wanted)], 50, 50)
    described = [{**g.to_describe_dict(), "logGroupClass": class_of(g)} for g in shown]
    if pattern is not None:
        # Documented: a search by pattern answers these three only, so a missing key proves nothing.
        described = [{name: g[name] for name in ("arn", "creationTime", "logGroupName")} for g in described]
    return json.dumps({"logGroups": described, **({"nextToken": token} if token else {})})


def list_log_groups(self: LogsResponse) -> str:
    for unsupported in ("dataSources", "fieldIndexNames", "logGroupTags"):
        if self._get_param(unsupported) is not None:
            raise NotImplementedError(unsupported)
    pattern, group_class = text(self, "logGroupNamePattern", 3, 129, LIST_PATTERN), log_class(self)
    choices = pattern.split("|") if pattern else [""]

    def named(name: str) -> bool:
        return any(name.startswith(choice[1:]) if choice.startswith("^") else choice in name for choice in choices)

    groups = [g for g in list(self.logs_backend.groups.values()) if named(g.name) and group_class in (None, class_of(g))]
    shown, token = page(self, groups, 50, 1000)
    summaries = [{"logGroupName": g.name, "logGroupArn": g.arn, "logGroupClass": class_of(g)} for g in shown]
    return json.dumps({"logGroups": summaries, **({"nextToken": token} if token else {})})


def tagging(original: Callable[[LogsResponse], str]) -> Callable[[LogsResponse], str]:
    def handler(self: LogsResponse) -> str:
        arn = text(self, "resourceArn", 1, 1011, r"[\w+=/:,.@#\-]*")
        prefix = arn_of(self, "log-group:")
        if arn is None or ":log-group:" in arn and not arn.startswith(prefix):
            raise invalid("The specified resourceArn is not valid.")
        if arn.startswith(prefix):
            group(self.logs_backend, arn.removeprefix(prefix))
        return original(self)

    handler.__name__ = original.__name__
    return handler


OURS = (associate_kms_key, disassociate_kms_key, create_log_group, delete_log_group, describe_log_groups, list_log_groups)
for written in (*OURS, *(tagging(getattr(LogsResponse, name)) for name in ("list_tags_for_resource", "tag_resource", "untag_resource"))):
    setattr(LogsResponse, written.__name__, written)
