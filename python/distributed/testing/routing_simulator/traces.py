"""The generated traces, by name. The same seed gives the same trace.

All share one map: eight datacenters on three continents, seen from one gate in the first.
Jobs are short, so that the way to a datacenter and the wait for its cores make up much of
what a job takes; no single datacenter can serve everything.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

from .trace import Arrival, Fault, FaultKind, Site, Trace

SITES = (
    Site(name="fra", rtt_seconds=0.008, cores=32),
    Site(name="ams", rtt_seconds=0.014, cores=32),
    Site(name="lon", rtt_seconds=0.022, cores=32),
    Site(name="iad", rtt_seconds=0.090, cores=64),
    Site(name="ord", rtt_seconds=0.110, cores=48),
    Site(name="sfo", rtt_seconds=0.150, cores=48),
    Site(name="nrt", rtt_seconds=0.230, cores=64),
    Site(name="sin", rtt_seconds=0.170, cores=32),
)
TOTAL_CORES = sum(site.cores for site in SITES)
MEAN_SECONDS = 0.12
DURATION_SECONDS = 180.0
FAULT_SECONDS = (40.0, 120.0)


def _run_time(random: Random) -> float:
    """Log-normal, mean `MEAN_SECONDS`, a long job now and then."""
    sigma = 0.6
    return random.lognormvariate(math.log(MEAN_SECONDS) - sigma * sigma / 2.0, sigma)


def _arrivals(
    random: Random, load: Callable[[float], float], *, duration: float = DURATION_SECONDS
) -> list[Arrival]:
    """Poisson arrivals; `load(t)` is the share of all cores that they would keep in use."""
    found: list[Arrival] = []
    now, longest_step = 0.0, 0.25
    while now < duration:
        step = random.expovariate(load(now) * TOTAL_CORES / MEAN_SECONDS)
        now += min(step, longest_step)
        if step <= longest_step:
            found.append(Arrival(now, _run_time(random)))
    return found


def _local_load(
    random: Random, site: Site, load: Callable[[float], float], *, duration: float
) -> list[Arrival]:
    """Other gates' jobs in one datacenter: longer and fewer."""
    found: list[Arrival] = []
    now, mean = 0.0, 2.0
    while now < duration:
        rate = max(0.01, load(now)) * site.cores / mean
        now += random.expovariate(rate)
        found.append(Arrival(now, random.expovariate(1.0 / mean), site=site.name))
    return found


def calm(seed: int) -> Trace:
    """A light, steady load and quiet links."""
    arrivals = _arrivals(Random(seed), lambda _: 0.05)
    return Trace(name="calm", about=calm.__doc__ or "", sites=SITES, arrivals=tuple(arrivals))


def noisy(seed: int) -> Trace:
    """Links whose round trips vary by half, and a load that jumps every few seconds."""
    random = Random(seed)
    levels = [random.uniform(0.05, 0.35) for _ in range(200)]
    arrivals = _arrivals(random, lambda now: levels[int(now / 3.0)])
    return Trace(
        name="noisy", about=noisy.__doc__ or "", sites=SITES, arrivals=tuple(arrivals), jitter=0.4
    )


def diurnal(seed: int) -> Trace:
    """A day in three minutes: every continent's own load peaks at another hour."""
    random = Random(seed)
    day = DURATION_SECONDS
    phase = {"fra": 0.0, "ams": 0.0, "lon": 0.02, "iad": 0.25, "ord": 0.3, "sfo": 0.38}
    arrivals = _arrivals(random, lambda now: 0.12 + 0.08 * math.sin(2 * math.pi * now / day))
    for site in SITES:
        shift = phase.get(site.name, 0.65)

        def local(now: float, shift: float = shift) -> float:
            return 0.4 + 0.35 * math.sin(2 * math.pi * (now / day - shift))

        arrivals += _local_load(random, site, local, duration=day)
    arrivals.sort(key=lambda arrival: arrival.at)
    about = diurnal.__doc__ or ""
    return Trace(name="diurnal", about=about, sites=SITES, arrivals=tuple(arrivals))


def burst(seed: int) -> Trace:
    """Two seconds of ten times all capacity, in a light load."""
    arrivals = _arrivals(Random(seed), lambda now: 10.0 if 60.0 <= now < 62.0 else 0.08)
    return Trace(name="burst", about=burst.__doc__ or "", sites=SITES, arrivals=tuple(arrivals))


def _with_fault(name: str, about: str, seed: int, *faults: Fault) -> Trace:
    arrivals = _arrivals(Random(seed), lambda _: 0.18)
    return Trace(
        name=name, about=about, sites=SITES, arrivals=tuple(arrivals), faults=faults, faulty=True
    )


def _fault(site: str, kind: FaultKind, factor: float = 1.0) -> Fault:
    start, end = FAULT_SECONDS
    return Fault(site=site, kind=kind, start=start, end=end, factor=factor)


def drain(seed: int) -> Trace:
    """The second nearest datacenter drains for half of the time."""
    fault = _fault("ams", FaultKind.DRAINING)
    return _with_fault("drain", drain.__doc__ or "", seed, fault)


def slow_link(seed: int) -> Trace:
    """The link to the nearest datacenters doubles its round trip for half of the time."""
    faults = [_fault(site, FaultKind.SLOW, factor=2.0) for site in ("fra", "iad")]
    return _with_fault("slow-link", slow_link.__doc__ or "", seed, *faults)


def failing(seed: int) -> Trace:
    """A near datacenter answers fast and fails every job for half of the time."""
    fault = _fault("ams", FaultKind.FAILING)
    return _with_fault("failing", failing.__doc__ or "", seed, fault)


def cut(seed: int) -> Trace:
    """A near datacenter is cut off: what is sent there is lost and never answered."""
    fault = _fault("ams", FaultKind.CUT)
    return _with_fault("cut", cut.__doc__ or "", seed, fault)


TRACES: dict[str, Callable[[int], Trace]] = {
    "calm": calm,
    "noisy": noisy,
    "diurnal": diurnal,
    "burst": burst,
    "drain": drain,
    "slow-link": slow_link,
    "failing": failing,
    "cut": cut,
}


def trace(name: str, seed: int = 1) -> Trace:
    """A generated trace.

    Raises:
        KeyError: no trace of that name; `TRACES` lists them.
    """
    return TRACES[name](seed)
