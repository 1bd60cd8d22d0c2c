"""What a manager shows of itself."""

from __future__ import annotations

import msgspec

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

from .gates import Gates
from .settings import LIVE
from .state import ManagerState


class Views:
    """Status and members, as plain data."""

    def __init__(self, state: ManagerState, gates: Gates) -> None:
        self._state = state
        self._gates = gates
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
        """One screen about this manager."""
        state = self._state
        detail: dict[str, object] = {
            "status": msgspec.structs.asdict(self._gates.status()),
            "workers": {
                seat.name: {
                    "address": str(seat.address),
                    "cores": seat.slots.cores,
                    "bound": seat.slots.bound,
                    "ahead": seat.slots.ahead,
                    "standing": seat.slots.standing.name.lower(),
                }
                for seat in state.seats.values()
            },
        }
        return NodeStatus(
            state.name,
            state.identity.role.value,
            state.datacenter,
            state.clock.now() - self._started_at,
            "draining" if state.draining else "active",
            detail,
            state.web_address,
        )

    async def members(self, _: Context, __: Message) -> Message:
        """Members as this node sees them; registered workers where there is no membership."""
        membership = self._state.membership
        found = membership.members() if membership is not None else ()
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
