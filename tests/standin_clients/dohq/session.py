"""What dohq-artifactory sees and does; prints one JSON object. Arguments: URL."""

import json
import sys

from artifactory import ArtifactoryPath  # type: ignore[import-not-found]

url = sys.argv[1]
login = ("admin", "password")


def at(path: str) -> ArtifactoryPath:
    return ArtifactoryPath(f"{url}/{path}", auth=login)


def properties_of_absent() -> object:
    """An old Artifactory answers as for an item without properties, a new one as for no item."""
    try:
        return at("docker-local/none").properties
    except FileNotFoundError:
        return "no item"


deployed = at("files/notes/a b.txt")
deployed.parent.mkdir()
deployed.write_text("hello")
deployed.properties = {"team": ["a,b", "c|d"], "level": "1"}
deployed.update_properties({"level": ["2"], "since": ["2026-01-01T00:00:00+0300"]})
at("files/notes").set_properties({"folder": ["yes"]}, recursive=False)

manifest = at("docker-local/team/app/1.0/list.manifest.json")
found = at("").aql(
    "items.find",
    {"repo": "docker", "name": {"$match": "*manifest.json"}, "@docker.manifest": "1.0"},
    ".include",
    ["repo", "path", "name", "property"],
)
seen = {
    "text": deployed.read_text(),
    "properties": deployed.properties,
    "folder": at("files/notes").properties,
    "size": deployed.stat().size,
    "sha256": manifest.stat().sha256,
    "names": sorted(path.name for path in at("docker-local/team/app").iterdir()),
    "globbed": sorted(str(path.path_in_repo) for path in at("docker-local").glob("**/*manifest.json")),
    "found": [[row["repo"], row["path"], row["name"]] for row in found],
    "absent": at("docker-local/none").exists(),
    "without": at("docker-local/team").properties,
    "of absent": properties_of_absent(),
    "downloads": manifest.download_stats().download_count,
}
deployed.unlink()
seen["deleted"] = not deployed.exists()
print(json.dumps(seen))
