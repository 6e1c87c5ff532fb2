"""Options and forms of output that several commands share, and progress."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from types import ModuleType

    from ..weighing import Reweighing

Item = TypeVar("Item")
_PATIENCE_S, _EVERY_S = 0.5, 5.0


_WEIGHING = ("zone", "intensity_g_per_kwh", "pue")


def _add(place: argparse._ActionsContainer, name: str) -> None:
    """The flags of a tracker's option, with its sentence as help."""
    from ..settings import TABLE

    option = TABLE[name]
    if isinstance(option.default, bool):
        place.add_argument(*option.flags, dest=name, action="store_true", default=None, help=option.about)
    elif isinstance(option.default, dict):
        place.add_argument(*option.flags, dest=name, action="append", metavar=option.metavar, help=option.about)
    else:
        place.add_argument(*option.flags, dest=name, type=option.type, metavar=option.metavar, help=option.about)


def add_action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser], name: str, module: ModuleType, about: str
) -> None:
    """A parser for one action of a command, by the module's docstring, `EXAMPLES`, `add_arguments` and `run`."""
    parser = actions.add_parser(
        name,
        help=about,
        description=module.__doc__,
        epilog=module.EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(parser)
    parser.set_defaults(run_action=module.run)


def run_action(args: argparse.Namespace) -> int:
    """The exit code of the action that is asked for."""
    return int(args.run_action(args))


def add_weighing(parser: argparse.ArgumentParser) -> None:
    """--zone or --intensity, and --pue."""
    place = parser.add_mutually_exclusive_group()
    _add(place, "zone")
    _add(place, "intensity_g_per_kwh")
    _add(parser, "pue")


def add_tracking(parser: argparse.ArgumentParser) -> None:
    """Each option of a tracker that has a flag."""
    from ..settings import TABLE

    for option in TABLE.values():
        if option.flags and option.name not in _WEIGHING:
            _add(parser, option.name)
    add_weighing(parser)


def tracking(args: argparse.Namespace) -> dict[str, object]:
    """What `add_tracking` was given, by the options' names."""
    from ..settings import TABLE

    given = {option.name: getattr(args, option.name) for option in TABLE.values() if option.flags}
    return {name: ",".join(value) if isinstance(value, list) else value for name, value in given.items()}


def add_reweighing(parser: argparse.ArgumentParser) -> None:
    """What add_weighing adds, and --year and --factors: for commands that weigh what was recorded before."""
    add_weighing(parser)
    parser.add_argument("--year", type=int, help="year of the zone's intensity; the newest known without it")
    add_factors(parser)


def add_factors(parser: argparse.ArgumentParser) -> None:
    """Add --factors."""
    about = "your own factors (TOML or JSON); they win over the bundled ones"
    parser.add_argument("--factors", metavar="FILE", help=about)


def add_explain(place: argparse._ActionsContainer) -> None:
    """Add --explain, for a command that weighs."""
    place.add_argument("--explain", action="store_true", help="every formula with its numbers and sources")


def add_json(place: argparse._ActionsContainer, about: str = "unrounded, for programs") -> None:
    """Add --json, with what it holds."""
    place.add_argument("--json", action="store_true", help=about)


def add_quiet(place: argparse._ActionsContainer) -> None:
    """Add -q, for a command that takes long."""
    place.add_argument("-q", "--quiet", action="store_true", help="no progress on standard error")


def print_json(document: object) -> None:
    """The answer for programs. ValueError for a number that JSON does not have: NaN or an infinite one."""
    print(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


def reweighing(args: argparse.Namespace) -> Reweighing:
    """What was asked for; the file of factors is in use from here on.

    ValueError for a year without a zone, a year to come, an unknown zone, a faulty file.
    """
    from ..factors import intensity, named_zone, use_overrides
    from ..weighing import Reweighing

    if args.factors:
        use_overrides(args.factors)
    if args.year is None:
        return Reweighing(args.zone, args.intensity_g_per_kwh, args.pue)
    if not args.zone:
        raise ValueError("--year needs --zone: an intensity belongs to both")
    return Reweighing(None, intensity(named_zone(args.zone), args.year), args.pue)


def add_recorded_runs(parser: argparse.ArgumentParser) -> None:
    """The paths of a reading command."""
    parser.add_argument("paths", nargs="+", metavar="DIR", help="logdirs, directories above them, or records")


def progress(items: Sequence[Item]) -> Iterator[Item]:
    """The items. Where they take longer than half a second, standard error shows how far they are, if it is a
    terminal: a bar where rich is installed, a line every few seconds otherwise."""
    begin = time.monotonic()
    for index, item in enumerate(items):
        if sys.stderr.isatty() and time.monotonic() - begin > _PATIENCE_S:
            yield from _shown(items, index)
            return
        yield item


def _shown(items: Sequence[Item], done: int) -> Iterator[Item]:
    """The items that are left, with a bar over all of them."""
    try:
        from rich.console import Console
        from rich.progress import Progress
    except ImportError:
        yield from _told(items, done)
        return
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=len(items), completed=done)
        for item in items[done:]:
            yield item
            bar.advance(task)


def _told(items: Sequence[Item], done: int) -> Iterator[Item]:
    """The items that are left, with a line now and then."""
    due = 0.0
    for index, item in enumerate(items[done:], done):
        if time.monotonic() >= due:
            print(f"reading {index} of {len(items)}", file=sys.stderr)
            due = time.monotonic() + _EVERY_S
        yield item
