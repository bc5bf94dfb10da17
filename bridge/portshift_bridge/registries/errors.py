"""How a registry fails, beyond the errors that every part of portshift shares."""

from __future__ import annotations

from portshift.core.errors import PortshiftError
from portshift_bridge.outbound.errors import UnexpectedAnswer


class LoginRefused(PortshiftError):
    """The registry does not accept its login (401)."""


class Forbidden(PortshiftError):
    """The registry refuses this (403): Xray blocks it, or the login has no permission."""


class NotFound(PortshiftError):
    """The registry answers 404: the item is absent, or hidden from this login."""


class Hidden(NotFound):
    """Docker's API takes the login and yet asks for one (401): the image is not for it."""


class BadRequest(UnexpectedAnswer):
    """The registry does not understand the request (400): its version may be too old for it."""
