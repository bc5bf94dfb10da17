"""The kinds table, and reading a user's own."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import pytest
import yaml

from portshift.core.errors import InvalidInput
from portshift.core.kinds import BUILT_IN, Path, Rule, parse_kinds, parse_path

DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs"
KINDS_PAGE = DOCS / "reference" / "kinds.md"
HOW_TO = DOCS / "how-to" / "extend-kinds.md"

WIDGET: dict[str, Any] = {"group": "example.com", "kinds": ["Widget"], "templates": ["spec.template"]}


def test_a_kind_is_found_by_group_and_name() -> None:
    deployment = BUILT_IN.find("apps", "Deployment")
    assert deployment is not None
    assert deployment.rules == (
        Rule(
            annotations=("spec", "template", "metadata", "annotations"), pods=(("spec", "template", "spec"),)
        ),
    )
    assert BUILT_IN.find("example.com", "Deployment") is None
    assert BUILT_IN.find("apps", "deployment") is None


@pytest.mark.parametrize(
    "key",
    [
        ("batch", "Job"),
        ("jobset.x-k8s.io", "JobSet"),
        ("batch.volcano.sh", "Job"),
        ("kueue.x-k8s.io", "Workload"),
        ("trainer.kubeflow.org", "TrainJob"),
    ],
)
def test_kinds_whose_template_may_not_change(key: tuple[str, str]) -> None:
    assert BUILT_IN.by_key[key].immutable


def test_users_kinds_add_to_the_table_and_win_over_it() -> None:
    mine = parse_kinds(
        {
            "kinds": [
                {**WIDGET, "clusterScoped": True},
                {
                    "group": "apps",
                    "kinds": ["Deployment"],
                    "places": [{"reason": "no", "images": ["spec.x"]}],
                },
            ]
        }
    )
    both = BUILT_IN.extended(mine)
    assert both.by_key["example.com", "Widget"].cluster_scoped
    assert both.by_key["apps", "Deployment"].rules[0].reason == "no"
    assert both.find("batch", "Job") == BUILT_IN.find("batch", "Job")


def test_a_path_has_keys_items_and_any_key() -> None:
    assert parse_path("spec.tasks[].template") == ("spec", "tasks", "[]", "template")
    assert parse_path("spec.replicas.*.x") == ("spec", "replicas", "*", "x")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "'kinds'"),
        ({"kinds": "x"}, "expected a list"),
        ({"kinds": ["x"]}, r"kinds\[0\]: found 'x'"),
        ({"kinds": [{**WIDGET, "kind": "x"}]}, "found 'kind'"),
        ({"kinds": [{**WIDGET, "group": None}]}, "'group'"),
        ({"kinds": [{**WIDGET, "kinds": []}]}, "'kinds'"),
        ({"kinds": [{**WIDGET, "templates": []}]}, "neither"),
        ({"kinds": [{**WIDGET, "templates": ["a..b"]}]}, "path 'a..b'"),
        ({"kinds": [{**WIDGET, "immutable": "yes"}]}, "true or false"),
        ({"kinds": [{**WIDGET, "places": [{"images": ["a.b"]}]}]}, "'reason'"),
        ({"kinds": [{**WIDGET, "places": [{"annotations": "a"}]}]}, "found no image"),
        ({"kinds": [{**WIDGET, "places": [{"annotations": "a", "images": ["a[]"]}]}]}, "wildcard"),
    ],
)
def test_a_wrong_entry_is_named(document: Any, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        parse_kinds(document)


def shown(path: Path) -> str:
    return f"`{'.'.join(path).replace('.[]', '[]')}`"


def test_the_reference_page_lists_every_place() -> None:
    rows = []
    for (group, name), kind in sorted(BUILT_IN.by_key.items()):
        for rule in kind.rules:
            images = "<br>".join(shown(path) for path in (*rule.pods, *rule.containers, *rule.images))
            token = rule.reason or shown(rule.annotations or ())
            if kind.immutable:
                token = "own: `metadata.annotations`"
            rows.append(f"| {group or 'core'} | {name} | {images} | {token} |")
    assert [line for line in KINDS_PAGE.read_text("utf-8").splitlines() if line.startswith("| ")][1:] == rows


def test_the_how_to_page_is_a_kinds_file() -> None:
    example = re.search(r"```yaml\n(.*?)```", HOW_TO.read_text("utf-8"), re.DOTALL)
    assert example is not None
    kinds = parse_kinds(yaml.safe_load(example[1]))
    assert sorted(name for _, name in kinds.by_key) == ["Database", "Injection", "Widget"]
