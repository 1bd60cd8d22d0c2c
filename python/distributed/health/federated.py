"""Probes from a gate to a datacenter's leading manager across the WAN.

An acknowledgement has a deadline that follows the round trips seen (as in RFC 6298: smoothed
mean plus four deviations; here the deviation rises fast and falls slowly, so that one in a
hundred at most is late), and missing it counts: a datacenter is suspected, then unreachable,
by unanswered probes and never by silence alone.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Reach(StrEnum):
    """What probes say about a datacenter."""

    REACHABLE = "reachable"
    SUSPECTED = "suspected"
    UNREACHABLE = "unreachable"


class ProbeRules(msgspec.Struct, frozen=True, kw_only=True):
    """How a datacenter is probed.

    Attributes:
        interval_seconds: between probes while all is well.
        suspect_interval_seconds: between probes of a datacenter in doubt.
        least_timeout_seconds, most_timeout_seconds: bounds of the acknowledgement timeout.
        suspect_after, unreachable_after: unanswered probes in a row.
        recover_after: answers in a row that end a doubt.
        tick_seconds: longest time until the gate judges all datacenters anew.
        gather_seconds: how long a datacenter whose turn it is waits for others, so that one
            look serves them all.
    """

    interval_seconds: float = 2.0
    suspect_interval_seconds: float = 1.0
    least_timeout_seconds: float = 0.5
    most_timeout_seconds: float = 5.0
    suspect_after: int = 2
    unreachable_after: int = 4
    recover_after: int = 2
    tick_seconds: float = 1.0
    gather_seconds: float = 0.1

    def detection_seconds(self, timeout_seconds: float | None = None) -> float:
        """Longest time from a cut to unreachable, where probes have that timeout.

        Without one, whatever the round trips were.
        """
        timeout = self.most_timeout_seconds if timeout_seconds is None else timeout_seconds
        waits = self.unreachable_after * (timeout + 2.0 * self.gather_seconds)
        between = (self.unreachable_after - 1) * self.suspect_interval_seconds
        return self.interval_seconds + waits + between


class ProbeState:
    """One gate's probing of one datacenter: at most one probe is out at a time."""

    def __init__(self, rules: ProbeRules | None = None) -> None:
        self.rules = rules if rules is not None else ProbeRules()
        self.reach = Reach.REACHABLE
        self.leader = ""
        self._sequence = 0
        self._sent_at: float | None = None
        self._next_at = 0.0
        self._missed = 0
        self._answered = 0
        self._rtt: float | None = None
        self._deviation = 0.0
        self._tail = 0.0

    @property
    def turn_at(self) -> float:
        """When the next probe is due, or the time of the one that is out is over."""
        return self._next_at if self._sent_at is None else self._sent_at + self.timeout_seconds

    def due(self, now: float) -> bool:
        """Whether a probe should be sent now."""
        return self._sent_at is None and now >= self._next_at

    def sent(self, now: float) -> int:
        """A probe goes out; returns its sequence."""
        self._sequence += 1
        self._sent_at = now
        return self._sequence

    def acknowledged(self, sequence: int, now: float) -> float | None:
        """An answer came; returns its round trip, or None for one that is late or strange."""
        if self._sent_at is None or sequence != self._sequence:
            return None
        rtt = now - self._sent_at
        self._sent_at = None
        self._next_at = now + self._interval()
        self._learn(rtt)
        self._missed = 0
        self._answered += 1
        if self.reach is not Reach.REACHABLE and self._answered >= self.rules.recover_after:
            self.reach = Reach.REACHABLE
        return rtt

    def tick(self, now: float) -> bool:
        """Count a probe whose time is over; returns whether `reach` changed."""
        if self._sent_at is None or now < self._sent_at + self.timeout_seconds:
            return False
        before = self.reach
        self._sent_at = None
        self._answered = 0
        self._missed += 1
        if self._missed >= self.rules.unreachable_after:
            self.reach = Reach.UNREACHABLE
        elif self._missed >= self.rules.suspect_after and self.reach is Reach.REACHABLE:
            self.reach = Reach.SUSPECTED
        self._next_at = now + self._interval()
        return self.reach is not before

    def led_by(self, leader: str) -> bool:
        """Probes go to this manager from now on; False where they did before.

        A new leader starts with a clean slate: what the old one did not answer is no fault of
        its successor. What the datacenter is held for stays until answers change it.
        """
        if leader == self.leader:
            return False
        first, self.leader = not self.leader, leader
        if not first:
            self._sent_at = None
            self._missed = self._answered = 0
            self._next_at = 0.0
        return True

    @property
    def timeout_seconds(self) -> float:
        """How long an acknowledgement may take now."""
        if self._rtt is None:
            return self.rules.most_timeout_seconds
        wanted = self._rtt + 4.0 * self._tail
        return min(self.rules.most_timeout_seconds, max(self.rules.least_timeout_seconds, wanted))

    @property
    def rtt_seconds(self) -> float | None:
        """Smoothed round trip; None before any answer."""
        return self._rtt

    @property
    def rtt_deviation_seconds(self) -> float:
        """Smoothed deviation of the round trip."""
        return self._deviation

    def _interval(self) -> float:
        calm = self.reach is Reach.REACHABLE and self._missed == 0
        return self.rules.interval_seconds if calm else self.rules.suspect_interval_seconds

    def _learn(self, rtt: float) -> None:
        if self._rtt is None:
            self._rtt = rtt
            self._deviation = self._tail = rtt / 2.0
            return
        off = abs(rtt - self._rtt)
        self._deviation += 0.25 * (off - self._deviation)
        self._tail += (0.25 if off > self._tail else 0.06) * (off - self._tail)
        self._rtt += 0.125 * (rtt - self._rtt)
