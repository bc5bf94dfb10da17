"""Sessions that share what a server counts for each user: connections, queries at once, pauses, tokens.

Registrations, the watcher, the cataloguer and ``artifacts show`` ask the same Artifactory at the same time,
each for itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter

from portshift_bridge.registries.model import Login, Registry
from portshift_bridge.registries.session import Session, Shared, guarded_adapter, open_session

# All that decides which server is asked, how and as whom.
_Key = tuple[str, str | None, str | None, Login]


@dataclass
class _Line:
    """The connections and limits of one server and login, while ``sessions`` are open."""

    adapter: BaseAdapter
    shared: Shared = field(default_factory=Shared)
    sessions: int = 0


class Sessions:
    """Opens the sessions of a process; safe to use from several threads.

    Those with the same URL, way and login share one set of connections and limits. It is kept while one of
    them is open, so that of a registry that was changed or removed ends with the last session.
    """

    def __init__(self, adapter: Callable[[Registry, Login], BaseAdapter] = guarded_adapter) -> None:
        self._adapter = adapter
        self._lock = threading.Lock()
        self._lines: dict[_Key, _Line] = {}

    def open(
        self, registry: Registry, login: Login, *, sleep: Callable[[float], object] = time.sleep
    ) -> Session:
        """A session that the caller closes; ``sleep`` is how it alone waits (seconds)."""
        key = (registry.url, registry.ca, registry.proxy, login)
        with self._lock:
            line = self._lines.get(key)
            if line is None:
                line = self._lines[key] = _Line(self._adapter(registry, login))
            line.sessions += 1
        lent = _Lent(line.adapter, lambda: self._give_back(key, line))
        return open_session(registry, login, adapter=lent, sleep=sleep, shared=line.shared)

    def __len__(self) -> int:
        """How many sets of connections are open."""
        return len(self._lines)

    def _give_back(self, key: _Key, line: _Line) -> None:
        with self._lock:
            line.sessions -= 1
            if line.sessions:
                return
            del self._lines[key]
        line.adapter.close()


class _Lent(BaseAdapter):
    """The connections in the hands of one session, which closes only its part in them."""

    def __init__(self, adapter: BaseAdapter, give_back: Callable[[], None]) -> None:
        super().__init__()
        self._adapter = adapter
        self._give_back = give_back
        self._lock = threading.Lock()
        self._closed = False

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        return self._adapter.send(request, *args, **kwargs)

    def close(self) -> None:
        """Give them back; requests closes an adapter once for each scheme."""
        with self._lock:
            closed, self._closed = self._closed, True
        if not closed:
            self._give_back()
