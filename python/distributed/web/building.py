"""From a node to its status page: the one place that knows which role gives what."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from distributed.membership.interface import Membership
from distributed.messages.admin import NodeStatus
from distributed.types import Role

from .member_source import MembershipSource
from .member_watch import MemberWatch
from .models import Overview
from .site import Background, Site
from .sources import Sources

if TYPE_CHECKING:
    from distributed.clock import Clock
    from distributed.supervision import Supervisor

    from .sources import SettingsSource

Counts = Callable[[], dict[str, int]]


def site_of_node(
    role: Role,
    node: Any,
    *,
    membership: Membership | None,
    clock: Clock,
    supervisor: Supervisor,
    token: str = "",
    stats: Counts = dict,
    ended_jobs: Counts = dict,
    settings: SettingsSource | None = None,
) -> Site:
    """The status page of a `GateNode`, `ManagerNode` or `WorkerNode`.

    Args:
        role: which of them `node` is.
        token: who has it may act; "" lets nobody.
        stats: native counters by name (`membership.Node.stats`).
        ended_jobs: how many jobs ended in each state, for a gate.
    """
    background: tuple[Background, ...] = ()
    members = watch = None
    if membership is not None:
        watch = MemberWatch(membership, clock)
        members = MembershipSource(membership, watch, clock, stats)
        background = (("members", watch.follow),)
    given = _given(role, node, watch, ended_jobs)
    name = node.status().name
    sources = Sources(name=name, role=role.value, members=members, settings=settings, **given)
    return Site(sources, clock=clock, supervisor=supervisor, token=token, background=background)


def site_of_member(
    membership: Membership,
    *,
    clock: Clock,
    supervisor: Supervisor,
    stats: Counts = dict,
) -> Site:
    """The status page of a service that embeds a membership and runs no jobs."""
    watch = MemberWatch(membership, clock)
    members = MembershipSource(membership, watch, clock, stats)
    sources = Sources(
        name=membership.name,
        role=Role.MEMBER.value,
        overview=_MemberOverview(membership, watch, clock),
        members=members,
    )
    background: tuple[Background, ...] = (("members", watch.follow),)
    return Site(sources, clock=clock, supervisor=supervisor, background=background)


def _given(role: Role, node: Any, watch: MemberWatch | None, ended_jobs: Counts) -> dict[str, Any]:
    """What the role's own source gives; only that role's code is imported."""
    if role is Role.GATE:
        from .gate_source import GateSource

        gate = GateSource(node, watch, ended_jobs)
        wide = ("overview", "jobs", "cancel", "routing", "workers", "drain")
        return dict.fromkeys(wide, gate)
    if role is Role.MANAGER:
        from .manager_source import ManagerSource

        return dict.fromkeys(("overview", "jobs", "workers", "drain"), ManagerSource(node))
    from .worker_source import WorkerSource

    return dict.fromkeys(("overview", "workers", "drain"), WorkerSource(node))


class _MemberOverview:
    """A member at a glance."""

    def __init__(self, membership: Membership, watch: MemberWatch, clock: Clock) -> None:
        self._membership = membership
        self._watch = watch
        self._clock = clock
        self._started_at = clock.now()

    def overview(self) -> Overview:
        """Who died, and this member's state."""
        local = self._membership.local
        uptime = self._clock.now() - self._started_at
        datacenter = local.datacenter or ""
        return Overview(
            node=NodeStatus(local.name, "member", datacenter, uptime, local.state.value),
            deaths=self._watch.deaths(),
        )

    def gauges(self) -> dict[str, float]:
        """Nothing that is not a native counter."""
        return {}
