"""Writes properties with dohq-artifactory, if any are given, and prints all. Arguments: URL, path, JSON."""

import json
import sys

from artifactory import ArtifactoryPath  # type: ignore[import-not-found]

url, path, new = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
item = ArtifactoryPath(f"{url}/{path}", auth=("admin", "password"))
if new:
    item.update_properties(new)
print(json.dumps(item.properties))
