"""Faults as values: what, to whom, when, for how long. A run applies and undoes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from distributed.messages.job import Job
from distributed.testing.message_rules import MessageRule
from distributed.testing.simulated_work import Script, workflow
from distributed.types import Role

if TYPE_CHECKING:
    from distributed.testing.cluster import SimCluster
    from distributed.testing.virtual_host import VirtualHost

Undo = Callable[[], Any]
CROWD_SECONDS = 60.0
"""Deadline of the jobs of a crowd."""


class Fault(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that goes wrong.

    Attributes:
        at: virtual seconds after the start of the run.
        kind: a verb of `VERBS`.
        target: process, datacenter or message type, as the verb takes it.
        seconds: after which it is undone.
        value: the verb's number: a delay, a chance, a cost.
        other: the second process or datacenter of verbs that take two.
    """

    at: float
    kind: str
    target: str = ""
    seconds: float = 5.0
    value: float = 0.0
    other: str = ""

    def __str__(self) -> str:
        text = f"{self.at:.3f} s: {self.kind} {self.target}"
        if self.other:
            text += f" / {self.other}"
        if self.value:
            text += f" ({self.value:g})"
        return f"{text} for {self.seconds:.3f} s"


Verb = Callable[["SimCluster", Fault], Undo]


def kill(cluster: SimCluster, fault: Fault) -> Undo:
    """SIGKILL; started again afterwards."""
    cluster[fault.target].kill()
    return lambda: _restart(cluster, fault.target)


def power_off(cluster: SimCluster, fault: Fault) -> Undo:
    """The machine vanishes without a word; started again afterwards."""
    cluster[fault.target].kill(power_off=True)
    return lambda: _restart(cluster, fault.target)


def stop(cluster: SimCluster, fault: Fault) -> Undo:
    """A graceful end; started again afterwards."""
    process = cluster[fault.target]
    if process.up:
        cluster.loop.spawn(cluster.loop.root, process.stop())
    return lambda: _restart(cluster, fault.target)


def pause(cluster: SimCluster, fault: Fault) -> Undo:
    """SIGSTOP, then SIGCONT."""
    process = cluster[fault.target]
    life = process.life
    process.pause()
    return lambda: process.resume() if process.life is life and life.alive else None


def slow(cluster: SimCluster, fault: Fault) -> Undo:
    """Each callback of its Python costs `value` seconds."""
    process = cluster[fault.target]
    process.slow_down(fault.value)
    return lambda: process.slow_down(0.0)


def skew(cluster: SimCluster, fault: Fault) -> Undo:
    """The wall clock jumps by `value` seconds, and back."""
    cluster[fault.target].skew(fault.value)
    return lambda: cluster[fault.target].skew(-fault.value)


def isolate(cluster: SimCluster, fault: Fault) -> Undo:
    """Nothing gets to or from it."""
    pairs = [
        pair
        for name in cluster.processes
        if name != fault.target
        for pair in ((fault.target, name), (name, fault.target))
    ]
    return _cut(cluster, fault, pairs)


def deafen(cluster: SimCluster, fault: Fault) -> Undo:
    """One-way: it is heard and hears nothing."""
    pairs = [(name, fault.target) for name in cluster.processes if name != fault.target]
    return _cut(cluster, fault, pairs)


def mute(cluster: SimCluster, fault: Fault) -> Undo:
    """One-way: it hears and is not heard."""
    pairs = [(fault.target, name) for name in cluster.processes if name != fault.target]
    return _cut(cluster, fault, pairs)


def cut(cluster: SimCluster, fault: Fault) -> Undo:
    """Two processes do not reach each other."""
    return _cut(cluster, fault, [(fault.target, fault.other), (fault.other, fault.target)])


def split(cluster: SimCluster, fault: Fault) -> Undo:
    """A datacenter is cut off from the others, its gates and clients included."""
    inside = [p.name for p in cluster.processes.values() if p.datacenter == fault.target]
    outside = [p.name for p in cluster.processes.values() if p.datacenter != fault.target]
    pairs = [pair for one in inside for two in outside for pair in ((one, two), (two, one))]
    return _cut(cluster, fault, pairs)


def lag(cluster: SimCluster, fault: Fault) -> Undo:
    """Everything to and from it takes `value` seconds longer."""
    extra = cluster.network.conditions.extra_seconds
    extra[fault.target] = extra.get(fault.target, 0.0) + fault.value

    def undo() -> None:
        left = extra.get(fault.target, 0.0) - fault.value
        if left > 1e-9:
            extra[fault.target] = left
        else:
            extra.pop(fault.target, None)

    return undo


def stall(cluster: SimCluster, fault: Fault) -> Undo:
    """Pieces of streams are lost with chance `value` and come late."""
    conditions = cluster.network.conditions
    conditions.stall_chance += fault.value

    def undo() -> None:
        conditions.stall_chance = max(0.0, conditions.stall_chance - fault.value)

    return undo


def reset(cluster: SimCluster, fault: Fault) -> Undo:
    """Connections between two processes break."""
    cluster.network.break_connections(fault.target, fault.other)
    return _nothing


def drop(cluster: SimCluster, fault: Fault) -> Undo:
    """Messages of type `target` are lost with chance `value`."""
    return _rule(cluster, MessageRule(fault.target, chance=fault.value, drop=True))


def delay(cluster: SimCluster, fault: Fault) -> Undo:
    """Messages of type `target` are held up by `value` seconds, and what is behind them."""
    return _rule(cluster, MessageRule(fault.target, delay_seconds=fault.value))


def fill(cluster: SimCluster, fault: Fault) -> Undo:
    """`value` jobs come at once: more than gates and workers have room for.

    Each has one short workflow; those that are refused for lack of room stay refused.
    """
    clients = [process.name for process in cluster.of_role(Role.CLIENT) if process.up]
    for number in range(int(fault.value) if clients else 0):
        name = f"crowd-{fault.at:g}-{number}"
        work = workflow("a", Script(seconds=0.5))
        job = Job(name=name, workflows=(work,), deadline_seconds=CROWD_SECONDS)
        cluster.submit(job, client=clients[number % len(clients)], key=name)
    return _nothing


def corrupt(cluster: SimCluster, fault: Fault) -> Undo:
    """What `target` sends is damaged with chance `value`, three times at most."""
    rule = MessageRule(source=fault.target, chance=fault.value, corrupt=True, times=3)
    return _rule(cluster, rule)


def slow_commits(cluster: SimCluster, fault: Fault) -> Undo:
    """Commits take `value` seconds longer."""
    database = cluster.database
    database.commit_seconds += fault.value

    def undo() -> None:
        database.commit_seconds = max(0.0005, database.commit_seconds - fault.value)

    return undo


def fail_commits(cluster: SimCluster, fault: Fault) -> Undo:
    """The next `value` commits fail without effect."""
    cluster.database.failing_commits += int(fault.value)
    return _nothing


def lose_answers(cluster: SimCluster, fault: Fault) -> Undo:
    """The next `value` commits happen and are reported as failed."""
    cluster.database.lost_answers += int(fault.value)
    return _nothing


def cut_ledger(cluster: SimCluster, fault: Fault) -> Undo:
    """A gate does not reach the database."""
    unreachable = cluster.database.unreachable
    unreachable.add(fault.target)
    return lambda: unreachable.discard(fault.target)


def die_after_commit(cluster: SimCluster, fault: Fault) -> Undo:
    """A gate dies between its next commit and the acknowledgement; started again afterwards."""
    database = cluster.database

    def strike(host: VirtualHost) -> None:
        if host.name == fault.target:
            database.after_commit = None
            cluster[fault.target].kill()

    database.after_commit = strike

    def undo() -> None:
        database.after_commit = None
        _restart(cluster, fault.target)

    return undo


VERBS: dict[str, Verb] = {
    verb.__name__: verb
    for verb in (
        kill,
        power_off,
        stop,
        pause,
        slow,
        skew,
        isolate,
        deafen,
        mute,
        cut,
        split,
        lag,
        stall,
        reset,
        drop,
        delay,
        fill,
        corrupt,
        slow_commits,
        fail_commits,
        lose_answers,
        cut_ledger,
        die_after_commit,
    )
}
"""Every way to hurt a cluster, by name."""

EXPECTED_ERRORS = (
    r"the lease ran out",
    r"did not end when cancelled",
    r"; \d+ attempts end$",
)
"""Error lines that the faults above explain."""


def _restart(cluster: SimCluster, name: str) -> None:
    process = cluster[name]
    if not process.alive:
        process.start()


def _cut(cluster: SimCluster, fault: Fault, pairs: list[tuple[str, str]]) -> Undo:
    cluster.trace.add(fault.target, "cut", fault.kind, fault.other)
    cluster.network.cut(pairs)

    def undo() -> None:
        cluster.trace.add(fault.target, "mend", fault.kind, fault.other)
        cluster.network.mend(pairs)

    return undo


def _rule(cluster: SimCluster, rule: MessageRule) -> Undo:
    cluster.network.rules.add(rule)
    return lambda: cluster.network.rules.remove(rule)


def _nothing() -> None:
    """It cannot be undone."""
