"""Damaged files of other trackers: a run or a reason, never another exception, and no sum above what was stated."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from impact_tracker.interop import InteropError, boamps, codecarbon
from python.interop.importer_fuzz import CSV, IMPORTERS, REPORT, SAMPLES, check, executions, try_samples


@pytest.mark.parametrize("seed", range(4))
def test_damaged_files(seed: int, tmp_path: Path) -> None:
    tries = list(executions(500, seed, tmp_path))
    assert {name for name, understood in tries if understood} == set(IMPORTERS)


@pytest.mark.long
@pytest.mark.timeout(0)
def test_very_many_damaged_files(tmp_path: Path) -> None:
    number = int(os.environ.get("FUZZ_EXECUTIONS", "1000000"))
    assert sum(1 for _ in executions(number, int.from_bytes(os.urandom(4), "big"), tmp_path)) == number


def test_what_fuzzing_found(tmp_path: Path) -> None:
    place = tmp_path / "x"
    place.write_text(REPORT.replace('"nbComponent": 2', '"nbComponent": 4000000000'))
    with pytest.raises(InteropError, match="more than 100,000 of one component"):
        boamps.read_json(place)
    place.write_text(CSV.replace(",2,2 x", ",4000000000,2 x"))
    with pytest.raises(InteropError, match="4000000000 cards"):
        codecarbon.read_csv(place)
    place.write_text(CSV.replace(",1.2,0.3", ",0.2,0.3"))
    with pytest.raises(InteropError, match="a PUE is 1 or more"):
        codecarbon.read_csv(place)
    place.write_text(REPORT.replace('"pue": 1.2', '"pue": 1.2e308'))
    with pytest.raises(InteropError, match=r"100 at most, not 1\.2e"):
        boamps.read_json(place)
    place.write_text(REPORT.replace('"powerConsumption": 351', '"powerConsumption": 1e300'))
    with pytest.raises(InteropError, match="its energy in J cannot be"):
        boamps.read_json(place)
    place.write_text(CSV.replace("0.12", "0"))
    check(codecarbon.read_csv(place))  # an intensity of 0 beside its country's mean
    place.write_text(CSV.replace("2024-05-01", "0001-01-01").replace(",60,", ",99999999999,"))
    check(codecarbon.read_csv(place))  # a time before all calendars
    check(try_samples(tmp_path, (SAMPLES + "[" * 100_000).encode()))
