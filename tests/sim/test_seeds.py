"""Seeds that must stay clean: a fixed set of each profile, and those that once found a bug."""

from __future__ import annotations

import subprocess
import sys

import pytest

from distributed.testing.scenario import drawn, play

FIXED = [
    *(("calm", seed) for seed in (1, 2)),
    *(("crashes", seed) for seed in (11, 12, 13)),
    *(("partitions", seed) for seed in (21, 22, 23)),
    *(("messages", seed) for seed in (31, 32, 33)),
    *(("ledger", seed) for seed in (41, 42)),
    *(("chaos", seed) for seed in (51, 52, 53, 54)),
]
FOUND = {
    2: "a repeated submission took the results away from the first one's handle",
    107: "work sent out before its job was stored ran again under the same epoch",
    108: "a takeover started workflows before the workers had reported theirs",
    118: "a part that moved to another datacenter was answered twice",
    124: "a watch that met a ledger outage was given up for good",
    126: "a client was left with a gate that had lost the job while its end was written",
    10054: "work sent out before its place was stored completed after it was said to be cancelled",
}
"""Seeds of one minute of chaos, and what they found."""


def _clean(seed: int, profile: str) -> None:
    report = play(drawn(seed, profile=profile, minutes=1.0))
    again = f"shoal simulate cluster --seed {seed} --profile {profile} --minutes 1"
    broken = "\n".join(str(violation) for violation in report.violations)
    assert not report.failed, f"{broken}\n{report.story}\n{again}"


@pytest.mark.parametrize(("profile", "seed"), FIXED)
def test_a_fixed_seed_stays_clean(profile: str, seed: int) -> None:
    _clean(seed, profile)


@pytest.mark.parametrize("seed", FOUND)
def test_a_seed_that_found_a_bug_stays_clean(seed: int) -> None:
    _clean(seed, "chaos")


FOUND_LATER = {
    (1000, 3.0): "a job that the ledger gave to a gate which never heard of it had no owner",
    (4, 5.0): "a gate that could not pass a job on shared the first epoch with the owner",
    (321, 5.0): "a ledger that did not answer ended the look for who owns a contested job",
    (428, 3.0): "a watcher that caught up while a write came in missed a step of it",
    (150, 5.0): "results overtook the look for a place, at a gate that did not know there was one",
    (195, 3.0): "workflows counted as done whose results were not recorded ran again",
    (303, 4.0): "a watcher whose connection broke on the answer gave the job up",
    (3012, 2.0): "a workflow that was said to be cancelled completed in its next datacenter",
    (90163, 5.0): "progress that was held up on its way took a newer one's place at the client",
    (61286, 5.0): "a manager that took a part just before its gate died was never told of the end",
}
"""Seeds of longer chaos, with their minutes."""


@pytest.mark.parametrize(("seed", "minutes"), FOUND_LATER)
def test_a_longer_seed_that_found_a_bug_stays_clean(seed: int, minutes: float) -> None:
    report = play(drawn(seed, profile="chaos", minutes=minutes))
    assert not report.failed, "\n".join(str(violation) for violation in report.violations)


PROGRAM = """
import warnings
warnings.simplefilter("ignore")
from distributed.testing.scenario import drawn, play
print(play(drawn(9, profile="chaos", minutes=0.5)).digest)
"""


@pytest.mark.timeout(300)
def test_a_seed_gives_the_same_trace_whatever_the_hash_seed() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("0", "1", "2")
    }
    assert len(digests) == 1
