"""What `impact-tracker bench` does beside running a suite: train to a target; report, compare, paper, forecast."""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..options import add_json, add_weighing, print_json
from .how import PRECISION, add_models
from .roof import add_roof, run_roof
from .train import add_train

if TYPE_CHECKING:
    from ...bench import Settings
    from ...bench.show.view import View
    from ...weighing import Reweighing

LIGHT_IMAGES = 2000
LIGHT_GMAC = 100.0  # of a light run's training, about: a heavy network gets fewer images
LIGHT_GMAC_ONE_BY_ONE = 20.0  # the same where inputs go one by one, which is slower
LIGHT_BATCHES = 4  # at least
LIGHT_INPUTS = 5  # at least, of made-up inputs: fewer would be cold ones for the most part
SMALLER = (1.0, 0.8, 0.64)  # sides of the usual one, which tell what another size adds
DATA_SUITES = ("fashion-mnist", "learning")
FORMATS = ("console", "markdown", "latex", "csv")
_ASKED = ("suite", "batch", "device", "precision", "threads", "repeats")
_OF_A_RUN = (*_ASKED, "within")
_LIGHT = (*_ASKED, "zone", "intensity_g_per_kwh", "pue")
WITHIN_S = 300.0


def add_actions(parser: argparse.ArgumentParser) -> None:
    """As words after `bench`; none of them: a campaign is run."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="beside running a suite")
    add_train(actions)
    report = _action(actions, "report", "tables, figures and answers of a campaign, made anew")
    report.add_argument("folder", metavar="DIR", help="the campaign's folder")
    report.add_argument("--format", choices=FORMATS, default="console", help="of what is printed (console)")
    report.add_argument("--olympic", action="store_true", help="drop the best and the worst of five runs or more")
    add_json(report)
    add_weighing(report)
    compare = _action(actions, "compare", "which tests of campaigns differ, by how much; for a watt, a euro, a gram")
    compare.add_argument("folders", metavar="DIR", nargs="+", help="folders of two campaigns or more; the first is A")
    compare.add_argument("--price", metavar="PRICE", help='of a kWh, as "0.25 EUR": inputs for a unit of money too')
    add_json(compare)
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
    size_text = "side of the images (default: that of the suite); it is run, or carried to where that takes too long"
    forecast.add_argument("--size", type=int, metavar="PIXELS", help=size_text)
    within_text = "of the light run at most; what ran by then is what the forecast rests on (300)"
    forecast.add_argument("--within", type=float, metavar="SECONDS", help=within_text)
    add_models(forecast, "--models", text="default: the suite's")
    forecast.add_argument("--batch", type=int, metavar="N", help="images at a time")
    forecast.add_argument("--device", help="cpu (default), cuda, cuda:1 …")
    forecast.add_argument("--precision", metavar="WORD", help=PRECISION)
    forecast.add_argument("--threads", type=int, metavar="N", help="default: all that it may use (affinity, quota)")
    forecast.add_argument("--repeats", type=int, metavar="N", help="runs of every test (3)")
    add_json(forecast)
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
    print_json(document)


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

    campaign = view.read(args.folder) if args.folder else None
    if campaign is not None and not campaign.cells:
        reasons = "; ".join(campaign.left_out) or "no test came to its end"
        raise ValueError(
            f"{args.folder}: nothing to set beside the published tables: {reasons}; or leave the folder out"
        )
    page = reproduction.page(campaign.cells if campaign is not None else None)
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
    if (args.within or WITHIN_S) <= 0:
        raise ValueError(f"--within is above 0 s, not {args.within:g}")
    with tempfile.TemporaryDirectory(prefix="impact-tracker-forecast-") as scratch:
        folder, notes = (Path(args.source), []) if args.source else _light(Path(scratch), args)
        campaign = view.read(folder, weights=_weights(args))
        try:
            forecasts = forecast.forecasts(
                campaign, images=args.images, epochs=args.epochs, models=models_of(args.models or ""), side=args.size
            )
        except ValueError as error:
            raise ValueError("\n  ".join([str(error), *notes])) from None
        if args.json:
            _print(forecast.to_dict(forecasts))
        else:
            page = forecast.page(campaign, forecasts, images=args.images, epochs=args.epochs, side=args.size)
            page = page._replace(caveats=[*notes, *page.caveats])
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


def light_images(suite: str, models: Sequence[str], side: int | None = None, batch: int | None = None) -> int:
    """Images of a light run of these networks, by the heaviest of them: a training takes three times a forward pass.
    `side`: of the pictures, where it is not the suite's; `batch`: where one was asked for."""
    from ...bench.plan.suites import listing

    asked = [test for test in listing() if test["suite"] == suite]
    own = [test for test in asked if (test["model"] in models if models else test["default"])]
    heaviest = max((test["gmac"] * _times_the_pixels(test["size"], side) for test in own if test["gmac"]), default=0.0)
    most = LIGHT_GMAC if suite in DATA_SUITES else LIGHT_GMAC_ONE_BY_ONE
    by_work = int(most / (3.0 * heaviest)) if heaviest else LIGHT_IMAGES
    if suite not in DATA_SUITES:  # a light run takes them one at a time, where no batch is asked for
        return max(min(by_work, LIGHT_IMAGES), LIGHT_INPUTS, LIGHT_BATCHES * batch if batch else 0)
    batches = [batch] if batch else [test["batch"] for test in own]
    return max(min(by_work, LIGHT_IMAGES), LIGHT_BATCHES * max(batches, default=1))


def _times_the_pixels(size: Sequence[int], side: int | None) -> float:
    return side**2 / math.prod(size) if side is not None and len(size) == 2 else 1.0


def _light(folder: Path, args: argparse.Namespace) -> tuple[Path, list[str]]:
    """Runs a small campaign for a forecast, at the size that is asked for; where that does not come to an end in time,
    or at all, one at usual sizes, from which it is carried over. Its folder, and what is to be said of it."""
    within_s = args.within or WITHIN_S
    direct, usual = folder / "light", folder / "usual"
    print("a light run first …", file=sys.stderr)
    if args.size is None:
        ended = _run_within(direct, _light_settings(args, {}), within_s)
        return direct, [] if ended else [_stopped(within_s)]
    try:
        ended = _run_within(direct, _light_settings(args, {"size": (args.size,)}), within_s)
        why = None if _tells(direct) else "failed" if ended else f"took longer than {within_s:g} s (--within)"
    except ValueError as error:
        ended, why = False, str(error)
    if why is None:
        return direct, [] if ended else [_stopped(within_s)]
    print("another one, at usual sizes …", file=sys.stderr)
    ended = _run_within(usual, _light_settings(args, _usual_sizes(args)), within_s)
    notes = [f"a light run at {args.size} × {args.size} pixels gave nothing to rest on: {why}"]
    return usual, [*notes, *([] if ended else [_stopped(within_s)])]


def _stopped(within_s: float) -> str:
    return f"the light run was ended after {within_s:g} s (--within): the forecast rests on what had run by then"


def _light_settings(args: argparse.Namespace, size: dict[str, object]) -> Settings:
    """Settings of a light run; `size`: one, or an axis of sizes, nothing for the suite's own."""
    from ...bench import Settings

    models = models_of(args.models or "")
    given = {name: getattr(args, name) for name in _LIGHT if getattr(args, name) is not None}
    suite = str(given.setdefault("suite", _suite_for(models, args.size)))
    side = args.size if "size" in size else None
    images = light_images(suite, models, side, args.batch)
    given.update(images=images, **({"test_images": images} if suite in DATA_SUITES else {}))
    return Settings.from_dict({**given, **size, "models": models, "roof": False})


def _usual_sizes(args: argparse.Namespace) -> dict[str, object]:
    """The side at which the suite runs the networks, and smaller ones, as an axis; nothing where they have several."""
    from ...bench.plan.suites import listing

    models = models_of(args.models or "")
    suite = args.suite or _suite_for(models, args.size)
    sizes = {
        tuple(test["size"]) for test in listing() if test["suite"] == suite and (not models or test["model"] in models)
    }
    if len(sizes) != 1 or len(set(side := sizes.pop())) != 1 or len(side) != 2:
        return {}
    return {"axes": {"size": [[round(side[0] * share)] for share in SMALLER]}}


def _tells(folder: Path) -> bool:
    """Whether every phase that was asked for has a run that counts."""
    from ...bench.show import view

    campaign = view.read(folder)
    return not campaign.verdict().without


class _OutOfTimeError(BaseException):
    """The light run's time is over. Not an `Exception`: a failing task does not end a campaign, and this must."""


def _run_within(folder: Path, settings: Settings, within_s: float) -> bool:
    """Runs a campaign for so long at most; whether it came to its end. What had run by then is kept."""
    import signal
    import threading

    from ...bench import Campaign

    def end(*_: object) -> None:
        raise _OutOfTimeError

    campaign = Campaign.create(folder, settings)
    # Signals are the main thread's alone, and no other system than those of Unix has this one.
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        campaign.run()
        return True
    before = signal.signal(signal.SIGALRM, end)
    try:
        signal.setitimer(signal.ITIMER_REAL, within_s)
        campaign.run()
    except _OutOfTimeError:
        return False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return True
