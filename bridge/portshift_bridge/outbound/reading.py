"""Reading an answer until its deadline: a socket's timeout is for each read, and one byte starts it anew."""

from __future__ import annotations

import http.client
import io
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from portshift_bridge.outbound.deadline import Deadline

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# urllib3 hands a connection a timeout and nothing else, so the deadline goes round it.
_deadline: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


@contextmanager
def reading_until(deadline: Deadline) -> Iterator[None]:
    """Have every ``BoundedResponse`` that this thread begins meanwhile end by ``deadline``."""
    before = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(before)


class BoundedResponse(http.client.HTTPResponse):
    """Reads status, headers and body by the deadline; a read that is later raises ``TimeoutError``."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        deadline = _deadline.get()
        if deadline is not None:
            self.fp = io.BufferedReader(_BoundedReads(self.fp.detach(), sock, deadline))


class _BoundedReads(io.RawIOBase):
    def __init__(self, raw: io.RawIOBase, sock: socket.socket, deadline: Deadline) -> None:
        self._raw = raw
        self._socket = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        remaining = self._deadline.remaining()
        if not remaining:
            raise TimeoutError("the answer was not finished by the deadline")
        each = self._socket.gettimeout()
        self._socket.settimeout(remaining if each is None else min(each, remaining))
        try:
            return self._raw.readinto(buffer)
        finally:
            self._socket.settimeout(each)

    def close(self) -> None:
        self._raw.close()
        super().close()
