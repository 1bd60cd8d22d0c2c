"""The keyword arguments of `Node.join`, for type checkers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NotRequired, Required, TypedDict

from .member import Meta
from .options import Profile


class NodeArguments(TypedDict, total=False):
    """The fields of `NodeOptions`, which documents them."""

    name: Required[str]
    bind: NotRequired[str]
    seeds: NotRequired[Sequence[str]]
    meta: NotRequired[Meta]
    profile: NotRequired[Profile]
    overrides: NotRequired[Mapping[str, float | int | bool]]
    label: NotRequired[str | None]
    keys: NotRequired[Sequence[str | bytes] | None]
    encryption: NotRequired[bool]
    advertise: NotRequired[str | None]
    allow: NotRequired[Sequence[str]]
    job_min_seconds: NotRequired[float]
    job_max_seconds: NotRequired[float]
    join_retry_seconds: NotRequired[float]
