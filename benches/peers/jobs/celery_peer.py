"""Celery with Redis as broker and backend: one worker of two processes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

from celery import Celery, group
from measured import measure

PORT = int(os.environ.get("CELERY_REDIS_PORT", "7379"))
URL = f"redis://127.0.0.1:{PORT}/0"
app = Celery("celery_peer", broker=URL, backend=URL)
app.conf.worker_hijack_root_logger = False


@app.task
def nothing() -> None:
    return None


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        redis = subprocess.Popen(
            ["redis-server", "--port", str(PORT), "--save", "", "--dir", folder],
            stdout=subprocess.DEVNULL,
        )
        time.sleep(0.5)
        worker = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "celery",
                "-A",
                "celery_peer",
                "worker",
                "-c",
                "2",
                "-l",
                "error",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            measure(
                "celery",
                lambda: nothing.delay().get(timeout=60),
                lambda count: group(nothing.s() for _ in range(count))().get(timeout=300),
            )
        finally:
            worker.terminate()
            worker.wait()
            redis.terminate()
            redis.wait()


if __name__ == "__main__":
    main()
