"""Refuses to share an environment with dask's distribution.

Both ship the import package `distributed` and pip lets one overwrite the other without
a word, so every top package calls `check` before anything else.
"""

from __future__ import annotations

import os
from functools import cache

CHECKED = "SHOAL_ENVIRONMENT_CHECKED"
"""Set for children that run in the environment of a parent which has looked: they start faster."""


@cache
def _dask_version() -> str | None:
    if CHECKED in os.environ:
        return None
    from importlib import metadata

    try:
        return metadata.version("distributed")
    except metadata.PackageNotFoundError:
        return None


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
