"""Clients that others wrote, run against the stand-in for Artifactory."""
