"""portshift: signed image identities from Artifactory to the cluster."""

__version__ = "0.1.0"
