"""A crash leaves no memory behind: logins and keys in it would outlive every rotation."""

from __future__ import annotations

import ctypes
import logging
import resource
import sys

_PR_SET_DUMPABLE = 4  # linux/prctl.h
_log = logging.getLogger(__name__)


def forbid_core_dumps() -> None:
    """Let neither a file nor a collector such as systemd-coredump have this process's memory.

    The limit stops files; a collector behind ``kernel.core_pattern`` ignores it and is stopped by the
    process not being dumpable (core(5), prctl(2)).
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux" and ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        _log.warning("core dumps: a collector of this machine may keep the memory of a crash")
