"""`impact-tracker bench train`: networks trained on real data until they reach a target, or for so many epochs."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

from ..options import add_json, add_quiet, add_weighing
from .cluster import add_cluster
from .how import add_how, add_models, add_resume

EPILOG = """examples:
  impact-tracker bench train --model small-cnn --target-accuracy 0.9 --repeats 5
  impact-tracker bench train --model u-net-3d --target-dice 0.6 --epochs 20
  impact-tracker bench train --model small-gpt --target-loss 2.2
  impact-tracker bench train --model mobilenet-v2 --epochs 5
  impact-tracker bench train --model small-cnn --budget 5Wh --repeats 5
  impact-tracker bench train --model small-cnn --target-accuracy 0.85 --evaluate-every 50

Images: Fashion-MNIST (Debian's dataset-fashion-mnist). Volumes: the brain of Debian's mricron-data at 2 mm, its left
half for training, its right half for evaluation. Text: the licences in /usr/share/common-licenses, by bytes.

Exit codes: those of impact-tracker bench (its --help)."""


def add_train(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Its options; what was not given is the settings' own."""
    train = actions.add_parser(
        "train",
        help="train to a target, or for N epochs, on real data",
        description="Train networks on real data until they reach a target, or for N epochs, and show what that took.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,  # what stands before the word `train` counts too
    )
    train.set_defaults(goal=None)
    what = train.add_argument_group("what")
    add_models(what, "--model", "--models", text="networks (default: the one that the target is usual for)")
    goal = what.add_mutually_exclusive_group()
    for metric, help_text in (
        ("accuracy", "right answers on the test part, 0 to 1"),
        ("dice", "overlap of predicted and true volumes, mean over classes, 0 to 1"),
        ("loss", "cross-entropy on the test part, nats"),
    ):
        goal.add_argument(f"--target-{metric}", dest="goal", type=_goal(metric), metavar="X", help=help_text)
    what.add_argument(
        "--epochs", type=int, metavar="N", help="with a target: at most so many (50); without: exactly (3)"
    )
    what.add_argument(
        "--budget",
        metavar="AMOUNT",
        help="of each run's training: 50Wh, 20gCO2e, or 1EUR with --price; it ends at the batch that spends it, is "
        "evaluated and kept in checkpoints/ (at most 50 epochs, or --epochs)",
    )
    what.add_argument(
        "--price", dest="price_per_kwh", metavar="PRICE", help='of a kWh, for a budget of money: "0.25 EUR"'
    )
    what.add_argument("--repeats", type=int, metavar="N", help="runs of every network, each with a seed of its own (3)")
    what.add_argument("--seed", type=int, metavar="N", help="first run's seed (1)")
    looks = what.add_mutually_exclusive_group()
    looks.add_argument(
        "--evaluations",
        type=int,
        metavar="K",
        help="of an epoch, its end included, in the first epoch partly early; 1: at ends alone (towards a target: as "
        "many as take a tenth of the time; else 1). Their energy stands apart",
    )
    looks.add_argument(
        "--evaluate-every", type=int, metavar="N", help="batches, beside the ends of epochs; stops at that batch"
    )
    what.add_argument("--images", type=int, metavar="N", help="training examples of an epoch (all)")
    what.add_argument("--test-images", type=int, metavar="N", help="examples of an evaluation (all)")
    what.add_argument("--data", dest="data_folder", metavar="DIR", help="where the data set lies")
    what.add_argument(
        "--mode", choices=("quick", "work", "submission"), help="work: warmed up until power is steady, idle baselines"
    )
    add_how(train.add_argument_group("how"), "examples at a time (the network's own)")
    add_weighing(train)
    add_cluster(train)
    out = train.add_argument_group("output")
    out.add_argument("-o", "--output", metavar="DIR", help="the campaign's folder (default: runs/train-<time>)")
    add_resume(out)
    add_json(out)
    add_quiet(out)


def _goal(metric: str) -> Callable[[str], tuple[str, float]]:
    def number(text: str) -> tuple[str, float]:
        return metric, float(text)

    number.__name__ = "number"  # what argparse calls it in its message
    return number


def learning_settings(args: argparse.Namespace, given: Mapping[str, object]) -> dict[str, object]:
    """The settings of what was given."""
    settings = {**given, "suite": "learning"}
    if args.goal is not None:
        settings["target_metric"], settings["target"] = args.goal
    return settings
