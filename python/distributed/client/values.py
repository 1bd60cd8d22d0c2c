"""What did not fit into the answer about a job: further results, and large values in parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from distributed.errors import JobGone, ValueNotFetched
from distributed.jobs.values import PART_BYTES, Reference, parse_reference
from distributed.messages.results import WorkflowResult
from distributed.messages.submission import JobResult
from distributed.messages.values import FetchPart, FetchResults, Part, ResultPage
from distributed.types import Address

if TYPE_CHECKING:
    from .gates import Gates


class Values:
    """Fetches through whichever gate answers; each request is for one bounded message."""

    def __init__(self, gates: Gates) -> None:
        self._gates = gates

    async def complete(self, answer: JobResult, gate: Address) -> JobResult:
        """The answer with every result that it has.

        Raises:
            JobGone: its retention ended meanwhile.
            TransportError: no gate answered while patience lasted.
        """
        results = list(answer.workflows)
        total = len(results) + answer.more
        while len(results) < total:
            message = FetchResults(answer.job_id, len(results))
            reply, _ = await self._gates.ask(message, first=gate, waits=True)
            if not isinstance(reply, ResultPage) or not reply.results:
                raise JobGone(answer.job_id)
            results += reply.results
            total = reply.total
        return msgspec.structs.replace(answer, workflows=tuple(results), more=0)

    async def fetched(self, answer: JobResult, gate: Address) -> JobResult:
        """The answer with every large value in its result."""
        results = []
        for result in answer.workflows:
            if result.reference and not result.value:
                value = await self.value(answer.job_id, result, gate)
                result = msgspec.structs.replace(result, value=value)
            results.append(result)
        return msgspec.structs.replace(answer, workflows=tuple(results))

    async def value(self, job_id: str, result: WorkflowResult, gate: Address) -> bytes:
        """The encoded value of one result, part by part where it is large.

        Raises:
            ValueNotFetched: what is stored is not what the result names.
        """
        if not result.reference:
            return result.value
        reference = parse_reference(result.reference)
        if reference is None:
            raise ValueNotFetched(job_id, result.workflow, "its reference is none of ours")
        value = bytearray()
        for part in range(reference.parts):
            value += await self._part(job_id, result.workflow, reference, part, gate)
        if len(value) != reference.size:
            told = f"{len(value)} bytes came, {reference.size} were named"
            raise ValueNotFetched(job_id, result.workflow, told)
        return bytes(value)

    async def _part(
        self, job_id: str, workflow: str, reference: Reference, part: int, gate: Address
    ) -> bytes:
        message = FetchPart(job_id, workflow, reference.datacenter, reference.attempt, part)
        reply, _ = await self._gates.ask(message, first=gate, waits=True)
        if not isinstance(reply, Part) or not 0 < len(reply.body) <= PART_BYTES:
            raise ValueNotFetched(job_id, workflow, f"part {part} did not come")
        return reply.body
