"""The gate role: submission, routing, takeover, results.

Here: one module for each conversation, `record.py` for all that is known of one job. Not
here: decisions (`jobs`, `routing`, `health`), SQL (`ledger`). Explained in docs/jobs.md.
"""

from distributed import _coexist

_coexist.check()
