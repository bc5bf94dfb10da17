from __future__ import annotations

from dataclasses import replace

import pytest

from portshift.core.errors import InvalidInput
from portshift.core.identity import (
    ANY_CLUSTER,
    Build,
    Identity,
    PlannedImage,
    Workload,
    cluster_audience,
    identity_id,
)

DIGEST = "sha256:" + "a" * 64
WORKLOAD = Workload("apps", "Deployment", "shop", "web")
IMAGE = PlannedImage("web", "web:1", DIGEST)
IDENTITY = Identity(WORKLOAD, ANY_CLUSTER, (IMAGE, PlannedImage("proxy", "proxy:2")))


@pytest.mark.parametrize(
    ("workload", "path"),
    [
        (WORKLOAD, "ns/shop/deployment.apps/web"),
        (Workload("", "Pod", "shop", "web-0"), "ns/shop/pod/web-0"),
        (Workload("batch", "Job", "shop", "load-", generated=True), "ns/shop/job.batch/load-_"),
        (Workload("acme.io", "Fleet", "", "edge"), "cluster/fleet.acme.io/edge"),
    ],
)
def test_a_workload_has_the_path_of_its_spiffe_id(workload: Workload, path: str) -> None:
    assert workload.path == path


@pytest.mark.parametrize(
    "workload",
    [
        replace(WORKLOAD, name=""),
        replace(WORKLOAD, name=".."),
        replace(WORKLOAD, name="a/b"),
        replace(WORKLOAD, namespace="a b"),
        replace(WORKLOAD, kind="Dépôt"),
        replace(WORKLOAD, name="web\n"),
    ],
)
def test_what_no_spiffe_path_may_hold_is_refused(workload: Workload) -> None:
    with pytest.raises(InvalidInput, match="has no SPIFFE name"):
        _ = workload.path


def test_no_name_can_be_taken_for_a_generate_name_prefix() -> None:
    with pytest.raises(InvalidInput):
        _ = replace(WORKLOAD, name="load-_").path


def test_the_id_is_the_hash_of_a_form_that_a_person_can_write_down() -> None:
    # sha256 of {"audience":"portshift:any-cluster","images":[{"digest":null,"name":"a","reference":"b"}],
    # "workload":"ns/shop/pod/x"}, without the line break, by sha256sum.
    identity = Identity(Workload("", "Pod", "shop", "x"), ANY_CLUSTER, (PlannedImage("a", "b"),))
    assert identity.id == "c245f03a82d51df07567a02007788203951273a5aa2ea462ab9cac02797f6d09"


@pytest.mark.parametrize(
    "other",
    [
        replace(IDENTITY, workload=replace(WORKLOAD, name="api")),
        replace(IDENTITY, audience=cluster_audience("prod")),
        replace(IDENTITY, images=(IMAGE,)),
        replace(IDENTITY, images=(IMAGE._replace(digest="sha256:" + "b" * 64), *IDENTITY.images[1:])),
        replace(IDENTITY, images=(IMAGE._replace(reference="web:2"), *IDENTITY.images[1:])),
        replace(IDENTITY, images=(IMAGE._replace(name="api"), *IDENTITY.images[1:])),
    ],
)
def test_another_plan_has_another_id(other: Identity) -> None:
    assert other.id != IDENTITY.id


def test_facts_that_change_later_and_the_order_of_images_leave_the_id_alone() -> None:
    later = IMAGE._replace(children=(DIGEST,), artifact="acme/docker/web/1", build=Build("web", "2"))
    assert replace(IDENTITY, images=(IDENTITY.images[1], later)).id == IDENTITY.id


def test_an_id_can_be_computed_from_what_a_token_holds() -> None:
    path = IDENTITY.workload.path
    assert identity_id(path=path, audience=IDENTITY.audience, images=IDENTITY.images) == IDENTITY.id


def test_the_audience_is_the_cluster_that_was_named() -> None:
    assert cluster_audience(None) == "portshift:any-cluster"
    assert cluster_audience("arn:aws:eks:eu-1:1234:cluster/prod") == (
        "portshift:cluster:arn:aws:eks:eu-1:1234:cluster/prod"
    )


@pytest.mark.parametrize("name", ["", "a b", "-x", "x" * 254, "x\n", "prod*"])
def test_a_cluster_name_out_of_bounds_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="cluster name"):
        cluster_audience(name)
