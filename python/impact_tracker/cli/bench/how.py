"""Options of how a network is run, the same for every kind of campaign."""

from __future__ import annotations

import argparse

PRECISION = "default: fp32; the worker says which it has"


def add_models(group: argparse._ActionsContainer, *names: str, text: str) -> None:
    """An option that takes names of networks."""
    group.add_argument(*names, dest="models", metavar="A,B", help=text)  # `completion` knows the names


def add_resume(out: argparse._ActionsContainer) -> None:
    """To a group of options: going on with a campaign."""
    out.add_argument(
        "--resume",
        metavar="DIR",
        help="go on with a campaign: what failed or has not run yet; only --repeats may be raised",
    )
    out.add_argument(
        "--redo-invalid",
        action="store_true",
        help="with --resume: repeat runs with invalid rows too; the old rows are kept, and are in no mean",
    )


def add_how(how: argparse._ActionsContainer, batch: str) -> None:
    """To a group of options; `batch` says what a batch is. What was not given is the settings' own."""
    how.add_argument("--batch", type=int, metavar="N", help=batch)
    how.add_argument("--device", help="cpu (default), cuda, cuda:1 …")
    how.add_argument("--replicas", type=int, metavar="N", help="GPUs that share each batch; 0: all (1)")
    how.add_argument("--precision", metavar="WORD", help=PRECISION)
    how.add_argument("--layout", metavar="WORD", help="default: auto, channels_last for images")
    how.add_argument("--threads", type=int, metavar="N", help="default: all that it may use (affinity, quota)")
    how.add_argument("--interval", type=float, metavar="S", dest="interval_s", help="between samples of power (1)")
    how.add_argument(
        "--idle", type=float, metavar="S", dest="idle_s", help="idle baseline before and after; 0: none (2; work: 30)"
    )
    rest = "rest between tasks (0; work: 10, paper: 1)"
    how.add_argument("--cool-down", type=float, metavar="S", dest="cool_down_s", help=rest)
