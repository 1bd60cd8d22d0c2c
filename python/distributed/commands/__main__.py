"""`python -m distributed.commands`: the same as `shoal`."""

from distributed.commands import main

main()
