"""The client: submit, watch, collect, whatever gate answers."""

from distributed import _coexist

_coexist.check()
