"""`shoal route`: routing policies on simulated traffic, as numbers and as pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from distributed.commands.figures import NO_FILES, Files, again
from distributed.commands.output import Output, writing
from distributed.errors import ConfigError

if TYPE_CHECKING:
    from distributed.testing.routing_simulator.trace import Trace


def simulate(
    *traces: str,
    seed: int = 1,
    file: Path | None = None,
    save: Path | None = None,
    files: Files = NO_FILES,
) -> None:
    """Compare our routing with simple policies and with an oracle, in virtual time.

    Parameters
    ----------
    traces
        Names of generated traces; all of them if none is given.
    seed
        Of the trace and of the links' noise; the same seed gives the same numbers.
    file
        A recorded trace to replay instead.
    save
        Write the trace to this file as well, to be replayed with `--file`.
    """
    from distributed.commands.view.routing_report import figures_of_policies, rows_of, verdict_of
    from distributed.testing.routing_simulator.comparison import compare
    from distributed.testing.routing_simulator.trace import save_trace

    output = Output(json=files.json)
    comparisons = []
    for trace in _traces(traces, seed, file):
        if save is not None:
            with writing():
                save_trace(trace, save)
        comparison = compare(trace, seed=seed)
        rows = rows_of(comparison)
        output.table(tuple(rows[0]), rows, title=f"{trace.name}: {trace.about}")
        output.line(verdict_of(comparison))
        comparisons.append((trace, comparison))
    command = again(" ".join(("route simulate", *traces)), seed=seed, file=file)
    files.write(output, lambda: figures_of_policies(comparisons, command))


def plot(*, out: Path = Path(), trace: str = "diurnal", seed: int = 1) -> None:
    """Draw a trace: scores of every datacenter over time, where jobs went, what they paid.

    Parameters
    ----------
    out
        Folder for the pictures, made if it is missing.
    trace
        Name of a generated trace.
    seed
        Of the trace and of the links' noise.
    """
    from distributed.commands.view.route_plots import draw

    (chosen,) = _traces((trace,), seed, None)
    with writing():
        for path in draw(chosen, seed, out):
            Output().line(f"written: {path}")


def _traces(names: tuple[str, ...], seed: int, file: Path | None) -> list[Trace]:
    import msgspec

    from distributed.testing.routing_simulator.trace import load_trace
    from distributed.testing.routing_simulator.traces import TRACES

    if file is not None:
        try:
            return [load_trace(file)]
        except (OSError, msgspec.DecodeError) as error:
            raise ConfigError(f"{file} is not a trace: {error}", field="file") from error
    unknown = [name for name in names if name not in TRACES]
    if unknown:
        known = ", ".join(TRACES)
        raise ConfigError(f"no trace {unknown[0]!r}; there are {known}", field="traces")
    return [TRACES[name](seed) for name in names or tuple(TRACES)]
