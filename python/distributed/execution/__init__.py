"""Runs user code in subprocesses with limits, captured output and clean ends."""

from distributed import _coexist

_coexist.check()
