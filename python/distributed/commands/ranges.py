"""Numbers that arguments may be: what lies outside is refused before anything runs."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

LONGEST = 1e7
"""Seconds, or minutes, that anything here may take: more is a slip of the hand."""

Count = Annotated[int, Parameter(validator=Number(gte=1, lte=100_000_000))]
Seed = Annotated[int, Parameter(validator=Number(gte=0, lt=1 << 64))]
Share = Annotated[float, Parameter(validator=Number(gte=0, lte=1))]
Span = Annotated[float, Parameter(validator=Number(gt=0, lte=LONGEST))]
