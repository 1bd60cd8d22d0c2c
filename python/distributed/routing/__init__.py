"""Where a job runs: candidates, buckets, scores, hysteresis, spillover, placement.

Pure policies live here; sending and recording are roles. See docs/routing.md.
"""

from distributed import _coexist

_coexist.check()
