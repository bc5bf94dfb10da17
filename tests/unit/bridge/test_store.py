"""The database: its schema, its migrations, and how it holds up with many rows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import insert, text

from portshift.core.errors import UsageFault
from portshift_bridge.access import Role
from portshift_bridge.api.requests import write_cursor
from portshift_bridge.errors import StorageUnavailable
from portshift_bridge.settings import Settings
from portshift_bridge.starting import open_database
from portshift_bridge.store.access import AccessStore
from portshift_bridge.store.installation import installation
from portshift_bridge.store.migration import migrate
from portshift_bridge.store.schema import identities, identity_images, metadata
from tests.fakes.bridge_services import FakeBridge, FakeClock, fake_bridge, rendering

MANY = 100_000
# What 0001 made; later migrations only add tables so far.
_FIRST_TABLES = {
    *("access", "audit", "identities", "identity_images", "meta"),
    *("registration_identities", "registrations", "registries"),
}


def test_migrations_make_the_schema_that_the_code_uses(tmp_path: Path) -> None:
    database, migrated = open_database(Settings(data=tmp_path))

    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA synchronous")) == 2
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1
    assert migrated.before is None
    assert migrate(database).before == migrated.after
    database.close()


def test_a_data_folder_of_the_first_release_keeps_its_identities(tmp_path: Path) -> None:
    with fake_bridge(tmp_path) as bridge:
        for number in range(3):
            bridge.call("POST", "registrations", json=rendering("app:1", name=f"web-{number}"))
        id_ = bridge.call("GET", "identities").json()["items"][0]["id"]
        bridge.call("POST", f"identities/{id_}/revoke", json={"reason": "leaked"})
        before = {path: bridge.call("GET", path).json() for path in ("identities", "access")}
        tables = metadata.tables.keys() - _FIRST_TABLES
        with bridge.services.database.write() as connection:
            for table in ("artifact_children", "artifact_paths", *sorted(tables)):
                connection.execute(text(f"DROP TABLE IF EXISTS {table}"))
            connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))

        assert migrate(bridge.services.database).before == "0001"

        after = {path: bridge.call("GET", path).json() for path in before}
        assert len(after["identities"]["items"]) == 3
        assert after == before
        assert bridge.call("GET", "artifacts").json()["items"] == []


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    database, _ = open_database(Settings(data=tmp_path))
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(StorageUnavailable, match="schema 9999, which this portshift does not know"):
        migrate(database)
    database.close()


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StorageUnavailable, match=r"the data folder .*/file/below cannot be made"):
        open_database(Settings(data=tmp_path / "file" / "below"))


def test_the_issuer_and_trust_domain_stay_what_they_were_at_first(tmp_path: Path) -> None:
    database, _ = open_database(Settings(data=tmp_path))
    first = installation(database, new_issuer="one", trust_domain="acme.example")

    assert installation(database, new_issuer="two", trust_domain=None) == first
    with pytest.raises(UsageFault, match=r"the tokens of this data folder say acme\.example"):
        installation(database, new_issuer="three", trust_domain="other.example")
    database.close()


def test_the_first_administrator_is_made_once(tmp_path: Path) -> None:
    database, _ = open_database(Settings(data=tmp_path))
    access = AccessStore(database, FakeClock())

    assert access.create_first_admin(name="admin", token="one" * 20)
    assert not access.create_first_admin(name="admin", token="two" * 20)
    assert access.holder("two" * 20) is None
    database.close()


def test_a_given_administrators_token_replaces_the_one_before(tmp_path: Path) -> None:
    database, _ = open_database(Settings(data=tmp_path))
    access = AccessStore(database, FakeClock())
    access.create_first_admin(name="admin", token="lost" * 20)

    assert access.ensure_admin(name="admin", token="given" * 20)
    assert not access.ensure_admin(name="admin", token="given" * 20)

    assert access.holder("lost" * 20) is None
    holder = access.holder("given" * 20)
    assert holder is not None
    assert holder.role is Role.ADMIN
    database.close()


def test_a_transaction_that_fails_keeps_nothing(tmp_path: Path) -> None:
    database, _ = open_database(Settings(data=tmp_path))

    def half_done() -> None:
        with database.write() as connection:
            connection.execute(text("INSERT INTO meta VALUES ('issuer', 'x')"))
            raise InterruptedError

    with pytest.raises(InterruptedError):
        half_done()

    assert installation(database, new_issuer="y", trust_domain=None).issuer == "y"
    database.close()


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeBridge]:
    """A bridge with 100,000 identities of 50 namespaces, one in a thousand revoked."""
    rows = [
        {
            "key": number + 1,
            "id": f"{number:064x}",
            "group": "apps",
            "kind": "Deployment",
            "namespace": f"team-{number % 50}",
            "name": f"web-{number}",
            "generated": False,
            "audience": "portshift:any-cluster",
            "cluster": None,
            "environment": "prod" if number % 2 else None,
            "token": "t" * 800,
            "kid": "k",
            "issued_at": number // 10,
            "signed_by": "ci",
            "first_registration": "r",
            "status": "revoked" if number % 1_000 == 0 else "active",
            "last_registered_at": number,
            "intent": "deploy",
        }
        for number in range(MANY)
    ]
    images = [
        {
            "identity_key": number + 1,
            "position": 0,
            "name": "c",
            "reference": f"app:{number % 1_000}",
            "digest": "sha256:common" if number % 2 else f"sha256:{number}",
            "children": [],
        }
        for number in range(MANY)
    ]
    with fake_bridge(tmp_path_factory.mktemp("full")) as bridge:
        with bridge.services.database.write() as connection:
            connection.execute(insert(identities), rows)
            connection.execute(insert(identity_images), images)
        yield bridge


def test_any_page_of_a_hundred_thousand_identities_takes_less_than_a_second(full: FakeBridge) -> None:
    queries: tuple[dict[str, str], ...] = (
        {},
        {"namespace": "team-7"},
        {"status": "revoked"},
        {"digest": "sha256:common"},
        {"digest": "sha256:4"},
        {"reference": "app:7"},
        {"name": "web-5"},
        {"environment": "prod", "status": "active"},
        {"namespace": "team-7", "environment": "nowhere"},
        {"kind": "Deployment", "namespace": "team-1", "digest": "sha256:common"},
    )
    for query in queries:
        assert _seconds(full, query) < 1, query


def test_a_page_deep_in_the_list_takes_less_than_a_second_and_goes_on(full: FakeBridge) -> None:
    deep = full.call("GET", "identities", params={"limit": 500, "cursor": _cursor_at(issued_at=500)})

    assert [item["id"] for item in deep.json()["items"][:2]] == [f"{4_999:064x}", f"{4_998:064x}"]
    assert _seconds(full, {"cursor": _cursor_at(issued_at=500)}) < 1
    assert _seconds(full, {"cursor": _cursor_at(issued_at=500), "digest": "sha256:common"}) < 1
    assert _seconds(full, {"cursor": _cursor_at(issued_at=500), "namespace": "team-7"}) < 1


def _cursor_at(*, issued_at: int) -> str:
    return write_cursor(issued_at, 0)


def _seconds(bridge: FakeBridge, query: dict[str, str]) -> float:
    start = time.perf_counter()
    answer = bridge.call("GET", "identities", params={"limit": 100} | query)
    assert answer.status_code == 200
    return time.perf_counter() - start
