"""`shoal simulate cluster` and `chaos`: what cannot be played is refused before anything runs."""

from __future__ import annotations

import pytest

from distributed.commands import entry


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("cluster", "--minutes", "-1"), "Must be > 0"),
        (("cluster", "--jobs", "0"), "Must be >= 1"),
        (("cluster", "--profile", "storm"), "no profile is called 'storm'; there are calm"),
        (("chaos", "--profile", "storm"), "no profile is called 'storm'; there are calm"),
        (("chaos", "--processes", "0"), "Must be >= 1"),
    ],
)
def test_what_cannot_be_played_is_refused_in_a_sentence(
    options: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert entry.run(["simulate", *options]) == entry.REFUSED
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
