"""Public test tools: virtual time, simulated network and cluster."""

from distributed import _coexist

_coexist.check()
