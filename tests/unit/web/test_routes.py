"""Every page answers as HTML and as JSON, and says so where the role does not have it."""

from __future__ import annotations

import httpx
import msgspec
import pytest

from distributed.web.pages import PAGES
from distributed.web.sources import Sources

from .conftest import client_of
from .fakes import FakeNode, gate_site, make_site

NAMED = [name for name in PAGES if name not in ("overview", "job")]
PATHS = ["/", *(f"/{name}" for name in NAMED), "/jobs/j-1"]


@pytest.mark.parametrize("path", PATHS)
async def test_each_page_is_a_document_with_a_heading(
    browser: httpx.AsyncClient, path: str
) -> None:
    answer = await browser.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text.count("<h1>") == 1
    assert "plain" in answer.text


@pytest.mark.parametrize("path", ["/overview.json", *(f"{path}.json" for path in PATHS[1:])])
async def test_each_page_has_its_json(browser: httpx.AsyncClient, path: str) -> None:
    answer = await browser.get(path)
    assert answer.status_code == 200
    assert isinstance(msgspec.json.decode(answer.content), dict)


async def test_structs_of_the_wire_are_maps_in_json(browser: httpx.AsyncClient) -> None:
    job = (await browser.get("/jobs/j-1.json")).json()["job"]
    assert job["name"] == "plain"
    assert job["workflows"][1]["after"] == ["plain"]


@pytest.mark.parametrize("name", ["jobs", "routing", "workers", "members", "settings"])
async def test_a_page_that_the_role_lacks_says_whose_it_is(name: str) -> None:
    site = make_site(Sources(name="w", role="worker", overview=FakeNode()))
    async with client_of(site) as client:
        page = await client.get(f"/{name}")
        assert page.status_code == 200
        assert "This node is a worker" in page.text
        plain = await client.get(f"/{name}.json")
        assert plain.status_code == 404
        assert "this is a worker" in plain.json()["error"]


@pytest.mark.parametrize("path", ["/nothing", "/job", "/plots/nothing"])
async def test_what_does_not_exist_is_not_found(browser: httpx.AsyncClient, path: str) -> None:
    assert (await browser.get(path)).status_code == 404


async def test_an_unknown_job_says_so(browser: httpx.AsyncClient) -> None:
    assert "Nothing of that name" in (await browser.get("/jobs/j-2")).text
    assert (await browser.get("/jobs/j-2.json")).status_code == 404


async def test_a_filter_reaches_the_source_and_stays_in_the_form(
    browser: httpx.AsyncClient,
) -> None:
    page = await browser.get("/jobs", params={"search": "lai", "state": "running"})
    assert 'value="lai"' in page.text
    assert '<option value="running" selected>' in page.text
    assert (await browser.get("/jobs.json?search=zzz")).json()["jobs"] == []


@pytest.mark.parametrize("name", ["coordinates", "job-graph", "job-stream", "job-latency"])
async def test_each_plot_has_its_own_address(browser: httpx.AsyncClient, name: str) -> None:
    query = {"job": "j-1"}
    assert (await browser.get(f"/plots/{name}", params=query)).status_code == 200
    picture = await browser.get(f"/plots/{name}.svg", params=query)
    assert picture.headers["content-type"] == "image/svg+xml"
    assert picture.text.startswith("<svg")


async def test_a_chart_without_samples_is_empty_and_an_unknown_one_is_not_there(
    browser: httpx.AsyncClient,
) -> None:
    assert (await browser.get("/plots/cores.json")).status_code == 204
    assert (await browser.get("/plots/nothing.json")).status_code == 404


@pytest.mark.parametrize("path", ["/", "/jobs", "/jobs/j-1", "/members", "/native", "/plots/cores"])
async def test_the_chart_library_is_fetched_where_there_are_charts(
    browser: httpx.AsyncClient, path: str
) -> None:
    text = (await browser.get(path)).text
    charts = "data-plot=" in text
    assert ("uplot" in text) is charts
    assert charts is (path not in ("/jobs", "/members"))


async def test_a_mounted_app_links_below_its_mount(node: FakeNode) -> None:
    async with client_of(gate_site(node), root_path="/shoal") as client:
        page = await client.get("/shoal/jobs")
        assert page.status_code == 200
        assert 'href="/shoal/jobs/j-1"' in page.text
        assert 'src="/shoal/static/shoal.js"' in page.text


async def test_assets_are_served_from_the_node_itself(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/")
    for asset in ("htmx-4.0.1.min.js", "hx-sse-4.0.1.min.js", "uplot-1.6.32.min.js", "shoal.css"):
        assert asset in page.text
        assert (await browser.get(f"/static/{asset}")).status_code == 200
    assert "https://" not in page.text.replace("http://www.w3.org", "")


async def test_the_policy_allows_no_inline_script(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/")
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "style=" not in answer.text
