"""``portshift identities verify``: does each token hold, step by step, and for what it stands in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from portshift.adapters.bridge import Bridge, segment
from portshift.cli.connection import with_bridge
from portshift.cli.examples import examples
from portshift.cli.manifest_files import kinds_option, read_kinds, read_manifest_file
from portshift.cli.output import Column, Item, Listing, list_output, say, write_list
from portshift.core.errors import InvalidInput, NotVerified, PortshiftError, UsageFault
from portshift.core.identity import cluster_audience
from portshift.core.jwks import KeySet
from portshift.core.kinds import Kinds
from portshift.core.manifests import read_manifests
from portshift.core.verdict import Expected, Trust, Verdict, judge_token, without_token

_IDENTITIES = "/api/v1/identities"

LISTING = Listing(
    columns=(
        Column("TARGET", lambda item: item["target"]),
        Column("VERDICT", lambda item: item["verdict"]),
        Column("STEP", lambda item: item["step"] or "-"),
        Column("ID", lambda item: (item["id"] or "-")[:12]),
        Column("DETAIL", lambda item: item["detail"] or "-"),
    ),
    name=lambda item: item["target"],
)


@click.command(
    epilog=examples(
        "helm template web ./chart | portshift post-render | portshift identities verify -",
        "portshift identities verify rendered.yaml --jwks jwks.json --issuer … --trust-domain …",
        "portshift identities verify 3f9a1c20",
    )
)
@click.argument("targets", metavar="[FILE|-|TOKEN|ID]...", nargs=-1)
@click.option(
    "--cluster", envvar="PORTSHIFT_CLUSTER", show_envvar=True, help="Accept tokens for this cluster too."
)
@click.option(
    "--release-namespace",
    envvar="PORTSHIFT_RELEASE_NAMESPACE",
    show_envvar=True,
    help="The namespace of objects that name none; without it, the one their token names.",
)
@kinds_option
@click.option("--jwks", type=click.Path(path_type=Path), help="Verify without a bridge, with these keys.")
@click.option("--issuer", help="With --jwks: the issuer to accept, as `portshift status` shows it.")
@click.option("--trust-domain", help="With --jwks: the trust domain to accept.")
@list_output
@with_bridge
def verify(
    bridge: Bridge,
    targets: tuple[str, ...],
    cluster: str | None,
    release_namespace: str | None,
    kinds_file: Path | None,
    jwks: Path | None,
    issuer: str | None,
    trust_domain: str | None,
    output: str,
) -> None:
    """Verify tokens: in manifests, given as such, or as the bridge keeps them (all of them without target).

    In manifests, each token must be for the very workload, containers and images it stands with, and each
    workload must have one. Ends with exit code 5 when one fails. Without a bridge, revocations are not known.
    """
    trust = _offline(jwks, issuer, trust_domain) if jwks else _online(bridge)
    audiences = (cluster_audience(cluster),) if cluster else ()
    sources = _Sources(
        bridge=None if jwks else bridge,
        trust=trust,
        audiences=audiences,
        kinds=read_kinds(kinds_file),
        namespace=release_namespace or "",
    )
    counted = _Count(sources.verdicts(targets))
    write_list(counted.pages(), LISTING, output)
    if counted.failed:
        raise NotVerified(
            f"{counted.failed} of {counted.total} did not verify; the first: {counted.first}",
            step="",
            cure="render again through portshift, or look at the steps in docs/reference/token.md",
        )


class _Count:
    """Verdicts on their way to the screen, counted."""

    def __init__(self, verdicts: Iterable[Verdict]) -> None:
        self._verdicts = verdicts
        self.total = 0
        self.failed = 0
        self.first: str | None = None

    def pages(self) -> Iterator[Item]:
        items: list[Item] = []
        for verdict in self._verdicts:
            self.total += 1
            if verdict.failed:
                self.failed += 1
                self.first = self.first or verdict.detail
            items.append(verdict.to_json())
            if len(items) >= 500:
                yield {"items": items, "next": None}
                items = []
        yield {"items": items, "next": None}


class _Sources:
    """Where tokens to verify come from."""

    def __init__(
        self, *, bridge: Bridge | None, trust: Trust, audiences: tuple[str, ...], kinds: Kinds, namespace: str
    ) -> None:
        self._bridge = bridge
        self._trust = trust
        self._audiences = audiences
        self._kinds = kinds
        self._namespace = namespace

    def verdicts(self, targets: tuple[str, ...]) -> Iterator[Verdict]:
        if not targets:
            for page in self._need_bridge().pages(_IDENTITIES, {}, limit=None):
                yield from (self._of_item(item) for item in page["items"])
        for target in targets:
            yield from self._of_target(target)

    def _of_target(self, target: str) -> Iterator[Verdict]:
        if (
            target.startswith("eyJ") and target.count(".") == 2
        ):  # before a file: it may be too long for a path
            yield judge_token(target, Expected("token", audiences=self._audiences), self._trust)
        elif target == "-" or Path(target).is_file():
            yield from self._of_manifests(target)
        elif target.isalnum():
            yield self._of_item(self._need_bridge().call("GET", f"{_IDENTITIES}/{segment(target)}"))
        else:
            raise UsageFault(f"found {target!r}, expected a file, -, a token or an identity's id")

    def _of_manifests(self, name: str) -> Iterator[Verdict]:
        manifests = read_manifests(read_manifest_file(name), kinds=self._kinds, namespace=self._namespace)
        if not manifests.carriers:
            say(f"{name} holds no workload that carries a token")
        for carrier in manifests.carriers:
            expected = Expected(
                str(carrier.workload),
                audiences=self._audiences,
                workload=carrier.workload,
                images=carrier.images,
            )
            if carrier.token is None:
                yield without_token(expected)
            else:
                yield judge_token(carrier.token, expected, self._trust)

    def _of_item(self, item: Item) -> Verdict:
        """The bridge's own copy, for the cluster it was made for."""
        workload = item["workload"]
        cluster = workload.get("cluster")
        name = "/".join(part for part in (workload["namespace"], workload["kind"], workload["name"]) if part)
        audiences = (cluster_audience(cluster),) if cluster else ()
        return judge_token(item["token"], Expected(name, audiences=audiences), self._trust)

    def _need_bridge(self) -> Bridge:
        if self._bridge is None:
            raise UsageFault("--jwks verifies without a bridge", cure="name a file, - or a token")
        return self._bridge


def _online(bridge: Bridge) -> Trust:
    status = bridge.status()
    keys = KeySet.from_jwks(bridge.call("GET", "/.well-known/jwks.json"))
    revoked = bridge.pages(_IDENTITIES, {"status": "revoked"}, limit=None)
    return Trust(
        keys=keys,
        issuer=status["issuer"],
        trust_domain=status["trustDomain"],
        revoked=frozenset(item["id"] for page in revoked for item in page["items"]),
    )


def _offline(jwks: Path, issuer: str | None, trust_domain: str | None) -> Trust:
    if not issuer or not trust_domain:
        raise UsageFault("--jwks needs --issuer and --trust-domain", cure="`portshift status` shows both")
    try:
        document = json.loads(jwks.read_bytes())
    except OSError as error:
        raise PortshiftError(f"cannot read {jwks}: {error.strerror}") from error
    except ValueError as error:
        raise InvalidInput(f"{jwks} is no JSON: {error}") from error
    say("without a bridge: revocations are not known")
    return Trust(keys=KeySet.from_jwks(document), issuer=issuer, trust_domain=trust_domain)
