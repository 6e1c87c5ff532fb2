"""`ledger report` and `ledger best`: the answers of a ledger."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .ledger_options import add_filter, filter_of, period_ns
from .options import add_reweighing, print_json, reweighing

if TYPE_CHECKING:
    from ..ledger import Ledger, Pseudonyms
    from ..ledger.report import BestBy
    from ..weighing import Reweighing


def _add_goal(parser: argparse.ArgumentParser, *, required: bool) -> None:
    goal = parser.add_mutually_exclusive_group(required=required)
    goal.add_argument("--min", metavar="METRIC", help="the best run has the smallest METRIC, as of a word error rate")
    goal.add_argument("--max", metavar="METRIC", help="the best run has the largest METRIC, as of an accuracy")


def _goal(args: argparse.Namespace) -> BestBy | None:
    from ..ledger.report import BestBy

    if args.min is not None:
        return BestBy(args.min, "min")
    return None if args.max is None else BestBy(args.max, "max")


def add_report(parser: argparse.ArgumentParser) -> None:
    """Which project, by which metric, over which time, with which factors."""

    parser.add_argument("project", nargs="?", metavar="PROJECT", help="without it: the only one, or an overview of all")
    _add_goal(parser, required=False)
    add_filter(parser)
    parser.add_argument(
        "--change",
        nargs=2,
        metavar=("BEFORE", "AFTER"),
        help="split the change between two periods, each as 2026, 2026-09, 2026-09-15 or 2026-09..2026-11",
    )
    parser.add_argument("--pseudonyms", metavar="KEYFILE", help="persons under names that only this key's holder knows")
    parser.add_argument("--figures", metavar="DIR", help="figures as .svg")
    add_reweighing(parser)


def report(ledger: Ledger, args: argparse.Namespace) -> int:
    """The page, or JSON; figures where asked for."""
    from ..ledger import Pseudonyms, report_of
    from ..ledger.show import report_page
    from ..report.page import show

    pseudonyms = None if args.pseudonyms is None else Pseudonyms.of_file(Path(args.pseudonyms))
    _name_person(ledger, args, pseudonyms)
    projects = ledger.projects()
    project = args.project or (projects[0] if len(projects) == 1 else None)
    new = reweighing(args)
    if project is None and projects:
        return _overview(ledger, args, new)
    periods = None
    if args.change:
        periods = (period_ns(args.change[0]), period_ns(args.change[1]))
    wanted = filter_of(args, project)
    development = report_of(ledger, wanted, _goal(args), new=new, pseudonyms=pseudonyms, periods=periods)
    if args.figures:
        from ..ledger.figures import draw

        for path in draw(development, Path(args.figures)):
            print(f"wrote {path}", file=sys.stderr)
    if args.json:
        print_json(development.to_dict())
    else:
        show(report_page(development))
    return 0


def _name_person(ledger: Ledger, args: argparse.Namespace, pseudonyms: Pseudonyms | None) -> None:
    """A person may be asked for by the pseudonym, which its key turns back."""
    if pseudonyms is not None and args.person:
        rows = ledger.database.rows("SELECT DISTINCT person FROM ledger_runs WHERE person IS NOT NULL")
        args.person = pseudonyms.person(args.person, [str(row[0]) for row in rows])


def _overview(ledger: Ledger, args: argparse.Namespace, new: Reweighing) -> int:
    from ..ledger.cells import Weigher, cells_of
    from ..ledger.report import ACTIVITY, frequencies_of
    from ..ledger.show import overview_page
    from ..report.page import show

    for name in ("min", "max", "change"):
        if getattr(args, name) is not None:
            raise ValueError(f"--{name} is about one project: {', '.join(ledger.projects())}")
    cells = cells_of(ledger.database, filter_of(args, None), *ACTIVITY)
    sums = Weigher(ledger.weighings(), new).named(cells, lambda cell: cell.project)
    frequencies = frequencies_of(ledger, cells)
    if args.figures:
        from ..ledger.figures import plot_frequencies

        path = Path(args.figures) / "frequency.svg"
        plot_frequencies(frequencies, path)
        print(f"wrote {path}", file=sys.stderr)
    if args.json:
        lines = [line.to_dict() for line in sums]
        print_json({"projects": lines, "frequencies": [frequency.to_dict() for frequency in frequencies]})
    else:
        show(overview_page(sums, frequencies, ledger.outcome.notes))
    return 0


def add_best(parser: argparse.ArgumentParser) -> None:
    """Of which project, by which metric."""

    parser.add_argument("project", nargs="?", metavar="PROJECT", help="without it: the only one")
    _add_goal(parser, required=True)
    add_filter(parser)


def best(ledger: Ledger, args: argparse.Namespace) -> int:
    """The best run, how it was chosen."""
    from ..ledger.show import best_page
    from ..report.page import show

    projects = ledger.projects()
    project = args.project or (projects[0] if len(projects) == 1 else None)
    goal = _goal(args)
    if project is None or goal is None:
        raise ValueError(f"name the project: {', '.join(projects) or 'the ledger has none yet'}")
    run = ledger.best(filter_of(args, project), *goal)
    if args.json:
        fields = {"metric": run.metric, "goal": run.goal, "value": run.value, "candidates": run.candidates}
        print_json({**fields, "alike": run.alike, "unmeasured": run.unmeasured, "run": run.run.to_dict()})
    else:
        show(best_page(run))
    return 0
