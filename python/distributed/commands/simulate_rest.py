"""`shoal simulate core`: clusters at rest, and nodes that stand still and come back."""

from __future__ import annotations

from distributed.commands.core_experiment import (
    FLAGS,
    Flags,
    Nodes,
    Profile,
    Told,
    experiment,
    settings,
    summary,
)
from distributed.commands.ranges import Count, Share, Span
from distributed.errors import ConfigError


def stopped(
    *,
    nodes: Nodes = 32,
    concurrent: Count = 1,
    seconds: Span = 3.0,
    messages_only: bool = False,
    rounds: Count = 20,
    loss: Share = 0.0,
    profile: Profile = "lan",
    flags: Flags = FLAGS,
) -> None:
    """Let nodes stand still once, again and again: do all come back, and does nobody die?

    Parameters
    ----------
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
    """
    from distributed.testing.core_simulation import stopped as run

    if concurrent > nodes:
        raise ConfigError(f"must be no more than the {nodes} nodes", field="concurrent")
    experiment(
        "stopped",
        {
            "nodes": nodes,
            "concurrent": concurrent,
            "seconds": seconds,
            "messages_only": messages_only,
            "rounds": rounds,
            "loss": loss,
            "profile": profile,
        },
        flags,
        lambda _: run(
            settings(profile, flags),
            nodes=nodes,
            concurrent=concurrent,
            stopped_seconds=seconds,
            frozen=not messages_only,
            rounds=rounds,
            loss=loss,
        ),
        lambda found: Told([{"profile": profile, "nodes": nodes, **summary(found)}]),
    )


def quiet(
    *,
    nodes: Nodes = 128,
    span: Span = 120.0,
    loss: Share = 0.0,
    profile: Profile = "lan",
    flags: Flags = FLAGS,
) -> None:
    """Watch a cluster at rest: what a member sends in a second, and what loss makes it believe.

    Parameters
    ----------
    span
        Seconds to watch.
    loss
        Share of datagrams lost, 0 to 1.
    """
    from distributed.testing.core_simulation import quiet as run

    experiment(
        "quiet",
        {"nodes": nodes, "span": span, "loss": loss, "profile": profile},
        flags,
        lambda _: run(settings(profile, flags), nodes=nodes, span_seconds=span, loss=loss),
        lambda found: Told([{"profile": profile, "nodes": nodes, **summary(found)}]),
    )
