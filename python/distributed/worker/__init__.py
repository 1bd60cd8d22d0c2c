"""The worker role: runs workflows, the source of truth about execution."""

from distributed import _coexist

_coexist.check()
