"""The shoal command line: one module a noun, heavy imports inside the functions."""

from distributed import _coexist

_coexist.check()

import sys  # noqa: E402


def main() -> None:
    """Run the `shoal` command and exit with its status."""
    from distributed.commands.entry import run

    sys.exit(run(sys.argv[1:]))
