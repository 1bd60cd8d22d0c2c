"""Runs user code in subprocesses with limits, captured output and clean ends.

Here: executors, the child process they talk to, and what a workflow's `ctx` offers. Not here:
which work to take, retries, anything about other nodes. Explained in docs/execution.md.

Imports nothing by itself: a child process pays for every module at each start.
"""

from distributed import _coexist

_coexist.check()
