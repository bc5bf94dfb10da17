"""Settings: sources and their order, bounds, and the page that documents them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from annotated_types import Ge, Le

from portshift.core.errors import UsageFault
from portshift_bridge.settings import PREFIX, Settings, load_settings
from tests.conftest import REPOSITORY

PAGE = REPOSITORY / "docs" / "reference" / "settings.md"


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    for name in ("PORTSHIFT_BRIDGE_URL", "PORTSHIFT_BRIDGE_DATA"):
        monkeypatch.delenv(name, raising=False)


def load(config: Path | None = None, **flags: Any) -> Settings:
    return load_settings(config=config, flags=flags)


def test_no_settings_at_all_is_a_bridge_on_loopback(tmp_path: Path) -> None:
    settings = load()

    assert settings.data == tmp_path / "portshift-bridge"
    assert (settings.listen_host, settings.listen_port) == ("127.0.0.1", 8480)
    assert settings.loopback


def test_a_flag_wins_over_a_variable_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text("listen_port: 1\nmax_body_mib: 2\nstorage_wait_seconds: 3\n")
    monkeypatch.setenv("PORTSHIFT_BRIDGE_LISTEN_PORT", "4")
    monkeypatch.setenv("PORTSHIFT_BRIDGE_MAX_BODY_MIB", "5")

    settings = load(file, listen_port=6, data=None)

    assert (settings.listen_port, settings.max_body_mib, settings.storage_wait_seconds) == (6, 5, 3)


def test_the_clients_variable_and_those_of_a_kubernetes_service_are_no_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in (
        "URL",
        "SERVICE_HOST",
        "SERVICE_PORT",
        "SERVICE_PORT_HTTP",
        "PORT",
        "PORT_8480_TCP",
        "PORT_8480_TCP_ADDR",
    ):
        monkeypatch.setenv(f"{PREFIX}{name}", "tcp://10.0.0.1:8480")

    assert load().listen_port == 8480


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("listen_prot: 1", "setting listen_prot: Extra inputs are not permitted"),
        ("listen_port: 65536", "setting listen_port: Input should be less than or equal to 65535"),
        ("max_body_mib: 0", "setting max_body_mib: "),
        ("trust_domain: Acme", "setting trust_domain: "),
        ("log_level: loud", "setting log_level: "),
        ("listen_host: example.com", "listen_host: found 'example.com', expected an IP address"),
        ("tls_key: x.pem", "found one of tls_certificate and tls_key"),
        ("listen_host: 0.0.0.0", "plain HTTP on 0.0.0.0 would show access tokens"),
        ("listen_host: '::'", "plain HTTP on :: would show access tokens"),
        ("- a", "holds no mapping"),
        ("a: [", "is not YAML"),
    ],
)
def test_what_cannot_be_is_named(tmp_path: Path, content: str, told: str) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text(content)

    with pytest.raises(UsageFault) as refusal:
        load(file)

    assert told in str(refusal.value)


def test_a_mistyped_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTSHIFT_BRIDGE_LISTEN_PROT", "1")

    with pytest.raises(
        UsageFault, match="found the variable PORTSHIFT_BRIDGE_LISTEN_PROT, which is no setting"
    ):
        load()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageFault, match=r"absent\.yaml cannot be read"):
        load(tmp_path / "absent.yaml")


@pytest.mark.parametrize(
    "more",
    [{"insecure_listen": True}, {"tls_certificate": "c.pem", "tls_key": "k.pem"}, {"listen_host": "::1"}],
)
def test_off_loopback_needs_tls_or_a_plain_word(more: dict[str, Any]) -> None:
    assert load(**{"listen_host": "10.0.0.1", **more}).listen_host


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_has_a_line_with_variable_default_unit_and_bound(name: str) -> None:
    field = Settings.model_fields[name]
    lines = [
        line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{name}` |")
    ]

    assert len(lines) == 1
    assert f"`{PREFIX}{name.upper()}`" in lines[0]
    assert field.description is not None
    assert field.description in lines[0]
    bounds = {type(bound): bound for bound in field.metadata}
    for kind, mark in ((Ge, "ge"), (Le, "le")):
        if kind in bounds:
            assert re.search(rf"\b{getattr(bounds[kind], mark)}\b", lines[0])
    if field.default is not None and field.default_factory is None:
        assert f"`{str(field.default).lower()}`" in lines[0]


def test_the_page_names_no_setting_that_is_not_there() -> None:
    named = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert sorted(named) == sorted(Settings.model_fields)
