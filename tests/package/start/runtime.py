"""Lambda's runtime API, for one function: it hands out the events it is given and keeps what is answered.

The clock of an answer stops here, when the answer has arrived. While no event is there, a function waits, as on Lambda.
"""

import asyncio
import json
import queue
import threading
import time
from collections.abc import Callable

from . import ACCOUNT, PATIENCE, REGION
from .http import Answer, Request, Server

# Far enough ahead for a function that runs fifty times slower.
DEADLINE_MS = 900_000


class RuntimeApi:
    """The address is for `AWS_LAMBDA_RUNTIME_API`."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[bytes] = asyncio.Queue()
        self.answers: queue.Queue[tuple[float, str, bytes]] = queue.Queue()
        self.waits = threading.Event()
        self.handed_out = 0
        self.server = Server(self.answer)
        self.address = self.server.address

    def give(self, event: str) -> None:
        """Hands out an event, as soon as the function asks for one."""
        self.waits.clear()
        self.server.loop.call_soon_threadsafe(self.events.put_nowait, event.encode())

    def answered(self, ended: Callable[[], bool]) -> tuple[float, dict]:
        """When the function answered, by `time.perf_counter`, and what. `ended` tells whether an answer can still come."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                at, kind, body = self.answers.get(timeout=1)
                break
            except queue.Empty:
                if ended():
                    raise SystemExit("the function ends without an answer") from None
                if time.monotonic() > until:
                    raise SystemExit("the function doesn't answer") from None
        if kind != "response":
            raise SystemExit(f"the function fails: {body.decode(errors='replace')[:1000]}")
        return at, json.loads(body)

    def wait_until_idle(self) -> None:
        """Returns when the function asks for another event."""
        if not self.waits.wait(PATIENCE):
            raise SystemExit("the function doesn't ask for another event")

    def close(self) -> None:
        self.server.close()

    async def answer(self, request: Request) -> Answer:
        if request.path.endswith("/invocation/next"):
            if self.events.empty():
                self.waits.set()
            event = await self.events.get()
            self.handed_out += 1
            return Answer(200, self.headers(), event)
        self.answers.put((time.perf_counter(), request.path.rsplit("/", 1)[-1], request.body))
        return Answer(202, [("content-type", "application/json")], b'{"status":"OK"}')

    def headers(self) -> list[tuple[str, str]]:
        return [
            ("content-type", "application/json"),
            ("lambda-runtime-aws-request-id", f"8476a536-e9f4-11e8-9739-{self.handed_out:012}"),
            ("lambda-runtime-deadline-ms", str(int(time.time() * 1000) + DEADLINE_MS)),
            ("lambda-runtime-invoked-function-arn", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:guard"),
            ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0"),
        ]
