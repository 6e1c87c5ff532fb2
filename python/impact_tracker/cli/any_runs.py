"""Runs of any tool for the commands that take them: where they lie, what they are weighed with, on which machine."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from .options import add_reweighing, reweighing

if TYPE_CHECKING:
    from ..estimators import Comparison
    from ..footprint import Allocation, Machine
    from ..hostinfo import Hardware
    from ..interop import Run

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
    """--from."""
    parser.add_argument(
        "--from", dest="kind", metavar="FORMAT", choices=FORMATS, help=f"{', '.join(FORMATS)}; guessed without it"
    )


def runs_of(args: argparse.Namespace) -> list[Run]:
    """The runs, weighed as asked for. ValueError for what cannot be read or weighed."""
    from ..interop.sources import read_runs

    chosen = reweighing(args)
    cloud = getattr(args, "cloud", None)
    if cloud and any(value is not None for value in chosen.values()):
        raise ValueError("give either --cloud or --zone, --intensity, --pue: a region has its own")
    runs = read_runs(args.place, args.kind)
    runs = runs[:1] if args.newest else runs
    return [_in_cloud(run, cloud) if cloud else weighed(run, **chosen) for run in runs]


def _in_cloud(run: Run, name: str) -> Run:
    """The run in a cloud's region: what nobody published of it stays unknown."""
    from dataclasses import replace

    from ..factors import cloud_region

    provider, _, region = name.partition("/")
    found = cloud_region(provider, region)
    return replace(
        run,
        intensity=found.intensity,
        pue=found.pue.value,
        wue=None if found.wue is None else found.wue.value,
        zone=found.zone,
        zone_name=found.place,
        location=found.place,
        cloud_provider=found.provider,
        cloud_region=found.region,
    )


def weighed(run: Run, *, zone: str | None, intensity_g_per_kwh: Any, pue: float | None) -> Run:
    """The run with another intensity (a factor, g/kWh, or a zone's) and another PUE where they are given."""
    from dataclasses import replace

    from ..factors import Factor, intensity
    from ..footprint import pue_factor

    if pue is not None:
        run = replace(run, pue=pue_factor(pue).value)
    if intensity_g_per_kwh is not None and not isinstance(intensity_g_per_kwh, Factor):
        stated = Factor.stated(intensity_g_per_kwh, "g/kWh", "carbon intensity of electricity")
        return replace(run, intensity=stated)  # the place stays: its water and primary energy too
    if intensity_g_per_kwh is None and zone is None:
        return run
    world = zone is not None and zone.strip().lower() == "world"
    grid = intensity(None if world else zone) if intensity_g_per_kwh is None else intensity_g_per_kwh
    place = grid.name.rpartition(", ")[2]
    if world or place == "world average":
        return replace(run, intensity=grid, zone=None, zone_name=None)
    return replace(run, intensity=grid, zone=zone or place, zone_name=place)


def add_machine(parser: argparse.ArgumentParser) -> None:
    """The machine whose making is shared, and over which life."""
    made = parser.add_argument_group("making of the machine (left out without --cpus or --this-machine)")
    made.add_argument("--this-machine", action="store_true", help="its parts as the record names them")
    add_parts(made)
    made.add_argument("--lifetime-years", type=float, help="until it is replaced; 4 (3 to 6) without it")
    made.add_argument(
        "--utilisation", type=float, help="share of its life that the machine is used; 0.85 (0.4 to 1) without it"
    )


def add_parts(group: Any, prefix: str = "") -> None:
    """--<prefix>cpus, --<prefix>ram-gb and so on: what a machine is made of, read by described()."""
    group.add_argument(f"--{prefix}cpus", type=int, metavar="N", help="processors")
    group.add_argument(f"--{prefix}cpu-cores", type=int, default=16, metavar="N", help="cores of each (16)")
    group.add_argument(f"--{prefix}ram-gb", type=float, default=0.0, metavar="GB", help="memory")
    group.add_argument(f"--{prefix}ssd-gb", type=float, default=0.0, metavar="GB", help="flash storage")
    group.add_argument(f"--{prefix}gpus", type=int, default=0, metavar="N", help="cards")
    group.add_argument(f"--{prefix}gpu", metavar="NAME", help='card, as in "NVIDIA A100 SXM4 80GB"')


def machine_of(args: argparse.Namespace, run: Run) -> Machine | None:
    """The machine as it was described, or as the record names it; None without either. ValueError where it does not."""
    if args.cpus is not None:
        return described(args)
    return named_machine(run.hardware, args.ssd_gb) if args.this_machine else None


def described(args: argparse.Namespace, prefix: str = "") -> Machine:
    """The machine of the options --<prefix>cpus, --<prefix>ram-gb and so on."""
    from ..footprint import Machine

    def of(name: str) -> Any:
        return getattr(args, prefix + name)

    ssd_gb = of("ssd_gb")
    return Machine(
        cpus=of("cpus"),
        cpu_cores=of("cpu_cores"),
        ram_gb=of("ram_gb"),
        ssds=1 if ssd_gb else 0,
        ssd_gb=ssd_gb,
        gpus=of("gpus"),
        gpu_model=of("gpu"),
    )


def named_machine(hardware: Hardware, ssd_gb: float = 0.0) -> Machine:
    """A rack server with the parts that a record names; disks are never in a record. ValueError without processors."""
    from ..estimators.beside import physical_cores
    from ..footprint import Machine

    cores, _ = physical_cores(hardware)
    if cores is None:
        raise ValueError("the record does not name its processors: describe the machine with --cpus, --cpu-cores …")
    sockets = hardware.sockets or 1
    return Machine(
        cpus=sockets,
        cpu_cores=max(1, round(cores / sockets)),
        ram_gb=(hardware.memory_bytes or 0) / 1e9,
        ssds=1 if ssd_gb else 0,
        ssd_gb=ssd_gb,
        gpus=len(hardware.gpus),
        gpu_model=hardware.gpus[0] or None if hardware.gpus else None,
    )


def allocation_of(args: argparse.Namespace) -> Allocation:
    """Lifetime and utilisation, each with its range where it was not given."""
    from dataclasses import replace

    from ..footprint import Allocation

    chosen = Allocation()
    fixed = Allocation.fixed(
        4.0 if args.lifetime_years is None else args.lifetime_years,
        1.0 if args.utilisation is None else args.utilisation,
    )
    if args.lifetime_years is not None:
        chosen = replace(chosen, lifetime_years=fixed.lifetime_years)
    if args.utilisation is not None:
        chosen = replace(chosen, utilisation=fixed.utilisation)
    return chosen


def estimate_of(run: Run, hardware: Hardware | None = None) -> Comparison | str:
    """The estimate beside what the run says, or why there is none. `hardware`: more than the run names of it."""
    from ..estimators import beside

    return beside(
        energy_kwh=run.energy_kwh,
        duration_s=run.duration_s,
        hardware=run.hardware if hardware is None else hardware,
        busy_cpus=run.busy_cpus,
        gpu_usage=run.gpu_utilisation,
        pue=run.pue,
        intensity=run.intensity,
        quality=run.quality,
        partial=run.partial,
    )
