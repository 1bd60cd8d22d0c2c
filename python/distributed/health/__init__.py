"""How well nodes and datacenters are, judged from what others report.

Pure classifiers live here; probing and gossip are roles. See docs/routing.md.
"""

from distributed import _coexist

_coexist.check()
