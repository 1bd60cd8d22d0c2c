"""The tree of verbs; each is imported when it is used."""

from __future__ import annotations

from cyclopts import App

from distributed.commands.version import version_text

VERBS = {
    "agent": ("distributed.commands.agent:agent", "Run a bare member of a cluster."),
    "members": ("distributed.commands.members:members", "List the members a node sees."),
    "monitor": ("distributed.commands.members:monitor", "Print events as they happen."),
    "reach": ("distributed.commands.reach:reach", "Test UDP and TCP to a member, apart."),
    "rtt": ("distributed.commands.members:rtt", "Estimate the round trip between members."),
    "config": ("distributed.commands.config:config", "Show settings and where they came from."),
}

NOUNS: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "event": (
        "Events that reach every member.",
        {
            "send": ("distributed.commands.event:send", "Send an event."),
            "watch": ("distributed.commands.event:watch", "Print events as they arrive."),
        },
    ),
    "keys": (
        "Encryption keys of a running node.",
        {
            "add": ("distributed.commands.keys:add", "Hold one more key."),
            "generate": ("distributed.commands.keys:generate", "Print a new key."),
            "list": ("distributed.commands.keys:list_keys", "List fingerprints."),
            "remove": ("distributed.commands.keys:remove", "Forget a key."),
            "use": ("distributed.commands.keys:use", "Encrypt with a held key."),
        },
    ),
}


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
