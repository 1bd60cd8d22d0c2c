"""Showing text that others wrote: names, reasons, captured output."""

from __future__ import annotations

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes a cell for a formula by, where it starts with it."""


def inert(text: str) -> str:
    """The text as a cell that no spreadsheet evaluates."""
    return f"'{text}" if text.startswith(FORMULA) else text


def harmless(text: object, limit: int | None = None) -> str:
    """The text with control characters and direction overrides made visible.

    Longer text than `limit` characters is cut, and says by how much.
    """
    whole = str(text)
    shown = whole if limit is None or len(whole) <= limit else whole[:limit]
    clean = "".join(
        character if character.isprintable() or character == " " else f"\\x{ord(character):02x}"
        for character in shown
    )
    cut = len(whole) - len(shown)
    return f"{clean} … and {cut:,} characters more" if cut else clean
