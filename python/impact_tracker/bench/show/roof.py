"""What `impact-tracker bench roof` shows: the most that the machine does."""

from __future__ import annotations

from collections.abc import Sequence

from ...digits import percent
from ...report.page import Page, Table
from ..analyse.cells import with_interval
from ..analyse.roof import Ceiling, MeasuredRoof
from ..row.codec import encode
from ..row.roof_run import MEMORY, RoofRun

BUSY = 0.25  # processors of others, from which it is said


def roof_page(roof: MeasuredRoof, runs: Sequence[RoofRun]) -> Page:
    """A row each kind of work."""
    rows = [_cells(ceiling) for ceiling in roof.ceilings]
    columns = ("work", ">repeats", ">rate", ">energy of the machine", "quality", "taken of")
    return Page(f"The most that this machine does: {roof.text}", [Table(columns, rows)], roof_notes(runs))


def _cells(ceiling: Ceiling) -> tuple[str, ...]:
    joules = "not measured" if ceiling.joules is None else f"{with_interval(ceiling.joules)} J/{ceiling.unit}"
    rate = f"{with_interval(ceiling.rate)} {ceiling.unit}/s"
    return ceiling.name, str(ceiling.rate.runs), rate, joules, ceiling.quality, ceiling.what


def roof_notes(runs: Sequence[RoofRun]) -> list[str]:
    """What a reader must know of it."""
    notes = [
        "a rate is that of the fastest pass of a phase, ± the 95 % interval over the repeats (Student's t); an energy "
        "is that of all its passes, of the whole machine",
        "GB are 10⁹ bytes, as the program moves them: what a processor reads before it writes is not counted; GMAC are "
        "10⁹ multiply-adds",
    ]
    small = [run for run in runs if run.work in MEMORY and run.cache_bytes and (run.array_bytes or 0) < run.cache_bytes]
    if small:
        notes.append("the arrays are smaller than the processors' caches, as memory was short: the rates are too high")
    busy = [run.others_cpus for run in runs if run.others_cpus is not None and run.others_cpus > BUSY]
    if busy:
        notes.append(f"other programs kept up to {max(busy):.1f} processors busy: the rates are too low")
    if any(run.modelled_j for run in runs):
        errors = [run.bias_j / run.energy_j for run in runs if run.bias_j is not None and run.energy_j]
        error = f" ± {percent(max(errors))}" if errors else ""
        notes.append(
            f"no sensor, or not all: energies that a model gave{error} follow the time, and so do "
            "the joules of a GB and a GMAC (impact-tracker doctor)"
        )
    return notes


def roof_dict(roof: MeasuredRoof, runs: Sequence[RoofRun]) -> dict[str, object]:
    """For programs, unrounded."""
    return {**roof.to_dict(), "runs": [encode(run) for run in runs], "caveats": roof_notes(runs)}
