"""What the guards' code calls, read out of the Rust sources.

Every AWS call goes through `call(deadline, step, "service:Operation", …send())`; a function reaches the calls of its own crate
and of those modules of the shared runtime that it uses, directly or through another.
"""

import pathlib
import re

from botocore import xform_name
from botocore.session import get_session

from stack import ROOT

RUNTIME = ROOT / "shared/runtime/src"
SERVICES = {"cloudtrail": "cloudtrail", "kms": "kms", "logs": "logs", "sns": "sns", "sts": "sts", "s3": "s3"}
CALL = re.compile(r"(?<![\w.])(?<!fn )call\(")
LABELLED = re.compile(r'(?<![\w.])call\(\s*[\w.&]+,\s*[\w:]+,\s*"([a-z0-9]+:[A-Za-z0-9]+)",')
# Ways to send a request that aren't `.send()`.
DETOURS = re.compile(r"\.(send_with|into_paginator|customize|orchestrate|send_orchestrator_request|ask_unsigned)\(")


def sources(folder: pathlib.Path) -> dict[pathlib.Path, str]:
    """The Rust files of a folder, without tests and comments."""
    files = [it for it in sorted(folder.rglob("*.rs")) if "tests" not in it.relative_to(folder).with_suffix("").parts]
    return {it: shipped(it.read_text()) for it in files}


def shipped(text: str) -> str:
    """The part of a Rust file that is in the function: no comments, no tests."""
    text = re.sub(r"(?m)^\s*//.*$", "", text)
    text = re.sub(r"#\[cfg\(test\)\]\s*mod \w+;", "", text)
    # A module of tests stands at the end of its file.
    return re.split(r"#\[cfg\(test\)\]", text)[0]


def guards() -> list[str]:
    """The guards whose functions are there."""
    found = [it.parent.name for it in sorted((ROOT / "functions").glob("*/Cargo.toml"))]
    return [name.removesuffix("-guard") for name in found if name.endswith("-guard")]


def modules_used(text: str, crate: str) -> set[str]:
    """The modules of `crate` that a source names."""
    one = set(re.findall(rf"\b{crate}::(\w+)", text))
    several = re.findall(rf"\b{crate}::\{{((?:[^{{}}]|\{{[^{{}}]*\}})*)\}}", text)
    return one | {name for group in several for name in re.findall(r"(?:^|,)\s*(\w+)", re.sub(r"\{[^{}]*\}", "", group))}


def reached(guard: str) -> dict[pathlib.Path, str]:
    """The sources that a guard's function is made of, without those that make no calls (shared/policy is pure)."""
    own = sources(ROOT / f"functions/{guard}-guard/src")
    runtime = {path.relative_to(RUNTIME).parts[0].removesuffix(".rs"): (path, text) for path, text in sources(RUNTIME).items()}
    wanted = {name for text in own.values() for name in modules_used(text, "sealwatch_runtime")}
    files, seen = dict(own), set()
    while wanted - seen:
        name = (wanted - seen).pop()
        seen.add(name)
        if name not in runtime:
            raise LookupError(f"the runtime has no module `{name}`")
        path, text = runtime[name]
        files[path] = text
        wanted |= {it for it in modules_used(text, "crate") if it in runtime}
    return files


def calls(guard: str) -> set[str]:
    """The operations that a guard's function may call, as `service:Operation`."""
    return {label for text in reached(guard).values() for label in LABELLED.findall(text)}


def argument(text: str, start: int) -> str:
    """What stands in the parentheses that open just before `start`."""
    depth = 1
    for at in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return text[start:at]
    raise ValueError("a parenthesis isn't closed")


def bypasses(text: str) -> list[str]:
    """Where a source sends a request otherwise than inside a labelled `call(`."""
    inside = [argument(text, it.end()) for it in CALL.finditer(text)]
    sent = sum(it.count(".send()") for it in inside)
    found = []
    if text.count(".send()") != sent:
        found.append(f"{text.count('.send()') - sent} `.send()` outside `call(`")
    if len(inside) != len(LABELLED.findall(text)):
        found.append("a `call(` without the operation written out as its third argument")
    return found + [f"`{it[1]}`" for it in DETOURS.finditer(text)]


def operations(service: str) -> dict[str, str]:
    """The operations of a service, by the names that an SDK's builders have."""
    model = get_session().get_service_model(SERVICES[service])
    return {xform_name(name): f"{service}:{name}" for name in model.operation_names}


def shield() -> dict[str, set[str]]:
    """The operations that the shield lets out, by the constants of its source."""
    text = (RUNTIME / "shield.rs").read_text()
    lists = re.findall(r"const (READS|PAGES|WRITES): \[&str; \d+\] =\s*\[(.*?)\];", text, re.DOTALL)
    return {name: set(re.findall(r'"(\w+)"', names)) for name, names in lists}


def handled(guard: str) -> set[str]:
    """The event names that a guard's `Call::of` knows."""
    text = (ROOT / f"shared/policy/src/guards/{guard.replace('-', '_')}/mod.rs").read_text()
    body = text.split("impl Call {", 1)[1].split("fn of(change: &Change)", 1)[1].split("\n    }\n", 1)[0]
    return set(re.findall(r'"([A-Z]\w+)"', body))


def metrics() -> set[str]:
    """The names of the metrics that the functions write."""
    return set(re.findall(r'\("(\w+)", "(?:Count|Milliseconds)"', (RUNTIME / "metrics.rs").read_text()))
