"""What operators ask of a gate: one screen about it, and the members it sees."""

from __future__ import annotations

from collections import Counter

from distributed.messages.admin import (
    Limits,
    ListMembers,
    MemberList,
    MemberView,
    NodeStatus,
    SetLimits,
    SetLogLevel,
    ShowStatus,
)
from distributed.messages.base import Done
from distributed.settings.live import limits_of, with_limits
from distributed.telemetry.levels import set_level
from distributed.transport.interface import Context, Handlers

from .managers import Managers
from .settings import LIVE
from .state import GateState


class Status:
    """Answers operators."""

    def __init__(self, state: GateState, managers: Managers) -> None:
        self._state = state
        self._managers = managers
        self._started_at = state.clock.now()

    def handlers(self) -> Handlers:
        """What operators ask."""
        return {
            ShowStatus: self._status,
            ListMembers: self._members,
            SetLogLevel: self._set_log_level,
            SetLimits: self._set_limits,
        }

    def _status(self, _context: Context, _message: ShowStatus) -> NodeStatus:
        return self.node_status()

    def _set_log_level(self, _context: Context, message: SetLogLevel) -> Done:
        set_level(message.logger, message.level)
        return Done()

    def _set_limits(self, _context: Context, message: SetLimits) -> Limits:
        state = self._state
        state.settings = with_limits(state.settings, message.limits, LIVE)
        if message.limits:
            state.logger.info("limits changed: %s", message.limits)
        return Limits(limits_of(state.settings, LIVE))

    def node_status(self) -> NodeStatus:
        """One screen about this gate."""
        state = self._state
        standing = "stopping" if state.stopping else "active" if state.holding else "stepped down"
        if standing == "active" and self._managers.knowledge.isolated(state.clock.now()):
            standing = "cut off"
        datacenters = {
            name: {
                "managers": len(self._managers.live(name)),
                "cores": candidate.facts.total_cores,
                "free_cores": candidate.facts.free_cores,
                "queued": candidate.facts.queued,
                "bucket": candidate.facts.bucket.label,
                "draining": candidate.facts.draining,
            }
            for name, candidate in self._managers.candidates().items()
        }
        detail: dict[str, object] = {
            "jobs": dict(Counter(record.state.value for record in state.records.values())),
            "datacenters": datacenters,
            "gates": state.gates(),
            "ledger": "available" if state.ledger.available else "unavailable",
            "overload": self._state.load.level.label,
        }
        uptime = state.clock.now() - self._started_at
        return NodeStatus(state.name, "gate", "", uptime, standing, detail, state.web_address)

    def _members(self, _context: Context, _message: ListMembers) -> MemberList:
        membership = self._state.membership
        if membership is None:
            return MemberList(
                tuple(
                    MemberView(name, address, "alive", 0, {"role": "gate"}, "configured")
                    for name, address in sorted(self._state.gates().items())
                )
            )
        own = membership.name
        views = []
        for member in sorted(membership.members(), key=lambda m: m.name):
            rtt = membership.rtt(own, member.name) if member.name != own else None
            meta = {key: str(value) for key, value in member.meta.items()}
            views.append(
                MemberView(
                    member.name,
                    member.address,
                    member.state.value,
                    member.incarnation,
                    meta,
                    "degraded" if member.degraded else "",
                    rtt.seconds if rtt is not None else None,
                )
            )
        return MemberList(tuple(views))
