"""The experiments, each a function of its settings. All run without the GIL.

`progress` is called with the share that is done, now and then; an exception in it, or Ctrl-C,
ends the experiment.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec.structs import asdict

from distributed import _native
from distributed.testing.core_simulation.results import (
    Blocked,
    Boot,
    Coordinates,
    Detection,
    Dissemination,
    Quiet,
    Reaction,
    Revival,
)
from distributed.testing.core_simulation.settings import CoreSettings

Progress = Callable[[float], None]


def detection(
    settings: CoreSettings, *, nodes: int, kills: int, progress: Progress | None = None
) -> Detection:
    """Kill nodes of a settled cluster one by one, and time who learns of it when."""
    found = _native.simulate_detection(nodes, kills, progress=progress, **asdict(settings))
    return msgspec.convert(found, Detection)


def dissemination(
    settings: CoreSettings,
    *,
    nodes: int,
    changes: int,
    loss: float = 0.0,
    watch_seconds: float = 15.0,
    progress: Progress | None = None,
) -> Dissemination:
    """Change metadata of nodes one by one at a loss of datagrams, and time who learns of it."""
    found = _native.simulate_dissemination(
        nodes, changes, loss=loss, watch=watch_seconds, progress=progress, **asdict(settings)
    )
    return msgspec.convert(found, Dissemination)


def blocked(
    settings: CoreSettings,
    *,
    nodes: int = 128,
    concurrent: int,
    blocked_seconds: float,
    running_seconds: float,
    span_seconds: float = 120.0,
) -> Blocked:
    """Block messages of some nodes again and again (Lifeguard, DSN 2018, section V)."""
    found = _native.simulate_blocked(
        nodes,
        concurrent=concurrent,
        blocked=blocked_seconds,
        running=running_seconds,
        span=span_seconds,
        **asdict(settings),
    )
    return msgspec.convert(found, Blocked)


def stopped(
    settings: CoreSettings,
    *,
    nodes: int,
    concurrent: int = 1,
    stopped_seconds: float = 3.0,
    frozen: bool = True,
    rounds: int = 20,
    loss: float = 0.0,
) -> Revival:
    """Let nodes stand still once, again and again; all must come back and none may die.

    `frozen` nodes do nothing at all, as after SIGSTOP; of others the timers run and only their
    messages are held up.
    """
    found = _native.simulate_stopped(
        nodes,
        concurrent=concurrent,
        stopped=stopped_seconds,
        frozen=frozen,
        rounds=rounds,
        loss=loss,
        **asdict(settings),
    )
    return msgspec.convert(found, Revival)


def quiet(
    settings: CoreSettings, *, nodes: int, span_seconds: float = 120.0, loss: float = 0.0
) -> Quiet:
    """Watch a cluster at rest, at a loss of datagrams."""
    found = _native.simulate_quiet(nodes, span=span_seconds, loss=loss, **asdict(settings))
    return msgspec.convert(found, Quiet)


def boot(settings: CoreSettings, *, nodes: int, progress: Progress | None = None) -> Boot:
    """Start all nodes at once, each knowing the first."""
    found = _native.simulate_boot(nodes, progress=progress, **asdict(settings))
    return msgspec.convert(found, Boot)


def impaired(
    settings: CoreSettings,
    *,
    nodes: int,
    faulty: int,
    flip_seconds: float | None = None,
    egress_loss: float = 0.8,
    span_seconds: float = 400.0,
    progress: Progress | None = None,
) -> Reaction:
    """Let the network of some nodes fail one way (Rapid, ATC 2018, figures 9 and 10).

    With `flip_seconds` they lose all ingress in flips of that length; without, they lose
    `egress_loss` of what they send.
    """
    found = _native.simulate_impaired(
        nodes,
        faulty,
        flip=flip_seconds,
        egress_loss=egress_loss,
        span=span_seconds,
        progress=progress,
        **asdict(settings),
    )
    return msgspec.convert(found, Reaction)


def coordinates(
    settings: CoreSettings,
    *,
    nodes: int = 48,
    rounds: int = 60,
    look: int = 1,
    progress: Progress | None = None,
) -> Coordinates:
    """Start nodes on three continents and compare what their coordinates say with the truth.

    Once in `look` probe rounds, from the start on.
    """
    found = _native.simulate_coordinates(
        nodes, rounds, look=look, progress=progress, **asdict(settings)
    )
    return msgspec.convert(found, Coordinates)
