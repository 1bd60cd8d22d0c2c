"""The manager role: dispatch inside one datacenter.

Here: `node.py` puts the conversations together; one module for each; `record.py` is all that
is kept about one job, and it is soft: workers know what runs, the gate knows what is recorded.
Not here: which datacenter (the gate's choice), how code runs (the worker's). Explained in
docs/execution.md.
"""

from distributed import _coexist

_coexist.check()
