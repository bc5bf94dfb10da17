"""A stand-in for Artifactory, for this project's own tests, demo and sandbox. See README.md."""

from tests.standin.images import Image, build_image
from tests.standin.model import EVERYTHING, Permission
from tests.standin.server import Standin
from tests.standin.switches import CURRENT, GROOVY_3, OLD, Switches

__all__ = [
    "CURRENT",
    "EVERYTHING",
    "GROOVY_3",
    "OLD",
    "Image",
    "Permission",
    "Standin",
    "Switches",
    "build_image",
]
