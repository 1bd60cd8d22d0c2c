"""Screenshots of every page from a real run, for the docs: `make pictures`."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from .live import Browser, Live

GATE, MANAGER, WORKER = "gate-1", "north-manager-1", "north-worker-1"


def take(folder: Path) -> None:
    """Run the demonstration's job, kill a worker in the middle, and look at every page."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="shoal-pictures-") as scratch:
        live = Live(Path(scratch), workers=3)
        live.start()
        light, dark, phone = Browser(), Browser(dark=True), Browser(size=(500, 900))
        try:
            _course(live, light, dark, phone, folder)
        finally:
            for browser in (light, dark, phone):
                browser.close()
            live.stop()


def _course(live: Live, light: Browser, dark: Browser, phone: Browser, folder: Path) -> None:
    live.do(live.demo(pace=0.2).result(check=False))
    job = live.demo(pace=1.5)
    page, owner = f"/jobs/{job.id}", live.do(job.show()).owner
    light.open(live.url(owner, page))
    light.until(lambda: "running" in light.text(".stream") or light.text(".stream"), "runs")
    time.sleep(6.0)
    _shot(light, folder / "job-running.png")
    live.kill(WORKER)
    light.until(lambda: "lost" in light.text("#live"), "the loss in the job's story")
    time.sleep(5.0)
    _shot(light, folder / "job-after-a-death.png")
    dark.open(live.url(owner))
    dark.until(lambda: WORKER in dark.text(".deaths"), "the death on the overview")
    time.sleep(4.0)
    _shot(dark, folder / "overview-dark.png")
    for name, path, node in (
        ("overview", "/", owner),
        ("members", "/members", MANAGER),
        ("coordinates", "/coordinates", MANAGER),
        ("jobs", "/jobs", GATE),
        ("routing", "/routing", GATE),
        ("workers", "/workers", MANAGER),
        ("worker", "/workers", "south-worker-1"),
        ("native", "/native", MANAGER),
        ("settings", "/settings", GATE),
        ("plot", "/plots/cores", GATE),
    ):
        light.open(live.url(node, path))
        time.sleep(3.0)
        light.picture(folder / f"{name}.png", whole=name != "settings")
    live.do(job.result(check=False))
    light.open(live.url(owner, page))
    time.sleep(2.0)
    _shot(light, folder / "job-ended.png")
    with tempfile.TemporaryDirectory(prefix="shoal-report-") as scratch:
        report = Path(scratch) / "report.html"
        live.report(job.id, report)
        light.driver.get(report.as_uri())
        _shot(light, folder / "report.png")
    phone.open(live.url(owner, page))
    time.sleep(2.0)
    phone.picture(folder / "job-on-a-phone.png")
    phone.open(live.url(GATE))
    time.sleep(2.0)
    phone.picture(folder / "overview-on-a-phone.png")


def _shot(browser: Browser, path: Path) -> None:
    browser.picture(path, whole=True)


if __name__ == "__main__":
    take(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures"))
