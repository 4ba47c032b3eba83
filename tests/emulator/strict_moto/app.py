"""The WSGI application: control API first, then record, faults, and moto for the rest.

It guarantees that an AWS caller gets an AWS answer: an operation moto lacks, or a fault inside the emulator, becomes a
400 error at once. It never answers with an HTML page, which SDKs take for an outage and retry.
"""

from __future__ import annotations

import io
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from botocore.exceptions import UnknownServiceError
from botocore.model import OperationNotFoundError
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import run_wsgi_app

# Importing these patches moto; it must happen before the first request builds a backend.
from . import cloudtrail, identity, kms, logs, lookup_events, s3, sns  # noqa: F401
from .control import control
from .faults import strike
from .state import STATE
from .wire import Answer, Call, aws_error, error_code, plain, read_body, read_call, service_model

SIGNED_ONLY = {"logs", "kms", "cloudtrail"}


class StrictApp:
    def __init__(self) -> None:
        self.moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = read_body(environ)
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        path = environ.get("PATH_INFO", "")
        if path.startswith("/_strict/"):
            answer = control(environ["REQUEST_METHOD"], path, body)
        elif path.startswith("/moto-api") or path == "/favicon.ico":
            answer = self.ask_moto(environ)
        else:
            answer = self.aws(environ, body)
        headers = [(name, value) for name, value in answer.headers if name.lower() != "content-length"]
        head = environ["REQUEST_METHOD"] == "HEAD"
        if head:  # Its length is that of the body it doesn't send.
            headers = answer.headers
        else:
            headers.append(("Content-Length", str(len(answer.body))))
        start_response(f"{answer.status} {phrase(answer.status)}", headers)
        if answer.cut:
            return half(environ, answer.body)
        return [b"" if head else answer.body]

    def aws(self, environ: dict[str, Any], body: bytes) -> Answer:
        call = read_call(environ, body)
        environ["wsgi.input"] = io.BytesIO(body)
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = call.account
        entry = record(call)
        cut_body = False
        for fault in strike(call):
            entry.setdefault("faults", []).append(fault.kind)
            if fault.kind == "delay":
                time.sleep(fault.order["seconds"])
            elif fault.kind == "cut-body":
                cut_body = True
            elif fault.kind == "cut":
                cut(environ)
            else:
                return recorded(entry, fault.answer(call))
        answer = recorded(entry, self.answer(call, environ, entry))
        answer.cut = cut_body
        return answer

    def answer(self, call: Call, environ: dict[str, Any], entry: dict[str, Any]) -> Answer:
        if call.service in SIGNED_ONLY and not call.signed:
            return aws_error(call, 400, "MissingAuthenticationTokenException", "Missing Authentication Token")
        if unknown_to_aws(call):
            return not_implemented(call)
        denied = identity.refusal(call, entry)
        if denied:
            return denied
        if call.service == "s3":
            refusal = s3.head_bucket(call) if call.operation == "HeadBucket" else s3.elsewhere(call)
            if refusal:
                return refusal
        try:
            answer = self.ask_moto(environ)
        except (NotImplementedError, OperationNotFoundError, UnknownServiceError):
            return not_implemented(call)
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            # A code AWS doesn't have, and no 5xx: the test stops here instead of in a retry loop.
            return aws_error(call, 400, "EmulatorFailure", f"{type(error).__name__}: {error}")
        if answer.status >= 400 and answer.body[:20].lower().startswith(b"<!doctype html"):
            return not_implemented(call)
        if call.protocol == "json":
            answer.headers = [(name, value) for name, value in answer.headers if name.lower() != "content-type"]
            answer.headers.append(("Content-Type", "application/x-amz-json-1.1"))
        return answer

    def ask_moto(self, environ: dict[str, Any]) -> Answer:
        body, status, headers = run_wsgi_app(self.moto, environ, buffered=True)
        return Answer(int(status.split(" ", 1)[0]), list(headers), b"".join(body))


def unknown_to_aws(call: Call) -> bool:
    if call.protocol == "cbor":
        return True  # None of moto's services here speaks it.
    if call.protocol == "rest" or not call.service or call.service == "s3":
        return False
    try:
        return call.operation not in service_model(call.service).operation_names
    except UnknownServiceError:
        return False  # A service whose signing name differs from its model's: moto decides.


def not_implemented(call: Call) -> Answer:
    code = "InvalidAction" if call.protocol == "query" else "UnknownOperationException"
    return aws_error(call, 400, code, f"strict_moto doesn't implement {call.service}:{call.operation}")


def phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def record(call: Call) -> dict[str, Any]:
    entry = {"service": call.service, "operation": call.operation, "region": call.region, "account": call.account,
             "parameters": plain(call.parameters), "setup": call.setup, "status": None, "code": None}
    with STATE.lock:
        entry = {"n": len(STATE.requests) + 1, **entry}
        STATE.requests.append(entry)
    return entry


def recorded(entry: dict[str, Any], answer: Answer) -> Answer:
    with STATE.lock:
        entry["status"], entry["code"] = answer.status, error_code(answer)
    return answer


def half(environ: dict[str, Any], body: bytes) -> Iterable[bytes]:
    """The first half of a body, and then the connection ends."""
    yield body[: len(body) // 2]
    cut(environ)


def cut(environ: dict[str, Any]) -> None:
    """Ends the connection without a further byte of answer; the server takes the error for a client that hung up."""
    connection: socket.socket = environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("cut by an ordered fault")
