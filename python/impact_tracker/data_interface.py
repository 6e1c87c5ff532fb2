"""`DataInterface(paths)`: energy, carbon and length of experiments, added up over their records, each joule once."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from . import _core
from .errors import warn
from .old_logs import PUE as OLD_PUE
from .old_logs import find_old_logs, read_old_log
from .overlap import MachineSpan, counted, groups
from .paths import absolute
from .record import Record, find_records, unite
from .result import Result
from .values import Energy, joules_of

# Numbers are kept on a grid of 2^-38 (13 µJ in kWh): sums of them are exact in floating point up to 32 MWh, so that
# experiments add up to the same number in any order and any grouping.
_GRID = 2.0**38


def on_grid(value: float | None) -> float:
    """The nearest number whose sums are exact; NaN for what was not measured."""
    if value is None or not math.isfinite(value):
        return math.nan
    return round(value * _GRID) / _GRID


class Experiment(NamedTuple):
    """What one record or old log states; NaN for what was not measured.

    `kwh` is without the PUE, `total_kwh` and `kg_carbon` hold it. `record`: where it can be united with others, as
    that of a tracker which still runs cannot.
    """

    path: Path
    kwh: float
    total_kwh: float
    kg_carbon: float
    hours: float
    pue: float
    span: MachineSpan | None = None
    record: Record | None = None


def _override() -> float | None:
    text = os.environ.get("OVERRIDE_PUE", "").strip()
    if not text:
        return None
    try:
        pue = float(text)
    except ValueError:
        pue = math.nan
    if not 1 <= pue < math.inf:
        raise ValueError(f"the environment variable OVERRIDE_PUE must be a number of 1 or more, not {text!r}")
    return pue


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _live_result(path: Path) -> Result | None:
    """The result up to now, where a tracker of this process still writes the record; the record ends earlier."""
    trackers = sys.modules.get("impact_tracker.tracker")
    running = trackers.running_trackers() if trackers is not None else {}
    return running[str(path)].result if str(path) in running else None


def _from_record(path: Path, override: float | None) -> Experiment | None:
    """The experiment of a record; `None` where its tracker was never started."""
    record = Record(path)
    live = _live_result(path)
    if live is None and not record.started:
        return None
    result = live or record.result
    if override is not None:
        result = result.weigh(pue=override)
    if record.damage:
        warn(f"{path} is damaged: {record.damage}")
    if result.energy_j is None:
        warn(f"{path} measured no energy: its sums are NaN")
    span = replace(record.span, start_ns=result.start_ns, stop_ns=result.stop_ns)
    return _of_result(path, result)._replace(span=span, record=record if live is None else None)


def _of_result(path: Path, result: Result) -> Experiment:
    pue = result.weighing.pue
    return Experiment(
        path,
        on_grid(result.kwh),
        on_grid(_times(result.kwh, pue)),
        on_grid(_times(result.carbon_g, 1e-3)),
        on_grid(result.duration_s / 3600),
        pue,
    )


def _once(experiments: Sequence[Experiment], override: float | None) -> Experiment:
    """Experiments of one machine that overlap in time as one, each joule once, weighed as the longest of them."""
    longest = max(experiments, key=lambda experiment: experiment.hours)
    records = [experiment.record for experiment in experiments if experiment.record is not None]
    if len(records) == len(experiments):
        united = Result(unite(records).run, next(record for record in records if record.path == longest.path).weighing)
        return _of_result(longest.path, united if override is None else united.weigh(pue=override))
    spans = [experiment.span for experiment in experiments if experiment.span is not None]
    energies = [Energy(joules_of(known.kwh)) if math.isfinite(known.kwh) else Energy.missing() for known in experiments]
    kwh = counted(spans, energies)[0].kwh
    times = [span.times for span in spans]
    hours = (max(stop for _, stop in times) - min(start for start, _ in times)) / 3.6e12
    kg_per_kwh = longest.kg_carbon / longest.kwh if longest.kwh else math.nan
    return longest._replace(
        kwh=on_grid(kwh),
        total_kwh=on_grid(_times(kwh, longest.pue)),
        kg_carbon=on_grid(_times(kwh, kg_per_kwh)),
        hours=on_grid(hours),
    )


def _from_old_log(folder: Path, override: float | None) -> Experiment:
    log = read_old_log(folder)
    for finding in log.findings:
        warn(f"{folder}: {finding}")
    pue = OLD_PUE if override is None else override
    kg = _times(log.grams_per_pue, pue * 1e-3)
    kwh, hours = log.energy.kwh, log.duration_s / 3600
    return Experiment(folder, on_grid(kwh), on_grid(_times(kwh, pue)), on_grid(kg), on_grid(hours), pue)


class DataInterface:
    """What the experiments below some paths used, of the whole machine, summed.

    `total_power`: **kWh** with PUE (the name is that of the published listings); `kg_carbon`: kg CO2e with PUE;
    `exp_len_hours`: hours; `PUE`: the records' own (their mean over energy where they differ), `OVERRIDE_PUE` wins.
    NaN where one of them measured nothing. Trackers of this process that still run are counted up to now.
    """

    def __init__(self, logdirs: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> None:
        """`logdirs`: one path or several; every record below each is added.

        FileNotFoundError where a path does not exist or holds no record; ValueError for a senseless OVERRIDE_PUE. A
        warning where records of one machine overlap in time: each counted the whole machine, and what several hold, or
        one that lies below two of the paths, counts once.
        """
        paths = [logdirs] if isinstance(logdirs, (str, os.PathLike)) else list(logdirs)
        if not paths:
            raise ValueError("no path was given: name one logdir of an ImpactTracker or more")
        self._override = _override()
        _core.flush_all()
        self.experiments: list[Experiment] = []
        for path in paths:
            self.experiments.extend(self._read(absolute(Path(path).expanduser())))
        self._counted = self._each_once()

    def _read(self, place: Path) -> list[Experiment]:
        records = (_from_record(path, self._override) for path in find_records(place))
        experiments = [experiment for experiment in records if experiment is not None]
        if place.is_dir():
            experiments += [_from_old_log(folder, self._override) for folder in find_old_logs(place)]
        if not experiments:
            raise FileNotFoundError(
                f"no record below {place}: it is the logdir of an ImpactTracker that was started, or one above it"
            )
        return experiments

    def _each_once(self) -> list[Experiment]:
        spans = [known.span or MachineSpan(f"old log {number}") for number, known in enumerate(self.experiments)]
        alike = [[self.experiments[index] for index in group] for group in groups(spans)]
        for first, second, *_ in (group for group in alike if len(group) > 1):
            warn(
                f"{first.path} and {second.path} overlap in time on one machine: both hold its energy, which counts "
                "once here"
            )
            break
        return [_once(group, self._override) if len(group) > 1 else group[0] for group in alike]

    @property
    def kg_carbon(self) -> float:
        """kg CO2e, PUE in it."""
        return math.fsum(experiment.kg_carbon for experiment in self._counted)

    @property
    def total_power(self) -> float:
        """Energy in kWh, PUE in it."""
        return math.fsum(experiment.total_kwh for experiment in self._counted)

    @property
    def exp_len_hours(self) -> float:
        """Sum of the experiments' lengths in hours; of several over the same time on one machine, that time."""
        return math.fsum(experiment.hours for experiment in self._counted)

    @property
    def PUE(self) -> float:  # noqa: N802  # the published name
        """Power usage effectiveness that the sums hold."""
        known = {experiment.pue for experiment in self._counted}
        if len(known) == 1:
            return known.pop()
        bare = math.fsum(experiment.kwh for experiment in self._counted)
        return self.total_power / bare if bare else math.nan

    def __repr__(self) -> str:
        return (
            f"<DataInterface of {len(self.experiments)} experiments: {self.total_power:.3g} kWh, "
            f"{self.kg_carbon:.3g} kg CO2e, {self.exp_len_hours:.4g} h, PUE {self.PUE:.3g}>"
        )
