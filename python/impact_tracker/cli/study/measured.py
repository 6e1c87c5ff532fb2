"""Studies that are answered by trainings of their own: points, repeats, a table, a figure and a sentence."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ..options import add_json, add_weighing, print_json

if TYPE_CHECKING:
    from ...studies.points.campaign import PointsOutcome
    from ...studies.points.store import StudyPlan
    from ...studies.questions.asked import StudyAsked

ABOUT = {
    "data-size": "data set size × energy × accuracy: does more data pay?",
    "target": "what reaching a target takes; runs that miss it are censored",
    "curve": "accuracy against energy: marginal joules, half of the CO2, knee, front",
    "shallow": "shallow methods against networks under equal budgets of energy",
    "ladder": "accuracy of the benchmark's networks on a ladder of energy budgets",
    "machine": "batch size, threads, precision, layout, memory: what each does to the energy",
    "size": "width, depth, family: what a larger or another model costs and gains",
}
_MORE = {
    "data-size": "  impact-tracker study data-size --models small-cnn,k-nn --examples 500,2000,8000\n",
    "target": "  impact-tracker study target --target 0.85 --repeats 5 --evaluations 16\n",
    "curve": "  impact-tracker study curve --models small-cnn,mobilenet-v2 --epochs 10 --preset full\n",
    "shallow": "  impact-tracker study shallow --data breast-cancer,wine --budget 20J,100J\n",
    "ladder": "  impact-tracker study ladder --models small-cnn,resnet-18 --budget 20J,100J,0.1Wh\n",
    "machine": "  impact-tracker study machine --axes batch,threads --models resnet-18\n",
    "size": "  impact-tracker study size --data digits\n",
}


def examples_of(study: str) -> str:
    """The examples of a study's help."""
    return (
        f"examples:\n  impact-tracker study {study}\n{_MORE[study]}"
        f"  impact-tracker study {study} -o runs/{study} --preset full --repeats 5 --seed 7\n"
        f"  impact-tracker study {study} --resume runs/{study}\n"
        f"  impact-tracker study {study} --show runs/{study} --json\n"
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is trained on what, how often, and where the lines are kept."""
    asked = parser.add_argument_group("what is asked")
    asked.add_argument(
        "--preset", choices=("quick", "full"), default="quick", help="quick: minutes; full: hours (quick)"
    )
    asked.add_argument("--models", type=_names, default=(), metavar="A,B", help="networks and methods of scikit-learn")
    asked.add_argument(
        "--data", type=_names, default=(), metavar="A,B", help="data sets: fashion-mnist, digits, wine, …"
    )
    asked.add_argument("--examples", type=_numbers, default=(), metavar="N,N", help="training examples")
    asked.add_argument("--epochs", type=int, metavar="N", help="passes over the examples, of networks")
    asked.add_argument(
        "--budget", type=_budgets, default=(), metavar="J,J", help="budgets with their units: 100J,0.1Wh"
    )
    asked.add_argument("--target", type=float, metavar="SCORE", help="of study target: an accuracy between 0 and 1")
    asked.add_argument(
        "--evaluations",
        type=int,
        metavar="K",
        help="of studies curve and target: looks of an epoch, of networks; towards a target partly early in the first "
        "(target: 8; curve: 3, full: 4)",
    )
    asked.add_argument("--axes", type=_names, default=(), metavar="A,B", help="of study machine: batch, threads, …")
    asked.add_argument("--device", default="cpu", help="of the networks: cpu, cuda:0, … (cpu)")
    asked.add_argument("--repeats", type=int, metavar="N", help="runs of every point (3)")
    asked.add_argument("--seed", type=int, default=1, metavar="N", help="of order, data and weights (1)")
    asked.add_argument("--data-folder", metavar="FOLDER", help="data sets that are not installed")
    add_weighing(parser)
    out = parser.add_argument_group("output")
    out.add_argument("-o", "--output", metavar="FOLDER", help="default: studies/STUDY-TIME")
    out.add_argument(
        "--resume", nargs="?", const="", metavar="FOLDER", help="go on with what was begun (the newest without a name)"
    )
    out.add_argument("--show", metavar="FOLDER", help="answer from the runs that are there, run nothing")
    out.add_argument("--plan", action="store_true", help="list the points, run nothing")
    add_json(out)
    out.add_argument("--quiet", action="store_true", help="no progress")


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part.replace("_", "")) for part in text.split(",") if part.strip())
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of whole numbers, as in 500,2000") from None


def _budgets(text: str) -> tuple[float, ...]:
    """Joules of amounts of energy; ArgumentTypeError for what is none."""
    from ...budget import read_amount

    joules = []
    for part in _names(text):
        try:
            amount = read_amount(part)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{part!r} {error}") from None
        if amount.unit != "J":
            raise argparse.ArgumentTypeError(f"{part!r}: studies compare energies: give J, kJ, Wh or kWh")
        joules.append(amount.number)
    return tuple(joules)


def run(args: argparse.Namespace) -> int:
    """Runs what is not done yet and answers. 1 where no run came to a good end; ValueError, OSError and ImportError say
    why nothing was begun."""
    from ...studies.points.campaign import conduct, outcome_of
    from ...studies.points.preflight import preflight
    from ...studies.points.store import StudyStore

    if args.show is not None:
        store = StudyStore(args.show)
        plan = store.plan()
        _check_study(args, plan)
        return _answer(args, outcome_of(store, plan), store.folder)
    if args.resume is not None:
        store = StudyStore(args.resume or args.output or _newest(args.study))
        plan = _renewed(args, store.plan())
        preflight(plan.points, plan.data_folder)
        store.write(plan)
    else:
        plan = _plan(args)
        if args.plan:
            return _list(args, plan)
        store = StudyStore(
            args.output or Path("studies") / f"{args.study}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
        )
        preflight(plan.points, plan.data_folder)
        store.create(plan)
    return _answer(args, conduct(store, plan, quiet=args.quiet), store.folder)


def _newest(study: str) -> Path:
    folders = sorted(Path("studies").glob(f"{study}-*"), key=lambda folder: folder.name)
    if not folders:
        raise FileNotFoundError(f"there is no study of {study} below studies/: name its folder, --resume FOLDER")
    return folders[-1]


def _check_study(args: argparse.Namespace, plan: StudyPlan) -> None:
    if plan.study != args.study:
        raise ValueError(f"this folder holds a study of {plan.study}: impact-tracker study {plan.study} takes it")


def _renewed(args: argparse.Namespace, plan: StudyPlan) -> StudyPlan:
    """The plan of before, with more repeats where that is asked for; its other answers are its own."""
    from dataclasses import replace

    _check_study(args, plan)
    if args.repeats is None or args.repeats == plan.repeats:
        return plan
    if args.repeats < plan.repeats:
        raise ValueError(
            f"the study was begun with {plan.repeats} repeats, it cannot have {args.repeats}: fewer need another folder"
        )
    return replace(plan, repeats=args.repeats)


def _asked(args: argparse.Namespace) -> StudyAsked:
    from ...studies.questions.asked import StudyAsked

    if args.target is not None and args.study != "target":
        raise ValueError(f"--target belongs to study target, not to {args.study}")
    if args.budget and args.study not in ("shallow", "ladder"):
        raise ValueError(f"--budget belongs to the studies shallow and ladder, not to {args.study}")
    if args.evaluations is not None and args.study not in ("curve", "target"):
        raise ValueError(f"--evaluations belongs to the studies curve and target, not to {args.study}")
    if args.axes and args.study != "machine":
        raise ValueError(f"--axes belongs to study machine, not to {args.study}")
    return StudyAsked(
        args.preset,
        args.models,
        args.data,
        args.examples,
        args.epochs,
        args.budget,
        args.target,
        args.device,
        args.axes,
        args.data_folder,
        args.evaluations,
    )


def _plan(args: argparse.Namespace) -> StudyPlan:
    from ...studies.points.store import StudyPlan
    from ...studies.questions.known import QUESTIONS
    from ...weighing import Weighing

    Weighing(zone=args.zone, intensity_g_per_kwh=args.intensity_g_per_kwh, pue=args.pue)  # says what is wrong at once
    asked = _asked(args)
    points = QUESTIONS[args.study].points(asked)
    if not points:
        raise ValueError(
            f"none of the models {', '.join(args.models) or '(all)'} learns any of the data "
            f"{', '.join(args.data) or '(all)'}: --plan lists what is run without them"
        )
    repeats = args.repeats if args.repeats is not None else 3
    folder = None if args.data_folder is None else str(Path(args.data_folder).absolute())
    return StudyPlan(
        args.study, args.preset, points, repeats, args.seed, args.zone, args.intensity_g_per_kwh, args.pue, folder
    )


def _list(args: argparse.Namespace, plan: StudyPlan) -> int:
    from ...report.page import Page, Table, show

    if args.json:
        print_json(plan.to_dict())
        return 0
    rows = [(point.model, point.data, f"{point.examples:,}", point.id) for point in plan.points]
    show(Page(f"{len(rows)} points × {plan.repeats} repeats", [Table(("model", "data", ">examples", "point"), rows)]))
    return 0


def _answer(args: argparse.Namespace, outcome: PointsOutcome, folder: Path) -> int:
    from ...report.page import show
    from ...studies.questions.show import as_dict, finding_of, page_of, write_files

    finding = finding_of(outcome)
    write_files(outcome, finding, folder)
    if args.json:
        print_json(as_dict(outcome, finding))
    else:
        show(page_of(outcome, finding, folder))
    return 0 if outcome.good else 1
