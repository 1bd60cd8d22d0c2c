"""A headless Chromium looks at a live cluster: every page, a death, a cancel."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from distributed.messages.job import Job, Workflow

from .live import CHROMIUM, DRIVER, TOKEN, WHY_ABSENT, Browser, Live

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(180),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason=WHY_ABSENT),
]
GATE, MANAGER, WORKER = "gate-1", "north-manager-1", "north-worker-2"
MARKUP = "<img src=x onerror=document.title='hacked'>"
ARABIC = "\u0645\u0631\u062d\u0628\u0627"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    made = Live(tmp_path_factory.mktemp("live"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def browser() -> Iterator[Browser]:
    made = Browser()
    with contextlib.closing(made):
        yield made
        assert made.complaints() == []


def _slow_job(name: str, seconds: float = 60.0) -> Job:
    return Job(
        name=name,
        workflows=(
            Workflow(name="wait", command=("sleep", str(seconds))),
            Workflow(name="after", command=("true",), after=("wait",)),
        ),
        meta={"who": name},
    )


@pytest.mark.parametrize("node", [GATE, MANAGER, "south-worker-1"])
def test_every_page_opens_lives_and_complains_of_nothing(
    live: Live, browser: Browser, node: str
) -> None:
    browser.open(live.url(node))
    titles = browser.driver.execute_script(
        "return Array.from(document.querySelectorAll('nav a')).map(a => a.href)"
    )
    assert len(titles) == 8
    for address in titles:
        browser.open(address)
        assert browser.text("h1")
        assert "Internal Server Error" not in browser.text("body")
        browser.until(lambda: browser.text("#connection") == "live", f"{address} to live")


def test_a_page_whose_first_connection_failed_asks_again(live: Live, browser: Browser) -> None:
    browser.block("*/live/*")
    browser.open(live.url(GATE))
    browser.until(lambda: "lost" in browser.text("#connection"), "the page to notice")
    browser.block()
    browser.until(lambda: browser.text("#connection") == "live", "the page to live")
    said = browser.complaints()
    assert all("live" in complaint or "Failed to fetch" in complaint for complaint in said), said


def test_jobs_are_found_by_name_and_by_state(live: Live, browser: Browser) -> None:
    done = live.submit(Job(name="needle", workflows=(Workflow(name="a", command=("true",)),)))
    live.do(done.result())
    live.do(
        live.submit(Job(name="hay", workflows=(Workflow(name="a", command=("true",)),))).result()
    )
    browser.open(live.url(GATE, "/jobs"))
    browser.write("input[name=search]", "need")
    browser.click(".filter button")
    browser.until(lambda: "search=need" in browser.driver.current_url, "the filter")
    browser.until(lambda: "needle" in browser.text("#live"), "the job")
    assert "hay" not in browser.text("#live tbody")
    browser.open(live.url(GATE, "/jobs?search=need&state=failed"))
    assert "No job fits" in browser.text("#live")


def test_a_running_job_is_followed_to_its_end_without_a_reload(
    live: Live, browser: Browser
) -> None:
    job = live.demo(pace=0.3)
    browser.open(live.url(GATE, f"/jobs/{job.id}"))
    browser.driver.execute_script("window.stays = true")
    browser.until(lambda: browser.text(".stream"), "the dispatch stream")
    browser.until(lambda: "completed" in browser.text("#name"), "the job's end")
    browser.until(lambda: "9 of 9 ended" in browser.text(".facts"), "all workflows")
    assert browser.driver.execute_script("return window.stays === true")
    live.do(job.result())


def test_what_users_wrote_does_nothing(live: Live, browser: Browser) -> None:
    noise = "printf '<script>document.title=1</script>\\033[2J\\a\\n'; sleep 1; exit 3"
    flood = "head -c 1048576 /dev/zero | tr '\\0' A; echo; sleep 1"
    job = live.submit(
        Job(
            name=MARKUP,
            workflows=(
                Workflow(name="noise", command=("sh", "-c", noise), attempts=1),
                Workflow(name="flood", command=("sh", "-c", flood), attempts=1),
                Workflow(name=ARABIC, command=("true",)),
            ),
            meta={"<b>k</b>": MARKUP, "rtl": ARABIC},
        )
    )
    live.do(job.result(check=False))
    for path in ("/", "/jobs", f"/jobs/{job.id}"):
        browser.open(live.url(GATE, path))
        assert "onerror" in browser.text("body") or path == "/"
        assert browser.driver.title.endswith("shoal")
        script = "return document.querySelectorAll('#live img, #live script, #live b b').length"
        assert browser.driver.execute_script(script) == 0


def test_a_job_is_cancelled_with_the_token_and_not_without(live: Live, browser: Browser) -> None:
    job = live.submit(_slow_job("to-cancel"))
    address = live.url(GATE, f"/jobs/{job.id}")
    refused = httpx.post(f"{address}/cancel", data={"reason": "no token"}, timeout=30.0)
    assert refused.status_code == 401
    assert live.do(job.show()).state not in ("cancelled", "failed")
    browser.open(address)
    assert not browser.driver.find_elements("css selector", ".actions button")
    browser.click("footer summary")
    browser.write("footer input[name=token]", TOKEN)
    browser.click("footer form button")
    browser.until(lambda: browser.text(".actions button"), "the actions of a session")
    browser.write(".actions input[name=reason]", "seen enough")
    browser.click(".actions button")
    browser.until(lambda: "cancelled" in browser.text(".notice"), "the answer")
    browser.until(lambda: "cancelled" in browser.text("#name"), "the job's end")
    assert live.do(job.result(check=False)).state == "cancelled"


def test_a_report_is_one_file_that_opens_from_disk(
    live: Live, browser: Browser, tmp_path: Path
) -> None:
    job = live.demo(pace=0.0)
    live.do(job.result())
    path = tmp_path / "report.html"
    live.report(job.id, path)
    browser.driver.get(path.as_uri())
    assert "Job report" in browser.text("h1")
    assert browser.driver.execute_script("return document.querySelectorAll('svg').length") >= 4


def test_a_phone_scrolls_in_one_direction_only(live: Live) -> None:
    with contextlib.closing(Browser(size=(500, 900))) as phone:
        for path in ("/", "/members", "/jobs", "/routing", "/workers", "/native"):
            phone.open(live.url(GATE, path))
            script = "return document.documentElement.scrollWidth - window.innerWidth"
            assert phone.driver.execute_script(script) <= 0, path


def test_the_keyboard_reaches_the_content_first(live: Live, browser: Browser) -> None:
    browser.open(live.url(GATE))
    from selenium.webdriver.common.keys import Keys

    browser.driver.find_element("css selector", "body").send_keys(Keys.TAB)
    script = "return document.activeElement.className + ' ' + document.activeElement.innerText"
    assert browser.driver.execute_script(script) == "skip Skip to the content"


def test_a_killed_worker_appears_with_its_reason(live: Live, browser: Browser) -> None:
    browser.open(live.url(MANAGER))
    assert WORKER not in browser.text(".deaths")
    live.kill(WORKER)
    browser.until(lambda: WORKER in browser.text(".deaths"), "the death at its manager")
    shown = browser.text(".deaths")
    print(f"first shown as: {shown.splitlines()[0]}")
    assert "suspect for" in shown or "declared by" in shown
    browser.open(live.url(GATE))
    browser.until(lambda: WORKER in browser.text(".deaths"), "the death at the gate")
    browser.open(live.url(MANAGER, "/members"))
    assert "died" in browser.text("#live")
    reasons = [_reason_at(live, node) for node in (MANAGER, "north-worker-1")]
    assert any("at multiplier" in reason and "accused by" in reason for reason in reasons), reasons


def _reason_at(live: Live, node: str) -> str:
    page = httpx.get(live.url(node, "/members.json"), timeout=30.0).json()
    (gone,) = [member for member in page["members"] if member["name"] == WORKER]
    assert gone["state"] == "dead"
    return str(gone["reason"])
