"""Socket names as addresses."""

from __future__ import annotations

from typing import Any

from distributed.types import Address


def format_address(name: Any) -> Address:
    """`host:port` of a socket name, IPv6 in brackets; "" where there is none."""
    if not isinstance(name, tuple) or len(name) < 2:
        return Address("")
    host, port = name[0], name[1]
    return Address(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
