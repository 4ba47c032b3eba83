"""Starts a function's program, gives it one event, and tells what that took."""

import contextlib
import os
import pathlib
import platform
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass

from . import PATIENCE, REGION, ROOT
from .cases import ROLE
from .emulator import TOPIC
from .runtime import RuntimeApi

# epoll_wait, epoll_pwait, poll and ppoll.
WAITING = {"x86_64": {"232", "281", "7", "271"}, "aarch64": {"22", "73"}}


@dataclass(frozen=True)
class Start:
    """What a start took, until its answer (`wall_ms`), or until its end."""

    answer: dict
    wall_ms: float
    cpu_ms: float
    peak_mib: float
    warm_ms: float | None = None


def environment(endpoint: str, policy: pathlib.Path, mode: str = "remediate") -> dict[str, str]:
    """As Lambda and the template set it."""
    return {
        "AWS_LAMBDA_FUNCTION_NAME": "guard",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": "60",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_LOG_LEVEL": "INFO",
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_SESSION_TOKEN": "testing",
        "AWS_ENDPOINT_URL": endpoint,
        "SEALWATCH_POLICY": str(policy),
        "SEALWATCH_MODE": mode,
        "SEALWATCH_ROLE_ARN": ROLE,
        "SEALWATCH_TOPIC_ARN": TOPIC,
    }


def cold(
    command: list[str],
    variables: dict[str, str],
    event: str,
    warm: str | None = None,
    folder: pathlib.Path | None = None,
    between: Callable[[], None] = lambda: None,
) -> Start:
    """From the start of the process to its first answer; then one more event to the same process, if one is given.

    `between` is called before that event is handed out.
    """
    with running() as (api, output):
        api.give(event)
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=variables | {"AWS_LAMBDA_RUNTIME_API": api.address}, **output)
        try:
            at, answer = api.answered(lambda: ended(process))
            wall = at - began
            api.wait_until_idle()
            peak = peak_mib(process.pid)
            again = None
            if warm is not None:
                between()
                given = time.perf_counter()
                api.give(warm)
                again = (api.answered(lambda: ended(process))[0] - given) * 1000
                api.wait_until_idle()
        finally:
            os.kill(process.pid, signal.SIGTERM)  # `terminate` would first look whether it is there, and so forget what it used.
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        return Start(answer, wall * 1000, (used.ru_utime + used.ru_stime) * 1000, peak, again)


@contextlib.contextmanager
def running():
    """A runtime API, and where a function's output goes: it is shown where the function comes to nothing."""
    api = RuntimeApi()
    with tempfile.TemporaryFile() as output:
        try:
            yield api, {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
        except SystemExit as error:
            output.seek(0)
            raise SystemExit(f"{error}; it prints: {output.read().decode(errors='replace')[-1500:]}") from None
        finally:
            api.close()


def ended(process: subprocess.Popen) -> bool:
    """Whether a process is no more; what it used can still be asked for."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def peak_mib(pid: int) -> float:
    """The most memory that a process has held. `ru_maxrss` would count its parent's, from before it was its own."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


def instructions(
    command: list[str], variables: dict[str, str], event: str, scratch: pathlib.Path, folder: pathlib.Path | None = None
) -> tuple[int, dict]:
    """The instructions from the start of the process until it waits for its second event, and its answer.

    Nothing of the end is counted: the process is ended while it waits, as Lambda freezes and ends it.
    """
    valgrind, library = valgrind_here()
    log = scratch / "callgrind.log"
    callgrind = [valgrind, "--tool=callgrind", f"--log-file={log}", f"--callgrind-out-file={scratch}/callgrind.out"]
    with running() as (api, output):
        api.give(event)
        given = variables | library | {"AWS_LAMBDA_RUNTIME_API": api.address}
        process = subprocess.Popen([*callgrind, *command], cwd=folder, env=given, **output)
        try:
            _, answer = api.answered(lambda: ended(process))
            api.wait_until_idle()
            wait_until_waiting(process.pid)
        finally:
            process.terminate()
            process.wait(PATIENCE)
    collected = re.search(r"Collected\s*:\s*(\d+)", log.read_text(encoding="utf-8"))
    if not collected:
        raise SystemExit(f"callgrind counted nothing:\n{log.read_text(encoding='utf-8')}")
    return int(collected[1]), answer


def valgrind_here() -> tuple[str, dict[str, str]]:
    """The machine's valgrind, or the one that `make tools` unpacked, with what tells it where its parts are.

    Debian's `valgrind` is a script that makes the function's libraries be looked for in one more folder; `.bin` is the program.
    """
    if machine := shutil.which("valgrind.bin") or shutil.which("valgrind"):
        return machine, {}
    unpacked = ROOT / ".tools/valgrind/usr"
    if not (unpacked / "bin/valgrind.bin").exists():
        raise SystemExit("valgrind is missing: run `make tools`, or install it with the system's packages")
    return str(unpacked / "bin/valgrind.bin"), {"VALGRIND_LIB": str(unpacked / "libexec/valgrind")}


def free_port() -> int:
    """A port that nobody else is given meanwhile: below those that the system takes for outgoing connections."""
    for port in random.sample(range(20_000, 32_000), 100):
        with contextlib.suppress(OSError), socket.socket() as it:
            it.bind(("127.0.0.1", port))
            return port
    raise SystemExit("no port is free")


def wait_for_port(port: int, process: subprocess.Popen) -> None:
    """Returns when the process listens there."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as it:
            if it.connect_ex(("127.0.0.1", port)) == 0:
                return
        os.sched_yield()
    raise SystemExit("the runtime interface emulator doesn't listen")


def wait_until_waiting(pid: int) -> None:
    """Returns when each thread of a process sleeps in the kernel, and one of them in its event loop."""
    waiting = WAITING[platform.machine()]
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        calls = [path.read_text(encoding="utf-8").split()[0] for path in pathlib.Path(f"/proc/{pid}/task").glob("*/syscall")]
        if "running" not in calls and waiting & set(calls):
            return
        os.sched_yield()
    raise SystemExit("the function doesn't come to rest")
