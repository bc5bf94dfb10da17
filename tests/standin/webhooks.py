"""``/event/api/v1/subscriptions``, and the way from an event to its subscribers (facts §2)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tests.standin.access import Access
from tests.standin.answers import Answer, Refusal, Request, not_found
from tests.standin.delivery import Sender
from tests.standin.model import Event
from tests.standin.store import Store
from tests.standin.subscriptions import checked, deliveries, takes
from tests.standin.switches import Switches

_SINCE, _VALIDATES_SINCE = (7, 6), (7, 11)
_MASK = "***"


class Webhooks:
    """The subscriptions. The origin in an event is the address by which the server was last asked."""

    def __init__(self, store: Store, access: Access, switches: Switches, sender: Sender) -> None:
        self.store = store
        self.access = access
        self.switches = switches
        self.sender = sender
        self.origin = "http://127.0.0.1"
        self.subscriptions: dict[str, dict[str, Any]] = {}
        store.listeners.append(self.tell)

    def tell(self, events: Iterable[Event]) -> None:
        """Hand events to the sender for everyone who subscribed them; returns at once."""
        if not self.subscriptions or not self.switches.deliver_webhooks:
            return
        for event in events:
            repository = self.store.configuration(event.repo)
            for document in self.subscriptions.values():
                if takes(document, event, repository):
                    self._send(document, event)

    def _send(self, document: dict[str, Any], event: Event) -> None:
        for delivery in deliveries(document, event, self.switches, origin=self.origin):
            self.sender.send(delivery)

    def answer(self, request: Request, rest: str) -> Answer:
        """A request below ``/event/api/v1/subscriptions``.

        Raises:
            Refusal: 401 without a login, 403 for who is no administrator, 400 for what is no subscription,
                404 for one that is not there, 409 for a key that is taken.

        """
        if self.switches.release < _SINCE:
            raise not_found("Not Found")
        if not self.access.require_login(request.user).admin:
            raise Refusal(403, "Permission Denied")
        self.origin = request.base
        key = rest.strip("/")
        return self._of_key(request, key) if key else self._of_all(request)

    def _of_all(self, request: Request) -> Answer:
        match request.method:
            case "GET":
                return Answer.json([self._shown(document) for document in self.subscriptions.values()])
            case "POST":
                return self._create(self._read(request))
        raise Refusal(405)

    def _of_key(self, request: Request, key: str) -> Answer:
        match request.method:
            case "GET":
                return Answer.json(self._shown(self._held(key)))
            case "POST" if key == "test":
                return self._test(self._read(request))
            case "PUT":
                return self._replace(key, self._read(request))
            case "DELETE":
                del self.subscriptions[self._held(key)["key"]]
                return Answer(status=204)
        raise Refusal(405)

    def _create(self, document: dict[str, Any]) -> Answer:
        if document["key"] in self.subscriptions:
            raise Refusal(409, f"Subscription with key {document['key']} already exists")
        self.subscriptions[document["key"]] = document
        return Answer.json(self._shown(document), status=201)

    def _replace(self, key: str, document: dict[str, Any]) -> Answer:
        if self._held(key)["key"] != document["key"]:
            raise Refusal(400, "Subscription key cannot be changed")
        self.subscriptions[key] = document
        return Answer.json(self._shown(document))

    def _test(self, document: dict[str, Any]) -> Answer:
        """Send a sample to each handler; the report is 200 whatever became of it."""
        wanted = document["event_filter"]
        sample = Event(wanted["domain"], wanted["event_types"][0], "sample_repo", "sample.txt", "admin", {})
        self._send(document, sample)
        return Answer.json({"result": "success", "message": "Test is successful"})

    def _read(self, request: Request) -> dict[str, Any]:
        try:
            document = json.loads(request.body)
        except ValueError as error:
            raise Refusal(400, f"Failed to parse request: {error}") from error
        strict = self.switches.webhook_strict_urls and self.switches.release >= _VALIDATES_SINCE
        return checked(document, strict_urls=strict)

    def _held(self, key: str) -> dict[str, Any]:
        if key not in self.subscriptions:
            raise not_found(f"Subscription with key {key} was not found")
        return self.subscriptions[key]

    def _shown(self, document: dict[str, Any]) -> dict[str, Any]:
        if self.switches.webhook_secrets_shown:
            return document
        hidden = [
            {**handler, "secret": _MASK} if handler.get("secret") else handler
            for handler in document["handlers"]
        ]
        return {**document, "handlers": hidden}
