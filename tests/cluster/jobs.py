"""Jobs finish at once: the part of the controller manager that Helm's hooks wait for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import requests

from tests.cluster.api import ApiServer

_EVERY_SECONDS = 0.2


@contextmanager
def finishing_jobs(api: ApiServer) -> Iterator[None]:
    """Report every Job of the cluster as complete for the length of the block."""
    ended = threading.Event()

    def finish_until_ended() -> None:
        while not ended.wait(_EVERY_SECONDS):
            finish_jobs(api)

    thread = threading.Thread(target=finish_until_ended, name="job finisher", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def finish_jobs(api: ApiServer) -> None:
    """Report the Jobs that are not complete yet as complete, as their controller would."""
    for job in api.items("/apis/batch/v1/jobs"):
        if not is_complete(job):
            namespace, name = job["metadata"]["namespace"], job["metadata"]["name"]
            try:
                api.merge(
                    f"/apis/batch/v1/namespaces/{namespace}/jobs/{name}/status", {"status": _complete()}
                )
            except requests.HTTPError as refused:
                # Helm may delete or replace a hook's Job between the list and the patch.
                if refused.response.status_code not in (404, 409):
                    raise


def is_complete(job: dict[str, Any]) -> bool:
    """Say whether a Job carries the condition that Helm waits for."""
    return any(
        condition["type"] == "Complete" and condition["status"] == "True"
        for condition in job.get("status", {}).get("conditions", [])
    )


def _complete() -> dict[str, Any]:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    # Since Kubernetes 1.31 Complete is refused without SuccessCriteriaMet before it.
    conditions = [
        {"type": kind, "status": "True", "lastTransitionTime": now, "lastProbeTime": now}
        for kind in ("SuccessCriteriaMet", "Complete")
    ]
    return {"startTime": now, "completionTime": now, "succeeded": 1, "conditions": conditions}
