"""What the bridge counts, in the form that Prometheus reads."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from portshift.core.wire import Intent
from portshift_bridge.registration import ImageResolver, ResolvedImage

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_RESOLVE_BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Counters of one application; labels come from fixed sets only, never from a request's text."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "portshift_http_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "portshift_http_request_seconds", "Time to answer.", ("route",), registry=self._registry
        )
        self._registrations = Counter(
            "portshift_registrations", "Registrations accepted.", ("intent",), registry=self._registry
        )
        self._images = Counter(
            "portshift_images", "Images of registrations.", ("outcome",), registry=self._registry
        )
        self._job_logins = Counter(
            "portshift_job_logins",
            "Logins with a job's token; the outcome is accepted, unreachable, or the step that refused.",
            ("outcome",),
            registry=self._registry,
        )
        self._events = Counter(
            "portshift_registry_events",
            "Events from registries; the outcome is accepted, ignored, dropped or refused.",
            ("outcome",),
            registry=self._registry,
        )
        self._polls = Gauge(
            "portshift_registry_last_poll_timestamp_seconds",
            "When this process last read what changed in a registry; its age tells of a poller that hangs.",
            ("registry",),
            registry=self._registry,
        )
        self._resolving = Histogram(
            "portshift_resolve_seconds",
            "Time to find the images of one registration.",
            buckets=_RESOLVE_BUCKETS,
            registry=self._registry,
        )

    def watch_vault(self, answering: Callable[[], bool]) -> None:
        """Show whether Vault gave its latest answer as a working, unsealed server."""
        Gauge(
            "portshift_vault_up",
            "1 while Vault answers, 0 once it was sealed or unreachable when the bridge last asked it.",
            registry=self._registry,
        ).set_function(answering)

    def answered(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def registered(self, intent: Intent) -> None:
        """Count an accepted registration."""
        self._registrations.labels(intent.value).inc()

    def job_login(self, outcome: str) -> None:
        """Count a login with a job's token: accepted, unreachable, or a step's name."""
        self._job_logins.labels(outcome).inc()

    def event(self, outcome: str) -> None:
        """Count an event: accepted, ignored, dropped or refused."""
        self._events.labels(outcome).inc()

    def polled(self, registry: str) -> None:
        """Keep that the registry, by the name that an administrator gave it, was read now."""
        self._polls.labels(registry).set_to_current_time()

    def resolved(self, found: Mapping[str, ResolvedImage], *, seconds: float) -> None:
        """Count the outcomes of a registration's distinct images."""
        self._resolving.observe(seconds)
        for image in found.values():
            self._images.labels(image.outcome.value).inc()

    def exposition(self) -> bytes:
        """Everything, as Prometheus' text format."""
        return generate_latest(self._registry)


class MeasuredResolver:
    """A resolver whose outcomes and time are counted."""

    def __init__(self, resolver: ImageResolver, metrics: Metrics) -> None:
        self._resolver = resolver
        self._metrics = metrics

    def resolve(self, references: Collection[str]) -> Mapping[str, ResolvedImage]:
        start = time.monotonic()
        found = self._resolver.resolve(references)
        self._metrics.resolved(found, seconds=time.monotonic() - start)
        return found
