"""Log lines: one line of plain text each on stderr, time first, then level, place and ``key=value`` pairs."""

from __future__ import annotations

import logging
import time


class _Lines(logging.Formatter):
    """UTC times; a line break in a message cannot begin a line of its own."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return text if record.exc_info else text.replace("\n", "\\n").replace("\r", "\\r")


def set_up_logging(level: str) -> None:
    """Send every log line of this process to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(
        _Lines("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # Its lines say what the request line says already.
    logging.getLogger("alembic").setLevel(max(logging.WARNING, root.level))
    logging.getLogger("urllib3").setLevel(max(logging.WARNING, root.level))
