"""The verbs of `shoal simulate core`."""

from __future__ import annotations

from cyclopts import App


class CoreVerbs(App):
    """The membership core alone, under virtual time."""


core = CoreVerbs(
    name="core", help="The membership core alone, under virtual time.", result_action="return_value"
)
for _name, _target in (
    ("detection", "distributed.commands.simulate_core:detection"),
    ("dissemination", "distributed.commands.simulate_core:dissemination"),
    ("boot", "distributed.commands.simulate_core:boot"),
    ("impaired", "distributed.commands.simulate_core:impaired"),
    ("coordinates", "distributed.commands.simulate_core:coordinates"),
    ("stopped", "distributed.commands.simulate_rest:stopped"),
    ("quiet", "distributed.commands.simulate_rest:quiet"),
    ("false-positives", "distributed.commands.simulate_search:false_positives"),
    ("frontier", "distributed.commands.simulate_search:frontier"),
):
    core.command(_target, name=_name)
