"""hvac is an extra: without it a bridge runs, and says so where Vault is asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

WITHOUT_HVAC = "import sys; sys.modules['hvac'] = None\nfrom portshift_bridge.server import main\nmain()"


def keys_list(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_HVAC, "keys", "list", "--data", str(folder)],
        env=variables,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_bridge_without_hvac_has_its_keys_in_the_file(tmp_path: Path) -> None:
    listed = keys_list(tmp_path)
    assert listed.returncode == 0, listed.stderr
    assert listed.stdout.split()[1::2] == ["signing", "file"]


def test_vault_without_hvac_is_a_fault_with_its_cure(tmp_path: Path) -> None:
    refused = keys_list(tmp_path, PORTSHIFT_BRIDGE_VAULT_ADDRESS="https://vault.example:8200")
    assert refused.returncode == 2
    assert "hvac is not installed; install portshift[bridge,vault]" in refused.stderr


def test_a_signer_in_vault_without_its_address_is_a_fault(tmp_path: Path) -> None:
    refused = keys_list(tmp_path, PORTSHIFT_BRIDGE_SIGNER="vault-transit")
    assert refused.returncode == 2
    assert "signer is vault-transit, but vault_address is not set" in refused.stderr
