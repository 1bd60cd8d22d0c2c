"""What a worker shows of itself."""

from __future__ import annotations

import msgspec

from distributed.membership.interface import Membership
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
from distributed.messages.base import Done, Message
from distributed.settings.live import limits_of, with_limits
from distributed.telemetry.levels import set_level
from distributed.transport.interface import Context, Handlers

from .registration import Registration
from .settings import LIVE
from .state import WorkerState


class Views:
    """Status and members, as plain data."""

    def __init__(
        self, state: WorkerState, registration: Registration, membership: Membership | None
    ) -> None:
        self._state = state
        self._registration = registration
        self._membership = membership
        self._started_at = state.clock.now()

    def handlers(self) -> Handlers:
        """Messages of this conversation."""
        return {
            ShowStatus: self.status,
            ListMembers: self.members,
            SetLogLevel: self.set_log_level,
            SetLimits: self.set_limits,
        }

    def status(self, _: Context, __: Message) -> Message:
        """Serves `ShowStatus`."""
        return self.node_status()

    def set_log_level(self, _: Context, message: Message) -> Message:
        """Serves `SetLogLevel`."""
        assert isinstance(message, SetLogLevel)
        set_level(message.logger, message.level)
        return Done()

    def set_limits(self, _: Context, message: Message) -> Message:
        """Serves `SetLimits`."""
        assert isinstance(message, SetLimits)
        state = self._state
        state.settings = with_limits(state.settings, message.limits, LIVE)
        if message.limits:
            state.logger.info("limits changed: %s", message.limits)
        return Limits(limits_of(state.settings, LIVE))

    def node_status(self) -> NodeStatus:
        """One screen about this worker."""
        state = self._state
        facts = msgspec.structs.asdict(self._registration.status())
        detail: dict[str, object] = {
            "status": facts,
            "managers": [list(pair) for pair in self._registration.managers],
            "jobs": len(state.records),
            "events_dropped": state.events.dropped,
        }
        return NodeStatus(
            state.name,
            state.identity.role.value,
            state.identity.datacenter,
            state.clock.now() - self._started_at,
            "draining" if state.draining else state.overload,
            detail,
            state.web_address,
        )

    async def members(self, _: Context, __: Message) -> Message:
        """Members as this node sees them."""
        found = self._membership.members() if self._membership is not None else ()
        return MemberList(
            tuple(
                MemberView(
                    member.name,
                    member.address,
                    member.state.value,
                    member.incarnation,
                    {key: str(value) for key, value in member.meta.items()},
                )
                for member in sorted(found, key=lambda member: member.name)
            )
        )
