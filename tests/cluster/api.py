"""The few calls that the tests make to the API server themselves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

_MERGE_PATCH = "application/merge-patch+json"


@dataclass(frozen=True)
class ApiServer:
    """An API server, its administrator's token and the certificate it is known by."""

    url: str
    token: str
    certificate: Path

    def is_ready(self) -> bool:
        try:
            return self._call("GET", "/readyz").status_code == 200
        except requests.ConnectionError:
            return False

    def get(self, path: str) -> dict[str, Any]:
        """Read an object or a list by its path."""
        return self._json("GET", path)

    def items(self, path: str) -> list[dict[str, Any]]:
        """Read the items of a list by its path."""
        found: list[dict[str, Any]] = self.get(path)["items"]
        return found

    def merge(self, path: str, changes: dict[str, Any]) -> dict[str, Any]:
        """Change fields of an object."""
        return self._json("PATCH", path, changes)

    def _json(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        response = self._call(method, path, body)
        response.raise_for_status()
        document: dict[str, Any] = response.json()
        return document

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        if body is not None:
            headers["Content-Type"] = _MERGE_PATCH
        return requests.request(
            method, self.url + path, json=body, headers=headers, verify=str(self.certificate), timeout=10
        )
