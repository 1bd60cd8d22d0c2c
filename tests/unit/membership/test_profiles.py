"""The constants of the protocol by name, as documentation and overrides see them."""

from pathlib import Path

import pytest

from distributed import _native
from distributed.errors import ConfigError

PAGE = Path(__file__).parents[3] / "docs" / "membership.md"
PROFILES = ("lan", "wan", "local", "memberlist_lan")


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_names_the_same_constants(profile: str) -> None:
    assert _native.membership_profile(profile).keys() == _native.membership_profile("lan").keys()


def test_an_unknown_profile_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="lan, wan, local"):
        _native.membership_profile("moon")


def test_the_page_lists_every_constant_with_the_value_of_every_profile() -> None:
    listed = {
        line.split("|")[1].strip(" `"): line
        for line in PAGE.read_text().splitlines()
        if line.startswith("| `")
    }
    profiles = [_native.membership_profile(profile) for profile in ("lan", "wan", "local")]
    for name in profiles[0]:
        cells = [cell.strip() for cell in listed[name].split("|")[2:5]]
        assert cells == [
            f"{profile[name]:g}"
            if not isinstance(profile[name], bool)
            else ("on" if profile[name] else "off")
            for profile in profiles
        ], name
