"""What the guards' code calls, read out of the Rust sources.

Every AWS call goes through `call(deadline, step, "service:Operation", …send())` or, page by page, through `all(…)` of the same form. A
function reaches the calls of its own crate and of those modules of the shared runtime that it uses, directly or through another.
"""

import pathlib
import re

from botocore import xform_name
from botocore.session import get_session
from stack import ROOT

RUNTIME = ROOT / "shared/runtime/src"
SERVICES = {"cloudtrail": "cloudtrail", "kms": "kms", "logs": "logs", "sns": "sns", "sts": "sts", "s3": "s3"}
# `call` makes one call, `all` those for every page of a paginator, which sends nothing until it is asked for a page.
DOOR = re.compile(r"(?<![\w.])(?<!fn )(call|all)\(")
LABEL = re.compile(r'"([a-z0-9]+:[A-Z][A-Za-z0-9]+)"')
# Ways to send a request that aren't `.send()`, or to ask a paginator for a page.
DETOURS = re.compile(r"\.(send_with|customize|orchestrate|send_orchestrator_request|ask_unsigned|try_next|next)\(\s*[^)]*\)(\s*\.await)?")
PAGES = re.compile(r"let (\w+) =[^;]*\.into_paginator\(\)[^;]*\.send\(\);")


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
    return {label for text in reached(guard).values() for label in labels(text) if label}


def arguments(text: str, start: int) -> list[str]:
    """The arguments of a call whose parenthesis opens just before `start`."""
    found, depth, begin, quoted, at = [], 0, start, False, start
    while True:
        letter = text[at]
        if quoted:
            at += letter == "\\"
            quoted = letter != '"'
        elif letter == '"':
            quoted = True
        elif letter in "([{":
            depth += 1
        elif letter in ")]}" and depth > 0:
            depth -= 1
        elif (letter == "," and depth == 0) or letter == ")":
            found.append(text[begin:at].strip())
            begin = at + 1
            if letter == ")":
                return [it for it in found if it]
        at += 1


def doors(text: str) -> list[tuple[str, list[str], int]]:
    """Each `call(…)` and `all(…)` of a source, with its arguments and its place."""
    has_all = re.search(r"trouble::(\{[^}]*\ball\b[^}]*\}|all\b)", text)
    return [(it[1], arguments(text, it.end()), it.start()) for it in DOOR.finditer(text) if it[1] == "call" or has_all]


def labels(text: str) -> list[str]:
    """The operation that each call names: written out, or as a constant that stands before it; "" where it can't be told."""
    found = []
    for _, given, place in doors(text):
        named = given[2] if len(given) > 3 else ""
        constants = re.findall(rf"const {re.escape(named)}: &str =\s*({LABEL.pattern});", text[:place]) if named.isupper() else []
        label = LABEL.fullmatch(constants[-1][0] if constants else named)
        found.append(label[1] if label else "")
    return found


def bypasses(text: str) -> list[str]:
    """Where a source sends a request otherwise than through a door that names the operation."""
    single = sum(given[3].count(".send()") for door, given, _ in doors(text) if door == "call" and len(given) > 3)
    paged = [given[3] for door, given, _ in doors(text) if door == "all" and len(given) > 3]
    prepared = PAGES.findall(text)
    found = ["a call that doesn't name its operation" for it in labels(text) if not it]
    if text.count(".send()") != single + len(prepared):
        found.append("a `.send()` outside `call(`")
    if sorted(paged) != sorted(prepared):
        found.append(f"paginators {prepared}, but `all(` of {paged}")
    # Iterators have a `next` too; only a paginator's is awaited.
    return found + [f"`{it[1]}`" for it in DETOURS.finditer(text) if it[1] != "next" or it[2]]


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
    """The names of events that a guard's `Call::of` knows: of calls, and the detail types of what KMS tells by itself."""
    text = (ROOT / f"shared/policy/src/guards/{guard.replace('-', '_')}/mod.rs").read_text()
    body = text.split("impl Call {", 1)[1].split("fn of(change: &Change)", 1)[1].split("\n    }\n", 1)[0]
    return set(re.findall(r'"([A-Z][\w ]+)"', body))


def judged() -> list[str]:
    """The guards whose decisions are there, with or without a function."""
    found = sorted(it.parent.name for it in (ROOT / "shared/policy/src/guards").glob("*/mod.rs"))
    return [name.replace("_", "-") for name in found]


def metrics() -> set[str]:
    """The names of the metrics that the functions write."""
    return metrics_in((RUNTIME / "metrics.rs").read_text())


def metrics_always() -> set[str]:
    """The names of the metrics that the functions write with each event, also with a heartbeat."""
    text = (RUNTIME / "metrics.rs").read_text()
    counted = re.search(r"fn counts\(.*?\n\}\n", text, re.DOTALL)[0]
    repaired = re.search(r'if effects\(receipt, "applied"\) > 0 \{.*?\}', text, re.DOTALL)[0]
    if ".filter(|(_, _, count)| *count != 0)" not in text:
        raise LookupError("counts of 0 are written too")
    return metrics_in(text) - metrics_in(counted) - metrics_in(repaired)


def metrics_in(text: str) -> set[str]:
    return set(re.findall(r'\("(\w+)", "(?:Count|Milliseconds)"', text))
