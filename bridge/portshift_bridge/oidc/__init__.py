"""Pipelines without a stored secret: a CI job's own token, exchanged for a short-lived deployer's access."""
