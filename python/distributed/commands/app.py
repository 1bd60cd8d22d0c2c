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
    "demo": ("distributed.commands.demo.command:demo", "A two-datacenter cluster on this machine."),
    "bench": ("distributed.commands.bench:bench", "What a cluster costs an empty job."),
    "gate": ("distributed.commands.nodes:gate", "Run a gate."),
    "manager": ("distributed.commands.nodes:manager", "Run a manager."),
    "worker": ("distributed.commands.nodes:worker", "Run a worker."),
    "run": ("distributed.commands.run:run", "Submit a job file and follow it to its end."),
    "status": ("distributed.commands.status:status", "One screen about a node."),
    "top": ("distributed.commands.top:top", "A live screen about a node."),
    "config": ("distributed.commands.config:config", "Show settings and where they came from."),
}

NOUNS: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "node": (
        "Running nodes: drain, log level, limits.",
        {
            "drain": ("distributed.commands.status:drain", "Take no new work, finish what runs."),
            "log": ("distributed.commands.status:log_level", "Change what a node logs."),
            "limits": ("distributed.commands.status:limits", "Show and change its limits."),
        },
    ),
    "tls": (
        "Certificates for nodes and clients.",
        {
            "init": ("distributed.commands.tls:init", "Make an authority of the cluster's own."),
            "issue": ("distributed.commands.tls:issue", "Sign a certificate for each claim."),
            "show": ("distributed.commands.tls:show", "What certificates claim, until when."),
        },
    ),
    "debug": (
        "Support: what a node can say about itself, in one file.",
        {
            "capture": (
                "distributed.commands.capture:capture",
                "Settings without secrets, status, members, metrics, versions.",
            ),
        },
    ),
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
    "route": (
        "Routing: what would happen, and what policies are worth.",
        {
            "plan": ("distributed.commands.jobs:plan", "Where a job would go now, and why."),
            "simulate": ("distributed.commands.route:simulate", "Policies on simulated traffic."),
            "plot": ("distributed.commands.route:plot", "Pictures of a simulated day."),
        },
    ),
    "simulate": (
        "Whole clusters under virtual time.",
        {
            "cluster": (
                "distributed.commands.simulate_cluster:cluster",
                "One seed: jobs, faults, and what must hold.",
            ),
            "chaos": (
                "distributed.commands.simulate_cluster:chaos",
                "Many seeds within a budget of time, over all cores.",
            ),
            "core": (
                "distributed.commands.simulate_core_app:core",
                "The membership core alone: detection, dissemination, boot, false positives.",
            ),
        },
    ),
    "job": (
        "Jobs: list, show, watch, cancel, results.",
        {
            "list": ("distributed.commands.jobs:list_jobs", "Jobs, newest first."),
            "show": ("distributed.commands.jobs:show", "One job and its workflows."),
            "watch": ("distributed.commands.jobs:watch", "Follow a job as it runs."),
            "cancel": ("distributed.commands.jobs:cancel", "Cancel a job or one workflow."),
            "result": ("distributed.commands.jobs:result", "A job's final result."),
            "history": ("distributed.commands.jobs:history", "A job's events in order."),
            "logs": ("distributed.commands.jobs:logs", "Captured output of a job."),
            "report": ("distributed.commands.report:report", "A job as a file to send."),
            "explain": ("distributed.commands.jobs:explain", "Why a job ran where it ran."),
            "plan": ("distributed.commands.jobs:plan", "Where a job would go now, and why."),
        },
    ),
}


def make_app() -> App:
    """The whole command tree."""
    from rich.console import Console

    class Piped(Console):
        """A reader who has seen enough is no error."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    app = App(
        name="shoal",
        help="Failure detection to trust, and jobs across datacenters.",
        help_format="plaintext",
        version=version_text,
        console=Piped(),
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
