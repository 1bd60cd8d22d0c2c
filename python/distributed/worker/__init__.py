"""The worker role: runs workflows, the source of truth about execution.

Here: `node.py` puts the conversations together; one module for each; `record.py` is all that
is kept about one job. Not here: how code is run (`execution`), which work to take on (the
manager's choice). Explained in docs/execution.md.
"""

from distributed import _coexist

_coexist.check()
