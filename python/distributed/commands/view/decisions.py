"""A routing decision as people read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from distributed.commands.output import Output

COLUMNS = ("datacenter", "verdict", "bucket", "score", "latency", "load", "wait", "free", "reason")


def tell(decision: Mapping[str, Any], output: Output) -> None:
    """Print the choice, its notes, and why each candidate won or lost."""
    primaries = ", ".join(_names(decision.get("primaries"))) or "nowhere"
    fallbacks = ", ".join(_names(decision.get("fallbacks")))
    output.line(f"to {primaries}" + (f", else {fallbacks}" if fallbacks else ""))
    output.line(f"because {decision.get('reason', '')}")
    for note in _names(decision.get("notes")):
        output.line(f"note: {note}")
    output.table(COLUMNS, [_row(candidate) for candidate in decision.get("candidates", ())])


def _names(value: object) -> Sequence[str]:
    return [str(item) for item in value] if isinstance(value, list | tuple) else []


def _row(candidate: Mapping[str, Any]) -> dict[str, str]:
    return {
        "datacenter": str(candidate.get("name", "")),
        "verdict": str(candidate.get("verdict", "")),
        "bucket": str(candidate.get("bucket", "")),
        "score": _number(candidate.get("score"), "{:.4f}"),
        "latency": _number(candidate.get("latency_seconds"), "{:.1f} ms", 1000),
        "load": _number(candidate.get("load"), "{:.2f}"),
        "wait": _number(candidate.get("wait_seconds"), "{:.2f} s"),
        "free": _free(candidate),
        "reason": str(candidate.get("reason", "")),
    }


def _free(candidate: Mapping[str, Any]) -> str:
    """Free cores of all, as reported; "" where nothing was."""
    total = candidate.get("total_cores")
    return "" if total is None else f"{candidate.get('free_cores', 0)} of {total}"


def _number(value: object, form: str, scale: float = 1.0) -> str:
    return form.format(value * scale) if isinstance(value, int | float) else ""
