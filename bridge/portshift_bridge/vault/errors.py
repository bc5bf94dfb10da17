"""How Vault fails.

VaultError (PortshiftError)
├── VaultSealed       also Unreachable: it runs, but nobody has unsealed it
├── VaultUnreachable  also Unreachable: no answer, or not one of Vault
├── VaultDenied       it refuses the login, or the login's policy does not allow the request
└── VaultNotFound     nothing is at that path
"""

from __future__ import annotations

from portshift.core.errors import PortshiftError, Unreachable


class VaultError(PortshiftError):
    """Vault did not do what it was asked."""


class VaultSealed(VaultError, Unreachable):
    """Vault runs, but gives nothing until somebody unseals it."""


class VaultUnreachable(VaultError, Unreachable):
    """Vault did not answer in time, or something answered that is not a working Vault."""


class VaultDenied(VaultError):
    """Vault does not know the login, or its policy does not allow the request."""


class VaultNotFound(VaultError):
    """Nothing is at the path, or it was deleted."""
