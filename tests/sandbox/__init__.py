"""A bridge and a stand-in for Artifactory on loopback, for hands, for the demo and for tests."""

from tests.sandbox.surroundings import ARTIFACTORY_USER, Sandbox, sandbox

__all__ = ["ARTIFACTORY_USER", "Sandbox", "sandbox"]
