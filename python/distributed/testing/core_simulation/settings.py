"""What all nodes of an experiment have in common."""

from __future__ import annotations

from typing import Final

import msgspec

Override = float | int | bool


class CoreSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A profile of the core and the settings that differ from it.

    The fields are named as the parameters of `_native.simulate_*`.
    `overrides` takes the names of `membership` settings, e.g. `suspicion.alpha`; durations
    are seconds.
    """

    profile: str = "lan"
    overrides: dict[str, Override] = {}
    seed: int = 1

    def with_overrides(self, **overrides: Override) -> CoreSettings:
        """The same with more settings changed; `__` in a name stands for the dot."""
        named = {name.replace("__", "."): value for name, value in overrides.items()}
        return msgspec.structs.replace(self, overrides={**self.overrides, **named})

    def with_seed(self, seed: int) -> CoreSettings:
        """The same with another seed."""
        return msgspec.structs.replace(self, seed=seed)


def _paper(*, probe: bool, suspicion: bool, buddy: bool) -> CoreSettings:
    return CoreSettings(
        profile="memberlist_lan",
        overrides={
            "suspicion.alpha": 5.0,
            "suspicion.beta": 6.0,
            "suspicion.confirmations": 3,
            "probe.nack_after": 0.8,
            "lifeguard.aware_probe": probe,
            "lifeguard.aware_suspicion": suspicion,
            "lifeguard.buddy": buddy,
        },
    )


#: Plain SWIM, and all of Lifeguard, with the constants of the Lifeguard paper (section V).
SWIM: Final = _paper(probe=False, suspicion=False, buddy=False)
LIFEGUARD: Final = _paper(probe=True, suspicion=True, buddy=True)

#: The paper's five configurations by name.
VARIANTS: Final[dict[str, CoreSettings]] = {
    "SWIM": SWIM,
    "LHA-Probe": _paper(probe=True, suspicion=False, buddy=False),
    "LHA-Suspicion": _paper(probe=False, suspicion=True, buddy=False),
    "Buddy System": _paper(probe=False, suspicion=False, buddy=True),
    "Lifeguard": LIFEGUARD,
}
