"""How long the long runs are. ``SOAK_SHARE=0.1`` cuts them to a tenth, for a look."""

from __future__ import annotations

import os
import secrets

SHARE = float(os.environ.get("SOAK_SHARE", "1"))
# The same seed damages the same files in the same way; a kill's moment is never quite the same.
SEED = os.environ.get("SOAK_SEED") or secrets.token_hex(4)

FUZZ_SECONDS = 100 * SHARE
KILL_ROUNDS = max(2, round(40 * SHARE))
ENDURANCE_SECONDS = 240 * SHARE
