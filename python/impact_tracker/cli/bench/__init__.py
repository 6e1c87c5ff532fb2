"""Train and run networks and show what each cost: energy, carbon, time and accuracy, with intervals over runs.

Without any option: a small CNN and MobileNet-V2 on Fashion-MNIST, three runs each.
"""

from __future__ import annotations

import argparse
import itertools
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ..options import add_json, add_quiet, add_weighing, print_json
from .actions import add_actions, models_of, run_action
from .cluster import add_cluster, cluster_options, run_on_cluster
from .end import CODES, UNMADE, Ended, code_of, ending, resume_hint, say
from .how import add_how, add_models, add_resume, varied
from .train import learning_settings

if TYPE_CHECKING:
    from ...bench import Campaign
    from ...bench.row.storage import Outcome
    from ...bench.run.slurm import ClusterOptions
    from ...bench.show.view import View

IMAGES = "training images an epoch, and images to run (fashion-mnist: 10000; else a second's, or what sensors need)"
EXAMPLES = (
    "Examples: `impact-tracker bench --suite ai-benchmark --mode work -o campaigns/a`; a sweep: `impact-tracker bench "
    "--models mobilenet-v2 --batch 1,4,16 --threads 1,2`; three machines: `impact-tracker bench compare a b c --price "
    "'0.25 EUR'`."
)
_SETTINGS = (
    "suite mode phase models repeats seed images epochs test_images batch size context classes device replicas "
    "precision layout threads "
    "data_folder zone intensity_g_per_kwh pue interval_s idle_s cool_down_s budget price_per_kwh "
    "evaluations evaluate_every roof"
)


_EXAMPLES = """examples:
  impact-tracker bench                                                       # two networks on Fashion-MNIST
  impact-tracker bench --list                                                # every test, with its size
  impact-tracker bench --suite ai-benchmark --mode work --repeats 10 -o campaigns/a
  impact-tracker bench --resume campaigns/a
  impact-tracker bench report campaigns/a --zone FR --pue 1.2
  impact-tracker bench compare campaigns/a campaigns/b
  impact-tracker bench roof                                                  # the most that this machine does"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to run, how, and where to keep it. No option has a default here: what was not given is the settings' own."""
    from ...bench.plan.settings import MODES, PHASES, SUITES

    what = parser.add_argument_group("what")
    what.add_argument(
        "--suite",
        choices=SUITES,
        help="fashion-mnist (default): two networks that learn; ai-benchmark: the published 42 tests; modern: networks "
        "of today; learning: as `bench train`",
    )
    what.add_argument(
        "--mode",
        choices=MODES,
        help="quick (default): seconds; work: fixed work of a minute and more on a warm machine; submission: of ten "
        "minutes; paper: as published",
    )
    add_models(what, "--models", text="names, separated by commas (--list names them)")
    what.add_argument("--phase", choices=PHASES, help="default: both")
    what.add_argument("--repeats", type=int, metavar="N", help="runs of every test (3; quick suites: 1)")
    what.add_argument("--images", type=int, metavar="N", help=IMAGES)
    what.add_argument("--epochs", type=int, metavar="N", help="passes over the training images (1)")
    what.add_argument("--test-images", type=int, metavar="N", help="images of the evaluation (all)")
    what.add_argument("--data", dest="data_folder", metavar="DIR", help="where the data set lies")
    what.add_argument(
        "--roof",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="measure the most that the machine does first, the roofline's roof (suites ai-benchmark and modern do)",
    )
    how = parser.add_argument_group("how", "several values of one option, as in --batch 1,4,16, are an axis of a sweep")
    how.add_argument("--seed", type=int, metavar="N", help="first run's seed; the next run has the next (1)")
    add_how(how, "images at a time (the test's own)")
    add_weighing(parser)
    add_cluster(parser)
    out = parser.add_argument_group("output")
    out.add_argument("-o", "--output", metavar="DIR", help="the campaign's folder (default: runs/bench-<time>)")
    add_resume(out)
    out.add_argument("--olympic", action="store_true", help="drop the best and the worst of five runs or more")
    out.add_argument("--list", action="store_true", help="name every test (of --suite, of --models) and end")
    add_json(out)
    add_quiet(out)
    add_actions(parser)
    parser.epilog = f"{_EXAMPLES}\n\n{CODES}"


def run(args: argparse.Namespace) -> int:
    """The exit code, one of CODES."""
    from ...runner import WorkerError
    from ...values.statistics import require_scipy

    if args.list and not args.action:
        return _list(args)
    if args.action == "schema":
        return run_action(args)
    require_scipy()  # a campaign that took days must not end without its statistics
    if args.action and args.action != "train":
        return _action(args)
    campaign: Campaign | None = None
    cluster: ClusterOptions | None = None
    try:
        with ending():
            cluster = cluster_options(args)
            campaign = _campaign(args)
            quiet = args.quiet
            outcome = run_on_cluster(campaign, cluster, quiet=quiet) if cluster else campaign.run(quiet=quiet)
    except WorkerError as error:
        say(f"impact-tracker bench: {error}")
        return 2
    except (KeyboardInterrupt, Ended) as end:
        if campaign is not None and cluster is None:
            say(f"\nstopped; finished rows are kept. Go on: {resume_hint(campaign.storage.folder)}")
        return code_of(end)
    except OSError as error:
        if campaign is None:
            raise
        hint = resume_hint(campaign.storage.folder)
        say(f"impact-tracker bench: {error}\nfinished rows are kept. Go on: {hint}\n{UNMADE}")
        return 2
    return show(campaign.storage.folder, as_json=args.json, olympic=args.olympic, outcome=outcome)


def _action(args: argparse.Namespace) -> int:
    from ...runner import WorkerError

    if args.action not in ("forecast", "roof"):
        return run_action(args)
    try:
        with ending():  # they have a worker and a folder of their own
            return run_action(args)
    except WorkerError as error:
        say(f"impact-tracker bench {args.action}: {error}")
        return 2
    except (KeyboardInterrupt, Ended) as end:
        return code_of(end)


def _campaign(args: argparse.Namespace) -> Campaign:
    from ...bench import Campaign, Settings
    from ...bench.plan.modes import default_repeats

    given = {name: value for name in _SETTINGS.split() if (value := getattr(args, name, None)) is not None}
    learning = args.action == "train"
    if args.resume:
        target = {"target"} if learning and args.goal else set()
        beside = sorted(set(given) - {"repeats"} | target | ({"output"} if args.output else set()))
        if beside:
            raise ValueError(f"--resume takes the campaign's own settings: leave out {', '.join(beside)}")
        return Campaign.resume(
            args.resume, repeats=given.get("repeats"), redo_invalid=args.redo_invalid, here=not args.slurm
        )
    if args.redo_invalid:
        raise ValueError("--redo-invalid is of a campaign that was run: it needs --resume DIR")
    if "models" in given:
        given["models"] = models_of(given["models"])
    if learning:
        given = learning_settings(args, given)
    given.setdefault("repeats", default_repeats(given.get("suite"), given.get("mode")))
    folder = args.output or _new_folder("train" if learning else "bench")
    return Campaign.create(folder, Settings.from_dict(varied(given)), here=not args.slurm)


def _new_folder(kind: str) -> Path:
    """One that is not there: two may begin in one second, and clocks step back."""
    first = Path(f"runs/{kind}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
    names = itertools.chain([first.name], (f"{first.name}-{number}" for number in itertools.count(2)))
    return next(path for path in map(first.with_name, names) if not path.exists())


def show(folder: Path, *, as_json: bool = False, olympic: bool = False, outcome: Outcome | None = None) -> int:
    """Prints a campaign and writes its files; its exit code. `outcome`: where more is known of it than its files say,
    as of a cluster's jobs."""
    from ...bench.show.view import read

    view = read(folder, olympic=olympic)
    if as_json:
        view.write_files()
        print_json(view.to_dict())
        return _code(view, outcome)
    from ...bench.show.suite_files import page_at_the_end
    from ...report.page import show as show_page

    show_page(page_at_the_end(view))
    return _code(view, outcome)


def _code(view: View, outcome: Outcome | None) -> int:
    """The exit code, after what is missing was said."""
    verdict = view.verdict(outcome)
    if verdict.text is not None:
        redo = " --redo-invalid" if verdict.redo else ""
        say(f"impact-tracker bench: {verdict.text}\n  then: {resume_hint(view.storage.folder)}{redo}")
    if view.output.unwritten is None:
        return verdict.code
    say(f"impact-tracker bench: {view.output.unwritten}")
    return verdict.code or 1


def _list(args: argparse.Namespace) -> int:
    from ...bench.plan.suites import check_models, listing

    tests = [test for test in listing() if args.suite in (None, test["suite"])]
    models = models_of(args.models or "")
    check_models(
        models, dict.fromkeys(test["model"] for test in tests), f"suite {args.suite}" if args.suite else "any suite"
    )
    tests = [test for test in tests if not models or test["model"] in models]
    if args.json:
        print_json(tests)
        return 0
    from ...report.page import Page, Table
    from ...report.page import show as show_page

    rows = []
    for test in tests:
        size = "x".join(map(str, test["size"])) if test["size"] else ""
        parameters = f"{test['parameters']:,}" if test["parameters"] else ""
        gmac = "" if test["gmac"] is None else f"{test['gmac']:.4g}"
        phases = ", ".join(test["phases"])
        rows.append((test["suite"], test["test"], test["title"], parameters, gmac, str(test["batch"]), size, phases))
    columns = ("suite", "test", "network", ">parameters", ">GMAC", ">batch", ">size", "phases")
    show_page(Page(f"{len(tests)} tests", [Table(columns, rows)]))
    return 0
