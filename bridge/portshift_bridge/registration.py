"""The registration of a rendering: from its workloads and images to signed, stored identities.

Everything it meets comes in as a value or a protocol. The order is the point: scope before anything is
resolved, resolution before anything is signed, and one transaction at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from portshift.core.errors import InvalidInput
from portshift.core.identity import Build, Identity, PlannedImage, cluster_audience
from portshift.core.references import pin
from portshift.core.token import seal, signing_input, token_claims
from portshift.core.wire import (
    ImageRequest,
    ImageResult,
    Outcome,
    RegistrationRequest,
    RegistrationResponse,
    WorkloadRequest,
    WorkloadResult,
)
from portshift_bridge.access import Access, require_scope
from portshift_bridge.clock import SECOND, Clock
from portshift_bridge.key_document import KeyEntry, KeyStatus
from portshift_bridge.signing import Signer
from portshift_bridge.store.installation import Installation
from portshift_bridge.store.records import IssuedToken, Registration, SignedIdentity, refuse_revoked


class ResolvedImage(Protocol):
    """What a registry says of one reference; ``registries.resolution.Resolution`` is one."""

    @property
    def outcome(self) -> Outcome: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def digest(self) -> str | None: ...
    @property
    def children(self) -> tuple[str, ...]: ...
    @property
    def artifact(self) -> str | None: ...
    @property
    def build(self) -> Build | None: ...


class ImageResolver(Protocol):
    """Finds images in the connected registries, concurrently and in bounded time."""

    def resolve(self, references: Collection[str]) -> Mapping[str, ResolvedImage]:
        """An outcome for each reference; failures are outcomes, not exceptions."""


class SigningKeys(Protocol):
    """The keys of the bridge; ``keys.KeyRing`` is them."""

    def signer(self) -> Signer:
        """The key that signs now."""

    def list(self) -> Sequence[KeyEntry]:
        """Every key there ever was."""


class IssuedTokens(Protocol):
    """What a registration asks of the store; ``store.registrations.RegistrationStore`` is one."""

    def issued(self, ids: Collection[str]) -> Mapping[str, IssuedToken]:
        """The tokens that these identities have already."""

    def record(
        self,
        registration: Registration,
        *,
        ids: Collection[str],
        signed: Sequence[SignedIdentity],
        distrusted: Collection[str],
    ) -> Mapping[str, str]:
        """Keep the registration whole; return the token of each identity."""


@dataclass(frozen=True)
class Registrar:
    """Registers renderings on behalf of a caller."""

    resolver: ImageResolver
    keys: SigningKeys
    tokens: IssuedTokens
    installation: Installation
    clock: Clock
    new_id: Callable[[], str]

    def register(self, request: RegistrationRequest, *, caller: Access) -> RegistrationResponse:
        """Resolve, sign and store every workload of the request.

        A workload with an image whose registry gave no answer gets no identity; the others do.

        Raises:
            NotPermitted: the caller's role or scope leaves out a workload; nothing was resolved.
            InvalidInput: a workload or the cluster cannot be named in a token.
            IdentityRevoked: an identity is revoked; nothing was registered.
            SignerUnavailable: an identity is new and was not signed; nothing was registered.
            StorageUnavailable: the store did not take it; nothing was registered.

        """
        require_scope(caller, request)
        audience = cluster_audience(request.cluster)
        for workload in request.workloads:
            _ = workload.workload.path  # raises for a name no token can hold, before any registry is asked
        found = self.resolver.resolve(_references(request))
        results = [_results(workload, found, pinned=request.pin) for workload in request.workloads]
        identities = [
            _identity(workload, images, audience)
            for workload, images in zip(request.workloads, results, strict=True)
        ]
        registration = self._registration(request, caller)
        tokens = self._tokens(registration, {each.id: each for each in identities if each is not None})
        return RegistrationResponse(
            registration=registration.id,
            workloads=tuple(
                WorkloadResult(images)
                if identity is None
                else WorkloadResult(images, id=identity.id, token=tokens[identity.id])
                for identity, images in zip(identities, results, strict=True)
            ),
        )

    def _registration(self, request: RegistrationRequest, caller: Access) -> Registration:
        return Registration(
            id=self.new_id(),
            at=self.clock(),
            actor=caller.name,
            intent=request.intent,
            release=request.release,
            cluster=request.cluster,
            environment=request.environment,
        )

    def _tokens(self, registration: Registration, planned: Mapping[str, Identity]) -> Mapping[str, str]:
        issued = self.tokens.issued(planned.keys())
        for token in issued.values():
            refuse_revoked(token)
        distrusted = {key.kid for key in self.keys.list() if key.status is KeyStatus.DISTRUSTED}
        unsigned = [
            identity
            for id_, identity in planned.items()
            if id_ not in issued or issued[id_].kid in distrusted
        ]
        signed = self._sign_all(unsigned, issued_at=registration.at // SECOND)
        return self.tokens.record(registration, ids=planned.keys(), signed=signed, distrusted=distrusted)

    def _sign_all(self, identities: Sequence[Identity], *, issued_at: int) -> list[SignedIdentity]:
        if not identities:
            # A signer that is down must not stop what needs no signature.
            return []
        signer = self.keys.signer()
        kid = signer.signing_kid
        inputs = [self._signing_input(identity, kid=kid, issued_at=issued_at) for identity in identities]
        return [
            SignedIdentity(identity, seal(text, signature), kid)
            for identity, text, signature in zip(identities, inputs, signer.sign_all(inputs), strict=True)
        ]

    def _signing_input(self, identity: Identity, *, kid: str, issued_at: int) -> bytes:
        claims = token_claims(
            identity,
            issuer=self.installation.issuer,
            trust_domain=self.installation.trust_domain,
            issued_at=issued_at,
        )
        try:
            return signing_input(claims, kid=kid)
        except InvalidInput as error:
            raise InvalidInput(f"{identity.workload}: {error.problem}", cure=error.cure) from error


def _references(request: RegistrationRequest) -> list[str]:
    every = (image.reference for workload in request.workloads for image in workload.images)
    return list(dict.fromkeys(every))


def _results(
    workload: WorkloadRequest, found: Mapping[str, ResolvedImage], *, pinned: bool
) -> tuple[ImageResult, ...]:
    return tuple(_result(image, found[image.reference], pinned=pinned) for image in workload.images)


def _result(request: ImageRequest, found: ResolvedImage, *, pinned: bool) -> ImageResult:
    text = pin(request.reference, found.digest) if pinned and found.digest is not None else None
    image = PlannedImage(
        name=request.name,
        reference=text or request.reference,
        digest=found.digest,
        children=found.children,
        artifact=found.artifact,
        build=found.build,
    )
    return ImageResult(image=image, outcome=found.outcome, reason=found.reason, pinned=text)


def _identity(workload: WorkloadRequest, results: tuple[ImageResult, ...], audience: str) -> Identity | None:
    if not all(result.outcome.conclusive for result in results):
        return None
    images = tuple(result.image for result in results)
    return Identity(workload=workload.workload, audience=audience, images=images)
