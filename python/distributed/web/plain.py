"""Values as plain data for `.json` answers: every struct a map, whatever its wire form."""

from __future__ import annotations

import base64
from typing import Any

import msgspec


def plain(value: Any) -> Any:
    """Maps, lists, texts and numbers; bytes in base64."""
    if isinstance(value, msgspec.Struct):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value
