"""Shoal: failure detection to trust, and a control plane for jobs across datacenters."""

from distributed import _coexist

_coexist.check()
