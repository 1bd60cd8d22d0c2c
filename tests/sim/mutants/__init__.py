"""Bugs put in on purpose: each is a patch of one method, and chaos must catch every one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from . import books, commands, durability, results

Mutant = Callable[[], AbstractContextManager[object]]

ENDS, SEEN = "every accepted job ends", "no error goes by unseen"
STOPS = "cancelled work does not complete"

MUTANTS: dict[str, tuple[Mutant, str, str]] = {
    "a client that stays away": (results.client_stays_away, "crashes", ENDS),
    "a result recorded twice": (results.recorded_twice, "messages", SEEN),
    "a story told backwards": (results.story_told_backwards, "calm", "progress never goes back"),
    "an epoch not checked": (commands.epoch_not_checked, "chaos", "fences hold at workers"),
    "a cancellation not sent": (commands.cancellation_not_sent, "calm", STOPS),
    "a lease kept after death": (commands.lease_kept_after_death, "crashes", ENDS),
    "a forgotten cleanup": (books.cleanup_forgotten, "calm", SEEN),
    "cores not given back": (books.cores_kept, "calm", "nothing is left of ended jobs"),
    "cores given twice": (books.cores_given_twice, "calm", SEEN),
    "told before it is durable": (durability.told_too_early, "ledger", ENDS),
    "a key that is forgotten": (durability.key_forgotten, "calm", "a key stands for one job"),
    "an error swallowed into the log": (durability.error_only_logged, "calm", SEEN),
}
"""Name to the patch, the profile under which it shows, and the rule that it breaks."""
