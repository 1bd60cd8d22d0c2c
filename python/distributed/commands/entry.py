"""From arguments to an exit status: nothing that goes wrong ends in a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from distributed.errors import (
    ConfigError,
    JobFailed,
    JobGone,
    JobRejected,
    PeerRefused,
    ShoalError,
    WorkflowFailed,
)
from distributed.telemetry.text import harmless

if TYPE_CHECKING:
    from cyclopts import CycloptsError

OK = 0
ERROR = 1
REFUSED = 2
JOB_FAILED = 3
TIMED_OUT = 4
INTERRUPTED = 130

EXIT_CODES = {
    OK: "done",
    ERROR: "something went wrong; stderr says what",
    REFUSED: "bad input, refused or not placed; nothing was stored",
    JOB_FAILED: "the job ended failed or cancelled",
    TIMED_OUT: "the job ended timed out",
    INTERRUPTED: "interrupted from the keyboard",
}

NEEDS_EXTRA = (
    "shoal: the command line needs more than the embedding install brings; "
    "run `pip install 'shoal[node]'`"
)


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit status."""
    try:
        from cyclopts import CycloptsError

        from distributed.commands.app import make_app
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] == "distributed":
            raise
        print(f"{NEEDS_EXTRA} (missing: {error.name})", file=sys.stderr)  # noqa: T201
        return ERROR
    try:
        outcome = make_app()(list(arguments), exit_on_error=False, print_error=False)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else ERROR
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away; silence the flush at exit too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except CycloptsError as error:
        return _misspelt(error)
    except ShoalError as error:
        return _explained(error)
    return outcome if isinstance(outcome, int) else OK


def _explained(error: ShoalError) -> int:
    """Say in one sentence what failed, and choose the status."""
    field = error.field if isinstance(error, PeerRefused) else ""
    _say(f"{field}: {error}" if field else str(error), hint_for(error))
    return status_of(error)


def _misspelt(error: CycloptsError) -> int:
    """Say what is wrong with the arguments, and where it stands what they may be."""
    from cyclopts import UnusedCliTokensError

    verb = " ".join(("shoal", *(error.command_chain or ())))
    sentence = str(error)
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        sentence = f"{error.unused_tokens[0]!r} is one argument too many"
    _say(harmless(sentence), f"`{verb} --help` shows what it takes")
    return REFUSED


def _say(sentence: str, hint: str) -> None:
    print(f"shoal: {sentence}", file=sys.stderr)  # noqa: T201
    if hint:
        print(f"  {hint}", file=sys.stderr)  # noqa: T201


def status_of(error: ShoalError) -> int:
    """The exit status that tells this error."""
    if isinstance(error, JobFailed):
        return TIMED_OUT if error.state == "timed_out" else JOB_FAILED
    if isinstance(error, WorkflowFailed):
        return JOB_FAILED
    if isinstance(error, JobRejected | PeerRefused | ConfigError):
        return REFUSED
    return ERROR


def hint_for(error: ShoalError) -> str:
    """What to try next, or "" where the sentence says it already."""
    retry = getattr(error, "retry_after_seconds", None)
    if retry is not None:
        return f"try again in {retry:.1f} s"
    if isinstance(error, JobGone):
        return "`shoal job list` shows the jobs that are known"
    if isinstance(error, PeerRefused) and error.code == "unhandled":
        return "`shoal status ADDRESS` says what a node is"
    return ""
