"""Surroundings that are the same whoever runs the tests: locale, time zone, and no settings of a job or of its user."""

from __future__ import annotations

import contextlib
import locale
import os
import signal
import time

from impact_tracker.ranks import VARIABLES

KEPT = "IMPACT_TRACKER_WORKER"  # a worker that the tests are to run
OF_LAUNCHERS = ("IMPACT_TRACKER_", "LC_", "OMPI_", "PMI", "SBATCH_", "SLURM_")
OF_THE_USER = (
    *("LANGUAGE", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "OVERRIDE_PUE", "XDG_CONFIG_HOME"),
    *("CUDA_VISIBLE_DEVICES", "NVIDIA_TF32_OVERRIDE", "GLIBC_TUNABLES", "OPENBLAS_CORETYPE"),
    *("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"),
)


def make_steady() -> None:
    """Of this process, and so of every program that it starts."""
    # What a shell starts in the background has SIGINT ignored, what nohup starts SIGHUP, and programs inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGHUP, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    for name in list(os.environ):
        if name != KEPT and (name.startswith(OF_LAUNCHERS) or name in (*OF_THE_USER, *VARIABLES)):
            del os.environ[name]
    os.environ["LANG"] = "C.UTF-8"
    with contextlib.suppress(locale.Error):
        locale.setlocale(locale.LC_ALL, "C.UTF-8")
    # An odd zone, in which a local time taken for UTC shows; spelled out, so that no table of zones has to be there.
    os.environ["TZ"] = "TST-05:45"
    time.tzset()
