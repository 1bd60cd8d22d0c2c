"""The tree of verbs; each is imported when it is used."""

from __future__ import annotations

from cyclopts import App

from distributed.commands.version import version_text

VERBS = {
    "config": ("distributed.commands.config:config", "Show settings and where they came from."),
}

NOUNS: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {}


def make_app() -> App:
    """The whole command tree."""
    from rich.console import Console

    app = App(
        name="shoal",
        help="Failure detection to trust, and jobs across datacenters.",
        version=version_text,
        error_console=Console(stderr=True),
        result_action="return_value",
    )
    for name, (target, text) in VERBS.items():
        app.command(target, name=name, help=text)
    for noun, (text, verbs) in NOUNS.items():
        group = App(name=noun, help=text)
        for name, (target, verb_text) in verbs.items():
            group.command(target, name=name, help=verb_text)
        app.command(group)
    app.register_install_completion_command()
    return app
