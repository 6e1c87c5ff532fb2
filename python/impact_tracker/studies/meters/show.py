"""The comparison of meters as a page, as JSON and as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ...digits import duration, energy, percent, significant
from ...report.page import Page, Table
from ...values.statistics import Mean
from .compare import MeterRow, PairedRatio
from .measure import MeterReading
from .meter import KNOWN, Absence, FoundMeter


@dataclass(frozen=True)
class MeterStudy:
    """All of it: what was run, by whom, and what came out."""

    workload: str
    reference: str
    reference_is_given: bool  # somebody said that this one is right
    places: Sequence[FoundMeter]
    absent: Sequence[Absence]
    readings: Sequence[MeterReading]
    rows: Sequence[MeterRow]


def page_of(study: MeterStudy) -> Page:
    """The page: how far the meters are from each other, then each of them."""
    rows = [_cells(row, study) for row in study.rows]
    columns = (
        "meter",
        ">energy",
        ">spread",
        f">ratio to {study.reference}",
        ">whole run takes longer",
        ">own CPU",
        "it counts",
    )
    tables = [Table(columns, rows)]
    if study.absent:
        tables.append(Table(("absent", "why"), [(a.meter.title, a.reason) for a in study.absent]))
    caveats = [f"{_title(row.meter)}: {failure}" for row in study.rows for failure in row.failures]
    details = [f"{place.meter.title} {place.version}".strip() for place in study.places if place.version]
    return Page(_headline(study), tables, caveats, details)


def _headline(study: MeterStudy) -> str:
    rounds = len({reading.round for reading in study.readings})
    what = f"{study.workload}, {rounds} rounds"
    known = [row for row in study.rows if row.energy_j is not None]
    if not known:
        return f"{what}: no meter gave an energy here."
    if len(known) == 1:
        return (
            f"{what}: only {_title(known[0].meter)} gave an energy, {_energy(known[0])}: there is nothing to compare."
        )
    others = [row for row in known if row.ratio is not None and row.meter != study.reference]
    lowest = min(known, key=lambda row: row.energy_j.value if row.energy_j else 0.0)
    highest = max(known, key=lambda row: row.energy_j.value if row.energy_j else 0.0)
    text = f"{what}: from {_energy(lowest)} ({_title(lowest.meter)}) to {_energy(highest)} ({_title(highest.meter)})."
    if study.reference_is_given and others:
        nearest = min(others, key=lambda row: abs(row.ratio.value - 1) if row.ratio else 9.0)
        return (
            f"{text} Nearest to {_title(study.reference)} is {_title(nearest.meter)}, at {_ratio(nearest.ratio)} of it."
        )
    return f"{text} None of them is known to be right: the ratios compare, they do not judge."


def _title(name: str) -> str:
    return KNOWN[name].title if name in KNOWN else name


def _energy(row: MeterRow) -> str:
    if row.energy_j is not None and row.meter in KNOWN and KNOWN[row.meter].how == "estimate":
        return f"about {significant(row.energy_j.value, 2)} J"  # the runs' spread says nothing of how right it is
    return "none" if row.energy_j is None else energy(row.energy_j.value, row.energy_j.half_width)


def _ratio(ratio: PairedRatio | None) -> str:
    if ratio is None:
        return "–"
    if ratio.low is None or ratio.high is None:
        return f"{significant(ratio.value, 3)} ×"
    digits = 4 if ratio.high / ratio.low < 1.01 else 3
    return (
        f"{significant(ratio.value, digits)} × ({significant(ratio.low, digits)} to {significant(ratio.high, digits)})"
    )


def _cells(row: MeterRow, study: MeterStudy) -> tuple[str, ...]:
    spread = row.energy_j.relative if row.energy_j is not None else None
    longer = "–"
    if row.extra_time is not None:
        longer = percent(row.extra_time.value - 1) if row.extra_time.value > 1 else "no"
        if row.extra_time.low is not None and row.extra_time.low <= 1 <= (row.extra_time.high or 1):
            longer = "not to tell"
    own = "–" if row.extra_cpu_s is None else duration(max(0.0, row.extra_cpu_s.value))
    ratio = "the reference" if row.meter == study.reference else _ratio(row.ratio)
    sees = KNOWN[row.meter].sees if row.meter in KNOWN else "what its log holds"
    return (_title(row.meter), _energy(row), "–" if spread is None else percent(spread), ratio, longer, own, sees)


def as_dict(study: MeterStudy) -> dict[str, object]:
    """Unrounded, for programs; units in the names."""
    return {
        "workload": study.workload,
        "reference": study.reference,
        "meters": [_row_dict(row) for row in study.rows],
        "absent": {absence.meter.name: absence.reason for absence in study.absent},
        "versions": {place.meter.name: place.version for place in study.places if place.version},
        "readings": [asdict(reading) for reading in study.readings],
    }


def _row_dict(row: MeterRow) -> dict[str, object]:
    def plain(value: object) -> object:
        if isinstance(value, Mean):
            return value.to_dict()
        return None if value is None else asdict(value)  # type: ignore[call-overload]

    return {
        "meter": row.meter,
        "energy_j": plain(row.energy_j),
        "ratio": plain(row.ratio),
        "extra_time": plain(row.extra_time),
        "extra_cpu_s": plain(row.extra_cpu_s),
        "failures": list(row.failures),
    }


def draw(study: MeterStudy, path: Path) -> None:
    """Each run as a point, each meter's mean with its 95 %; the reference as a line."""
    from ...figures.notes import lines_within, write_note, write_title
    from ...report.plot import figure_for, save

    rows = [row for row in study.rows if row.energy_j is not None]
    figure = figure_for(path, (8.0, 0.5 * len(rows) + 1.6))
    axes = figure.subplots()
    for place, row in enumerate(rows):
        energies = [r.energy_j for r in study.readings if r.meter == row.meter and r.energy_j is not None]
        axes.plot(energies, [place] * len(energies), "o", color="#7570b3", alpha=0.5, markersize=4)
        if row.energy_j is not None:
            axes.errorbar(
                row.energy_j.value, place + 0.25, xerr=row.energy_j.half_width, fmt="|", color="black", capsize=3
            )
        if row.meter == study.reference and row.energy_j is not None:
            axes.axvline(row.energy_j.value, color="#1b9e77", linewidth=1, linestyle="--")
    axes.set_yticks(range(len(rows)), [lines_within(_title(row.meter), 2.0, 10.0) for row in rows])
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set(xlabel="energy of one run in J")
    write_title(axes, f"{study.workload}; dashed: {_title(study.reference)}")
    runs = sorted({row.energy_j.runs for row in rows if row.energy_j is not None})
    count = "n = " + " to ".join(map(str, runs[:: max(len(runs) - 1, 1)])) if runs else "no run"
    whiskers = "whiskers: 95 % of the mean over n runs" if runs and runs[-1] > 1 else "no whiskers: one run each"
    unknown = [_title(row.meter) for row in study.rows if row.energy_j is None]
    write_note(
        figure,
        f"{count}; a point is a run; {whiskers}" + (f"; no energy from {', '.join(unknown)}" if unknown else ""),
    )
    save(figure, path)
