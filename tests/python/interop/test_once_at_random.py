"""Random sets of records of one machine, and of rows of CodeCarbon's files: every sum is that of the union."""

from __future__ import annotations

import json
import random
import warnings
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from impact_tracker import cli
from impact_tracker.data_interface import DataInterface
from impact_tracker.interop import codecarbon, each_once, read_runs
from impact_tracker.tracker import ImpactTracker
from impact_tracker.values import JOULES_PER_KWH, total
from python import fake_core

Capture = pytest.CaptureFixture[str]
WATTS = 105.0  # of the machine of the fixture


class Run(NamedTuple):
    begin_s: int
    end_s: int


def seconds_of_union(runs: list[Run]) -> int:
    return len({second for run in runs for second in range(run.begin_s, run.end_s)})


def random_runs(chance: random.Random) -> list[Run]:
    """Within each other, overlapping, side by side and the same twice."""
    runs: list[Run] = []
    for _ in range(chance.randint(1, 7)):
        if runs and chance.random() < 0.25:
            runs.append(chance.choice(runs))
            continue
        begin_s = chance.randrange(100)
        runs.append(Run(begin_s, begin_s + chance.randint(1, 60)))
    return runs


def record(machine: fake_core.Machine, logdir: Path, runs: list[Run]) -> None:
    """Trackers that start and stop at these times, in folders of one or several."""
    open_now: dict[int, ImpactTracker] = {}
    for second in range(max(run.end_s for run in runs) + 1):
        for number, run in enumerate(runs):
            if run.end_s == second:
                open_now.pop(number).stop()
            if run.begin_s == second:
                open_now[number] = ImpactTracker(logdir / str(number % 3), intensity_g_per_kwh=360.0).start()
        machine.advance(1)


@pytest.mark.parametrize("seed", range(12))
def test_records(machine: fake_core.Machine, tmp_path: Path, seed: int, capsys: Capture) -> None:
    runs = random_runs(random.Random(seed))
    record(machine, tmp_path, runs)
    expected_kwh = WATTS * seconds_of_union(runs) / JOULES_PER_KWH
    assert total(run.energy for run in read_runs(tmp_path)).kwh == pytest.approx(expected_kwh)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = DataInterface(tmp_path)
    assert data.total_power / data.PUE == pytest.approx(expected_kwh, abs=1e-9)
    assert data.exp_len_hours == pytest.approx(seconds_of_union(runs) / 3600, abs=1e-9)
    for arguments in (["report", str(tmp_path), "--json"], ["footprint", str(tmp_path), "--json"]):
        assert cli.main(arguments) == 0
        document = json.loads(capsys.readouterr().out)
        if arguments[0] == "report":
            energies = [node["result"]["energy_j"] for node in document["nodes"]]
            assert sum(energies) / JOULES_PER_KWH == pytest.approx(expected_kwh)
        else:
            assert sum(each["energy_kwh"] for each in document) == pytest.approx(expected_kwh)


@pytest.mark.parametrize("seed", range(30))
def test_rows(tmp_path: Path, seed: int) -> None:
    """Runs one after the other, each with some rows of what it used so far, some of them twice, in any order."""
    chance = random.Random(seed)
    rows, used_kwh = [], 0.0
    begin_s = 0
    for run in range(chance.randint(1, 4)):
        kwh = kwh_a_second = chance.uniform(1e-6, 1e-3)
        seconds = 0
        for _ in range(chance.randint(1, 4)):
            seconds += chance.randint(1, 600)
            kwh = kwh_a_second * seconds
            at = (datetime(2024, 5, 1) + timedelta(seconds=begin_s + seconds)).isoformat()
            rows += [f"{at},run {run},{seconds},{kwh!r},{kwh * 50!r}"] * chance.choice((1, 1, 2))
        used_kwh += kwh
        begin_s += seconds + chance.randint(1, 100)
    chance.shuffle(rows)
    place = tmp_path / "emissions.csv"
    place.write_text("timestamp,run_id,duration,energy_consumed,emissions\n" + "\n".join(rows) + "\n")
    assert total(run.energy for run in each_once(codecarbon.read_csv(place))).kwh == pytest.approx(used_kwh)
