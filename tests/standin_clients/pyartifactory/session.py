"""What pyartifactory sees and does; prints one JSON object. Arguments: URL, folder for its files."""

import json
import sys
from pathlib import Path

from pyartifactory import Artifactory  # type: ignore[import-not-found]
from pyartifactory.exception import (  # type: ignore[import-not-found]
    ArtifactNotFoundError,
    PropertyNotFoundError,
)

url, folder = sys.argv[1], Path(sys.argv[2])
server = Artifactory(url=url, auth=("admin", "password"), api_version=1)
manifest = "docker-local/team/app/1.0/list.manifest.json"


def kind_of(call: object, *arguments: object) -> str:
    try:
        call(*arguments)  # type: ignore[operator]
    except (ArtifactNotFoundError, PropertyNotFoundError) as error:
        return type(error).__name__
    return "found"


local = folder / "hello.txt"
local.write_text("hello")
deployed = server.artifacts.deploy(local, "files/notes/hello.txt", properties={"team": ["a"]})
server.artifacts.set_properties(
    "files/notes/hello.txt", {"level": ["1", "2"], "team": ["b"]}, recursive=False
)
server.artifacts.update_properties("files/notes/hello.txt", {"note": ["x = 1; y | z"]}, recursive=False)

build = server.builds.get_build_info("app", "7")
print(
    json.dumps(
        {
            "sha256": deployed.checksums.sha256,
            "properties": server.artifacts.properties("files/notes/hello.txt").properties,
            "files": sorted(
                entry.uri for entry in server.artifacts.list("docker-local", list_folders=False).files
            ),
            "read": server.artifacts.download("files/notes/hello.txt", str(folder / "down")).read_text(),
            "downloads": server.artifacts.stats("files/notes/hello.txt").downloadCount,
            "untouched": server.artifacts.stats(manifest).downloadCount,
            "absent": kind_of(server.artifacts.info, "docker-local/none"),
            "no properties": kind_of(server.artifacts.properties, "docker-local/team"),
            "build": [build.buildInfo.name, build.buildInfo.number, build.buildInfo.agent.name],
            "artifacts": sorted({artifact.name for artifact in build.buildInfo.modules[0].artifacts}),
            "runs": [run.uri for run in server.builds.get_build_runs("app").buildsNumbers],
            "repositories": sorted((one.key, one.type) for one in server.repositories.list()),
            "members": server.repositories.get_repo("docker").repositories,
        }
    )
)
