"""Pages of the documentation that are made from the code.

`python -m distributed.commands.documents [FOLDER]` writes them.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec

from distributed.commands.settings_tree import Settings
from distributed.settings.sources import Setting, settings_of
from distributed.telemetry import names

METRICS_HEAD = """# Metrics

Every node serves these at `/metrics` of its web address, in Prometheus' text format. Each sample
also carries `node` and `role`. Labels take values of small closed sets, never ids of jobs or
peers; one metric keeps at most 200 different label sets and counts what follows under `other`, so
that no peer can make a scrape grow. The native agent's figures are read in one call at each
scrape.

`deploy/grafana.json` is a dashboard over them, `deploy/alerts.yml` are alert rules;
`tests/cluster/test_metrics_page.py` holds both against what running nodes serve.
"""

SETTINGS_HEAD = """# Settings

Flags stand over environment variables, those over the TOML file (`--file`, or `SHOAL_FILE`), that
over the defaults. In TOML a setting `gate.lease_seconds` is `lease_seconds` in the table
`[gate]`. In a variable, a list is `a,b` or JSON and a map is JSON. `shoal config` prints each
with its value and where that came from; values marked *secret* are never printed.
"""

UNITS = ("seconds", "bytes", "hops", "cores", "lines", "attempts")
ATTRIBUTE = re.compile(r"^(\w+(?:, \w+)*): (.*)$")


def metrics_page() -> str:
    """`docs/metrics.md`."""
    return METRICS_HEAD + "\n".join(names.document()) + "\n"


def settings_page() -> str:
    """`docs/settings.md`."""
    lines = [SETTINGS_HEAD.rstrip()]
    section = ""
    for setting, text in _described(Settings):
        whole, _, leaf = setting.path.rpartition(".")
        if whole != section:
            section = whole
            lines += ["", f"## `[{section}]`", ""]
            lines += ["| setting | type | unit | default | variable | meaning |"]
            lines += ["| --- | --- | --- | --- | --- | --- |"]
        cells = (
            f"`{leaf}`",
            f"{type_name(setting.type)}{', secret' if setting.secret else ''}",
            unit_of(leaf),
            f"`{_default(setting.default)}`",
            f"`{setting.variable}`",
            text.replace("|", "\\|"),
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _described(tree: type[msgspec.Struct], prefix: str = "") -> Iterator[tuple[Setting, str]]:
    texts: dict[str, str] = {}
    _collect(tree, prefix, texts)
    for setting in settings_of(tree):
        yield setting, texts.get(setting.path, "")


def _collect(tree: type[msgspec.Struct], prefix: str, texts: dict[str, str]) -> None:
    for name, text in descriptions(tree).items():
        texts[f"{prefix}{name}"] = text
    for field in msgspec.structs.fields(tree):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            _collect(field.type, f"{prefix}{field.name}.", texts)


def descriptions(tree: type[msgspec.Struct]) -> dict[str, str]:
    """What a struct says about each field, in its docstring or below the field."""
    found: dict[str, str] = {}
    name = ""
    for line in (inspect.getdoc(tree) or "").partition("Attributes:\n")[2].splitlines():
        if not line.startswith("    "):
            break
        start = ATTRIBUTE.match(line[4:])
        if start:
            name = start[1]
            found[name] = start[2]
        elif name:
            found[name] += " " + line.strip()
    for group in [group for group in found if "," in group]:
        for one in group.split(", "):
            found[one] = found[group]
    body = ast.parse(inspect.getsource(tree)).body[0]
    assert isinstance(body, ast.ClassDef)
    for field, after in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(after, ast.Expr):
            found[ast.unparse(field.target)] = " ".join(str(ast.literal_eval(after.value)).split())
    return found


def type_name(kind: Any) -> str:
    """A type as an operator would say it."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " or ".join(f"`{choice}`" for choice in inner)
    if origin in (tuple, list):
        return f"list of {type_name(inner[0])}"
    if origin is dict:
        return f"map of {type_name(inner[0])} to {type_name(inner[1])}"
    plain = {str: "text", int: "whole number", float: "number", bool: "true or false"}
    return plain.get(kind, getattr(kind, "__name__", str(kind)))


def unit_of(name: str) -> str:
    """The unit, which stands in the name."""
    last = name.rpartition("_")[2]
    return last if last in UNITS else ""


def _default(value: Any) -> str:
    return msgspec.json.encode(value).decode()


PAGES = {"metrics.md": metrics_page, "settings.md": settings_page}


def main(folder: Path) -> None:
    """Write every such page."""
    for name, page in PAGES.items():
        (folder / name).write_text(page())


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs"))
