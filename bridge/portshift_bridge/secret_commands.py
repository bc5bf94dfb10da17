"""``portshift-bridge secrets``: listing secrets by name, and moving them to another store."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from portshift.core.errors import PortshiftError
from portshift_bridge import secret_moving
from portshift_bridge.clock import system_clock
from portshift_bridge.secret_stores import Place, open_place
from portshift_bridge.secrets import SecretStore
from portshift_bridge.settings import Settings, load_settings, settings_options
from portshift_bridge.starting import open_database
from portshift_bridge.store.audit import Change, record_change
from portshift_bridge.store.database import Database
from portshift_bridge.store.registries import RegistryStore, secret_names
from portshift_bridge.vault.opening import opened_vault


@click.group()
def secrets() -> None:
    """Logins of registries, and the secrets of their webhooks."""


@secrets.command("list")
@settings_options
def list_secrets(config: Path | None, **flags: Any) -> None:
    """List the names of the secrets in the store that the settings choose; values are not read."""
    settings = load_settings(config=config, flags=flags)
    with opened_vault(settings) as vault:
        for name in open_place(settings.secret_store, settings, vault).names():
            click.echo(name)


@secrets.command()
@click.option("--to", type=click.Choice(["file", "vault"]), required=True, help="Where the secrets go.")
@click.option("--discard", is_flag=True, help="Delete in the old store also values that differ from the new.")
@settings_options
def move(to: Place, *, discard: bool, config: Path | None, **flags: Any) -> None:
    """Move the secrets to the other store in two runs; a bridge that runs keeps working throughout.

    The first run, while secret_store is still the old store, copies. Change the setting and start the bridge
    again; the second run then deletes in the old store. Both may be repeated.
    """
    with _opened(load_settings(config=config, flags=flags), to) as moving:
        if moving.settings.secret_store == to:
            _clear(moving, discard=discard)
        else:
            _copy(moving)


@dataclass(frozen=True)
class _Moving:
    """Both stores, and the names in the old one of what belongs to this bridge's registries."""

    settings: Settings
    database: Database
    source: SecretStore
    target: SecretStore
    origin: Place
    to: Place
    names: Sequence[str]
    foreign: Sequence[str]

    def note(self, action: str) -> None:
        """Audit the step before it is done: a kill in the middle leaves nothing that was not told of."""
        if self.names:
            detail = {"from": self.origin, "names": list(self.names)}
            change = Change(f"local user {getpass.getuser()}", action, self.to, system_clock(), detail)
            with self.database.write() as connection:
                record_change(connection, change)


@contextmanager
def _opened(settings: Settings, to: Place) -> Iterator[_Moving]:
    origin: Place = "file" if to == "vault" else "vault"
    with opened_vault(settings) as vault:
        database, _ = open_database(settings)
        try:
            source, target = open_place(origin, settings, vault), open_place(to, settings, vault)
            names = source.names()
            registries = RegistryStore(database, source, system_clock).names()
            ours = {each for registry in registries for each in secret_names(registry)}
            yield _Moving(
                settings,
                database,
                source,
                target,
                origin,
                to,
                names=[name for name in names if name in ours],
                foreign=[name for name in names if name not in ours],
            )
        finally:
            database.close()


def _copy(moving: _Moving) -> None:
    moving.note("secrets.copy")
    secret_moving.copy(moving.names, source=moving.source, to=moving.target)
    click.echo(f"copied to {moving.to}, and compared: {len(moving.names)} secrets")
    click.echo(
        f"next: set secret_store: {moving.to}, start the bridge again, and run this command again with that"
        f" setting; it then deletes them in {moving.origin}"
    )


def _clear(moving: _Moving, *, discard: bool) -> None:
    moving.note("secrets.move")
    cleared = secret_moving.clear(moving.names, source=moving.source, to=moving.target, discard=discard)
    click.echo(f"moved to {moving.to}, and deleted in {moving.origin}: {len(cleared.deleted)} secrets")
    for name in moving.foreign:
        click.echo(f"left in {moving.origin}, because it belongs to no registry of this bridge: {name}")
    if cleared.differing:
        raise PortshiftError(
            f"left in {moving.origin}, because {moving.to} has another value: {', '.join(cleared.differing)}",
            cure="portshift registries test tells whether the login in use works; enter it again if not,"
            " then run this command with --discard",
        )
