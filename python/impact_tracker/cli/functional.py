"""Functional units of a footprint on the command line: for each image, token, request; when using passes training."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..footprint import Crossing, Footprint, Impact
    from ..interop import Run


def add_units(parser: argparse.ArgumentParser) -> None:
    """--per and --training."""
    group = parser.add_argument_group("functional units")
    group.add_argument(
        "--per",
        action="append",
        default=[],
        metavar="UNIT=AMOUNT",
        help='for each unit too, as in image=50000, "1,000 inferences=5", "year of service=0.25"; may be repeated',
    )
    group.add_argument(
        "--training", metavar="DIR", help="runs that trained what these use: after how many units using it passes them"
    )


def units_of(args: argparse.Namespace) -> dict[str, float]:
    """The units with how many of them the runs made; ValueError for anything else."""
    found: dict[str, float] = {}
    for item in args.per:
        name, equals, amount = item.rpartition("=")
        try:
            found[name.strip()] = float(amount)
        except ValueError:
            equals = ""
        if not equals or not name.strip() or not found[name.strip()] > 0:
            raise ValueError(f"--per takes UNIT=AMOUNT with an amount above 0, not {item!r}")
    if args.training and not found:
        raise ValueError("--training needs --per UNIT=AMOUNT: what these runs used, and how often")
    return found


def trained(args: argparse.Namespace, assess: Callable[[Run], Footprint]) -> Impact | None:
    """Carbon of the training over its life cycle, all its runs together; None without --training."""
    if not args.training:
        return None
    from .any_runs import runs_of

    named = argparse.Namespace(**{**vars(args), "place": args.training, "kind": None, "newest": False})
    feet = [assess(run).carbon for run in runs_of(named)]
    total = feet[0]
    for foot in feet[1:]:
        total = total + foot
    return total


def lines(foot: Footprint, units: dict[str, float], training: Impact | None) -> list[str]:
    """For the page: each known indicator for each unit, then where using passes training."""
    from ..footprint import INDICATORS, crossing, per_unit

    out = []
    for unit, amount in units.items():
        known = [total for total in map(foot.matrix.total, INDICATORS) if total.value is not None]
        out += [f"  {total.indicator}: {per_unit(total, amount, unit).sentence()}" for total in known]
        if training is not None:
            try:
                point = crossing(training, foot.carbon / amount)
                out.append(
                    f"  using passes training after {point.uses:.4g} × {unit} ({point.low:.3g} to {point.high:.3g})"
                )
            except ValueError as fault:
                out.append(f"  when using passes training is not known: {fault}")
    return out


def as_dict(foot: Footprint, units: dict[str, float], training: Impact | None) -> dict[str, Any]:
    """For JSON: `{unit: {amount, carbon_g, …, uses_to_pass_training}}`; None for what is not known."""
    from ..footprint import INDICATORS, crossing

    out: dict[str, Any] = {}
    for unit, amount in units.items():
        each: dict[str, Any] = {"amount": amount}
        for total in map(foot.matrix.total, INDICATORS):
            known = total.value is not None
            each[total.key] = (total / amount).value if known else None
        if training is not None:
            each["uses_to_pass_training"] = _ends(crossing, training, foot.carbon / amount)
        out[unit] = each
    return out


def _ends(crossing: Callable[[Impact, Impact], Crossing], training: Impact, each: Impact) -> list[float | None] | None:
    """Best, low, high; None where it is not known. An endless high is None: JSON has no infinity."""
    try:
        point = crossing(training, each)
    except ValueError:
        return None
    return [end if end < float("inf") else None for end in (point.uses, point.low, point.high)]
