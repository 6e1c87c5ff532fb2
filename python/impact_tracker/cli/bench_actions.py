"""What `impact-tracker bench` does with campaigns that were run: report, compare, paper, forecast."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

LIGHT_IMAGES = 2000


def add_actions(parser: argparse.ArgumentParser) -> None:
    """As words after `bench`; none of them: a campaign is run."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="with campaigns that were run")
    report = actions.add_parser("report", help="tables, figures and answers of a campaign, made anew")
    report.add_argument("folder", metavar="DIR")
    report.add_argument("--format", choices=("console", "markdown", "latex", "csv"), default="console")
    report.add_argument("--olympic", action="store_true", help="drop the best and the worst of five runs or more")
    report.add_argument("--json", action="store_true", help="unrounded, for programs")
    compare = actions.add_parser("compare", help="which tests of two campaigns differ, by how much")
    compare.add_argument("a", metavar="A")
    compare.add_argument("b", metavar="B")
    compare.add_argument("--json", action="store_true", help="unrounded, for programs")
    paper = actions.add_parser(
        "paper", help="the published tables computed again; with a campaign: its ranks beside them"
    )
    paper.add_argument("folder", metavar="DIR", nargs="?")
    forecast = actions.add_parser("forecast", help="what training and inference will cost here, from a light run")
    forecast.add_argument("--images", type=int, required=True, metavar="N", help="training images, and images to run")
    forecast.add_argument("--epochs", type=int, default=1, metavar="E", help="passes over the training images (1)")
    forecast.add_argument("--models", metavar="A,B", help="default: the suite's")
    forecast.add_argument("--from", dest="source", metavar="DIR", help="a campaign of before instead of a light run")
    forecast.add_argument("--json", action="store_true", help="unrounded, for programs")


def run_action(args: argparse.Namespace, run_light: Callable[[Path, str | None], None]) -> int:
    """Its exit code. `run_light`: runs a light campaign of these models into a folder."""
    if args.action == "forecast":
        return _forecast(args, run_light)
    return {"report": _report, "compare": _compare, "paper": _paper}[args.action](args)


def _print(document: Any) -> None:
    print(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


def _report(args: argparse.Namespace) -> int:
    from ..bench import view
    from ..bench.suite_files import SuiteView
    from ..bench.tables import csv_text, latex, markdown
    from ..report.page import show

    found = view.read(args.folder, olympic=args.olympic)
    suite = SuiteView(found)
    if args.json:
        answers = [answer._asdict() for answer in suite.answers]
        _print({**found.to_dict(), "answers": answers, "score": suite.score})
        return 0
    tables = suite.tables()
    if args.format != "console":
        texts = {
            "markdown": lambda name, table: markdown(table),
            "latex": lambda name, table: latex(table, name),
            "csv": lambda name, table: csv_text(table),
        }
        print("\n".join(texts[args.format](name, table) for name, table in tables.items()), end="")
        return 0
    found.write_files()
    suite.write()
    page = found.page()
    shown = [table for name, table in tables.items() if name != "answers"]
    lines = [f"{one.question} {one.answer}. ({one.statistic})" for one in suite.answers]
    headline = "\n".join([page.headline, *([suite.score] if suite.score else []), *lines])
    show(page._replace(headline=headline, tables=[*page.tables, *shown], details=[f"files: {found.storage.folder}"]))
    return 0


def _compare(args: argparse.Namespace) -> int:
    from ..bench import comparison, view
    from ..report.page import show

    a, b = view.read(args.a), view.read(args.b)
    if args.json:
        _print({"a": args.a, "b": args.b, "comparisons": [one._asdict() for one in comparison.compare(a, b)]})
    else:
        show(comparison.page(a, b))
    return 0


def _paper(args: argparse.Namespace) -> int:
    from ..bench import reproduction, view
    from ..report.page import show

    show(reproduction.page(view.read(args.folder).cells if args.folder else None))
    return 0


def _forecast(args: argparse.Namespace, run_light: Callable[[Path, str | None], None]) -> int:
    from ..bench import forecast, view
    from ..report.page import show

    if args.images < 1 or args.epochs < 1:
        raise ValueError(f"--images and --epochs are 1 or more, not {args.images} and {args.epochs}")
    with tempfile.TemporaryDirectory(prefix="impact-tracker-forecast-") as scratch:
        folder = Path(args.source) if args.source else Path(scratch) / "light"
        if not args.source:
            print("a light run first …", file=sys.stderr)
            run_light(folder, args.models)
        found = view.read(folder)
        forecasts = forecast.forecasts(found, images=args.images, epochs=args.epochs)
        if args.json:
            _print(forecast.to_dict(forecasts))
        else:
            page = forecast.page(found, forecasts, images=args.images, epochs=args.epochs)
            show(page if args.source else page._replace(details=[]))
    return 0
