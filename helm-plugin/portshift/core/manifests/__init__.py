"""Rendered manifests: images found by schema, tokens put in without changing another byte."""

from portshift.core.manifests.model import ANNOTATION, Carrier, Manifests, Place
from portshift.core.manifests.reading import read_manifests
from portshift.core.manifests.splice import write_manifests

__all__ = ["ANNOTATION", "Carrier", "Manifests", "Place", "read_manifests", "write_manifests"]
