"""Starts the server: `python -m strict_moto --port 0`.

Binds the loopback address only, because the emulator checks no signature, and says on stdout where it listens.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from .app import StrictApp
from .state import STATE

LOOPBACK = {"127.0.0.1": "127.0.0.1", "localhost": "127.0.0.1"}


class QuietHandler(MotoRequestHandler):
    """The record under /_strict/requests replaces the access log."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def stop_when_stdin_closes() -> None:
    # A test harness that is killed can't stop its server; the pipe it held closes all the same.
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


def main() -> None:
    parser = argparse.ArgumentParser(prog="strict_moto")
    parser.add_argument("--host", default="127.0.0.1", choices=sorted(LOOPBACK))
    parser.add_argument("--port", type=int, default=0, help="0 chooses a free port")
    parser.add_argument("--account", help="whose calls those are that name no other account")
    parser.add_argument("--until-stdin-closes", action="store_true", help="stop when stdin reaches its end")
    args = parser.parse_args()

    STATE.account = args.account or STATE.account
    host = LOOPBACK[args.host]
    server = make_server(host, args.port, StrictApp(), threaded=True, request_handler=QuietHandler)
    server.daemon_threads = True
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: os._exit(0))
    if args.until_stdin_closes:
        threading.Thread(target=stop_when_stdin_closes, daemon=True).start()
    # The socket already listens here: whoever reads this line may connect.
    print(f"listening on {host}:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
