"""Showing text that others wrote: names, reasons, captured output."""

from __future__ import annotations


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
