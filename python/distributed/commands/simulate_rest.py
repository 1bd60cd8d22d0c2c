"""`shoal simulate core`: clusters at rest, and nodes that stand still and come back."""

from __future__ import annotations

import msgspec

from distributed.commands.output import Output
from distributed.commands.simulate_core import _settings


def stopped(
    *,
    nodes: int = 32,
    concurrent: int = 1,
    seconds: float = 3.0,
    messages_only: bool = False,
    rounds: int = 20,
    loss: float = 0.0,
    profile: str = "lan",
    seed: int = 1,
    json: bool = False,
) -> None:
    """Let nodes stand still once, again and again: do all come back, and does nobody die?

    Parameters
    ----------
    nodes
        Nodes in the cluster.
    concurrent
        Nodes that stand still at the same moment.
    seconds
        For how long.
    messages_only
        Their timers run on, and only what they send and receive is held up.
    rounds
        Times that it happens.
    loss
        Share of datagrams lost meanwhile, 0 to 1.
    profile
        lan, wan, local or memberlist_lan.
    seed
        The same seed gives the same numbers.
    json
        One JSON object.
    """
    from distributed.testing.core_simulation import stopped as run

    found = run(
        _settings(profile, seed),
        nodes=nodes,
        concurrent=concurrent,
        stopped_seconds=seconds,
        frozen=not messages_only,
        rounds=rounds,
        loss=loss,
    )
    Output(json=json).record({"profile": profile, "nodes": nodes, **msgspec.to_builtins(found)})


def quiet(
    *,
    nodes: int = 128,
    span: float = 120.0,
    loss: float = 0.0,
    profile: str = "lan",
    seed: int = 1,
    json: bool = False,
) -> None:
    """Watch a cluster at rest: what a member sends in a second, and what loss makes it believe.

    Parameters
    ----------
    nodes
        Nodes in the cluster.
    span
        Seconds to watch.
    loss
        Share of datagrams lost, 0 to 1.
    profile
        lan, wan, local or memberlist_lan.
    seed
        The same seed gives the same numbers.
    json
        One JSON object.
    """
    from distributed.testing.core_simulation import quiet as run

    found = run(_settings(profile, seed), nodes=nodes, span_seconds=span, loss=loss)
    Output(json=json).record({"profile": profile, "nodes": nodes, **msgspec.to_builtins(found)})
