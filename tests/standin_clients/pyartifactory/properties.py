"""Prints the properties that pyartifactory reads. Arguments: URL, path."""

import json
import sys

from pyartifactory import Artifactory  # type: ignore[import-not-found]

url, path = sys.argv[1:]
server = Artifactory(url=url, auth=("admin", "password"), api_version=1)
print(json.dumps(server.artifacts.properties(path).properties))
