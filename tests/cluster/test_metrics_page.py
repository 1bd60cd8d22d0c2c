"""What running nodes serve at `/metrics`, held against the list, the dashboard and the alerts."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from distributed.client import Client
from distributed.commands.local.cluster import LocalCluster, Shape
from distributed.messages.job import Job, Workflow
from distributed.telemetry.names import METRICS

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
USED = re.compile(r"\bshoal_[a-z_]+")
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is not installed (scripts/install-system installs it)"
)


@pytest.fixture
async def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[dict[str, str]]:
    """The page of one node of each role, after a job."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    async with LocalCluster(Shape(workers=1), tmp_path) as cluster:
        async with Client(cluster.addresses("gate")) as client:
            run, args = "tests.cluster.steady_work:step", {"number": 1, "seconds": 0.0}
            job = await client.submit(
                Job(name="one", workflows=(Workflow(name="only", run=run, args=args),))
            )
            await job.result(timeout=60)
        yield {
            node.ready.role: scraped(node.ready.web_address)
            for node in cluster.nodes.values()
            if node.ready
        }


def scraped(address: str) -> str:
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=30) as page:
        return str(page.read().decode())


def families(text: str) -> dict[str, str]:
    """Kind of each family that a page declares."""
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))


async def test_every_role_serves_what_the_list_says_and_nothing_else(
    pages: dict[str, str],
) -> None:
    exposed = {metric.exposed: metric.kind for metric in METRICS.values()}
    for role, text in pages.items():
        found = {
            name: kind for name, kind in families(text).items() if not name.endswith("_created")
        }
        assert found.keys() <= exposed.keys(), role
        assert all(exposed[name] == kind for name, kind in found.items())
        assert f'role="{role}"' in text
        assert re.search(r"^shoal_membership_members\{.*\} 2\.0$", text, re.M) or role == "gate"
    ended = 'shoal_jobs_ended_total{node="gate-1",role="gate",state="completed"} 1.0'
    assert ended in pages["gate"]
    assert 'datacenter="dc1",node="gate-1",role="gate"} 2.0' in pages["gate"]
    assert re.search(r"^shoal_cores\{.*\} 2\.0$", pages["manager"], re.M)
    assert re.search(
        r'^shoal_attempts_ended_total\{.*state="completed"\} 1\.0$', pages["worker"], re.M
    )


@needs_promtool
async def test_promtool_accepts_the_pages(pages: dict[str, str]) -> None:
    assert PROMTOOL is not None
    for role, text in pages.items():
        done = subprocess.run(
            [PROMTOOL, "check", "metrics"], input=text, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{role}: {done.stdout}{done.stderr}"


def queries() -> dict[str, str]:
    """Every query of the dashboard and the alert rules, by where it stands."""
    board = json.loads((ROOT / "deploy" / "grafana.json").read_text())
    found = {
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in board["panels"]
        for target in panel["targets"]
    }
    rules = (ROOT / "deploy" / "alerts.yml").read_text()
    return found | {f"alert {expr}": expr for expr in re.findall(r"^ +expr: (.*)$", rules, re.M)}


def test_dashboard_and_alerts_ask_only_for_metrics_that_exist() -> None:
    exposed = {metric.exposed for metric in METRICS.values()}
    asked = queries()
    assert len(asked) > 30
    for place, query in asked.items():
        names = {re.sub(r"_bucket$", "", name) for name in USED.findall(query)}
        assert names <= exposed, place


@needs_promtool
def test_the_alert_rules_fire_when_they_should_and_not_before(tmp_path: Path) -> None:
    """MW 41.15a, 41.15d-e."""
    assert PROMTOOL is not None
    cases = tmp_path / "cases.yml"
    text = (ROOT / "tests" / "cluster" / "alerts_test.yml").read_text()
    cases.write_text(text.replace("RULES", str(ROOT / "deploy" / "alerts.yml")))
    done = subprocess.run(
        [PROMTOOL, "test", "rules", str(cases)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
