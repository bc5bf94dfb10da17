"""Secrets that a test plants, and the search for them in everything that portshift leaves behind."""

from __future__ import annotations

import base64
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psutil


@dataclass(frozen=True)
class Canary:
    """A planted secret; ``user`` is the name it is sent with, where there is one."""

    name: str
    text: str = field(repr=False)
    user: str = ""

    @classmethod
    def planted(cls, name: str, *, user: str = "") -> Canary:
        return cls(name, f"canary-{secrets.token_urlsafe(24)}", user)

    @property
    def spellings(self) -> tuple[bytes, ...]:
        """The secret as programs write it: plain, as basic credentials, base64, hexadecimal, in a URL."""
        plain = self.text.encode()
        pair = f"{self.user}:{self.text}".encode()
        # Inside a longer text base64 has three alignments; the ends depend on the neighbours.
        shifted = [base64.b64encode(b"x" * shift + plain)[4:-4] for shift in range(3)]
        return (plain, base64.b64encode(pair), *shifted, plain.hex().encode(), quote(self.text).encode())


@dataclass
class Traces:
    """Everything that was left behind, by where it was found."""

    found: list[tuple[str, bytes]] = field(default_factory=list)

    def add(self, where: str, content: bytes | str) -> None:
        self.found.append((where, content.encode() if isinstance(content, str) else content))

    def add_folder(self, folder: Path, *, without: tuple[str, ...] = ()) -> None:
        """Every file below ``folder``, the database and its log included."""
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name not in without:
                self.add(str(path.relative_to(folder.parent)), path.read_bytes())

    def places(self, canary: Canary) -> set[str]:
        """Where the canary shows, in any spelling."""
        return {where for where, content in self.found if any(each in content for each in canary.spellings)}

    @contextmanager
    def process_list(self) -> Iterator[None]:
        """Keep the command line of every process of this machine, again and again, while the block runs."""
        done = threading.Event()
        seen: set[str] = set()

        def look() -> None:
            while not done.wait(0.02):
                for process in psutil.process_iter(["cmdline"]):
                    seen.add(" ".join(process.info["cmdline"] or ()))

        watcher = threading.Thread(target=look)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()
            self.add("process list", "\n".join(sorted(seen)))
