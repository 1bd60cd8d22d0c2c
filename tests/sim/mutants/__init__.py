"""Bugs put in on purpose: each is a patch of one method, and chaos must catch every one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from . import books, commands, durability, results

Mutant = Callable[[], AbstractContextManager[object]]

MUTANTS: dict[str, tuple[Mutant, str]] = {
    "a client that stays away": (results.client_stays_away, "crashes"),
    "a result recorded twice": (results.recorded_twice, "messages"),
    "a story told backwards": (results.story_told_backwards, "calm"),
    "an epoch not checked": (commands.epoch_not_checked, "partitions"),
    "a cancellation not sent": (commands.cancellation_not_sent, "calm"),
    "a lease kept after death": (commands.lease_kept_after_death, "crashes"),
    "a forgotten cleanup": (books.cleanup_forgotten, "calm"),
    "cores not given back": (books.cores_kept, "calm"),
    "cores given twice": (books.cores_given_twice, "calm"),
    "told before it is durable": (durability.told_too_early, "ledger"),
    "a key that is forgotten": (durability.key_forgotten, "calm"),
    "an error swallowed into the log": (durability.error_only_logged, "calm"),
}
"""Name to the patch and the profile under which it shows."""
