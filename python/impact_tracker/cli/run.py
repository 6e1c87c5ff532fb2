"""Run any command and measure what the machine uses meanwhile. Its exit code and signals pass through."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .options import add_tracking, tracking
from .run_budget import GRACE_S, CommandEnd, tell
from .run_command import NOT_EXECUTABLE, NOT_FOUND, asked_to_end, forwarding

if TYPE_CHECKING:
    from ..tracker import ImpactTracker


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options before the command; `--` before a command that has options of its own."""
    parser.usage = "impact-tracker run [-o DIR] [options] -- COMMAND [ARG ...]"
    parser.epilog = """examples:
  impact-tracker run -o runs/a -- ./train.sh
  impact-tracker run -o runs/a --zone FR --pue 1.2 --tag model=resnet -- python train.py
  impact-tracker run --budget 50Wh -- python train.py                    # docs/budgets.md
  impact-tracker run --project asr --stage training -o runs/a -- python train.py"""
    add_tracking(parser)
    parser.add_argument("--config", metavar="FILE", help='configuration file, "none" for none')
    parser.add_argument(
        "--grace",
        type=float,
        default=GRACE_S,
        metavar="S",
        help="seconds between SIGTERM and SIGKILL at the end of a budget (10)",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="no summary")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND", help="what to run, in any language")


def _command(args: argparse.Namespace) -> list[str]:
    behind = args.behind if args.behind is not None else []
    words = [*args.command, "--", *behind] if args.command and args.behind is not None else [*args.command, *behind]
    if not words:
        raise ValueError("no command was given: impact-tracker run -o DIR -- python train.py")
    return words


def _tracker(args: argparse.Namespace) -> ImpactTracker:
    from ..config import resolve
    from ..tracker import ImpactTracker

    return ImpactTracker(settings=resolve(tracking(args), config=args.config), share_of="children")


def run(args: argparse.Namespace) -> int:
    """The command's exit code; 128 + n where signal n ended it; 127 where there is no such command."""
    words = _command(args)
    if not args.grace >= 0:
        raise ValueError(f"--grace is 0 or more seconds, not {args.grace:g}")
    program = shutil.which(words[0])
    if program is None:
        return _no_program(words[0])
    try:
        tracker = _tracker(args)
    except RuntimeError as error:  # NoSourceError
        print(f"impact-tracker run: {error}", file=sys.stderr)
        return 2
    with forwarding() as wait:
        with tracker, _named_outer(tracker):
            end = CommandEnd(tracker.budget, tracker.settings.interval_s, args.grace)
            code = end.ended(wait(program, words, end))
            if code:
                tracker.set_fate(_fate(tracker, code))
        if not args.quiet:
            _summarise(tracker)
        return code


@contextmanager
def _named_outer(tracker: ImpactTracker) -> Iterator[None]:
    """A tracker inside the command, which the ledger knows too, is a part of this run."""
    from ..tracked_run import WITHIN

    before = os.environ.get(WITHIN)
    if tracker.settings.project is not None:
        os.environ[WITHIN] = Path(tracker.path).stem
    try:
        yield
    finally:
        os.environ.pop(WITHIN, None)
        if before is not None:
            os.environ[WITHIN] = before


def _fate(tracker: ImpactTracker, code: int) -> str:
    """Of a command that did not end well, for the ledger: who was stopped has not failed."""
    if tracker.settings.debug:
        return "debug"
    stopped = {128 + number for number in asked_to_end()}
    return "cancelled" if code in stopped else "failed"


def _no_program(name: str) -> int:
    is_file = os.path.sep in name and os.path.exists(name)  # noqa: PTH110
    what = "is not executable" if is_file else "command not found"
    print(f"impact-tracker run: {name}: {what}", file=sys.stderr)
    return NOT_EXECUTABLE if is_file else NOT_FOUND


def _summarise(tracker: ImpactTracker) -> None:
    from ..result.view import carbon_line, caveats, energy_line, share_line

    result = tracker.result
    if result is None:
        return
    lines = [f"impact-tracker: {energy_line(result)}"]
    if result.energy_j is not None:
        lines.append(f"  {carbon_line(result)}")
    if share_line(result):
        lines.append(f"  {share_line(result)}")
    lines += [f"  ! {caveat}" for caveat in caveats(result)]
    lines.append(f"  {tracker.path}")
    tell("\n".join(lines))
