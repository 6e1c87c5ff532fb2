"""Constants of the old tool's carbon."""

import os

PUE = float(os.getenv("OVERRIDE_PUE") or 1.58)  # of old logs alone: a run of today has its own
