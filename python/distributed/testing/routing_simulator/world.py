"""The truth that policies do not see: queues, cores, links and faults, in virtual time."""

from __future__ import annotations

from bisect import bisect_right
from heapq import heapify, heappop, heappush
from random import Random

from .trace import Fault, FaultKind, Site, Trace

FAIL_SECONDS = 0.005


class Cores:
    """A first-come, first-served datacenter: when each core comes free, and who waits.

    Work is placed the moment it arrives, since its run time is known to the simulator: the
    n-th free core decides when it starts, never before work that came earlier.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._free_at = [0.0] * count
        heapify(self._free_at)
        self._last_start = 0.0
        self._starts: list[float] = []
        self._rate = 0.0
        self._counted_at = 0.0

    def would_start(self, now: float, cores: int) -> float:
        """When work that arrives now would start."""
        if cores == 1:
            free = self._free_at[0]
        else:
            free = sorted(self._free_at)[min(cores, self.count) - 1]
        return max(now, free, self._last_start)

    def take(self, now: float, cores: int, seconds: float) -> float:
        """Place work; returns when it starts."""
        start = self.would_start(now, cores)
        for _ in range(min(cores, self.count)):
            heappop(self._free_at)
        for _ in range(min(cores, self.count)):
            heappush(self._free_at, start + seconds)
        self._last_start = start
        self._starts.append(start)
        return start

    def free(self, now: float) -> int:
        """Cores that nothing uses or waits for."""
        return 0 if self._last_start > now else sum(at <= now for at in self._free_at)

    def waiting(self, now: float) -> int:
        """Work that has not started."""
        return len(self._starts) - bisect_right(self._starts, now)

    def dispatch_rate(self, now: float) -> float:
        """Work started each second, smoothed over a few calls: what a manager would tell."""
        started = bisect_right(self._starts, now)
        passed = now - self._counted_at
        if passed > 0.0:
            self._rate += 0.3 * (started / passed - self._rate)
            self._counted_at = now
            del self._starts[:started]
        return self._rate

    def wait_seconds(self, now: float) -> float:
        """How long one more core's work would wait."""
        return self.would_start(now, 1) - now


class World:
    """Sites, their cores and their links."""

    def __init__(self, trace: Trace, random: Random) -> None:
        self.trace = trace
        self.sites: dict[str, Site] = {site.name: site for site in trace.sites}
        self.cores = {site.name: Cores(site.cores) for site in trace.sites}
        self._random = random
        self._faults: dict[str, list[Fault]] = {}
        for fault in trace.faults:
            self._faults.setdefault(fault.site, []).append(fault)

    def fault(self, site: str, kind: FaultKind, now: float) -> Fault | None:
        """The fault of a kind that a site has now."""
        for fault in self._faults.get(site, ()):
            if fault.kind is kind and fault.start <= now < fault.end:
                return fault
        return None

    def rtt(self, site: str, now: float) -> float:
        """The round trip without jitter."""
        slow = self.fault(site, FaultKind.SLOW, now)
        return self.sites[site].rtt_seconds * (slow.factor if slow else 1.0)

    def way(self, site: str, now: float) -> float:
        """One way's delay, with jitter."""
        jitter = self.trace.jitter
        factor = self._random.lognormvariate(-jitter * jitter / 2.0, jitter) if jitter else 1.0
        return self.rtt(site, now) / 2.0 * factor
