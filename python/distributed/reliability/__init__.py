"""When to try again, refuse, slow down or give up.

Pure policies live here, clocked by their caller; no I/O, no tasks. See docs/routing.md.
"""

from distributed import _coexist

_coexist.check()
