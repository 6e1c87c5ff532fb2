"""What the same runs would save elsewhere, on other hardware, at another precision."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .any_runs import add_machine, add_parts, add_runs, allocation_of, described, machine_of, ratio_of, runs_of
from .options import add_explain, add_json, print_json

if TYPE_CHECKING:
    from ..factors import Factor
    from ..footprint import Case, Change, Machine
    from ..interop import Statement


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The runs with their machine, then the change: from a file, or one from the options."""
    parser.epilog = """examples:
  impact-tracker what-if runs/a --to-zone FR                                      # another country's electricity
  impact-tracker what-if runs/a --to-cloud aws/eu-north-1 --energy 0.4:0.55:0.8   # place and precision together
  impact-tracker what-if runs/a --changes changes.toml --json                     # several changes from a file"""
    add_runs(parser)
    change = parser.add_argument_group("the change (these options together are one; --changes takes several)")
    change.add_argument("--changes", metavar="FILE", help="changes as tables, TOML or JSON: see the README")
    change.add_argument("--label", default="the change", help="its name in the report")
    change.add_argument(
        "--to-zone", metavar="ZONE", help="electricity of another country, or of a zone in one (US-CA, CA-QC, SE-SE3)"
    )
    change.add_argument("--to-cloud", metavar="CLOUD/REGION", help="as in aws/eu-north-1: its intensity and PUE")
    change.add_argument("--to-intensity", type=float, metavar="G_PER_KWH", help="electricity of that carbon intensity")
    change.add_argument("--to-pue", type=float, metavar="PUE", help="a site of another power usage effectiveness")
    ratio = "ratio to before: 0.6, or LOW:BEST:HIGH as in 0.4:0.6:0.8"
    change.add_argument("--energy", metavar="RATIO", help=f"another precision, model or card: energy as a {ratio}")
    change.add_argument("--duration", metavar="RATIO", help=f"duration as a {ratio}")
    other = parser.add_argument_group("another machine (part of the change; described whole)")
    add_parts(other, "to-")
    other.add_argument("--to-instance", metavar="TYPE", help="a cloud's, as in aws:g5.xlarge: its share of a host")
    other.add_argument("--bought", action="store_true", help="it is bought for this: when has it paid back?")
    add_machine(parser)
    add_explain(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Prints what each change saves for each run. ValueError, OSError: what cannot be read or weighed."""
    from ..footprint import what_if, words_of

    runs = runs_of(args)
    changes = _changes(args)
    answers = [(run, [what_if(_case(run, args), change) for change in changes]) for run in runs]
    if args.json:
        documents = [
            {"name": run.name, "origin": run.origin, "changes": [answer.as_dict() for answer in of_run]}
            for run, of_run in answers
        ]
        print_json(documents)
        return 0
    for run, of_run in answers:
        print(f"{run.name}: {words_of(of_run[0].before, 'g of CO2e a run')}")
        print("\n".join(f"  {line}" for answer in of_run for line in answer.lines(args.explain)))
        print("\n".join(f"  {line}" for change in changes for line in _untold(change)), end="\n\n")
    return 0


def _untold(change: Change) -> list[str]:
    """What another machine leaves open: only the user knows how long the work takes there, and what it draws."""
    from ..footprint.whatif import ONE

    if change.machine is None:
        return []
    same = [name for name, ratio in (("energy", change.energy), ("duration", change.duration)) if ratio is ONE]
    if not same:
        return []
    flags = " and ".join(f"--{name}" for name in same)
    taken, say = ("is", "says") if len(same) == 1 else ("are", "say")
    return [f"{change.name}: {' and '.join(same)} {taken} taken as on the machine of before; {flags} {say} otherwise"]


def _case(run: Statement, args: argparse.Namespace) -> Case:
    from ..footprint import Case

    if run.site.intensity is None:
        raise ValueError(f"{run.name}: no intensity of its electricity is known: give --zone or --intensity")
    machine = machine_of(args, run)
    if machine is not None and run.duration_s is None:
        raise ValueError(
            f"{run.name}: how long it took is not known, nor what share of a machine's making is its own: leave the"
            " machine out"
        )
    return Case(
        energy=run.energy,
        duration_s=run.duration_s or 0.0,
        intensity=run.site.intensity,
        pue=run.site.overhead,
        machine=machine,
        allocation=allocation_of(args),
    )


def _changes(args: argparse.Namespace) -> list[Change]:
    from ..footprint import Change, read_changes
    from ..footprint.whatif_file import place

    table = {"zone": args.to_zone, "cloud": args.to_cloud, "intensity": args.to_intensity, "pue": args.to_pue}
    machine = _new_machine(args)
    own = any(value is not None for value in (*table.values(), args.energy, args.duration, machine))
    if args.changes and own:
        raise ValueError("give either --changes FILE or one change by the options, not both")
    if args.changes:
        return read_changes(args.changes)
    if not own:
        raise ValueError("nothing is changed: give --to-zone, --to-cloud, --energy, --to-gpus … or --changes FILE")
    if args.bought and machine is None:
        raise ValueError("--bought needs the machine that is bought: --to-cpus, --to-gpus …")
    grid, site = place(table, "stated on the command line")
    energy, duration = (_ratio(getattr(args, name), name) for name in ("energy", "duration"))
    return [Change(args.label, energy, duration, grid, site, machine, args.bought)]


def _new_machine(args: argparse.Namespace) -> Machine | None:
    if args.to_instance is not None:
        from ..factors.instances import instance
        from ..footprint import Machine

        if args.to_cpus is not None or args.to_gpus or args.to_gpu:
            raise ValueError("give either --to-instance or --to-cpus, --to-gpus: an instance has its own parts")
        return Machine.of_instance(instance(args.to_instance), args.to_ssd_gb)
    if args.to_cpus is None:
        if args.to_gpus or args.to_gpu:
            raise ValueError("another machine is described whole: --to-cpus too (0 for a card alone)")
        return None
    return described(args, "to_")


def _ratio(text: str | None, name: str) -> Factor:
    from ..factors import Factor
    from ..footprint.whatif import ONE

    span = ratio_of(text, name)
    if span is None:
        return ONE
    low, best, high = span
    return Factor(best, "1", low, high, "stated on the command line", name=f"{name}, ratio to before")
