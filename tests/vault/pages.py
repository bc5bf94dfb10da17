"""docs/how-to/vault.md: its policy, its settings, and its commands, run at a real Vault."""

from __future__ import annotations

import re
import shlex
from typing import Any

import yaml

from tests.conftest import REPOSITORY
from tests.vault.server import VaultServer

PAGE = (REPOSITORY / "docs" / "how-to" / "vault.md").read_text()


def blocks(language: str) -> list[str]:
    """Every block of the page in this language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


(POLICY,) = blocks("hcl")
COMMANDS = [line for block in blocks("sh") for line in block.replace("\\\n", "").splitlines()]


def settings_of(auth: str) -> dict[str, Any]:
    """The page's settings for this way to log in."""
    (found,) = (each for each in map(yaml.safe_load, blocks("yaml")) if each["vault_auth"] == auth)
    return dict(found)


def run(vault: VaultServer, command: str, **instead: str) -> str:
    """Do at the real Vault what the command would, with values in place of the page's; what it prints."""
    root, (_, verb, *rest) = vault.root(), shlex.split(command)
    words = [word for word in rest if not word.startswith("-")]
    flags = dict(word.lstrip("-").partition("=")[::2] for word in rest if word.startswith("-"))
    given = {**dict(word.split("=", 1) for word in words if "=" in word), **instead}
    if (verb, words[0]) == ("policy", "write"):
        root.sys.create_or_update_policy(words[1], POLICY)
    elif (verb, words[0]) == ("auth", "enable"):
        root.sys.enable_auth_method(words[1])
    elif (verb, words[0]) == ("token", "create"):
        made = root.auth.token.create(policies=[flags["policy"]], period=flags["period"], no_parent=True)
        return str(made["auth"]["client_token"])
    elif verb == "write":
        answer = root.write_data(words[0], data=given)
        return _field(answer, flags)
    elif verb == "read":
        return _field(root.read(words[0]), flags)
    else:
        raise AssertionError(f"{command} is not known to the tests")
    return ""


def _field(answer: Any, flags: dict[str, str]) -> str:
    return str(answer["data"][flags["field"]]) if "field" in flags else ""
