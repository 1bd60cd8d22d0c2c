"""When a page shows something, and what it costs open: `python -m benches.python.first_paint`.

The gate of 50 workers and 1,000 jobs (`status_page.py`) is served over HTTP on this machine to a
headless Chromium, which tells by its paint timing when the first content of each page was on the
screen, without anything in its cache. Beside each page, in turn with it, one that holds a single
word. Then each page is held open, and the processor time of the thread that serves is counted.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from tests.cluster.web.live import CHROMIUM, DRIVER, WHY_ABSENT, Browser

from benches.python.status_page import crowded
from distributed.clock import SystemClock
from distributed.supervision import Supervisor
from distributed.telemetry.logs import node_logger
from distributed.telemetry.metrics import CountingMetrics
from distributed.testing.guards import real_world
from distributed.types import Role
from distributed.web.app import make_app
from distributed.web.building import site_of_node
from distributed.web.server import WebServer

ROUNDS, OPEN_SECONDS = 9, 10.0
WORD = "<!doctype html><html lang=en><meta charset=utf-8><title>word</title><p>word</p></html>"
PAINTED = """
const done = arguments[arguments.length - 1];
const look = () => {
  const seen = performance.getEntriesByName('first-contentful-paint')[0];
  if (seen) done(seen.startTime); else setTimeout(look, 5);
};
look();
"""


class _Later(SystemClock):
    """The machine's clock, going on from where virtual time stopped."""

    def __init__(self, now: float) -> None:
        self._ahead = now - time.monotonic()

    def now(self) -> float:
        return super().now() + self._ahead


class Served:
    """The gate's pages on a thread of their own."""

    def __init__(self, gate: Any) -> None:
        self._gate = gate
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self.address = self.do(self._start)

    def do(self, work: Callable[[], Any]) -> Any:
        """Run a function of the serving thread's, and wait for what it returns."""

        async def run() -> Any:
            found = work()
            return await found if asyncio.iscoroutine(found) else found

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(60)

    async def _start(self) -> str:
        clock = _Later(self._gate.life.clock.now())
        supervisor = Supervisor(
            clock, random.Random(1), node_logger("gate", "g1"), CountingMetrics()
        )
        site = site_of_node(
            Role.GATE,
            self._gate.node,
            membership=self._gate.life.membership,
            clock=clock,
            supervisor=supervisor,
        )
        supervisor.spawn("samples", site.recorder.run)
        app = Starlette(
            routes=[Route("/word", lambda _: HTMLResponse(WORD)), Mount("/node", make_app(site))]
        )
        server = WebServer(app, "127.0.0.1:0", supervisor)
        await server.start()
        return f"http://{server.address}"


def main() -> int:
    """Print milliseconds to first content beside those of one word, and shares of a core."""
    if not (CHROMIUM and DRIVER):
        print(WHY_ABSENT, file=sys.stderr)
        return 1
    with crowded() as (_, gate), real_world():
        job = next(iter(gate.node.state.records))
        served, browser = Served(gate), Browser()
        try:
            _report(served, browser, job)
        finally:
            browser.close()
    return 0


def _report(served: Served, browser: Browser, job: str) -> None:
    paths = {
        "overview": "/",
        "members": "/members",
        "coordinates": "/coordinates",
        "jobs": "/jobs",
        "job": f"/jobs/{job}",
        "routing": "/routing",
        "workers": "/workers",
        "native": "/native",
    }
    idle = _share(served)
    print(f"idle: {idle:.2%} of a core")
    print(
        f"{'page':12} {'first content':>14} {'one word':>9} {'ratio':>6} {'worst':>8} {'open':>7}"
    )
    for name, path in paths.items():
        address = f"{served.address}/node{path}"
        page, word = _painted(browser, address, f"{served.address}/word")
        middle, beside = statistics.median(page), statistics.median(word)
        browser.open(address)
        share = _share(served) - idle
        print(
            f"{name:12} {middle:11.0f} ms {beside:6.0f} ms {middle / beside:6.2f} "
            f"{max(page):5.0f} ms {share:7.2%}"
        )


def _painted(browser: Browser, *addresses: str) -> list[list[float]]:
    """Milliseconds to first content of each address, opened in turn with an empty cache."""
    browser.driver.execute_cdp_cmd("Network.enable", {})
    browser.driver.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": True})
    found: list[list[float]] = [[] for _ in addresses]
    for number in range(ROUNDS + 1):
        for times, address in zip(found, addresses, strict=True):
            browser.driver.get("about:blank")
            browser.driver.get(address)
            seen = float(browser.driver.execute_async_script(PAINTED))
            if number:  # The first one warms up.
                times.append(seen)
    return found


def _share(served: Served) -> float:
    """The share of a core that the serving thread takes for a while."""
    before, began = served.do(time.thread_time), time.monotonic()
    time.sleep(OPEN_SECONDS)
    return float(served.do(time.thread_time) - before) / (time.monotonic() - began)


if __name__ == "__main__":
    sys.exit(main())
