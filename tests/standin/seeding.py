"""What tests put into the stand-in: repositories, users, images, builds, properties."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from tests.standin.access import Access
from tests.standin.builds import build_info, image_module, promotion_status, publish_build
from tests.standin.events import added_properties, docker_events
from tests.standin.images import Image, build_image
from tests.standin.layout import put_image
from tests.standin.lifecycle import DEFAULT_REPOSITORY
from tests.standin.model import (
    ANONYMOUS,
    BundlePromotion,
    Item,
    Permission,
    RClass,
    ReleaseBundle,
    Repository,
    User,
)
from tests.standin.release_bundles import bundle_of
from tests.standin.store import Store
from tests.standin.upstream import Upstreams


class Seeding:
    """Fills a store, as administrators, pipelines and upstream registries would."""

    def __init__(self, store: Store, access: Access) -> None:
        self.store = store
        self.access = access
        self.upstreams = Upstreams()

    def add_repository(
        self,
        key: str,
        rclass: RClass = "local",
        *,
        members: Sequence[str] = (),
        default_deployment_repo: str | None = None,
        remote_url: str = "",
        package_type: str = "docker",
        library: bool = False,
        child_folders: str | None = None,
    ) -> Repository:
        """Make a repository. A remote's caches name child folders ``sha256__…`` unless told otherwise."""
        repository = Repository(
            key=key,
            rclass=rclass,
            package_type=package_type,
            members=tuple(members),
            default_deployment_repo=default_deployment_repo,
            url=remote_url,
            library=library,
            child_folders=child_folders or ("sha256__" if rclass == "remote" else "sha256:"),
        )
        with self.store.lock:
            self.store.add_repository(repository)
        return repository

    def add_user(
        self,
        name: str,
        password: str | None = None,
        *,
        permissions: Iterable[Permission] = (),
        admin: bool = False,
        token: str | None = None,
        api_key: str | None = None,
        locked: bool = False,
        expired: bool = False,
    ) -> User:
        """Make or replace a user. ``anonymous`` is served without credentials when its switch is on."""
        user = User(
            name=name,
            password=password if name != ANONYMOUS else None,
            token=token,
            api_key=api_key,
            admin=admin,
            locked=locked,
            expired=expired,
            permissions=tuple(permissions),
        )
        self.access.users[name] = user
        return user

    def push_image(
        self,
        repo: str,
        name: str,
        tag: str = "latest",
        *,
        image: Image | None = None,
        platforms: Sequence[str] = ("linux/amd64",),
        labels: Mapping[str, str] | None = None,
        docker: bool = False,
        index: bool | None = None,
        attestations: bool = False,
        content: str = "",
        cached: bool = False,
    ) -> Image:
        """Put an image into a repository as a push does; into a remote, behind it.

        What is behind a remote comes into its cache when it is first asked for; with ``cached`` it is
        there already. See :func:`tests.standin.images.build_image` for the other arguments.
        """
        built = image or build_image(
            name,
            platforms=platforms,
            labels=labels,
            docker=docker,
            index=index,
            attestations=attestations,
            content=content,
        )
        repository = self.store.repositories[repo]
        with self.store.lock:
            if repository.rclass == "remote":
                self.upstreams.add(repo, name, tag, built)
            if repository.rclass != "remote" or cached:
                keep = self.access.switches.properties_survive_repush
                item = put_image(self.store, repository, name, tag, built, user="admin", keep_properties=keep)
                self.store.announce(docker_events(self.store, "pushed", item, user="admin"))
        return built

    def publish_build(
        self,
        name: str,
        number: str,
        images: Sequence[tuple[str, str, str]] = (),
        *,
        agent: str = "Jenkins/2.479",
        url: str = "",
        vcs_url: str = "",
        vcs_revision: str = "",
        vcs_branch: str = "",
        started: float | None = None,
    ) -> dict[str, object]:
        """Publish build-info for ``(repository, image, tag)`` each, and set ``build.*`` as jf does.

        The properties go to the manifests and their layers, children included (facts §1).
        """
        moment = self.store.clock() if started is None else started
        with self.store.lock:
            modules = [image_module(self.store, *image) for image in images]
            document = build_info(
                name,
                number,
                started=moment,
                agent=agent,
                url=url,
                vcs=(vcs_url, vcs_revision, vcs_branch),
                modules=modules,
            )
            publish_build(self.store, document, modules, started=moment)
        return document

    def promote_build(
        self, name: str, number: str, status: str, *, repository: str = "", comment: str = ""
    ) -> None:
        """Give a build another status, as a promotion does.

        Raises:
            KeyError: there is no such build.

        """
        with self.store.lock:
            build = self.store.builds[name, number]
            entry = promotion_status(
                status, repository=repository, comment=comment, user="admin", moment=self.store.clock()
            )
            self.store.replace_build(replace(build, statuses=(*build.statuses, entry)))

    def add_release_bundle(
        self,
        name: str,
        version: str,
        images: Sequence[tuple[str, str, str]] = (),
        *,
        repo: str = DEFAULT_REPOSITORY,
        status: str = "COMPLETED",
        created_by: str = "admin",
    ) -> ReleaseBundle:
        """Make a version of a release bundle of ``(repository, image, tag)`` each, as they are now."""
        with self.store.lock:
            bundle = bundle_of(
                self.store, name, version, images, repo=repo, status=status, created_by=created_by
            )
            self.store.bundles.append(bundle)
        return bundle

    def promote_release_bundle(
        self, name: str, version: str, environment: str, *, status: str = "COMPLETED", message: str = ""
    ) -> BundlePromotion:
        """Record a promotion of a bundle's version; nothing is copied.

        Raises:
            KeyError: there is no such version.

        """
        with self.store.lock:
            held = {(bundle.name, bundle.version): bundle for bundle in self.store.bundles}
            promotion = BundlePromotion(
                bundle=held[name, version],
                environment=environment,
                status=status,
                created=self.store.clock(),
                created_by="admin",
                messages=(message,) if message else (),
            )
            self.store.bundle_promotions.insert(0, promotion)
        return promotion

    def set_properties(self, repo: str, path: str, properties: Mapping[str, str | Sequence[str]]) -> None:
        """Add properties to an item, as its owner would."""
        new = {key: [value] if isinstance(value, str) else list(value) for key, value in properties.items()}
        with self.store.lock:
            item = self.item(repo, path)
            self.store.set_properties(item, {**item.properties, **new})
            self.store.announce(added_properties(item, new, user="admin"))

    def item(self, repo: str, path: str) -> Item:
        """An item by repository and path.

        Raises:
            KeyError: there is none.

        """
        found = self.store.find(repo, path)
        if found is None:
            raise KeyError(f"{repo}/{path}")
        return found
