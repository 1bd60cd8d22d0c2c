"""Work with large values for clusters under test: light to import, since every child does."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any


def block(ctx: Any, *, size: int, seed: int = 0) -> bytes:
    """`size` bytes that are not alike, so that no compression makes them small."""
    del ctx
    return pattern(size, seed)


def pattern(size: int, seed: int) -> bytes:
    """The same bytes again for the same arguments."""
    made = bytearray()
    for number in range(-(-size // (64 << 10))):
        made += blake2b(b"%d:%d" % (seed, number)).digest() * 1024
    return bytes(made[:size])


def digests(ctx: Any) -> dict[str, str]:
    """What the workflows before this one returned, by digest."""
    return {name: digest(value) for name, value in ctx.results.items()}


def digest(value: bytes) -> str:
    """A short name for bytes."""
    return blake2b(value, digest_size=8).hexdigest()
