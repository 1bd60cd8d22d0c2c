"""`shoal route`: routing policies on simulated traffic, as numbers and as pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from distributed.commands.output import Output
from distributed.errors import ConfigError

if TYPE_CHECKING:
    from distributed.testing.routing_simulator.comparison import Comparison
    from distributed.testing.routing_simulator.trace import Trace

COLUMNS = (
    "trace",
    "policy",
    "mean_ms",
    "p50_ms",
    "p99_ms",
    "route_ms",
    "dispatches_per_job",
    "route_changes",
    "to_oracle",
)


def simulate(
    *traces: str,
    seed: int = 1,
    file: Path | None = None,
    save: Path | None = None,
    json: bool = False,
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
    json
        One JSON object a line.
    """
    from distributed.testing.routing_simulator.comparison import compare
    from distributed.testing.routing_simulator.trace import save_trace

    output = Output(json=json)
    for trace in _traces(traces, seed, file):
        if save is not None:
            save_trace(trace, save)
        comparison = compare(trace, seed=seed)
        output.table(COLUMNS, _rows(comparison), title=f"{trace.name}: {trace.about}")
        output.line(_verdict(comparison))


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
    for path in draw(chosen, seed, out):
        Output().line(f"wrote {path}")


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


def _rows(comparison: Comparison) -> list[dict[str, object]]:
    oracle = comparison.results["oracle"].mean_seconds
    return [
        {
            "trace": comparison.trace,
            "policy": name,
            "mean_ms": round(1e3 * result.mean_seconds, 1),
            "p50_ms": round(1e3 * result.p50_seconds, 1),
            "p99_ms": round(1e3 * result.p99_seconds, 1),
            "route_ms": round(1e3 * result.route_seconds, 1),
            "dispatches_per_job": round(result.dispatches_per_job, 3),
            "route_changes": result.switches,
            "to_oracle": round(result.mean_seconds / oracle, 3),
        }
        for name, result in comparison.results.items()
    ]


def _verdict(comparison: Comparison) -> str:
    return (
        f"{comparison.trace}: ours takes {comparison.to_oracle:.3f} of the oracle's mean and "
        f"{comparison.to_best_simple:.3f} of {comparison.best_simple}'s, the best simple policy"
    )
