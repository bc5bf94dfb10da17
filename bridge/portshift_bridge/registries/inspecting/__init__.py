"""All that a registry tells about one digest: content, places, builds, bundles, parents."""
