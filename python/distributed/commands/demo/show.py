"""The demonstration's course: submit, watch, kill, and tell what came of it."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Any

import msgspec

from distributed.client import Client, JobHandle, Outcome
from distributed.commands.ask import ask_node
from distributed.commands.demo.job import demo_job, preferring_job
from distributed.commands.demo.pages import PageServer
from distributed.commands.entry import JOB_FAILED, OK
from distributed.commands.follow import follow, show_result, value_of
from distributed.commands.view.decisions import tell
from distributed.commands.view.story import Happening, Story
from distributed.messages.admin import DrainNode, DrainStarted, NodeStatus, ShowStatus

if TYPE_CHECKING:
    from distributed.commands.local.cluster import LocalCluster
    from distributed.commands.output import Output

KILL_AFTER_SECONDS = 4.0


class Show:
    """One run of the demonstration over a started cluster."""

    def __init__(
        self,
        cluster: LocalCluster,
        output: Output,
        rng: random.Random,
        *,
        kill: bool,
        pace: float,
    ) -> None:
        self._cluster = cluster
        self._output = output
        self._rng = rng
        self._kill = kill
        self._pace = pace
        self._killed: dict[str, Any] = {}
        self._drained: dict[str, Any] = {}

    async def run(self) -> tuple[int, dict[str, Any]]:
        """Returns the exit status (0 if the job completed) and the report."""
        pages = PageServer(self._rng)
        await pages.start()
        try:
            async with Client(self._cluster.addresses("gate")) as client:
                result, story = await self._job(client, pages)
                self._drained = await self._drain_a_datacenter(client)
        finally:
            await pages.stop()
        show_result(result, self._output)
        self._tell(result, story)
        status = OK if result.state == "completed" else JOB_FAILED
        return status, self._report(result, story)

    async def _job(self, client: Client, pages: PageServer) -> tuple[Outcome, Story]:
        datacenters = self._cluster.shape.datacenters
        job = demo_job(pages.url, datacenters, pace=self._pace)
        handle = await client.submit(job)
        story = Story(tuple(workflow.name for workflow in job.workflows))
        following = follow(handle, story, f"demonstration ({handle.id})", self._output)
        if self._kill:
            await asyncio.gather(following, self._kill_a_busy_worker(handle, story))
        else:
            await following
        return await handle.result(check=False), story

    async def _kill_a_busy_worker(self, handle: JobHandle, story: Story) -> None:
        started = time.perf_counter()
        await asyncio.sleep(min(KILL_AFTER_SECONDS, 0.5 + 3.5 * self._pace))  # noqa: TID251 - the show's own timing
        view = await handle.show()
        running: dict[str, list[str]] = {}
        for line in view.workflows:
            if line.state == "running" and line.worker in self._cluster.nodes:
                running.setdefault(line.worker, []).append(line.name)
        if not running:
            self._output.line("no worker was busy, so none was killed")
            return
        victim = max(sorted(running), key=lambda name: len(running[name]))
        self._killed = {
            "worker": victim,
            "ran": sorted(running[victim]),
            "killed_at_seconds": round(story.elapsed_seconds or time.perf_counter() - started, 3),
        }
        await self._cluster.nodes[victim].kill()
        story.happenings.append(
            Happening(
                story.elapsed_seconds,
                f"SIGKILL to worker {victim}, running {', '.join(self._killed['ran'])}",
            )
        )

    async def _drain_a_datacenter(self, client: Client) -> dict[str, Any]:
        """Drain one datacenter, and see where a job goes that would rather run there."""
        drained = self._cluster.shape.datacenters[-1]
        for address in self._cluster.addresses("manager", drained):
            await ask_node(address, DrainNode(), DrainStarted, timeout=5.0)
        while not all(row["draining"] for row in await self._seen_of(drained)):  # noqa: ASYNC110 - the gates are other processes
            await asyncio.sleep(0.1)  # noqa: TID251 - the show's own timing
        handle = await client.submit(preferring_job(drained))
        outcome = await handle.result(check=False)
        return {
            "datacenter": drained,
            "job": handle.id,
            "state": outcome.state,
            "ran_in": sorted({entry.datacenter for entry in outcome.workflows}),
            "decisions": list((await handle.explain()).decisions),
        }

    async def _seen_of(self, datacenter: str) -> list[dict[str, Any]]:
        """How each gate sees a datacenter."""
        seen = []
        for gate in self._cluster.addresses("gate"):
            status = await ask_node(gate, ShowStatus(), NodeStatus, timeout=5.0)
            datacenters = status.detail["datacenters"]
            assert isinstance(datacenters, dict)
            seen.append(datacenters[datacenter])
        return seen

    def _tell(self, result: Outcome, story: Story) -> None:
        for happening in story.happenings:
            self._output.line(f"{happening.elapsed_seconds:8.2f} s  {happening.text}")
        if self._killed:
            again = [
                f"{entry.workflow} on {entry.worker} (attempt {entry.attempt})"
                for entry in result.workflows
                if entry.workflow in self._killed["ran"]
            ]
            self._output.line(f"what ran on {self._killed['worker']} ended: {'; '.join(again)}")

        place, ran = self._drained["datacenter"], ", ".join(self._drained["ran_in"])
        self._output.line(
            f"{place} was drained; a job that would rather run there ran in {ran}, since:"
        )
        for decision in self._drained["decisions"]:
            tell(decision, self._output)

    def _report(self, result: Outcome, story: Story) -> dict[str, Any]:
        return {
            "job": result.job_id,
            "state": result.state,
            "elapsed_seconds": result.elapsed_seconds,
            "killed": self._killed,
            "drained": self._drained,
            "story": [msgspec.structs.asdict(line) for line in story.happenings],
            "datacenters": [msgspec.structs.asdict(entry) for entry in result.datacenters],
            "workflows": [
                {
                    "workflow": entry.workflow,
                    "state": entry.state,
                    "datacenter": entry.datacenter,
                    "worker": entry.worker,
                    "attempt": entry.attempt,
                    "run_seconds": entry.run_seconds,
                    "value": value_of(entry),
                }
                for entry in result.workflows
            ],
        }
