"""Reads an AWS request (which service, operation, Region, account, parameters) and writes an AWS error.

Knows the wire formats only; it never decides whether a request is right.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4
from xml.sax.saxutils import escape

from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from moto.iam.models import get_account_id_from
from moto.moto_server.werkzeug_app import BackendRequest

from .state import STATE

SERVICE_OF_TARGET = {"Logs_20140328": "logs", "TrentService": "kms", "CloudTrail_20131101": "cloudtrail"}
# Where the name in the signature is not the name of the API model.
MODEL_OF_SERVICE = {"monitoring": "cloudwatch"}
CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
BUCKET_PATH = re.compile(r"/([^/]+)/?")
CBOR_PATH = re.compile(r"^/service/([^/]+)/operation/([^/]+)$")


@dataclass
class Call:
    service: str | None
    operation: str | None
    region: str | None
    account: str
    signed: bool
    protocol: str  # "json", "query", "cbor" or "rest"
    setup: bool
    access_key: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)


def service_model(service: str) -> Any:
    return get_service_model(MODEL_OF_SERVICE.get(service, service))


def caller_arn(account: str, partition: str = "aws") -> str:
    """Who every caller is: no signature is checked, so none tells."""
    return f"arn:{partition}:sts::{account}:assumed-role/strict-role/strict-session"


def plain(value: Any) -> Any:
    """The value as JSON can hold it; bytes become base64."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return str(value)


def read_body(environ: dict[str, Any]) -> bytes:
    if environ.get("wsgi.input_terminated"):
        return environ["wsgi.input"].read()
    return environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))


def read_call(environ: dict[str, Any], body: bytes) -> Call:
    signature = CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    access_key, region, service = signature.groups() if signature else (None, None, None)
    account = environ.get("HTTP_X_MOTO_ACCOUNT_ID")
    if not account:
        account = get_account_id_from(access_key) if access_key else DEFAULT_ACCOUNT_ID
        account = STATE.account if account == DEFAULT_ACCOUNT_ID else account  # moto knows no such key.
    setup = environ.get("HTTP_X_STRICT_SETUP") == "1" or "strict-setup" in environ.get("HTTP_USER_AGENT", "")
    call = Call(service, None, region, account, signature is not None, "rest", setup, access_key)

    target = environ.get("HTTP_X_AMZ_TARGET")
    cbor = CBOR_PATH.match(environ.get("PATH_INFO", ""))
    if target:
        prefix, _, call.operation = target.rpartition(".")
        call.protocol = "json"
        call.service = service or SERVICE_OF_TARGET.get(prefix.rpartition(".")[2])
        try:
            parameters = json.loads(body or b"{}")
            call.parameters = parameters if isinstance(parameters, dict) else {}
        except ValueError:
            pass  # The service itself answers that it can't read the body.
    elif cbor:
        prefix, call.operation = cbor.groups()
        call.protocol = "cbor"
        call.service = service or SERVICE_OF_TARGET.get(prefix)
    elif environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        read_query(call, environ)
    elif unsigned_head(environ):
        call.service, call.operation, call.parameters = "s3", "HeadBucket", {"Bucket": unsigned_head(environ)}
    elif service and service != "moto_api":
        try:
            operation, found = get_service_router(service).match(BackendRequest(dict(environ)))
            call.operation, call.parameters = operation.name, plain(found)
        except Exception:
            pass  # A path the model doesn't know: recorded without an operation.
    return call


def unsigned_head(environ: dict[str, Any]) -> str | None:
    """The bucket that a HEAD without a signature, in a header or in the query, asks for by path."""
    signed = environ.get("HTTP_AUTHORIZATION") or "Signature=" in environ.get("QUERY_STRING", "")
    found = BUCKET_PATH.fullmatch(environ.get("PATH_INFO", "")) if environ["REQUEST_METHOD"] == "HEAD" and not signed else None
    return found.group(1) if found else None


def read_query(call: Call, environ: dict[str, Any]) -> None:
    request = BackendRequest(environ)
    flat = request.values.to_dict()
    call.protocol, call.operation, call.parameters = "query", flat.get("Action"), flat
    try:
        model = service_model(call.service or "").operation_model(call.operation)
        parsed = {"method": "POST", "values": request.values, "headers": request.headers, "body": b"",
                  "url_path": "/", "url_params": {}}
        call.parameters = plain(dict(PROTOCOL_PARSERS["query"](model).parse(parsed)))
    except Exception:
        pass  # An action the model doesn't know: recorded flat.


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    cut: bool = False  # The connection ends in the middle of the body.


def json_answer(status: int, value: Any) -> Answer:
    return Answer(status, [("Content-Type", "application/json")], json.dumps(value).encode())


def aws_error(call: Call, status: int, code: str, message: str) -> Answer:
    """An error in the format the caller's protocol reads."""
    request_id = str(uuid4())
    if call.protocol == "query":
        sender = "Sender" if status < 500 else "Receiver"
        body = (f"<ErrorResponse><Error><Type>{sender}</Type><Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
                f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>")
        return Answer(status, [("Content-Type", "text/xml"), ("x-amzn-RequestId", request_id)], body.encode())
    if call.service == "s3":
        body = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message><RequestId>{request_id}</RequestId></Error>"
        return Answer(status, [("Content-Type", "application/xml"), ("x-amz-request-id", request_id)], body.encode())
    headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-RequestId", request_id), ("x-amzn-ErrorType", code)]
    return Answer(status, headers, json.dumps({"__type": code, "message": message}).encode())


NOT_ALLOWED = "because no identity-based policy allows the {action} action"


def denial(call: Call, resource: str, why: str = NOT_ALLOWED) -> tuple[int, str, str]:
    """Status, code and text for a caller who isn't allowed to make the call. The query services and S3 answer 403, and SNS has a code of its own."""
    status = 403 if call.protocol == "query" or call.service == "s3" else 400
    code = "AuthorizationError" if call.service == "sns" else "AccessDenied" if status == 403 else "AccessDeniedException"
    action = f"{'SNS' if call.service == 'sns' else call.service}:{call.operation}"
    return status, code, not_authorized(call, action, resource, why)


def not_authorized(call: Call, action: str, resource: str, why: str) -> str:
    return f"User: {caller_arn(call.account)} is not authorized to perform: {action} on resource: {resource} {why.format(action=action)}"


def error_code(answer: Answer) -> str | None:
    if answer.status < 400:
        return None
    try:
        return json.loads(answer.body)["__type"].rpartition("#")[2]
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    found = re.search(rb"<Code>([^<]+)</Code>", answer.body)
    if found:
        return found.group(1).decode()
    return dict((name.lower(), value) for name, value in answer.headers).get("x-amzn-errortype")
