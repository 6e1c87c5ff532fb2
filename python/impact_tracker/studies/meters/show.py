"""The comparison of meters as a page, as JSON and as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ...bench.analyse.cells import energy_with_interval, scatter_text
from ...digits import duration, percent, quantity, significant
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
        ">runs",
        ">energy",
        ">spread",
        f">ratio to {study.reference}",
        ">whole run takes longer",
        ">own CPU",
        "it counts",
    )
    tables = [Table(columns, rows, _words(study))]
    if study.absent:
        tables.append(Table(("absent", "why"), [(a.meter.title, a.reason) for a in study.absent]))
    caveats = [f"{_title(row.meter)}: {failure}" for row in study.rows for failure in row.failures]
    details = [f"{place.meter.title} {place.version}".strip() for place in study.places if place.version]
    return Page(_headline(study), tables, caveats, details)


def _words(study: MeterStudy) -> str:
    """What the intervals of the table are, and why there are none of one round."""
    rounds = max((row.energy_j.runs for row in study.rows if row.energy_j is not None), default=0)
    if rounds < 2:
        return "one round: no interval"
    return f"n = {rounds} rounds; ± and in brackets: 95 % over rounds, Student's t, of ratios by logarithms"


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
    return "none" if row.energy_j is None else energy_with_interval(row.energy_j)


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
    spread = row.energy_j if row.energy_j is not None and row.energy_j.relative is not None else None
    runs = "0" if row.energy_j is None else str(row.energy_j.runs)
    ratio = "the reference" if row.meter == study.reference else _ratio(row.ratio)
    sees = KNOWN[row.meter].sees if row.meter in KNOWN else "what its log holds"
    shown = "–" if spread is None else scatter_text(spread)
    return (_title(row.meter), runs, _energy(row), shown, ratio, _longer(row.extra_time), _own(row.extra_cpu_s), sees)


def _longer(ratio: PairedRatio | None) -> str:
    """How much longer the run takes, with its interval; where that holds nothing, what it is below."""
    if ratio is None:
        return "–"
    if ratio.low is None or ratio.high is None:
        return percent(ratio.value - 1) if ratio.value > 1 else "no"
    if ratio.low <= 1 <= ratio.high:
        return f"not to tell (below {percent(ratio.high - 1)})" if ratio.high > 1 else "not to tell"
    if ratio.high < 1:
        return "no"
    ends = (significant(100 * (end - 1), 2) for end in (ratio.value, ratio.low, ratio.high))
    return "{} ({} to {}) %".format(*ends)


def _own(seconds: Mean | None) -> str:
    """The meter's own processor time, with its interval; where that holds nothing, what it is below."""
    if seconds is None:
        return "–"
    if seconds.half_width is None:
        return duration(seconds.value) if seconds.value > 0 else "not to tell"
    most = seconds.value + seconds.half_width
    if seconds.value <= seconds.half_width:
        return f"not to tell (below {duration(most)})" if most > 0 else "not to tell"
    return quantity(seconds.value, "s", seconds.half_width)


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
            ends = row.energy_j.interval
            xerr = None if ends is None else [[row.energy_j.value - ends[0]], [ends[1] - row.energy_j.value]]
            axes.errorbar(row.energy_j.value, place + 0.25, xerr=xerr, fmt="|", color="black", capsize=3)
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
        figure, f"{count}; a point is a run; {whiskers}" + (f"; no energy from {', '.join(unknown)}" if unknown else "")
    )
    save(figure, path)
