"""The ledger of a project: every run with its fate, its stage and its metrics; what the development cost beside its
best run.

Trackers write into it where a project is named: ImpactTracker("runs/a", project="asr", stage="training"), or
impact-tracker run --project asr -o runs/a -- python train.py. What was killed, other tools' files and a cluster's jobs
join by `add`; the same run joins once, and what overlaps counts once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .ledger_options import add_filter, filter_of, pair
from .options import add_json, print_json, progress

if TYPE_CHECKING:
    from ..ledger import Ledger, LedgerRun
    from ..spool import RunEntry

_EXAMPLES = """examples:
  impact-tracker ledger report asr --min wer --figures figures/     # development ÷ best run, by stage, month, person
  impact-tracker ledger report asr --change 2026-09 2026-10         # energy per run × number of runs: the rebound
  impact-tracker ledger list --project asr --fate failed
  impact-tracker ledger tag 20261130T114441Z-28030 --fate debug --metric wer=0.12
  impact-tracker ledger add runs/ emissions.csv --project asr       # records and other tools' files
  impact-tracker ledger add --jobs jobs.csv --project asr           # a cluster's jobs
  impact-tracker ledger report asr --ledger postgresql://db.example/team"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One parser an action; each knows the ledger's place and --json."""
    from .ledger_report import add_best, add_report

    parser.epilog = _EXAMPLES
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True, title="actions")
    for name, add, about in (
        ("report", add_report, "what the development cost: by stage, fate, month, person; ratio, frequency, rebound"),
        ("list", _add_list, "the runs, the newest first"),
        ("best", add_best, "the finished training run with the best metric"),
        ("tag", _add_tag, "say what became of a run, what it was for, what it achieved"),
        ("add", _add_add, "let records, other tools' files or a cluster's jobs join"),
        ("sync", _add_nothing, "bring the index up to date with the spool, for a team's database"),
        ("rebuild", _add_nothing, "make the index anew from the spools"),
    ):
        below = actions.add_parser(
            name, help=about, description=about, epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        add(below)
        below.add_argument(
            "--ledger",
            metavar="PLACE",
            help="folder, postgresql://HOST/DATABASE, or a file that holds such a URL (default: as trackers use it)",
        )
        add_json(below, "everything, unrounded, for programs")


def run(args: argparse.Namespace) -> int:
    """0; 2 for what cannot be done, with the reason and the remedy."""
    from ..ledger import Ledger
    from .ledger_report import best, report

    actions = {"report": report, "best": best, "list": _list, "tag": _tag, "add": _add, "rebuild": _rebuild}
    try:
        with Ledger.open(args.ledger, progress=progress, is_synced=args.action != "rebuild") as ledger:
            shows_notes = False
            try:
                code = actions.get(args.action, _synced)(ledger, args)
                shows_notes = args.action not in ("list", "best", "tag", "add")
                return code
            finally:  # what was not read may be why there is no answer
                for name, reason in ledger.outcome.set_aside.items():
                    print(f"impact-tracker ledger: {name} is damaged and set aside: {reason}", file=sys.stderr)
                for note in () if shows_notes else ledger.outcome.notes:
                    print(f"impact-tracker ledger: {note}", file=sys.stderr)
    except LookupError as error:
        raise ValueError(str(error.args[0])) from None


def _add_nothing(parser: argparse.ArgumentParser) -> None:
    """The shared options are enough."""


def _add_list(parser: argparse.ArgumentParser) -> None:
    from ..ledger_words import FATES, STAGES

    parser.add_argument("--project", metavar="NAME", help="runs of a project")
    parser.add_argument("--fate", choices=FATES, help="runs that ended so")
    parser.add_argument("--stage", choices=STAGES, help="runs of a stage")
    parser.add_argument("--tag", action="append", metavar="NAME=TEXT", help="runs with this tag; may be repeated")
    parser.add_argument("--all", action="store_true", help="all of them, not the 50 newest")
    add_filter(parser)


def _list(ledger: Ledger, args: argparse.Namespace) -> int:
    from ..ledger.show import list_page
    from ..report.page import show

    wanted = filter_of(args, args.project)
    count = ledger.count(wanted)
    runs = ledger.runs(wanted, newest=None if args.all else 50)
    if args.json:
        print_json({"count": count, "runs": [run.to_dict() for run in runs]})
    else:
        show(list_page(runs, count))
    return 0


def _add_tag(parser: argparse.ArgumentParser) -> None:
    from ..ledger_words import FATES, STAGES

    parser.add_argument("run_name", metavar="RUN", help="the run's id, or a beginning of it that no other has")
    parser.add_argument("--fate", choices=FATES[:-1], help="what became of it")
    parser.add_argument("--stage", choices=(*STAGES, ""), help='what it was for; "" for none')
    parser.add_argument("--metric", action="append", metavar="NAME=NUMBER", help="what it achieved; may be repeated")
    parser.add_argument("--tag", action="append", metavar="NAME=TEXT", help="a note; may be repeated")
    parser.add_argument("--person", metavar="NAME", help='whose it is; "" for nobody')
    parser.add_argument("--project", metavar="NAME", help="the project that it belongs to")
    parser.add_argument("--continues", metavar="RUN", help="the earlier run that it went on with: both are one run")


def _metrics(args: argparse.Namespace) -> dict[str, float | None]:
    from ..setting_values import number
    from ..spool import finite_metrics

    metrics: dict[str, object] = {}
    for text in args.metric or ():
        name, value = pair(text, "metric")
        try:
            metrics[name] = number(value)
        except ValueError as error:
            raise ValueError(f"the metric {name} {error}, not {value!r}") from None
    return finite_metrics(metrics)


def _tag(ledger: Ledger, args: argparse.Namespace) -> int:
    from ..spool import Amendment

    tags = dict(pair(text, "tag") for text in args.tag or ())
    change = Amendment(
        args.run_name, args.fate, args.stage, args.person, args.project, args.continues, _metrics(args), tags
    )
    if change == Amendment(args.run_name):
        raise ValueError("say what to change: --fate, --stage, --metric, --tag, --person, --project or --continues")
    _shown(ledger.tag(args.run_name, change), args)
    return 0


def _shown(run: LedgerRun, args: argparse.Namespace) -> None:
    from ..ledger.show import list_page
    from ..report.page import show

    if args.json:
        print_json(run.to_dict())
    else:
        show(list_page([run], 1))


def _add_add(parser: argparse.ArgumentParser) -> None:
    from ..ledger_words import FATES, STAGES
    from .any_runs import FORMATS

    parser.add_argument("paths", nargs="*", metavar="PATH", help="logdirs, records, or files of other trackers")
    parser.add_argument("--jobs", action="append", metavar="CSV", help="a table of a cluster's jobs; may be repeated")
    parser.add_argument("--project", metavar="NAME", help="the project of runs that name none themselves")
    parser.add_argument("--from", dest="kind", metavar="FORMAT", choices=FORMATS, help=f"{', '.join(FORMATS)}; guessed")
    parser.add_argument("--fate", choices=FATES[:-1], help="what became of them, where that is not known")
    parser.add_argument("--stage", choices=STAGES, help="what they were for, where they do not say")
    parser.add_argument("--person", metavar="NAME", help="whose they are, where they do not say")
    parser.add_argument("--metric", action="append", metavar="NAME=NUMBER", help="what they achieved; may be repeated")


def _add(ledger: Ledger, args: argparse.Namespace) -> int:
    from dataclasses import replace

    if not args.paths and not args.jobs:
        raise ValueError("name what is to join: logdirs, records, files of other trackers, or --jobs CSV")
    entries, faults = _joining(args)
    metrics = _metrics(args)
    entries = [
        replace(
            entry,
            fate=args.fate if args.fate and entry.fate in ("open", "finished") else entry.fate,
            stage=entry.stage or args.stage,
            person=entry.person or args.person,
            metrics={**metrics, **entry.metrics},
        )
        for entry in entries
    ]
    for fault in faults:
        print(f"impact-tracker ledger add: {fault}", file=sys.stderr)
    added, known = ledger.add(entries)
    if args.json:
        print_json({"added": added, "known": known, "left_out": faults})
    else:
        print(f"runs that joined: {added}; there already: {known}" + (f"; left out: {len(faults)}" if faults else ""))
    return 2 if faults and not entries else 0


def _joining(args: argparse.Namespace) -> tuple[Sequence[RunEntry], list[str]]:
    from ..ledger import entries_of, read_job_rows

    entries: list[RunEntry] = []
    faults: list[str] = []
    for path in args.paths:
        of_path, left_out = entries_of(Path(path), args.project, args.kind, progress=progress)
        entries, faults = entries + of_path, faults + left_out
    for path in args.jobs or ():
        rows, left_out = read_job_rows(Path(path), args.project)
        entries, faults = entries + [row.entry() for row in rows], faults + left_out
    return entries, faults


def _rebuild(ledger: Ledger, args: argparse.Namespace) -> int:
    ledger.rebuild(progress)
    return _synced(ledger, args)


def _synced(ledger: Ledger, args: argparse.Namespace) -> int:
    outcome = ledger.outcome
    runs = int(ledger.database.rows("SELECT count(*) FROM ledger_runs")[0][0] or 0)
    if args.json:
        set_aside = ledger.set_aside()
        print_json(
            {
                "runs": runs,
                "read": outcome.added,
                "gone": outcome.removed,
                "set_aside": set_aside,
                "notes": outcome.notes,
            }
        )
    else:
        print(
            f"runs: {runs}; files read: {outcome.added}; gone: {outcome.removed}; set aside: {len(outcome.set_aside)}"
        )
        for note in outcome.notes:
            print(f"! {note}")
    return 0
