"""Which registry a reference means, and where in it. Pure: no registry is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from fnmatch import fnmatchcase

from portshift.core.references import Reference
from portshift_bridge.registries.caches import asked_by
from portshift_bridge.registries.model import ANY_HOST, HostRule, Mirror, Registry

_JFROG_CLOUD = "jfrog.io"


@dataclass(frozen=True)
class Candidate:
    """A place that a reference may mean: ``image`` is the path inside ``repository``."""

    registry: Registry
    repository: str
    image: str


class _Claim(IntEnum):
    """How sure a rule is, the surest first (docs/reference/registries.md)."""

    HOST_OF_REPOSITORY = 0
    PATH_METHOD = 1
    SUBDOMAIN_METHOD = 2
    MIRROR = 3
    ANY_MIRROR = 4


def candidates(registries: Sequence[Registry], reference: Reference) -> tuple[Candidate, ...]:
    """Every place that ``reference`` may mean, the surest first, then in the order of ``registries``."""
    found = [
        (claim, order, candidate)
        for order, registry in enumerate(registries)
        for claim, candidate in _claims(registry, reference)
        if permitted_repository(registry, candidate.repository)
    ]
    found.sort(key=lambda entry: entry[:2])
    return tuple(dict.fromkeys(candidate for _, _, candidate in found))


def unconnected(registries: Sequence[Registry], reference: Reference) -> str:
    """Why no registry knows the host of ``reference``, and the cure."""
    host = reference.domain
    mirror = f"'helm portshift registries add … --mirror {host}=REPOSITORY'"
    if not registries:
        return f"no registry is connected; connect the Artifactory that serves {host} with {mirror}"
    for registry in registries:
        for _, candidate in _claims(registry, reference):
            return (
                f"registry {registry.name} leaves out the repository {candidate.repository}; "
                f"change the repositories that it includes and excludes"
            )
        if host in _path_hosts(registry):
            return (
                f"found {host}/{reference.path}, expected {host}/REPOSITORY/IMAGE "
                f"(registry {registry.name}); name the repository in the reference"
            )
    return (
        f"no connected registry serves {host}; if one proxies it, say so with {mirror} "
        f"(or 'registries update'), else copy the image into one"
    )


def _claims(registry: Registry, reference: Reference) -> Iterator[tuple[_Claim, Candidate]]:
    host, path = reference.domain.lower(), reference.path
    for rule in registry.hosts:
        if rule.host == host and rule.repository is not None:
            yield _Claim.HOST_OF_REPOSITORY, Candidate(registry, rule.repository, path)
    repository, separator, image = path.partition("/")
    if separator and host in _path_hosts(registry):
        yield _Claim.PATH_METHOD, Candidate(registry, repository, image)
    for key in _subdomains(registry, host):
        yield _Claim.SUBDOMAIN_METHOD, Candidate(registry, key, path)
    for mirror in registry.mirrors:
        if mirror.host == host:
            yield _Claim.MIRROR, _mirrored(registry, mirror, path)
        elif mirror.host == ANY_HOST:
            yield _Claim.ANY_MIRROR, _mirrored(registry, mirror, path)


def _path_hosts(registry: Registry) -> set[str]:
    return {registry.host, *(rule.host for rule in registry.hosts if rule.repository is None)}


def _subdomains(registry: Registry, host: str) -> Iterator[str]:
    """The repository that ``host`` names: below the URL's host, in JFrog's cloud, or by a rule of its own."""
    instance, _, cloud = registry.host.partition(".")
    rules = [HostRule(f"*.{registry.host}"), *registry.hosts]
    if cloud == _JFROG_CLOUD:
        rules.append(HostRule(f"{instance}-*.{cloud}"))
    yield from (key for rule in rules if (key := rule.repository_in(host)) is not None)


def _mirrored(registry: Registry, mirror: Mirror, path: str) -> Candidate:
    return Candidate(registry, mirror.repository, f"{mirror.prefix}/{path}" if mirror.prefix else path)


def permitted_repository(registry: Registry, repository: str) -> bool:
    """Whether the registry's includes and excludes leave ``repository`` in."""
    included = not registry.include or _matches(repository, registry.include)
    return included and not _matches(repository, registry.exclude)


def permitted_storage(registry: Registry, storage_key: str) -> bool:
    """Whether they leave in the repository that stores under this key; a cache goes by its remote, too."""
    return permitted_repository(registry, storage_key) or permitted_repository(
        registry, asked_by(storage_key)
    )


def excluded_repository(registry: Registry, storage_key: str) -> bool:
    """Whether the registry excludes the repository that stores under this key; a cache goes by its remote."""
    return _matches(storage_key, registry.exclude) or _matches(asked_by(storage_key), registry.exclude)


def _matches(repository: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(repository, pattern) for pattern in patterns)
