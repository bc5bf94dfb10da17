"""What reaches Helm through ``portshift install|upgrade|template``: a Helm that only tells its arguments."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.program import Program

pytestmark = pytest.mark.integration

HELM = """\
#!{python}
import json, os, sys
if sys.argv[1] == "version":
    print("{version}")
elif sys.argv[1] == "env":
    print("/somewhere/plugins")
else:
    told = {{name: os.environ[name] for name in os.environ if name.startswith(("PORTSHIFT_", "HELM_"))}}
    plugins = os.environ.get("HELM_PLUGINS", "").split(os.pathsep)[-1]
    names = os.listdir(plugins) if plugins else []
    found = [open(os.path.join(plugins, name, "plugin.yaml")).read() for name in names]
    json.dump({{"arguments": sys.argv[1:], "told": told, "plugins": found}}, sys.stdout)
    sys.exit(int(os.environ.get("ENDS_WITH", "0")))
"""


def _program(tmp_path: Path, version: str) -> Program:
    helm = tmp_path / "a helm"
    helm.write_text(HELM.format(python=sys.executable, version=version))
    helm.chmod(0o755)
    return Program(tmp_path, {"HELM_BIN": str(helm)})


def _told(tmp_path: Path, *arguments: str, version: str = "v3.21.4") -> dict[str, Any]:
    done = _program(tmp_path, version).run(*arguments)
    assert done.exit_code == 0, done.err
    told: dict[str, Any] = json.loads(done.out)
    return told


ARGUMENTS = [
    *(
        "web",
        "./my chart",
        "-f",
        "values.yaml",
        "--set",
        "a=b c,d=--pin",
        "-nshop",
        "--timeout",
        "5m",
        "--wait",
    ),
    *("--set-string", "environment=x", "-i", "--description", "", "--dry-run=server"),
]


def test_every_argument_of_helms_reaches_helm_in_order_and_ours_do_not(tmp_path: Path) -> None:
    told = _told(tmp_path, "upgrade", "--environment", "prod", *ARGUMENTS, "--pin", "--cluster=eu")
    assert told["arguments"][: len(ARGUMENTS) + 1] == ["upgrade", *ARGUMENTS]
    assert told["arguments"][len(ARGUMENTS) + 1 :] == [
        f"--post-renderer={sys.executable}",
        "--post-renderer-args=-P",
        "--post-renderer-args=-m",
        "--post-renderer-args=portshift",
        "--post-renderer-args=post-render",
    ]
    kept = {name: told["told"][f"PORTSHIFT_{name}"] for name in ("ENVIRONMENT", "CLUSTER", "PIN")}
    assert kept == {"ENVIRONMENT": "prod", "CLUSTER": "eu", "PIN": "1"}


def test_the_post_renderer_is_told_what_the_arguments_say(tmp_path: Path) -> None:
    told = _told(tmp_path, "upgrade", *ARGUMENTS)["told"]
    assert told["PORTSHIFT_RELEASE"] == "web"
    assert told["PORTSHIFT_RELEASE_NAMESPACE"] == "shop"
    assert told["PORTSHIFT_INTENT"] == "render"


def test_helm_4_gets_a_plugin_of_a_name_that_nobody_has(tmp_path: Path) -> None:
    first, second = (_told(tmp_path, "install", "web", "c", version="v4.2.4") for _ in range(2))
    name = first["arguments"][-1].removeprefix("--post-renderer=")
    assert name.startswith("portshift-")
    assert first["arguments"][-1] != second["arguments"][-1]
    assert first["told"]["HELM_PLUGINS"].startswith("/somewhere/plugins:")
    assert f"name: {name}\n" in first["plugins"][0]


@pytest.mark.parametrize("version", ["v3.21.4", "v4.2.4"])
def test_helms_exit_code_is_passed_back(tmp_path: Path, version: str) -> None:
    program = _program(tmp_path, version)
    assert program.run("template", "web", "c", variables={"ENDS_WITH": "7"}).exit_code == 7


def test_without_helm_the_cure_is_said(tmp_path: Path) -> None:
    done = Program(tmp_path, {"HELM_BIN": "/nowhere/helm"}).run("template", "web", "c")
    assert done.exit_code == 1
    assert "install Helm 3.17 or later, or set HELM_BIN" in done.err


def test_another_program_in_helms_place_is_noticed(tmp_path: Path) -> None:
    done = _program(tmp_path, "a toothbrush").run("template", "web", "c")
    assert done.exit_code == 1
    assert "is no Helm" in done.err
