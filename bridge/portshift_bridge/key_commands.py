"""``portshift-bridge keys``: listing, rotating and distrusting the signing keys of a data folder."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click

from portshift.core.errors import InvalidInput
from portshift_bridge.clock import moment, system_clock
from portshift_bridge.keys import KeyRing
from portshift_bridge.settings import load_settings, settings_options
from portshift_bridge.signers import open_keys
from portshift_bridge.starting import open_database
from portshift_bridge.store.audit import note_change
from portshift_bridge.store.database import Database
from portshift_bridge.store.identities import IdentityStore
from portshift_bridge.vault.opening import opened_vault


@click.group()
def keys() -> None:
    """Signing keys. A bridge that runs on the same data folder follows at its next request."""


@keys.command("list")
@settings_options
def list_keys(config: Path | None, **flags: Any) -> None:
    """List every key: the one that signs, those that verify for ever, and distrusted ones."""
    with _opened(config, flags) as (_, ring):
        for entry in ring.list():
            created = f"{entry.created_at:%Y-%m-%dT%H:%M:%SZ}"
            click.echo(f"{entry.kid}  {entry.status:<10}  {created}  {entry.place}")


@keys.command()
@settings_options
def rotate(config: Path | None, **flags: Any) -> None:
    """Sign with a new key from now on; tokens that exist stay as they are, and valid."""
    with _opened(config, flags) as (_, ring):
        entry = ring.rotate(moment(system_clock()))
        click.echo(f"signing with {entry.kid} ({entry.place}); the key before it goes on verifying")


@keys.command()
@click.argument("kid")
@click.option("--yes", is_flag=True, help="Do not ask.")
@settings_options
def distrust(kid: str, *, yes: bool, config: Path | None, **flags: Any) -> None:
    """Refuse every token of a key that leaked, for ever. Lists first which workloads that hits."""
    with _opened(config, flags) as (database, ring):
        if kid not in {entry.kid for entry in ring.list()}:
            raise InvalidInput(f"there is no key {kid!r}", cure="see portshift-bridge keys list")
        hit = 0
        for identity in IdentityStore(database, system_clock).signed_with(kid):
            hit += 1
            click.echo(f"{identity.id[:12]}  {identity.cluster or 'any cluster'}  {identity.workload}")
        click.echo(f"{hit} identities have a token of this key; they must be registered and deployed again")
        if not yes:
            click.confirm(f"Distrust {kid}?", abort=True)
        ring.distrust(kid, now=moment(system_clock()))
        click.echo(f"distrusted {kid}; signing with {ring.signing_kid}")


@contextmanager
def _opened(config: Path | None, flags: dict[str, Any]) -> Iterator[tuple[Database, KeyRing]]:
    settings = load_settings(config=config, flags=flags)
    with opened_vault(settings) as vault:
        database, _ = open_database(settings)
        try:
            note = partial(note_change, database, f"local user {getpass.getuser()}", system_clock)
            yield database, open_keys(settings, vault, now=moment(system_clock()), note=note)
        finally:
            database.close()
