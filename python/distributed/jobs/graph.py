"""Which workflows may start: a dependency graph that shrinks as results come.

Ready sets come from counting unmet dependencies (Kahn, "Topological sorting of large
networks", 1962): every call costs what it releases, never a scan of the job.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from distributed.errors import JobRejected
from distributed.messages.job import Workflow


class DependencyGraph:
    """Workflows of one job and what each still waits for.

    Names keep the order in which the job lists them, so that equal inputs give equal
    ready sets.

    Args:
        workflows: every workflow of the job.
        only: names that this holder may start; the rest run elsewhere, and their results
            arrive through `complete` too. None means all.

    Raises:
        JobRejected: a duplicate name, an unknown name in `after`, or a cycle; `field`
            says where.
    """

    __slots__ = ("_after", "_dependents", "_local", "_open", "_order", "_waiting")

    def __init__(
        self, workflows: Sequence[Workflow], *, only: Collection[str] | None = None
    ) -> None:
        self._order = {workflow.name: index for index, workflow in enumerate(workflows)}
        _refuse_duplicates(workflows, self._order)
        _refuse_unknown(workflows, self._order)
        self._after = {w.name: w.after for w in workflows if w.after}
        self._dependents: dict[str, list[str]] = {}
        self._waiting: dict[str, int] = {}
        for workflow in workflows:
            needed = set(workflow.after)
            if needed:
                self._waiting[workflow.name] = len(needed)
            for name in needed:
                self._dependents.setdefault(name, []).append(workflow.name)
        self._refuse_cycle(workflows)
        self._open = set(self._order)
        self._local = self._order.keys() if only is None else frozenset(only)

    def _refuse_cycle(self, workflows: Sequence[Workflow]) -> None:
        waiting = dict(self._waiting)
        free = [workflow.name for workflow in workflows if workflow.name not in waiting]
        seen = 0
        while free:
            seen += 1
            for dependent in self._dependents.get(free.pop(), ()):
                waiting[dependent] -= 1
                if not waiting[dependent]:
                    free.append(dependent)
        if seen == len(workflows):
            return
        cycle = _find_cycle({name: self._after[name] for name, left in waiting.items() if left})
        raise JobRejected(
            "cycle",
            f"the dependencies form a cycle: {' -> '.join(cycle)}",
            field=f"workflows[{self._order[cycle[0]]}].after",
        )

    def ready(self) -> tuple[str, ...]:
        """Names that may start here and wait for nothing, in the job's order."""
        return self._in_order(
            name for name in self._open if name not in self._waiting and name in self._local
        )

    def complete(self, name: str) -> tuple[str, ...]:
        """`name` completed: names that may start here because of it, in the job's order.

        A second call for the same name releases nothing.
        """
        if name not in self._open:
            return ()
        self._open.discard(name)
        released = []
        for dependent in self._dependents.get(name, ()):
            left = self._waiting.get(dependent, 0) - 1
            if left > 0:
                self._waiting[dependent] = left
            elif left == 0:
                del self._waiting[dependent]
                if dependent in self._open and dependent in self._local:
                    released.append(dependent)
        return self._in_order(released)

    def abandon(self, name: str) -> tuple[str, ...]:
        """`name` ended without a result: every open name that can now never start.

        The names are closed with it; the first call reports them, later ones do not.
        """
        if name not in self._open:
            return ()
        self._open.discard(name)
        lost = [other for other in self.dependents(name) if other in self._open]
        self._open.difference_update(lost)
        return tuple(lost)

    def dependents(self, name: str) -> tuple[str, ...]:
        """Everything that waits for `name`, directly or not, in the job's order."""
        found: set[str] = set()
        stack = [name]
        while stack:
            for dependent in self._dependents.get(stack.pop(), ()):
                if dependent not in found:
                    found.add(dependent)
                    stack.append(dependent)
        return self._in_order(found)

    def feeds(self, name: str, names: Collection[str]) -> bool:
        """Whether any of `names` waits for `name` directly."""
        return any(other in names for other in self._dependents.get(name, ()))

    def needs(self, name: str) -> tuple[str, ...]:
        """The names whose results `name` receives."""
        return self._after.get(name, ())

    def wanted(self, name: str) -> bool:
        """Whether an open workflow that runs here waits for `name`."""
        return any(
            other in self._open and other in self._local for other in self._dependents.get(name, ())
        )

    def is_open(self, name: str) -> bool:
        """Whether `name` is neither completed nor abandoned."""
        return name in self._open

    @property
    def open(self) -> int:
        """Workflows neither completed nor abandoned, wherever they run."""
        return len(self._open)

    def _in_order(self, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(names, key=self._order.__getitem__))


def _refuse_duplicates(workflows: Sequence[Workflow], order: dict[str, int]) -> None:
    if len(order) == len(workflows):
        return
    first: dict[str, int] = {}
    for index, workflow in enumerate(workflows):
        if workflow.name in first:
            raise JobRejected(
                "duplicate_name",
                f"{workflow.name!r} is already the name of workflows[{first[workflow.name]}]",
                field=f"workflows[{index}].name",
            )
        first[workflow.name] = index


def _refuse_unknown(workflows: Sequence[Workflow], order: dict[str, int]) -> None:
    for index, workflow in enumerate(workflows):
        for name in workflow.after:
            if name not in order:
                raise JobRejected(
                    "unknown_dependency",
                    f"{workflow.name!r} waits for {name!r}, which is no workflow of this job",
                    field=f"workflows[{index}].after",
                )


def _find_cycle(after: dict[str, tuple[str, ...]]) -> list[str]:
    """One cycle among `after`, every key of which is known to wait for another key."""
    name = min(after)
    path: list[str] = []
    while name not in path:
        path.append(name)
        name = next(other for other in after[name] if other in after)
    return [*path[path.index(name) :], name]
