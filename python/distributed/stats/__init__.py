"""Windowed statistics and progress: merged so that late, repeated and lost reports change nothing.

Pure values and counters live here; no I/O, no clock, no logging. See docs/routing.md.
"""

from distributed import _coexist

_coexist.check()
