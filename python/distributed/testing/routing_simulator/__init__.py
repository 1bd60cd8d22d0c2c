"""Routing policies compared on traces in virtual time; nothing here touches a network."""

from distributed import _coexist

_coexist.check()
