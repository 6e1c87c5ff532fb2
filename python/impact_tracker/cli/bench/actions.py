"""What `impact-tracker bench` does beside running a suite: train to a target; report, compare, paper, forecast."""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..options import add_weighing
from .how import PRECISION, add_models
from .roof import add_roof, run_roof
from .train import add_train

if TYPE_CHECKING:
    from ...bench.show.view import View
    from ...weighing import Reweighing

LIGHT_IMAGES = 2000
LIGHT_GMAC = 100.0  # of a light run's training, about: a heavy network gets fewer images
LIGHT_BATCHES = 4  # at least
DATA_SUITES = ("fashion-mnist", "learning")
FORMATS = ("console", "markdown", "latex", "csv")
_OF_A_RUN = ("suite", "batch", "device", "precision", "threads", "repeats")
_LIGHT = (*_OF_A_RUN, "zone", "intensity_g_per_kwh", "pue")


def add_actions(parser: argparse.ArgumentParser) -> None:
    """As words after `bench`; none of them: a campaign is run."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="beside running a suite")
    add_train(actions)
    report = _action(actions, "report", "tables, figures and answers of a campaign, made anew")
    report.add_argument("folder", metavar="DIR", help="the campaign's folder")
    report.add_argument("--format", choices=FORMATS, default="console", help="of what is printed (console)")
    report.add_argument("--olympic", action="store_true", help="drop the best and the worst of five runs or more")
    report.add_argument("--json", action="store_true", help="unrounded, for programs")
    add_weighing(report)
    compare = _action(actions, "compare", "which tests of campaigns differ, by how much; for a watt, a euro, a gram")
    compare.add_argument("folders", metavar="DIR", nargs="+", help="folders of two campaigns or more; the first is A")
    compare.add_argument("--price", metavar="PRICE", help='of a kWh, as "0.25 EUR": inputs for a unit of money too')
    compare.add_argument("--json", action="store_true", help="unrounded, for programs")
    paper = _action(actions, "paper", "the published tables computed again; with a campaign: its ranks beside them")
    paper.add_argument("folder", metavar="DIR", nargs="?", help="a campaign of suite ai-benchmark")
    paper.add_argument("--format", choices=FORMATS[:2], default="console", help="of what is printed (console)")
    schema = _action(actions, "schema", "the JSON Schema of results.json, or of a line of rows.jsonl")
    schema.add_argument("what", nargs="?", choices=("results", "line"), default="results", help="default: results")
    add_roof(actions)
    _add_forecast(_action(actions, "forecast", "what training and inference will cost here, from a light run"))


def _action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser], name: str, what: str
) -> argparse.ArgumentParser:
    """A word after `bench`, its line in the list also the head of its own help."""
    parser = actions.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
    return parser


def _add_forecast(forecast: argparse.ArgumentParser) -> None:
    from ...bench.plan.settings import SUITES

    forecast.add_argument("--images", type=int, required=True, metavar="N", help="training images, and images to run")
    forecast.add_argument("--epochs", type=int, default=1, metavar="E", help="passes over the training images (1)")
    forecast.add_argument("--from", dest="source", metavar="DIR", help="a campaign of before instead of a light run")
    suite_text = "of the light run (that runs the models at the size asked for, at their usual one first)"
    forecast.add_argument("--suite", choices=SUITES, help=suite_text)
    forecast.add_argument("--size", type=int, metavar="PIXELS", help="side of the images (default: that of the suite)")
    add_models(forecast, "--models", text="default: the suite's")
    forecast.add_argument("--batch", type=int, metavar="N", help="images at a time")
    forecast.add_argument("--device", help="cpu (default), cuda, cuda:1 …")
    forecast.add_argument("--precision", metavar="WORD", help=PRECISION)
    forecast.add_argument("--threads", type=int, metavar="N", help="default: all that it may use (affinity, quota)")
    forecast.add_argument("--repeats", type=int, metavar="N", help="runs of every test (3)")
    forecast.add_argument("--json", action="store_true", help="unrounded, for programs")
    add_weighing(forecast)


def run_action(args: argparse.Namespace) -> int:
    """Its exit code."""
    actions = {"report": _report, "compare": _compare, "paper": _paper, "schema": _schema, "forecast": _forecast}
    actions["roof"] = run_roof
    return actions[args.action](args)


def models_of(text: str) -> tuple[str, ...]:
    """`a,b` as names, each once."""
    return tuple(dict.fromkeys(name for name in text.replace(" ", ",").split(",") if name))


def _print(document: object) -> None:
    print(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


def _weights(args: argparse.Namespace) -> Reweighing:
    from ...weighing import Reweighing

    return Reweighing(args.zone, args.intensity_g_per_kwh, args.pue)


def _report(args: argparse.Namespace) -> int:
    from ...bench.show import view
    from ...bench.show.suite_files import suite_page, suite_text
    from ...report.page import show

    campaign = view.read(args.folder, olympic=args.olympic, weights=_weights(args))
    if args.json:
        _print(campaign.to_dict())
    elif args.format == "console":
        show(suite_page(campaign))
    else:
        print(suite_text(campaign, args.format), end="")
    return 0


def _schema(args: argparse.Namespace) -> int:
    from ...bench.show.schema import schema_of

    _print(schema_of(args.what))
    return 0


def _compare(args: argparse.Namespace) -> int:
    from ...bench.show import comparison, view
    from ...report.page import show

    if len(args.folders) < 2:
        raise ValueError("compare takes two campaigns or more: name another folder")
    views = [view.read(folder) for folder in args.folders]
    if len(views) > 2 or args.price:
        return _compare_many(args, views)
    a, b = views
    if args.json:
        compared = comparison.compare(a, b)
        notes = comparison.caveats(a, b, compared)
        names = dict(zip("ab", args.folders))
        _print({**names, "comparisons": [each._asdict() for each in compared], "caveats": notes})
    else:
        show(comparison.page(a, b))
    return 0


def _compare_many(args: argparse.Namespace, views: Sequence[View]) -> int:
    """Rates for a watt, a unit of money and a gram, against the first."""
    from ...bench.show import many
    from ...budget import read_price
    from ...report.page import show

    try:
        price = read_price(args.price) if args.price else None
    except ValueError as error:
        raise ValueError(f"--price {error}") from None
    if args.json:
        standings = many.entries(views, price)
        campaigns = [
            {"label": label, "folder": folder} for label, folder in zip(many.labels_of(len(views)), args.folders)
        ]
        notes = many.notes_of(views, standings, price)
        _print({"campaigns": campaigns, "entries": [each.to_dict() for each in standings], "caveats": notes})
    else:
        show(many.page(views, price))
    return 0


def _paper(args: argparse.Namespace) -> int:
    from ...bench.show import reproduction, view
    from ...bench.show.table_texts import markdown_page
    from ...report.page import show

    page = reproduction.page(view.read(args.folder).cells if args.folder else None)
    if args.format == "markdown":
        print(markdown_page(page), end="")
    else:
        show(page)
    return 0


def _forecast(args: argparse.Namespace) -> int:
    from ...bench.show import forecast, view
    from ...report.page import show

    if args.images < 1 or args.epochs < 1 or (args.size or 1) < 1:
        sizes = "" if args.size is None else f", --size {args.size}"
        raise ValueError(
            f"--images, --epochs and --size are 1 or more, not --images {args.images}, --epochs {args.epochs}{sizes}"
        )
    beside = [name for name in _OF_A_RUN if getattr(args, name) is not None] if args.source else []
    if beside:
        raise ValueError(f"--from takes what was measured then: leave out --{', --'.join(beside)}")
    with tempfile.TemporaryDirectory(prefix="impact-tracker-forecast-") as scratch:
        folder = Path(args.source) if args.source else Path(scratch) / "light"
        if not args.source:
            print("a light run first …", file=sys.stderr)
            _light(folder, args)
        campaign = view.read(folder, weights=_weights(args))
        forecasts = forecast.forecasts(
            campaign, images=args.images, epochs=args.epochs, models=models_of(args.models or ""), side=args.size
        )
        if args.json:
            _print(forecast.to_dict(forecasts))
        else:
            page = forecast.page(campaign, forecasts, images=args.images, epochs=args.epochs)
            show(page if args.source else page._replace(details=[]))
    return 0


def _suite_for(models: tuple[str, ...], side: int | None) -> str:
    """The suite that has all models and runs them nearest the size asked for; without one that at which a network is
    usually run: its own of the published benchmark, not the small one of Fashion-MNIST's pictures."""
    from ...bench.plan.suites import listing

    tests = [test for test in listing() if test["model"] in models]
    having = [
        suite
        for suite in ("ai-benchmark", "modern", "fashion-mnist", "learning")
        if models and {test["model"] for test in tests if test["suite"] == suite} >= set(models)
    ]
    if not having:
        return "fashion-mnist"
    if side is None:
        return having[0]

    def away(suite: str) -> float:
        own = [test for test in tests if test["suite"] == suite]
        return max(min(_away(test["size"], side) for test in own if test["model"] == model) for model in models)

    return min(having, key=away)


def _away(size: list[int], side: int) -> float:
    """How far a picture's pixels are from those of the side, as the logarithm of their ratio."""
    return abs(math.log(math.prod(size) / side**2)) if len(size) == 2 else math.inf


def light_images(suite: str, models: Sequence[str]) -> int:
    """Images of a light run of these networks, by the heaviest of them: a training takes three times a forward pass."""
    from ...bench.plan.suites import listing

    own = [
        test
        for test in listing()
        if test["suite"] == suite and (test["model"] in models if models else test["default"])
    ]
    heaviest = max((test["gmac"] for test in own), default=0.0)
    batch = max((test["batch"] for test in own), default=1)
    by_work = int(LIGHT_GMAC / (3.0 * heaviest)) if heaviest else LIGHT_IMAGES
    return max(min(by_work, LIGHT_IMAGES), LIGHT_BATCHES * batch)


def _light(folder: Path, args: argparse.Namespace) -> None:
    """A small campaign for a forecast."""
    from ...bench import Campaign, Settings

    given = {name: getattr(args, name) for name in _LIGHT if getattr(args, name) is not None}
    given.setdefault("suite", _suite_for(models_of(args.models or ""), args.size))
    if given["suite"] in DATA_SUITES:  # the others' light runs take about a second
        images = light_images(str(given["suite"]), models_of(args.models or ""))
        given.update(images=images, test_images=images)
    settings = Settings(models=models_of(args.models or ""), **given)
    Campaign.create(folder, settings).run()
