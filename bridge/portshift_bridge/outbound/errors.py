"""How an exchange with a neighbour fails, beyond its not being reached."""

from __future__ import annotations

from portshift.core.errors import Unreachable


class TlsFailed(Unreachable):
    """The neighbour's certificate could not be verified, or it does not speak TLS."""


class ProxyFailed(Unreachable):
    """The proxy on the way to the neighbour refuses, or cannot be reached."""


class UnexpectedAnswer(Unreachable):
    """Something answered, but not as the neighbour does, or not in a usable way."""
