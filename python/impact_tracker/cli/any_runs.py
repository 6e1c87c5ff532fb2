"""Options of the commands that take runs of any tool: where they lie, what they are weighed with, on which machine."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from .options import add_reweighing, reweighing

if TYPE_CHECKING:
    from ..footprint import Allocation, Extent, Machine
    from ..interop import Statement

FORMATS = ("record", "codecarbon", "carbontracker", "eit", "boamps")


def add_runs(parser: argparse.ArgumentParser, *, optional: bool = False) -> None:
    """The place, its format, and what to weigh with instead of the runs' own factors."""
    what = "logdir, record, or a file or folder of another tracker"
    parser.add_argument("place", metavar="DIR", nargs="?" if optional else None, help=what)
    add_format(parser)
    parser.add_argument("--newest", action="store_true", help="only the newest run")
    parser.add_argument("--cloud", metavar="PROVIDER/REGION", help="as in aws/eu-north-1: its intensity, PUE and WUE")
    add_reweighing(parser)


def add_format(parser: argparse.ArgumentParser) -> None:
    """--from, --skip."""
    parser.add_argument("--skip", action="store_true", help="leave out files that cannot be read, each with its reason")
    parser.add_argument(
        "--from", dest="kind", metavar="FORMAT", choices=FORMATS, help=f"{', '.join(FORMATS)}; guessed without it"
    )


def runs_of(args: argparse.Namespace, *, apart: bool = False) -> list[Statement]:
    """The runs, weighed as asked for, each joule once; `apart`: as each was stated. ValueError for what cannot be read
    or weighed."""
    from ..interop import each_once, read_runs

    cloud, year = getattr(args, "cloud", None), args.year
    if cloud:
        args.year = None  # it is of the region's grid
    new = reweighing(args)
    if cloud and any(value is not None for value in new):
        raise ValueError("give either --cloud or --zone, --intensity, --pue: a region has its own")
    stated = read_runs(args.place, args.kind, skip=args.skip)
    if not stated:
        raise ValueError(f"{args.place}: nothing that could be read is left")
    runs = stated if apart else each_once(stated)
    runs = runs[:1] if args.newest else runs
    return [replace(run, site=run.site.in_cloud(cloud, year)) if cloud else run.weighed(new) for run in runs]


def add_machine(parser: argparse.ArgumentParser) -> None:
    """The machine whose making is shared, and over which life."""
    made = parser.add_argument_group("making of the machine (left out without --cpus, --this-machine or --instance)")
    made.add_argument("--this-machine", action="store_true", help="its parts as the record names them")
    made.add_argument("--instance", metavar="TYPE", help="a cloud's, as in aws:p4d.24xlarge: its share of a host")
    add_parts(made)
    made.add_argument("--lifetime-years", type=float, help="until it is replaced; 4 (3 to 6) without it")
    made.add_argument(
        "--utilisation", type=float, help="share of its life that the machine is used; 0.85 (0.4 to 1) without it"
    )


def add_parts(group: argparse._ArgumentGroup, prefix: str = "") -> None:
    """--<prefix>cpus, --<prefix>ram-gb and so on: what a machine is made of, read by described()."""
    group.add_argument(f"--{prefix}cpus", type=int, metavar="N", help="processors")
    group.add_argument(f"--{prefix}cpu-cores", type=int, default=16, metavar="N", help="cores of each (16)")
    group.add_argument(f"--{prefix}ram-gb", type=float, default=0.0, metavar="GB", help="memory")
    group.add_argument(f"--{prefix}ssd-gb", type=float, default=0.0, metavar="GB", help="flash storage")
    group.add_argument(f"--{prefix}gpus", type=int, default=0, metavar="N", help="cards")
    group.add_argument(f"--{prefix}gpu", metavar="NAME", help='card, as in "NVIDIA A100 SXM4 80GB"')
    group.add_argument(f"--{prefix}gpu-die-cm2", type=float, metavar="CM2", help="area of a card's dies")
    group.add_argument(f"--{prefix}gpu-memory-gb", type=float, metavar="GB", help="memory of a card")
    group.add_argument(
        f"--{prefix}ram-gb-per-cm2", type=float, metavar="GB", help="of a square centimetre of the memory's dies (1.22)"
    )


def machine_of(args: argparse.Namespace, run: Statement) -> Machine | None:
    """The machine as it was described, or as the record names it; None without either. ValueError where it does not."""
    from ..factors.instances import instance
    from ..footprint import Machine

    stated = [flag for flag in ("cpus", "instance") if getattr(args, flag, None) is not None]
    if len(stated) > 1:
        raise ValueError("give either --instance or --cpus: an instance has its own parts")
    if args.cpus is not None:
        return described(args)
    if stated:
        return Machine.of_instance(instance(args.instance), args.ssd_gb)
    return Machine.of_hardware(run.hardware, args.ssd_gb) if args.this_machine else None


def described(args: argparse.Namespace, prefix: str = "") -> Machine:
    """The machine of the options --<prefix>cpus, --<prefix>ram-gb and so on; UnknownFactorError for an unknown card."""
    from ..factors import Factor, card
    from ..footprint import Machine

    described_parts = ("cpus", "cpu_cores", "ram_gb", "ssd_gb", "gpus", "gpu_die_cm2", "gpu_memory_gb")
    parts = {name: getattr(args, prefix + name) for name in described_parts}
    model = getattr(args, f"{prefix}gpu")
    if model and parts["gpu_die_cm2"] is None and parts["gpu_memory_gb"] is None:
        card(model)  # an unknown name is an error here, where it was typed
    machine = Machine(**parts, ssds=1 if parts["ssd_gb"] else 0, gpu_model=model)
    density = getattr(args, f"{prefix}ram_gb_per_cm2")
    if density is None:
        return machine
    return replace(machine, ram_density=Factor.stated(density, "GB/cm2", "density of memory"))


def allocation_of(args: argparse.Namespace) -> Allocation:
    """Lifetime and utilisation, each with its range where it was not given."""
    from ..footprint import Allocation

    return Allocation.stated(args.lifetime_years, args.utilisation)


def add_extent(parser: argparse.ArgumentParser) -> None:
    """--nodes, --dynamic-ratio, --development."""
    beyond = parser.add_argument_group("beyond one computer's one run")
    beyond.add_argument("--nodes", type=int, metavar="N", help="computers alike, whose energy is given together (1)")
    ratio = "a number, or LOW:BEST:HIGH"
    beyond.add_argument(
        "--dynamic-ratio",
        metavar="RATIO",
        help=f"all that the cluster draws over what the work draws (BLOOM's: 1.835), instead of a PUE; {ratio}",
    )
    beyond.add_argument(
        "--development", metavar="RATIO", help=f"all runs of the project over this one (BLOOM's: 2.685); {ratio}"
    )


def extent_of(args: argparse.Namespace, described_extent: Extent | None = None) -> Extent | None:
    """What the options say, in place of what a file describes. ValueError for what is no ratio."""
    from ..footprint import Extent

    spans = {name: ratio_of(getattr(args, name), name) for name in ("dynamic_ratio", "development")}
    if args.nodes is None and not any(spans.values()):
        return described_extent
    stated = Extent.stated(1 if args.nodes is None else args.nodes, spans["dynamic_ratio"], spans["development"])
    if described_extent is None:
        return stated
    return Extent(
        described_extent.nodes if args.nodes is None else stated.nodes,
        stated.dynamic_ratio or described_extent.dynamic_ratio,
        stated.development or described_extent.development,
    )


def ratio_of(text: str | None, name: str) -> tuple[float, float, float] | None:
    """Low, best, high of a ratio that is typed as one number or as LOW:BEST:HIGH."""
    if text is None:
        return None
    try:
        numbers = [float(part) for part in text.split(":")]
    except ValueError:
        numbers = []
    if len(numbers) == 1:
        numbers *= 3
    if len(numbers) != 3 or not 0 < numbers[0] <= numbers[1] <= numbers[2] < float("inf"):
        raise ValueError(f"--{name.replace('_', '-')} takes a ratio above 0, or LOW:BEST:HIGH, not {text!r}")
    return numbers[0], numbers[1], numbers[2]
