"""The embedding example runs as its first lines say."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import urllib.request
from pathlib import Path

import pytest

from distributed.membership import Left, Node

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(120)]

EXAMPLES = Path(__file__).parents[3] / "examples"


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


async def test_the_web_service_lists_its_peers_and_says_goodbye_when_it_stops() -> None:
    pytest.importorskip("uvicorn")
    pytest.importorskip("starlette")
    async with Node.join(name="other", profile="local") as other:
        settings = {"NAME": "web-1", "BIND": "127.0.0.1:0", "SEEDS": other.address}
        service = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "ignore", "-m", "uvicorn", "--app-dir", str(EXAMPLES),
            "embed_web:app", "--port", "0",
            env={**os.environ, **settings}, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert service.stderr
        while "running on" not in (line := (await service.stderr.readline()).decode()):
            assert line, "the service ended before it served"
        url = line.split("running on ")[1].split()[0]
        assert '"web-1"' in await asyncio.to_thread(fetch, f"{url}/peers")
        events = other.events()
        service.send_signal(signal.SIGTERM)
        async for event in events:
            if isinstance(event, Left):
                assert event.member.name == "web-1"
                break
        await service.communicate()
