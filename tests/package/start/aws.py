"""Stands in for AWS: records how the emulator answers a function, and later answers another start just so.

The emulator takes milliseconds for an answer, and never the same; a recording takes the same for everybody. A call that wasn't
recorded is refused and kept in `unknown`, so that a recording can't hide that a function calls something else by now.

All services share one address here, and on AWS none do. So that a function which shares connections opens as many as there, the
last answer before a service is first called ends its connection.
"""

import asyncio
import http.client
import ssl
from collections import Counter, defaultdict
from urllib.parse import parse_qs

from .http import Answer, Request, Server

# They belong to one connection, not to the answer.
DROPPED = {"connection", "content-length", "transfer-encoding", "date", "server"}


class StandIn:
    """AWS at `address`, for `AWS_ENDPOINT_URL`: of the emulator at first, by heart after `replay`."""

    def __init__(
        self, emulator: str, context: ssl.SSLContext | None = None, latency: float = 0.0, separates: bool = True
    ) -> None:
        self.emulator = emulator
        # Seconds before each answer of a recording, for all alike.
        self.latency = latency
        # Not for functions that have connections of each service's own.
        self.separates = separates
        self.order: list[str] = []
        self.recorded: defaultdict[str, list[Answer]] = defaultdict(list)
        self.called: list[str] = []
        self.unknown: list[str] = []
        self.seen: Counter[str] = Counter()
        self.server = Server(self.answer, context)
        self.replays = False
        self.endpoint = f"{'https' if context else 'http'}://{self.server.address}"

    def record(self) -> None:
        """From now on, a new recording."""
        self.recorded.clear()
        self.order.clear()
        self.replays = False
        self.rewind()

    def replay(self) -> None:
        """From now on, the recording from its beginning."""
        self.replays = True
        self.rewind()

    def rewind(self) -> None:
        self.called, self.unknown, self.seen = [], [], Counter()
        self.server.connections = 0

    def check(self) -> None:
        """Nothing was asked that the recording doesn't know, and all was answered."""
        if self.unknown or self.server.failures:
            raise SystemExit(f"not in the recording: {self.unknown}, failures: {self.server.failures}")

    def close(self) -> None:
        self.server.close()

    async def answer(self, request: Request) -> Answer:
        name = called(request)
        self.called.append(name)
        if not self.replays:
            answer = await asyncio.to_thread(self.forward, request)
            self.recorded[name].append(answer)
            self.order.append(name)
            return answer
        if self.latency:
            await asyncio.sleep(self.latency)
        answers = self.recorded.get(name)
        if not answers:
            self.unknown.append(name)
            return Answer(400, [("content-type", "application/x-amz-json-1.1")], b'{"__type":"NotRecorded"}')
        number = self.seen[name]
        self.seen[name] += 1
        answer = answers[min(number, len(answers) - 1)]
        return answer._replace(headers=[*answer.headers, ("connection", "close")]) if self.service_is_next() else answer

    def service_is_next(self) -> bool:
        """Whether the next call of the recording is the first to its service."""
        at = len(self.called)
        known = {service(name) for name in self.called}
        return self.separates and at < len(self.order) and service(self.order[at]) not in known

    def forward(self, request: Request) -> Answer:
        connection = http.client.HTTPConnection(self.emulator)
        try:
            headers = {name: value for name, value in request.headers.items() if name not in {"connection", "transfer-encoding"}}
            connection.request(request.method, request.path, request.body, headers)
            answer = connection.getresponse()
            kept = [(name.lower(), value) for name, value in answer.getheaders() if name.lower() not in DROPPED]
            return Answer(answer.status, kept, answer.read())
        finally:
            connection.close()


def service(name: str) -> str:
    """Whose operation it is; calls of S3 are known by their method, and of the query protocol each is its own."""
    return name.split("." if "." in name else " ", 1)[0]


def called(request: Request) -> str:
    """The operation that a request calls, by the words of its protocol."""
    if target := request.headers.get("x-amz-target"):
        return target
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return parse_qs(request.body.decode()).get("Action", ["?"])[0]
    return f"{request.method} {request.path}"
