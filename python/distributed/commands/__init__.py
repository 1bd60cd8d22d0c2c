"""The shoal command line: one module a noun, heavy imports inside the functions."""

from distributed import _coexist

_coexist.check()
