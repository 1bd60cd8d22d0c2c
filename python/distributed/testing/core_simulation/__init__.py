"""The membership core on a simulated network: experiments as functions, outcomes as structs.

Thousands of nodes of the native core under virtual time; one seed, one outcome. The whole
cluster with its roles is simulated elsewhere in this package. See docs/simulation-core.md.
"""

from distributed.testing.core_simulation.experiments import (
    blocked,
    boot,
    coordinates,
    detection,
    dissemination,
    impaired,
    quiet,
    stopped,
)
from distributed.testing.core_simulation.frontier import Candidate, Frontier, Point, search
from distributed.testing.core_simulation.results import (
    Accuracy,
    Blocked,
    Boot,
    Coordinates,
    Detection,
    Dissemination,
    Quiet,
    Reaction,
    Revival,
    Seen,
    Spread,
    Told,
    ViewSize,
)
from distributed.testing.core_simulation.settings import (
    LIFEGUARD,
    SWIM,
    VARIANTS,
    CoreSettings,
)

__all__ = [
    "LIFEGUARD",
    "SWIM",
    "VARIANTS",
    "Accuracy",
    "Blocked",
    "Boot",
    "Candidate",
    "Coordinates",
    "CoreSettings",
    "Detection",
    "Dissemination",
    "Frontier",
    "Point",
    "Quiet",
    "Reaction",
    "Revival",
    "Seen",
    "Spread",
    "Told",
    "ViewSize",
    "blocked",
    "boot",
    "coordinates",
    "detection",
    "dissemination",
    "impaired",
    "quiet",
    "search",
    "stopped",
]
