"""How many queries run at once, how long others wait, and how long one may take (D aql-performance)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.standin.answers import Refusal
from tests.standin.switches import Switches


class QueryLimits:
    """Slots for queries; those that find none wait in line."""

    def __init__(self, switches: Switches) -> None:
        self.switches = switches
        self._running = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold a slot for as long as a query takes.

        Raises:
            Refusal: 429 when none was free in time, 408 when the query took too long.

        """
        await self._enter()
        try:
            await asyncio.sleep(min(self.switches.aql_seconds, self.switches.aql_timeout))
            if self.switches.aql_seconds > self.switches.aql_timeout:
                raise Refusal(408, "The AQL query exceeded the query timeout")
            yield
        finally:
            self._leave()

    async def _enter(self) -> None:
        if self._running < self.switches.aql_parallel:
            self._running += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await asyncio.wait_for(turn, self.switches.aql_pending)
        except TimeoutError:
            after = self.switches.aql_retry_after
            headers = {} if after is None else {"Retry-After": after}
            raise Refusal(429, "Too many AQL queries run in parallel", headers=headers) from None

    def _leave(self) -> None:
        """Give the slot to the first that still waits."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._running -= 1
