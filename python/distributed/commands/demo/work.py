"""The demonstration's workflows: plain functions that any job could name.

They are paced so that a person can watch them; each unit of work is real.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

WORD = re.compile(r"[a-z]+")


async def fetch_pages(ctx: Any, *, url: str, pages: int, pause_seconds: float) -> dict[str, Any]:
    """Fetch `pages` pages below `url`, reporting each one's latency."""
    where = urlsplit(url)
    sizes = []
    for number in range(pages):
        started = time.perf_counter()
        body = await _fetch(where.hostname or "127.0.0.1", where.port or 80, f"/page/{number % 10}")
        ctx.report(time.perf_counter() - started)
        sizes.append(len(body))
        ctx.progress(number + 1, pages)
        await asyncio.sleep(pause_seconds)  # noqa: TID251 - user code, paced for the eye
    return {"pages": len(sizes), "bytes": sum(sizes)}


async def _fetch(host: str, port: int, path: str) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        writer.write(request.encode())
        await writer.drain()
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{path} answered {head[:40]!r}")
        return body
    finally:
        writer.close()
        await writer.wait_closed()


def count_words(
    ctx: Any, *, path: str, part: int, parts: int, pause_seconds: float
) -> dict[str, Any]:
    """Count the words of one part of a text file, line by line."""
    lines = Path(path).read_text().splitlines()
    mine = lines[part::parts]
    words: Counter[str] = Counter()
    for number, line in enumerate(mine, start=1):
        started = time.perf_counter()
        words.update(WORD.findall(line.lower()))
        time.sleep(pause_seconds)  # noqa: TID251 - user code, paced for the eye
        ctx.report(time.perf_counter() - started)
        ctx.progress(number, len(mine))
    return {"lines": len(mine), "words": dict(words)}


def combine(ctx: Any) -> dict[str, Any]:
    """Put the results of everything it waited for into one summary."""
    words: Counter[str] = Counter()
    pages = fetched = lines = 0
    for result in ctx.results.values():
        words.update(result.get("words", {}))
        lines += result.get("lines", 0)
        pages += result.get("pages", 0)
        fetched += result.get("bytes", 0)
    ctx.progress(1, 1)
    return {
        "lines": lines,
        "words": sum(words.values()),
        "distinct_words": len(words),
        "most_common": words.most_common(5),
        "pages": pages,
        "bytes": fetched,
    }
