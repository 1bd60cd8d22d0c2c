"""A live cluster on a loop of its own, and a headless Chromium that looks at it."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from distributed.client import Client, JobHandle
from distributed.commands.app import make_app
from distributed.commands.demo.job import demo_job
from distributed.commands.demo.pages import PageServer
from distributed.commands.local.cluster import LocalCluster, Shape
from distributed.messages.job import Job

TOKEN = "open-sesame"
DATACENTERS = ("north", "south")
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
WHY_ABSENT = "chromium and chromedriver are not installed (apt install chromium chromium-driver)"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
T = TypeVar("T")


class Live:
    """A two-datacenter cluster with jobs to look at, driven from a thread that may block."""

    def __init__(self, folder: Path, *, workers: int = 2) -> None:
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._pages = PageServer(random.Random(7))
        self._shape = Shape(gates=2, datacenters=DATACENTERS, workers=workers, cores=3)
        self.cluster = LocalCluster(self._shape, folder)
        self.client: Client

    def start(self) -> None:
        """Bring the cluster up; its pages take `TOKEN`."""
        os.environ["SHOAL_NODE_WEB_TOKEN"] = TOKEN
        self._thread.start()
        self.do(self._start())

    def stop(self) -> None:
        """End every process."""
        self.do(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        del os.environ["SHOAL_NODE_WEB_TOKEN"]

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something on the cluster's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(120)

    def url(self, node: str, path: str = "/") -> str:
        """An address on a node's page."""
        ready = self.cluster.nodes[node].ready
        assert ready is not None
        return f"http://{ready.web_address}{path}"

    def demo(self, *, pace: float = 1.0) -> JobHandle:
        """Submit the demonstration's job."""
        return self.submit(demo_job(self._pages.url, DATACENTERS, pace=pace))

    def submit(self, job: Job) -> JobHandle:
        """Submit a job."""
        return self.do(self.client.submit(job))

    def kill(self, node: str) -> None:
        """SIGKILL."""
        self.do(self.cluster.nodes[node].kill())

    def report(self, job_id: str, path: Path) -> None:
        """Write a job's report as the command does."""
        gate = self.cluster.addresses("gate")[0]
        make_app()(["job", "report", job_id, "--html", str(path), "--gate", gate])

    async def _start(self) -> None:
        await self._pages.start()
        await self.cluster.start()
        self.client = Client(self.cluster.addresses("gate"))
        await self.client.__aenter__()

    async def _stop(self) -> None:
        await self.client.__aexit__(None, None, None)
        await self.cluster.stop()
        await self._pages.stop()


class Browser:
    """One headless Chromium with an empty profile."""

    def __init__(self, *, dark: bool = False, size: tuple[int, int] = (1360, 900)) -> None:
        self._profile = tempfile.TemporaryDirectory(prefix="shoal-chromium-")
        options = webdriver.ChromeOptions()
        options.binary_location = str(CHROMIUM)
        for flag in (*FLAGS, f"--user-data-dir={self._profile.name}"):
            options.add_argument(flag)
        options.add_argument(f"--window-size={size[0]},{size[1]}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
        scheme = "dark" if dark else "light"
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def close(self) -> None:
        """End it and drop its profile."""
        self.driver.quit()
        self._profile.cleanup()

    def open(self, url: str) -> None:
        """Go there and wait until the page lives."""
        self.driver.get(url)
        self.until(lambda: self.text("#connection") in ("live", "") or None, "the page to live")

    def text(self, selector: str) -> str:
        """The visible text of the first element that fits, "" for none."""
        script = "const e = document.querySelector(arguments[0]); return e ? e.innerText : '';"
        return str(self.driver.execute_script(script, selector))

    def click(self, selector: str) -> None:
        """Click the first element that fits."""
        self.driver.find_element("css selector", selector).click()

    def write(self, selector: str, text: str) -> None:
        """Type into a field."""
        field = self.driver.find_element("css selector", selector)
        field.clear()
        field.send_keys(text)

    def block(self, *patterns: str) -> None:
        """Let no request to addresses of these patterns through; without any, let all."""
        self.driver.execute_cdp_cmd("Network.enable", {})
        self.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": list(patterns)})

    def complaints(self) -> list[str]:
        """What the console holds against the pages so far, warnings too."""
        return [
            str(line["message"])
            for line in self.driver.get_log("browser")
            if line["level"] in ("SEVERE", "WARNING")
        ]

    def until(self, seen: Callable[[], Any], what: str, *, seconds: float = 40.0) -> Any:
        """Look again and again; fails with the page's text."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            found = seen()
            if found:
                return found
            time.sleep(0.1)
        raise AssertionError(f"waited in vain for {what}; the page says:\n{self.text('body')}")

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """A screenshot, of the whole page where asked."""
        if whole:
            height = self.driver.execute_script("return document.documentElement.scrollHeight")
            width = self.driver.execute_script("return window.innerWidth")
            self.driver.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride",
                {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
            )
        self.driver.save_screenshot(str(path))
        if whole:
            self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
