"""Values too large for a message: where they lie and how they are cut.

A value of up to `LARGE_BYTES` travels inside its result. A larger one is stored in the ledger
in parts of `PART_BYTES`, before its result; the result then names it by a reference. A value
that travels inside its result is named by one too, where a message has no room for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from distributed.messages.results import WorkflowResult

LARGE_BYTES = 1 << 20
PART_BYTES = 1 << 20
PAGE_BYTES = 4 << 20
"""Of results in one message: frames are bounded."""
MAX_TEXT_CHARS = 32_768
"""Of an error or a traceback."""
_KIND = "value"


class Reference(msgspec.Struct, frozen=True):
    """Names a value of a workflow, stored with its job."""

    attempt: int
    size: int
    datacenter: str

    def __str__(self) -> str:
        return f"{_KIND}:{self.attempt}:{self.size}:{self.datacenter}"

    @property
    def in_parts(self) -> bool:
        """Whether it is stored in parts, not inside its result."""
        return self.size > LARGE_BYTES

    @property
    def parts(self) -> int:
        """How many parts it has."""
        return parts_in(self.size)


def parse_reference(text: str) -> Reference | None:
    """The reference that `text` is; None where it is none."""
    kind, _, rest = text.partition(":")
    attempt, _, rest = rest.partition(":")
    size, _, datacenter = rest.partition(":")
    if kind != _KIND or not (attempt.isdecimal() and size.isdecimal()) or len(size) > 18:
        return None
    return Reference(int(attempt), int(size), datacenter)


def parts_in(size: int) -> int:
    """How many parts a value of `size` bytes has; an empty one has one."""
    return max(1, -(-size // PART_BYTES))


def part_length(size: int, part: int) -> int:
    """The length that a part must have; negative where there is no such part."""
    return min(PART_BYTES, size - part * PART_BYTES)


def part_of(value: bytes, part: int) -> bytes:
    """One part of a value that is at hand."""
    return value[part * PART_BYTES : (part + 1) * PART_BYTES]


def by_reference(result: WorkflowResult) -> WorkflowResult:
    """The result without its value, which it names instead."""
    if not result.value:
        return result
    name = Reference(result.attempt, len(result.value), result.datacenter)
    return msgspec.structs.replace(result, value=b"", reference=str(name))


def size_of(result: WorkflowResult) -> int:
    """About how many bytes a result takes on the wire."""
    return 256 + len(result.value) + len(result.traceback) + len(result.error) + len(result.sketch)


def pages(
    results: Iterable[WorkflowResult], max_bytes: int = PAGE_BYTES
) -> Iterator[tuple[WorkflowResult, ...]]:
    """The results in groups that fit in one message each, in order."""
    page: list[WorkflowResult] = []
    size = 0
    for result in results:
        size += size_of(result)
        if page and size > max_bytes:
            yield tuple(page)
            page, size = [], size_of(result)
        page.append(result)
    if page:
        yield tuple(page)
