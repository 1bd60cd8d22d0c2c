"""The manager role: dispatch inside one datacenter."""

from distributed import _coexist

_coexist.check()
