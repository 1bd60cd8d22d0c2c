"""What gates, managers and workers give their pages, over a whole cluster in virtual time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from distributed.messages.job import Job, Placement
from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import SMALL
from distributed.testing.simulated_work import Script, workflow
from distributed.web.building import site_of_node
from distributed.web.models import JobPage, Jobs, Overview, Routing, Workers
from distributed.web.pages import PAGES
from distributed.web.site import Site


@pytest.fixture
def cluster() -> Iterator[SimCluster]:
    with SimCluster(5, SMALL) as made:
        made.start()
        yield made


def _site(cluster: SimCluster, name: str) -> Site:
    life = cluster[name].life
    site = site_of_node(
        life.identity.role,
        life.node,
        membership=life.membership,
        clock=life.clock,
        supervisor=life.supervisor,
    )
    cluster.loop.call_soon(site.start)
    cluster.run_for(1.5)
    return site


def _run_job(cluster: SimCluster, *, seconds: float = 30.0) -> str:
    job = Job(
        name="etl",
        workflows=(
            workflow("load", Script(seconds=seconds, steps=4, reports=2)),
            workflow("sum", Script(seconds=1.0), after=("load",)),
        ),
        placement=Placement(count=1, datacenters=("north",)),
        meta={"who": "tests"},
    )
    submission = cluster.submit(job)
    cluster.run_for(4.0)
    assert submission.job_id
    return str(submission.job_id)


def _owner(cluster: SimCluster, job: str) -> str:
    return next(name for name in ("g1", "g2") if job in cluster[name].node.state.records)


@pytest.mark.parametrize("name", ["g1", "north-m1", "north-w1"])
def test_every_page_of_every_role_renders(cluster: SimCluster, name: str) -> None:
    job = _run_job(cluster)
    site = _site(cluster, name)
    for page in PAGES.values():
        query = {"job": job} if page.name == "job" else {}
        fragment = cluster.run(site.fragment(page, query, ""))
        assert fragment
        assert "cannot be shown" not in fragment


def test_a_job_is_shown_alike_by_its_owner_and_by_another_gate(cluster: SimCluster) -> None:
    job = _run_job(cluster)
    pages = []
    for name in ("g1", "g2"):
        jobs = _site(cluster, name).sources.jobs
        assert jobs is not None
        page = cluster.run(jobs.job(job))
        assert isinstance(page, JobPage)
        pages.append(page)
    one, other = pages
    assert one.job.owner == other.job.owner == _owner(cluster, job)
    assert [line.name for line in one.job.workflows] == ["load", "sum"]
    assert one.job.meta == other.job.meta == {"who": "tests"}
    assert one.decisions
    assert one.cancellable


def test_an_ended_job_keeps_its_bars_from_the_ledger(cluster: SimCluster) -> None:
    job = _run_job(cluster, seconds=2.0)
    cluster.run_for(6.0)
    jobs = _site(cluster, "g1").sources.jobs
    assert jobs is not None
    page = cluster.run(jobs.job(job[:12]))
    assert isinstance(page, JobPage)
    assert page.job.state == "completed"
    assert not page.cancellable
    load, total = page.runs
    assert load.end is not None
    assert total.end is not None
    assert load.end - load.start == pytest.approx(2.0, abs=0.5)
    assert total.start >= load.end - 0.5
    assert sum(window.ended for window in page.windows) == 2


def test_jobs_are_searched_by_name_state_and_id(cluster: SimCluster) -> None:
    job = _run_job(cluster)
    jobs = _site(cluster, "g1").sources.jobs
    assert jobs is not None

    def found(**sought: object) -> list[str]:
        page: Jobs = cluster.run(jobs.jobs(**sought))  # type: ignore[arg-type]
        return [line.id for line in page.jobs]

    assert found(search="TL") == [job]
    assert found(search=job[:10]) == [job]
    assert found(search="nothing") == []
    assert found(states=("failed",)) == []


def test_a_worker_that_died_is_told_by_its_manager_and_through_it_by_gates(
    cluster: SimCluster,
) -> None:
    sites = [_site(cluster, name) for name in ("north-m1", "g1")]
    cluster["north-w2"].kill()
    cluster.run_for(30.0)
    for site in sites:
        overview: Overview = site.sources.overview.overview()
        deaths = {death.name: death for death in overview.deaths}
        assert deaths["north-w2"].role == "worker"
        assert deaths["north-w2"].died
        assert deaths["north-w2"].reason
    workers = sites[1].sources.workers
    assert workers is not None
    page: Workers = workers.workers()
    assert "north-w2" not in {line.name for line in page.workers}
    assert "north-w2" in {death.name for death in page.gone}


def test_a_manager_that_died_is_among_a_gates_deaths(cluster: SimCluster) -> None:
    site = _site(cluster, "g1")
    cluster["south-m1"].kill()
    cluster.run_for(20.0)
    deaths = {death.name: death for death in site.sources.overview.overview().deaths}
    assert deaths["south-m1"].role == "manager"
    assert deaths["south-m1"].reason


def test_a_cancel_from_any_gates_page_reaches_the_owner(cluster: SimCluster) -> None:
    job = _run_job(cluster)
    other = "g2" if _owner(cluster, job) == "g1" else "g1"
    cancel = _site(cluster, other).sources.cancel
    assert cancel is not None
    outcomes = cluster.run(cancel.cancel(job, "seen enough"))
    assert set(outcomes.values()) == {"cancelled"}
    cluster.run_for(5.0)
    jobs = _site(cluster, other).sources.jobs
    assert jobs is not None
    assert cluster.run(jobs.job(job)).job.state == "cancelled"


def test_a_drained_worker_is_chosen_no_more(cluster: SimCluster) -> None:
    drain = _site(cluster, "north-m1").sources.drain
    assert drain is not None
    assert cluster.run(drain.drain("north-w1")) == 0
    cluster.run_for(3.0)
    assert cluster["north-w1"].node.state.draining
    workers: Workers = _site(cluster, "north-m1").sources.workers.workers()  # type: ignore[union-attr]
    standing = {line.name: line.standing for line in workers.workers}
    assert standing["north-w1"] == "draining"


def test_a_worker_shows_what_runs_on_it(cluster: SimCluster) -> None:
    _run_job(cluster)
    shown = []
    for number in (1, 2, 3):
        workers = _site(cluster, f"north-w{number}").sources.workers
        assert workers is not None
        shown += [attempt.workflow for attempt in workers.workers().attempts]
    assert shown == ["load"]


def test_routing_names_where_a_job_would_go_and_what_is_held(cluster: SimCluster) -> None:
    job = _run_job(cluster)
    routing = _site(cluster, _owner(cluster, job)).sources.routing
    assert routing is not None
    page: Routing = routing.routing()
    assert {line.name for line in page.candidates} == {"north", "south"}
    assert page.primaries
    assert [route.datacenters for route in page.routes] == [("north",)]


def test_an_open_job_leaves_a_trail_at_its_owner_alone(cluster: SimCluster) -> None:
    job = _run_job(cluster)
    owner = _owner(cluster, job)
    site = _site(cluster, owner)
    cluster.run_for(5.0)
    plot = site.plot("job-running", {"job": job})
    assert plot is not None
    assert plot.series == ("north",)
    assert len(plot.columns[0]) >= 4
    assert _site(cluster, "g2" if owner == "g1" else "g1").plot("job-running", {"job": job}) is None
