"""Large values on their way through: this manager passes parts on and keeps none of them."""

from __future__ import annotations

import msgspec

from distributed.errors import PeerRefused
from distributed.jobs.values import PART_BYTES, part_of
from distributed.messages.base import Gone, Message, Redirect
from distributed.messages.values import FetchPart, Part, PartStored, StorePart
from distributed.transport.interface import Context, Handlers
from distributed.types import Address

from .record import JobRecord
from .state import ManagerState

AGAIN_SECONDS = 0.2


class Values:
    """Between workers, which have or want parts, and the gate, which stores and reads them."""

    def __init__(self, state: ManagerState) -> None:
        self._state = state

    def handlers(self) -> Handlers:
        """What workers send."""
        return {StorePart: self.store, FetchPart: self.fetch}

    async def store(self, _: Context, message: Message) -> Message:
        """A part of a result."""
        assert isinstance(message, StorePart)
        record = self._state.records.get(message.job_id)
        if record is None:
            return Gone(message.job_id)
        passed = msgspec.structs.replace(
            message, epoch=record.epoch, datacenter=self._state.datacenter
        )
        return await self._ask(record, passed)

    async def fetch(self, _: Context, message: Message) -> Message:
        """A part of an input: from here if its result is, else from the gate."""
        assert isinstance(message, FetchPart)
        record = self._state.records.get(message.job_id)
        if record is None:
            return Gone(message.job_id)
        held = record.inputs.get(message.workflow)
        if held is not None and held.attempt == message.attempt and held.value:
            if not 0 <= message.part * PART_BYTES < len(held.value):
                raise PeerRefused("invalid", f"{message.workflow!r} has no part {message.part}")
            return Part(part_of(held.value, message.part))
        return await self._ask(record, message)

    async def _ask(self, record: JobRecord, message: StorePart | FetchPart) -> Message:
        """The gate's answer.

        Raises:
            PeerRefused: it refused, or cannot be the one to ask now.
            TransportError: it did not answer.
        """
        reply = await self._state.pool.request(
            Address(record.gate_address), message, timeout=self._state.settings.request_seconds
        )
        if isinstance(reply, PartStored | Part):
            return reply
        if isinstance(reply, Redirect) and reply.address:
            record.gate, record.gate_address = reply.name, reply.address
        reason = f"gate {record.gate} answered {type(reply).__name__}"
        raise PeerRefused("unavailable", reason, retry_after_seconds=AGAIN_SECONDS)
