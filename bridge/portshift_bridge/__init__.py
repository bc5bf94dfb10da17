"""The bridge: the service between Helm, Artifactory and the clusters."""
