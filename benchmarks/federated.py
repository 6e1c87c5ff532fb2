#!/usr/bin/env python3
"""How near the simulator is to federated training as it was measured.

    python benchmarks/federated.py [--clients 5] [--images 6000] [--rounds 10] [--output DIR] [--json FILE]

Trains a small network on Fashion-MNIST with Flower: an even and an uneven split, and in one place. The simulator is fed
from the records of every other round. The goal is a difference of 10 % at most in the energy of the clients, over all
rounds and over those that it did not see. The forecast of the second half from the first is shown beside it: it holds
on a machine that is otherwise idle.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "python")]

from impact_tracker.report.page import show  # noqa: E402
from impact_tracker.studies.federated.carry_out import carry_out  # noqa: E402
from impact_tracker.studies.federated.findings import findings_of  # noqa: E402
from impact_tracker.studies.federated.outcome import read_study  # noqa: E402
from impact_tracker.studies.federated.plan import FederatedSettings  # noqa: E402
from impact_tracker.studies.federated.show import GOAL, as_dict, page_of  # noqa: E402
from impact_tracker.studies.federated.split import parse_split  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=5)
    parser.add_argument("--images", type=int, default=6000)
    parser.add_argument("--test-images", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--target", type=float, default=0.8)
    parser.add_argument("--split", action="append", help="(iid and dirichlet:0.3)")
    parser.add_argument("--output", help="keep the study there; what it holds is not run again")
    parser.add_argument("--json", help="all of it, unrounded, into a file")
    args = parser.parse_args()
    settings = FederatedSettings(
        clients=args.clients, active=args.clients, rounds=args.rounds, target=args.target, images=args.images,
        test_images=args.test_images, threads=1, all_rounds=True,
    )  # fmt: skip
    splits = [parse_split(text) for text in args.split or ("iid", "dirichlet:0.3")]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(args.output or folder)
        carry_out(place, settings, splits, told=lambda text: print(text, file=sys.stderr, flush=True))
        findings = findings_of(read_study(place))
    show(page_of(findings))
    if args.json:
        Path(args.json).write_text(json.dumps(as_dict(findings), indent=2))
    met = True
    print()
    for comparison in findings.comparisons:
        row = comparison.row("clients")
        for what, difference in (("all rounds", row.difference), ("unseen rounds", row.unseen.difference)):
            holds = difference is not None and abs(difference) <= GOAL
            met = met and holds
            text = "not known" if difference is None else f"{difference:+.1%}"
            print(f"{comparison.run.name}, {what}: {text} (goal: within {GOAL:.0%}) {'met' if holds else 'MISSED'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
