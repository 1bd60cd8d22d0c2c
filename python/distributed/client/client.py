"""The client: submit, watch, collect, whatever gate answers."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Callable, Coroutine, Sequence
from hashlib import blake2b
from types import TracebackType
from typing import Any
from weakref import WeakValueDictionary

from distributed.clock import Clock, SystemClock
from distributed.errors import ClosedError, ConfigError, JobRejected, PeerRefused, TransportError
from distributed.jobs.validation import check_job, encode_job
from distributed.messages.base import Gone
from distributed.messages.job import Job
from distributed.messages.submission import (
    Explanation,
    JobAccepted,
    JobList,
    JobResult,
    JobUpdates,
    JobView,
    ListJobs,
    PlanJob,
    SubmitJob,
)
from distributed.supervision import Policy, Supervisor
from distributed.telemetry.logs import node_logger
from distributed.telemetry.metrics import CountingMetrics
from distributed.telemetry.tracing import NO_TRACES, Tracer
from distributed.transport.interface import (
    Connection,
    Context,
    Handlers,
    Identity,
    Transport,
)
from distributed.transport.pool import ConnectionPool
from distributed.transport.tcp import TcpTransport
from distributed.transport.tls import TlsFiles
from distributed.types import Address, Role

from .gates import Gates, Heard
from .imports import check_importable
from .job import JobHandle
from .settings import ClientSettings

DIGEST_BYTES = 16


class Client:
    """Talks to the gates of one cluster.

        async with Client("127.0.0.1:7000") as client:
            job = await client.submit(Job(name="hello", workflows=(...)))
            result = await job.result()

    Args:
        gates: one address or several, `host:port`; the first that answers is used, and
            another takes its place when it goes away.
        settings: patience and pauses.
        tls: this client's certificate, key and authority, where the cluster asks for them;
            the certificate's organizational unit says `client/`.
        clock, rng, transport: the world, for tests; by default the real one.
        tracer: follows submissions; `distributed.telemetry.otel.OtelTracer` exports them.
    """

    def __init__(
        self,
        gates: str | Sequence[str],
        *,
        settings: ClientSettings | None = None,
        name: str = "",
        tls: TlsFiles | None = None,
        clock: Clock | None = None,
        rng: random.Random | None = None,
        transport: Transport | None = None,
        tracer: Tracer = NO_TRACES,
    ) -> None:
        addresses = (gates,) if isinstance(gates, str) else tuple(gates)
        if not addresses:
            raise ConfigError("a client needs the address of a gate", field="gates")
        self.settings = settings or ClientSettings()
        self.clock = clock or SystemClock()
        self.tracer = tracer
        self._rng = rng or random.Random()
        self._name = name or f"client-{uuid.UUID(int=self._rng.getrandbits(128)).hex[:12]}"
        logger = node_logger("client", self._name)
        metrics = CountingMetrics()
        self._supervisor = Supervisor(self.clock, self._rng, logger, metrics)
        self._transport = transport or TcpTransport(
            self._supervisor, self.clock, logger, metrics, tls=tls
        )
        identity = Identity(Role.CLIENT, self._name)
        self._pool = ConnectionPool(
            self._transport,
            self.handlers(),
            identity,
            self.clock,
            connect_seconds=self.settings.connect_seconds,
        )
        self.gates = Gates(
            tuple(Address(address) for address in addresses),
            self._pool,
            self.settings,
            self.clock,
            self._rng,
        )
        self._jobs: WeakValueDictionary[str, JobHandle] = WeakValueDictionary()
        self._connections: set[Connection] = set()
        self.closed = False

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End every connection; jobs go on without this client."""
        if self.closed:
            return
        self.closed = True
        for job in tuple(self._jobs.values()):
            job.fail(ClosedError("the client is closed"))
        await self._pool.close()
        await self._supervisor.stop()

    async def submit(self, job: Job, *, key: str = "", watch: bool = True) -> JobHandle:
        """Have a job accepted: durable once this returns.

        Args:
            job: what to run.
            key: stands for this submission: the same key with the same job is the same job.
                By default each call makes its own, so that retries inside are safe.
            watch: follow the job from the start.

        Raises:
            JobRejected: the job cannot be accepted; names the field and the reason.
            ConnectError: no gate answered while patience lasted; whether the job was
                accepted is unknown, and submitting with the same key again is safe.
        """
        self._check_open()
        payload = encode_job(job)
        check_job(job)
        if self.settings.check_imports:
            check_importable(job)
        job_id = self._new_id()
        digest = blake2b(payload, digest_size=DIGEST_BYTES).digest()
        handle = JobHandle(self, job_id)
        if watch:
            self._jobs[job_id] = handle

        def message(tries: int) -> SubmitJob:
            again = tries > 0
            return SubmitJob(
                job_id,
                key or job_id,
                digest,
                job,
                again=again,
                watch=watch,
                trace=span.context,
            )

        span = self.tracer.begin("submit job", job=job_id, name=job.name)
        try:
            heard = await self.gates.converse(message)
        except PeerRefused as refusal:
            span.end(str(refusal))
            raise _rejected(refusal) from refusal
        except TransportError as error:
            span.end(str(error))
            raise
        span.end()
        if not isinstance(heard.reply, JobAccepted):
            raise JobRejected("protocol", f"the gate answered with {type(heard.reply).__name__}")
        return self._accepted(handle, heard.reply, heard, watch=watch)

    def _accepted(
        self, handle: JobHandle, reply: JobAccepted, heard: Heard, *, watch: bool
    ) -> JobHandle:
        owner = Address(reply.owner_address)
        if reply.job_id != handle.id:
            return self._jobs.get(reply.job_id) or JobHandle(self, reply.job_id, owner)
        handle.owned_by(owner)
        self.gates.learn(owner)
        if watch and owner == heard.gate and not reply.duplicate:
            handle.watched(heard.connection)
        return handle

    def job(self, job_id: str) -> JobHandle:
        """A job by its id, submitted by whomever and whenever."""
        self._check_open()
        return self._jobs.get(job_id) or JobHandle(self, job_id)

    async def jobs(
        self, *, states: Sequence[str] = (), name: str = "", limit: int = 100, before: str = ""
    ) -> tuple[JobView, ...]:
        """Jobs newest first, open and ended."""
        self._check_open()
        reply, _ = await self.gates.ask(ListJobs(tuple(states), name, limit, before))
        assert isinstance(reply, JobList)
        return reply.jobs

    async def plan(self, job: Job) -> Explanation:
        """Where the job would go now, and why; nothing is stored.

        Raises:
            JobRejected: it could not be accepted.
        """
        self._check_open()
        encode_job(job)
        check_job(job)
        try:
            reply, _ = await self.gates.ask(PlanJob(job))
        except PeerRefused as refusal:
            raise _rejected(refusal) from refusal
        assert isinstance(reply, Explanation)
        return reply

    def handlers(self) -> Handlers:
        """What gates push."""
        return {JobUpdates: self._updates, JobResult: self._result, Gone: self._moved}

    def _updates(self, _context: Context, message: JobUpdates) -> None:
        handle = self._jobs.get(message.job_id)
        if handle is not None:
            handle.push(message.updates)

    def _result(self, _context: Context, message: JobResult) -> None:
        handle = self._jobs.get(message.job_id)
        if handle is not None:
            handle.deliver(message)

    def _moved(self, context: Context, message: Gone) -> None:
        """The gate does not own the job any more: ask who does."""
        handle = self._jobs.get(message.job_id)
        if handle is not None:
            handle.lost(context.connection)

    def watch_for_close(self, connection: Connection) -> None:
        """Tell the open jobs when this connection ends: once for it, however many there are."""
        if connection not in self._connections:
            self._connections.add(connection)
            connection.on_close(lambda _reason: self._ended(connection))

    def _ended(self, connection: Connection) -> None:
        self._connections.discard(connection)
        for handle in tuple(self._jobs.values()):
            handle.lost(connection)

    def remember(self, handle: JobHandle) -> None:
        """What is pushed about this job goes to this handle."""
        self._jobs[handle.id] = handle

    def forget(self, handle: JobHandle) -> None:
        """Nothing more comes for this job."""
        if self._jobs.get(handle.id) is handle:
            del self._jobs[handle.id]

    def spawn(
        self, name: str, factory: Callable[[], Coroutine[Any, Any, object]]
    ) -> asyncio.Task[None]:
        """A background task that ends with the client."""
        return self._supervisor.spawn(name, factory, policy=Policy.ONCE)

    def _new_id(self) -> str:
        return f"j-{uuid.UUID(int=self._rng.getrandbits(128)).hex}"

    def _check_open(self) -> None:
        if self.closed:
            raise ClosedError("the client is closed")


def _rejected(refusal: PeerRefused) -> JobRejected:
    return JobRejected(
        refusal.code,
        refusal.reason,
        field=refusal.field,
        retry_after_seconds=refusal.retry_after_seconds,
    )
