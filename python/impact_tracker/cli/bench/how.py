"""Options of how a network is run, the same for every kind of campaign."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

PRECISION = "default: fp32; the worker says which it has"


def wholes(text: str) -> tuple[int, ...]:
    """`1,4,16`: one whole number or several."""
    return tuple(int(number) for number in text.split(","))


def words(text: str) -> tuple[str, ...]:
    """`fp32,bf16`: one word or several."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def sizes(text: str) -> tuple[tuple[int, ...], ...]:
    """`128,224x320`: one size or several, each of one to three sides."""
    return tuple(tuple(int(side) for side in size.split("x")) for size in text.lower().split(","))


for _reader in (wholes, words, sizes):
    _reader.__name__ = "value"  # what argparse calls it in its message


def varied(given: Mapping[str, object]) -> dict[str, object]:
    """The settings of what was given: an option with several values is an axis of the campaign, which runs every value
    with every other's."""
    from ...bench.plan.axes import NAMES

    axes: dict[str, object] = {}
    settings = dict(given)
    for name in NAMES:
        values = given.get(name)
        if isinstance(values, tuple):
            settings.pop(name)
            if len(values) == 1:
                settings[name] = values[0]
            else:
                axes[name] = values
    return {**settings, "axes": axes} if axes else settings


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
    how.add_argument("--batch", type=wholes, metavar="N,…", help=batch)
    how.add_argument("--size", type=sizes, metavar="PIXELS,…", help="sides of images or volumes, as 224 or 224x320")
    how.add_argument("--context", type=wholes, metavar="N,…", help="tokens (steps) of networks that read text")
    heads = "outputs of a classifier's head (the graph's own; on Fashion-MNIST 10)"
    how.add_argument("--classes", type=wholes, metavar="N,…", help=heads)
    how.add_argument("--device", help="cpu (default), cuda, cuda:1 …")
    how.add_argument("--replicas", type=int, metavar="N", help="GPUs that share each batch; 0: all (1)")
    how.add_argument("--precision", type=words, metavar="WORD,…", help=PRECISION)
    how.add_argument("--layout", type=words, metavar="WORD,…", help="default: auto, channels_last for images")
    how.add_argument("--threads", type=wholes, metavar="N,…", help="default: all that it may use (affinity, quota)")
    how.add_argument("--interval", type=float, metavar="S", dest="interval_s", help="between samples of power (1)")
    how.add_argument(
        "--idle", type=float, metavar="S", dest="idle_s", help="idle baseline before and after; 0: none (2; work: 30)"
    )
    rest = "rest between tasks (0; work: 10, paper: 1)"
    how.add_argument("--cool-down", type=float, metavar="S", dest="cool_down_s", help=rest)
