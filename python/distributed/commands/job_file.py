"""Reading a job from a TOML or JSON file, refusing what cannot run with the field at fault."""

from __future__ import annotations

import importlib
import sys
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from distributed.errors import JobRejected
from distributed.jobs.validation import check_job, decode_job
from distributed.messages.job import Job


def read_job(path: Path, *, check_imports: bool = True) -> Job:
    """The job in a file; `-` reads JSON from standard input.

    Functions are looked up here too, from the current folder, unless told otherwise, so that
    a misspelt name is refused before anything is sent.

    Raises:
        JobRejected: the file, the field and the reason.
    """
    job = decode_job(_parsed(path))
    check_job(job)
    if check_imports:
        for index, workflow in enumerate(job.workflows):
            if workflow.run:
                _check_import(workflow.run, f"workflows[{index}].run")
    return job


def _parsed(path: Path) -> dict[str, Any]:
    try:
        raw = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise JobRejected("unreadable", f"cannot read {path}: {error.strerror}") from error
    try:
        if path.suffix == ".toml":
            return tomllib.loads(raw.decode())
        parsed = msgspec.json.decode(raw)
    except (tomllib.TOMLDecodeError, msgspec.DecodeError, UnicodeDecodeError) as error:
        kind = "TOML" if path.suffix == ".toml" else "JSON"
        raise JobRejected("malformed", f"{path} is not {kind}: {error}") from error
    if not isinstance(parsed, dict):
        raise JobRejected("malformed", f"{path} holds no job: a job is an object with a name")
    return parsed


def _check_import(target: str, field: str) -> None:
    module_name, _, attribute = target.partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found: object = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise JobRejected("no_function", f"cannot import {error.name}", field=field) from error
    for part in attribute.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        raise JobRejected("no_function", f"{module_name} has no function {attribute}", field=field)
