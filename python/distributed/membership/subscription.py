"""One reader of a membership's events, with a bound and an honest account of what it missed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

from .events import Event, EventsLost, UserEvent
from .member import Member

DEFAULT_BOUND = 4_096


class Subscription(AsyncIterator[Event]):
    """Events from the moment it was made, in order; ends when the membership stops.

    At most ``bound`` events wait. Past that the oldest picture is given up: what waits is
    dropped and one ``EventsLost`` with the whole membership takes its place.
    """

    def __init__(
        self, members: Callable[[], tuple[Member, ...]], bound: int = DEFAULT_BOUND
    ) -> None:
        self._members = members
        self._bound = bound
        self._waiting: deque[Event] = deque()
        self._lost = 0
        self._lost_user_events = 0
        self._stopped = False
        self._wakeup: asyncio.Future[None] | None = None

    def push(self, event: Event) -> None:
        """One more event."""
        if len(self._waiting) >= self._bound:
            self._drop_waiting()
        if self._lost:
            self.lose(not isinstance(event, UserEvent), isinstance(event, UserEvent))
            return
        self._waiting.append(event)
        self._wake()

    def lose(self, changes: int, user_events: int) -> None:
        """So many events were dropped on the way."""
        self._drop_waiting()
        self._lost += changes + user_events
        self._lost_user_events += user_events
        self._wake()

    def stop(self) -> None:
        """No more events: readers finish what waits, then end."""
        self._stopped = True
        self._wake()

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> Event:
        while not self._waiting and not self._lost:
            if self._stopped:
                raise StopAsyncIteration
            self._wakeup = asyncio.get_running_loop().create_future()
            await self._wakeup
        if self._lost:
            lost = EventsLost(self._lost, self._lost_user_events, self._members())
            self._lost = self._lost_user_events = 0
            return lost
        return self._waiting.popleft()

    def _drop_waiting(self) -> None:
        self._lost += len(self._waiting)
        self._lost_user_events += sum(isinstance(event, UserEvent) for event in self._waiting)
        self._waiting.clear()

    def _wake(self) -> None:
        if self._wakeup is not None and not self._wakeup.done():
            self._wakeup.set_result(None)
