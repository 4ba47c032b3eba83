"""A small HTTP/1.1 server on loopback that keeps its connections open, as AWS's own do, in plain or over TLS."""

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable
from typing import NamedTuple


class Request(NamedTuple):
    """What was asked."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Answer(NamedTuple):
    """What is answered."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def written(self, method: str) -> bytes:
        """The whole answer for one write: split into two it would wake the client twice, or once, by chance."""
        lines = [f"HTTP/1.1 {self.status} .", *(f"{name}: {value}" for name, value in self.headers)]
        if method != "HEAD":
            lines.append(f"content-length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode() + (b"" if method == "HEAD" else self.body)


class Server:
    """Answers requests in a thread of its own, from its making until it is closed."""

    def __init__(self, answer: Callable[[Request], Awaitable[Answer]], context: ssl.SSLContext | None = None) -> None:
        self.answer = answer
        self.connections = 0
        self.failures: list[BaseException] = []
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        starting = asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=context)
        self.server = asyncio.run_coroutine_threadsafe(starting, self.loop).result()
        self.port = self.server.sockets[0].getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while request := await read(reader):
                answer = await self.answer(request)
                writer.write(answer.written(request.method))
                await writer.drain()
                if ("connection", "close") in answer.headers:
                    break
        except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # The function was ended, or ended its side.
        except BaseException as error:
            self.failures.append(error)
            raise
        finally:
            writer.close()

    def close(self) -> None:
        """Ends the server with all that waits on it."""

        async def end() -> None:
            self.server.close()
            waiting = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


async def read(reader: asyncio.StreamReader) -> Request | None:
    """The next request of a connection; none if the other side has closed it."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    method, path, _ = first.split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if "chunked" in headers.get("transfer-encoding", ""):
        body = b""
        while size := int((await reader.readline()).split(b";")[0], 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers, body)
