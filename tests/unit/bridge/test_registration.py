"""What becomes of a registration, from scope to token."""

from __future__ import annotations

import pytest

from portshift.core.errors import InvalidInput
from portshift.core.token import verify_token
from portshift.core.wire import Outcome, RegistrationRequest, RegistrationResponse
from portshift_bridge.access import Access, Role
from portshift_bridge.clock import DAY, moment
from portshift_bridge.errors import IdentityRevoked, NotPermitted
from portshift_bridge.store.identities import IdentityFilter
from tests.fakes.bridge_services import FakeBridge, rendering
from tests.fakes.resolver import resolved, unreachable

ADMIN = Access("ada", Role.ADMIN)
DEPLOYER = Access("ci", Role.DEPLOYER, ("dev",), ("team-*",))


def register(bridge: FakeBridge, body: dict[str, object], caller: Access = ADMIN) -> RegistrationResponse:
    return bridge.services.registrar.register(RegistrationRequest.from_json(body), caller=caller)


def listed(bridge: FakeBridge) -> list[str]:
    page = bridge.services.identities.page(IdentityFilter(), after=None, limit=100)
    return [item.id for item in page.items]


def test_the_token_verifies_with_the_published_keys_and_says_what_was_found(bridge: FakeBridge) -> None:
    bridge.resolver.images["app:1"] = resolved("a")

    (result,) = register(bridge, rendering("app:1", "other:2", cluster="prod")).workloads

    assert result.token is not None
    verified = verify_token(
        result.token,
        keys=bridge.keys.key_set(),
        issuer="issuer-1",
        trust_domain="portshift.local",
        audiences=("portshift:cluster:prod",),
        path="ns/shop/deployment.apps/web",
    )
    assert verified.id == result.id
    assert [(image.reference, image.known) for image in verified.images] == [
        ("app:1", True),
        ("other:2", False),
    ]
    assert [image.outcome for image in result.images] == [Outcome.RESOLVED, Outcome.UNCONNECTED]


def test_the_same_workload_gets_the_same_token_again(bridge: FakeBridge) -> None:
    bridge.resolver.images["app:1"] = resolved("a")
    first = register(bridge, rendering("app:1"))
    bridge.clock.now += DAY
    bridge.keys.rotate(moment(bridge.clock()))

    again = register(bridge, rendering("app:1", intent="render", environment="dev", release={"name": "x"}))

    assert again.workloads == first.workloads
    assert again.registration != first.registration
    assert len(listed(bridge)) == 1


def test_a_moved_tag_gives_a_new_identity_and_both_are_listed(bridge: FakeBridge) -> None:
    bridge.resolver.images["app:1"] = resolved("a")
    first = register(bridge, rendering("app:1")).workloads[0]
    bridge.resolver.images["app:1"] = resolved("b")

    second = register(bridge, rendering("app:1")).workloads[0]

    assert listed(bridge) == [second.id, first.id]


def test_distinct_references_are_resolved_once_for_all_workloads(bridge: FakeBridge) -> None:
    body = rendering("app:1", "app:1")
    body["workloads"] = [*body["workloads"], *rendering("app:1", name="worker")["workloads"]]

    register(bridge, body)

    assert bridge.resolver.asked == [("app:1",)]


def test_the_same_workload_twice_in_one_request_is_one_identity(bridge: FakeBridge) -> None:
    body = rendering("app:1")
    body["workloads"] = body["workloads"] * 2

    first, second = register(bridge, body).workloads

    assert first == second
    assert listed(bridge) == [first.id]


def test_no_workloads_is_a_registration_without_identities(bridge: FakeBridge) -> None:
    response = register(bridge, {"intent": "deploy", "workloads": []})

    assert response.workloads == ()
    assert response.registration


def test_a_workload_whose_registry_does_not_answer_gets_no_identity_but_others_do(bridge: FakeBridge) -> None:
    bridge.resolver.images["slow:1"] = unreachable()
    body = rendering("slow:1", "app:1")
    body["workloads"] = [*body["workloads"], *rendering("app:1", name="worker")["workloads"]]

    stuck, fine = register(bridge, body).workloads

    assert (stuck.id, stuck.token) == (None, None)
    assert [image.outcome for image in stuck.images] == [Outcome.UNREACHABLE, Outcome.UNCONNECTED]
    assert fine.token is not None
    assert listed(bridge) == [fine.id]


def test_pinning_puts_the_digest_into_the_identity_of_known_images_only(bridge: FakeBridge) -> None:
    bridge.resolver.images["app:1"] = resolved("a")

    known, unknown = register(bridge, rendering("app:1", "other:2", pin=True)).workloads[0].images

    assert known.pinned == known.image.reference == f"app:1@sha256:{'a' * 64}"
    assert (unknown.pinned, unknown.image.reference) == (None, "other:2")


def test_the_audience_is_the_cluster_that_was_given_and_no_other(bridge: FakeBridge) -> None:
    anywhere = register(bridge, rendering("app:1", environment="prod")).workloads[0].id
    bound = register(bridge, rendering("app:1", cluster="prod")).workloads[0].id

    assert anywhere != bound


@pytest.mark.parametrize(
    ("cluster", "namespace"),
    [("dev", "shop"), ("prod", "team-a"), (None, "team-a"), ("dev", "")],
    ids=["namespace", "cluster", "any cluster", "cluster-scoped"],
)
def test_outside_the_scope_nothing_is_resolved_or_signed(
    bridge: FakeBridge, cluster: str | None, namespace: str
) -> None:
    with pytest.raises(NotPermitted, match="may sign for clusters dev and namespaces team-"):
        register(bridge, rendering("app:1", cluster=cluster, namespace=namespace), DEPLOYER)

    assert bridge.resolver.asked == []
    assert listed(bridge) == []


def test_inside_the_scope_the_signer_is_kept(bridge: FakeBridge) -> None:
    result = register(bridge, rendering("app:1", cluster="dev", namespace="team-a"), DEPLOYER).workloads[0]

    assert result.id is not None
    assert bridge.services.identities.get(result.id).signed_by == "ci"


def test_one_workload_out_of_scope_refuses_the_whole_request(bridge: FakeBridge) -> None:
    body = rendering("app:1", cluster="dev", namespace="team-a")
    body["workloads"] = [*body["workloads"], *rendering("app:1", namespace="shop")["workloads"]]

    with pytest.raises(NotPermitted):
        register(bridge, body, DEPLOYER)

    assert listed(bridge) == []


def test_a_workload_that_no_token_can_name_is_refused_before_a_registry_is_asked(bridge: FakeBridge) -> None:
    with pytest.raises(InvalidInput, match="no SPIFFE name"):
        register(bridge, rendering("app:1", name="a/b"))

    assert bridge.resolver.asked == []


def test_a_revoked_identity_refuses_the_request_and_says_who_when_why_and_the_cure(
    bridge: FakeBridge,
) -> None:
    old = register(bridge, rendering("app:1")).workloads[0].id
    assert old is not None
    bridge.services.identities.revoke(old, reason="CVE-1", actor="ada")
    body = rendering("app:1")
    body["workloads"] = [*rendering("new:1", name="new")["workloads"], *body["workloads"]]

    with pytest.raises(IdentityRevoked) as refusal:
        register(bridge, body)

    told = str(refusal.value)
    assert f"{old} of shop/Deployment/web was revoked by ada at 2027-01-15T" in told
    assert told.endswith(
        f"CVE-1; an administrator allows it again with: helm portshift identities restore {old}"
    )
    assert listed(bridge) == [old]


def test_a_restored_identity_has_its_old_token(bridge: FakeBridge) -> None:
    before = register(bridge, rendering("app:1")).workloads[0]
    assert before.id is not None
    bridge.services.identities.revoke(before.id, reason="mistake", actor="ada")
    bridge.services.identities.restore(before.id, actor="ada")

    assert register(bridge, rendering("app:1")).workloads[0] == before


def test_only_a_distrusted_key_makes_a_new_token_and_that_one_stays(bridge: FakeBridge) -> None:
    before = register(bridge, rendering("app:1")).workloads[0]
    leaked = bridge.keys.signing_kid
    bridge.keys.distrust(leaked, now=moment(bridge.clock()))

    after = register(bridge, rendering("app:1")).workloads[0]

    assert after.id == before.id
    assert after.token != before.token
    assert register(bridge, rendering("app:1")).workloads[0] == after
    assert list(bridge.services.identities.signed_with(leaked)) == []


def test_a_rendering_does_not_hide_what_was_deployed(bridge: FakeBridge) -> None:
    id_ = register(bridge, rendering("app:1", environment="prod", release={"name": "live"})).workloads[0].id
    assert id_ is not None
    bridge.clock.now += DAY
    register(bridge, rendering("app:1", intent="render", environment="dev", release={"name": "try"}))

    kept = bridge.services.identities.get(id_)

    assert (kept.intent, kept.environment, kept.release.name) == ("deploy", "prod", "live")
    assert kept.last_registered_at > kept.issued_at + DAY


def test_registrations_of_renderings_expire_and_their_identities_stay(bridge: FakeBridge) -> None:
    shown = register(bridge, rendering("app:1", intent="render")).workloads[0]
    register(bridge, rendering("app:2", intent="deploy"))
    bridge.clock.now += 7 * DAY - 1_000
    assert bridge.services.purge() == 0
    bridge.clock.now += 2_000

    assert bridge.services.purge() == 1
    assert bridge.services.purge() == 0
    assert register(bridge, rendering("app:1")).workloads[0] == shown
