"""Federated training that is measured: Flower as the engine, our worker in each client, all on this machine.

A network learns Fashion-MNIST from clients that keep their images, and once more in one place. Each client and the
server have a record of their own; the bytes are counted; and the simulator, fed from the first half of the rounds, is
held against what all of them used. What the folder holds already is not run again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..options import add_json, add_quiet, print_json

if TYPE_CHECKING:
    from ...studies.federated.outcome import RunOutcome
    from ...studies.federated.plan import FederatedSettings
    from ...studies.federated.split import DataSplit

EXAMPLES = """examples:
  impact-tracker study federated -o runs/fed --clients 5 --images 6000 --rounds 10 --target 0.8
  impact-tracker study federated -o runs/fed --split iid --split dirichlet:0.3 --clients 10 --target 0.85
  impact-tracker study federated -o runs/few --clients 20 --active 5 --split shards:2 --repeats 3
  impact-tracker study federated --read runs/fed --figure fed.svg
  impact-tracker study federated --read runs/fed --scenario fed.yaml && impact-tracker study paradigms fed.yaml
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is trained, by how many, until when."""
    from ...studies.federated.plan import FederatedSettings

    given = FederatedSettings()
    asked = parser.add_argument_group("what is asked")
    asked.add_argument(
        "--split", action="append", metavar="iid|dirichlet:α|shards:N",
        help="how the images are dealt out; may be repeated (iid). κ needs iid beside another",
    )  # fmt: skip
    asked.add_argument("--clients", type=int, default=given.clients, metavar="K", help=f"({given.clients})")
    asked.add_argument("--active", type=int, metavar="KA", help="clients that train in a round (all)")
    asked.add_argument("--rounds", type=int, default=given.rounds, metavar="N", help=f"at most ({given.rounds})")
    asked.add_argument("--target", type=float, default=given.target, help=f"accuracy ({given.target:g})")
    asked.add_argument("--all-rounds", action="store_true", help="go on when the target is reached")
    asked.add_argument("--seed", type=int, default=given.seed, help=f"of weights, images and choices ({given.seed})")
    asked.add_argument("--repeats", type=int, default=1, metavar="N", help="runs of each, with the next seeds (1)")
    asked.add_argument("--no-centralised", action="store_true", help="leave out the training in one place")
    local = parser.add_argument_group("training")
    local.add_argument("--network", default=given.network, help=f"of the worker, for images ({given.network})")
    local.add_argument("--epochs", type=int, default=given.epochs, metavar="E", help="of a client in a round (1)")
    local.add_argument("--batches", type=int, metavar="B", help="batches of a client in a round, in place of epochs")
    local.add_argument("--batch-size", type=int, default=given.batch, metavar="N", help=f"({given.batch})")
    local.add_argument("--optimizer", default=given.optimizer, help=f"({given.optimizer}); anew in each round")
    local.add_argument("--lr", type=float, default=given.lr, help=f"learning rate ({given.lr:g})")
    local.add_argument("--device", default=given.device, help="of every worker: cpu, cuda:0 (cpu)")
    local.add_argument("--threads", type=int, metavar="N", help="of each worker (its part of the processors)")
    local.add_argument("--images", type=int, metavar="N", help="of training, of all clients together (all)")
    local.add_argument("--test-images", type=int, metavar="N", help="of testing (all)")
    local.add_argument("--data-folder", metavar="DIR", help="where the data set's files are")
    out = parser.add_argument_group("output")
    out.add_argument("-o", "--output", metavar="DIR", help="the study's folder; it goes on there where it was left")
    out.add_argument("--read", metavar="DIR", help="show what a folder holds, and run nothing")
    out.add_argument("--interval", type=float, default=given.interval_s, metavar="S", help="seconds between samples")
    out.add_argument("--figure", metavar="FILE", help="accuracy by round and energy by term: .svg, .png, .pdf")
    out.add_argument("--scenario", metavar="FILE", help="what was measured, for `study paradigms` (of the last split)")
    add_json(out, "unrounded, with every round, for programs")
    add_quiet(out)


def run(args: argparse.Namespace) -> int:
    """Prints the study. ValueError, OSError, ImportError: why there is none."""
    from ...studies.federated.findings import findings_of
    from ...studies.federated.outcome import read_study
    from ...studies.federated.show import as_dict, page_of

    if args.read is not None and args.output is not None:
        raise ValueError("give --output to run a study, or --read to show one")
    if args.read is None and args.output is None:
        raise ValueError("give the study's folder: --output DIR")
    _check_figure(args.figure)
    if args.read is None:
        _carry_out(args)
    findings = findings_of(read_study(Path(args.read or args.output)))
    if args.figure:
        from ...studies.federated.figures import draw

        draw(findings, Path(args.figure))
    if args.scenario:
        from ...studies.federated.scenario_text import scenario_text

        if not findings.study.federated:
            raise ValueError("the folder holds no federated run yet")
        text = scenario_text(findings.study, _asked_last(args, findings.study.federated))
        from ...whole_file import write_whole_text

        write_whole_text(args.scenario, text)
    if args.json:
        print_json(as_dict(findings))
    else:
        from ...report.page import show

        show(page_of(findings))
    return 0


def _carry_out(args: argparse.Namespace) -> None:
    from ...studies.federated.carry_out import FederatedRunError, carry_out

    if args.repeats < 1:
        raise ValueError(f"--repeats is 1 or more, not {args.repeats}")

    def told(text: str) -> None:
        if not args.quiet:
            print(f"impact-tracker study federated: {text}", file=sys.stderr, flush=True)

    try:
        carry_out(
            Path(args.output),
            settings_of(args),
            splits_of(args),
            repeats=args.repeats,
            centralised=not args.no_centralised,
            told=told,
        )
    except FederatedRunError as error:
        raise ValueError(str(error)) from error


def settings_of(args: argparse.Namespace) -> FederatedSettings:
    """ValueError names what cannot be."""
    from ...studies.federated.plan import FederatedSettings

    return FederatedSettings(
        clients=args.clients,
        active=args.clients if args.active is None else args.active,
        rounds=args.rounds,
        target=args.target,
        epochs=args.epochs,
        passes=args.batches,
        batch=args.batch_size,
        network=args.network,
        optimizer=args.optimizer,
        lr=args.lr,
        images=args.images,
        test_images=args.test_images,
        data_folder=None if args.data_folder is None else str(Path(args.data_folder).absolute()),
        device=args.device,
        threads=args.threads,
        seed=args.seed,
        all_rounds=args.all_rounds,
        interval_s=args.interval,
    )


def splits_of(args: argparse.Namespace) -> list[DataSplit]:
    """The splits in their order, each once."""
    from ...studies.federated.split import parse_split

    return list(dict.fromkeys(parse_split(text) for text in args.split or ["iid"]))


def _asked_last(args: argparse.Namespace, runs: Sequence[RunOutcome]) -> RunOutcome:
    """The run of the split that was named last; without any the last that is uneven."""
    wanted = splits_of(args)[-1] if args.split else None
    chosen = [run for run in runs if run.split == wanted] if wanted is not None else []
    if wanted is not None and not chosen:
        raise ValueError(f"the folder holds no run with the split {wanted.name}")
    return chosen[0] if chosen else next((run for run in runs if run.title != "IID"), runs[0])


def _check_figure(path: str | None) -> None:
    """A figure that cannot be drawn is told before hours of training."""
    if path is not None:
        from ...report.plot import figure_for

        figure_for(path, (1.0, 1.0))
