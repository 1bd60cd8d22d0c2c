"""Refuses to share an environment with dask's distribution.

Both ship the import package `distributed` and pip lets one overwrite the other without
a word, so every top package calls `check` before anything else.
"""

from __future__ import annotations

import os
import sys
from functools import cache

CHECKED = "SHOAL_ENVIRONMENT_CHECKED"
"""Set for children that run in the environment of a parent which has looked: they start faster."""


@cache
def _dask_version() -> str | None:
    if CHECKED in os.environ or not any(map(_may_hold_it, sys.path)):
        return None
    from importlib import metadata

    try:
        return metadata.version("distributed")
    except metadata.PackageNotFoundError:
        return None


def _may_hold_it(entry: str) -> bool:
    """Whether metadata of a `distributed` may lie at this entry of the search path.

    A look at the names is all that a start needs where there is none: reading metadata
    properly imports a mail parser and an archive reader first.
    """
    try:
        names = os.listdir(entry or ".")
    except (FileNotFoundError, PermissionError):
        return False
    except NotADirectoryError:
        return True
    return any(
        name.lower().startswith(("distributed-", "distributed.egg"))
        and name.endswith(("-info", ".egg", ".egg-link"))
        for name in names
    )


def check() -> None:
    """Do nothing, or say how to repair the environment.

    Raises:
        ImportError: dask's distribution is installed beside ours.
    """
    version = _dask_version()
    if version is not None:
        raise ImportError(
            f"shoal and dask's 'distributed' {version} both provide the import package "
            "'distributed' and cannot share an environment: use separate environments, or run "
            "`pip uninstall distributed` and then "
            "`pip install --force-reinstall --no-deps shoal`."
        )
