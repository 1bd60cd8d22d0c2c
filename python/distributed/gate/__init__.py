"""The gate role: submission, routing, takeover, results."""

from distributed import _coexist

_coexist.check()
