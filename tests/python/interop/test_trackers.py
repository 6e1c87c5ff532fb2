"""Other trackers' files, both ways: units, their PUE, missing columns, and lines that cannot be read."""

import csv
import io
import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from impact_tracker.interop import InteropError, carbontracker, codecarbon, from_record, hugging_face, read_runs
from impact_tracker.interop.eit import samples_of, to_data_json

ROW = {
    "timestamp": "2024-05-01T10:00:00", "project_name": "p", "run_id": "r", "duration": "3600", "emissions": "0.12",
    "energy_consumed": "0.6", "cpu_energy": "0.36", "gpu_energy": "0.24", "ram_energy": "", "country_iso_code": "FRA",
    "country_name": "France", "pue": "1.2", "cpu_model": "X", "gpu_count": "2.0",
}  # fmt: skip


def write_csv(tmp_path, rows, columns=None):
    path = tmp_path / "emissions.csv"
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, columns or list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_codecarbons_kilograms_and_pue(tmp_path):
    run = codecarbon.read_csv(write_csv(tmp_path, [ROW]))[0]
    assert run.energy.kwh == pytest.approx(0.5) and run.site.pue == 1.2
    assert run.parts.processors.kwh == pytest.approx(0.3)
    assert run.carbon.value == pytest.approx(120.0) and run.site.intensity.value == pytest.approx(200.0)
    assert run.parts.memory.is_missing and len(run.hardware.gpus) == 2 and run.energy.quality == "estimated"
    assert run.started_at.isoformat() == "2024-05-01T09:00:00+00:00"


def test_codecarbons_gigabytes_of_memory_are_of_1024_cubed(tmp_path):
    """It divides psutil's bytes by 1024³; a machine of 64 GiB was one of 64 × 10⁹ bytes."""
    (run,) = codecarbon.read_csv(write_csv(tmp_path, [{**ROW, "ram_total_size": "64"}]))
    assert run.hardware.memory_bytes == 64 * 2**30
    assert next(csv.DictReader(io.StringIO(codecarbon.to_csv([run]))))["ram_total_size"] == "64.0"


def test_an_old_file_lacks_columns(tmp_path):
    old = {name: ROW[name] for name in ("timestamp", "duration", "emissions", "energy_consumed")}
    run = codecarbon.read_csv(write_csv(tmp_path, [old]))[0]
    assert run.site.pue == 1.0 and run.energy.kwh == pytest.approx(0.6) and run.hardware.cpu is None


def test_a_name_that_counts_its_cards_is_not_counted_twice(tmp_path):
    (run,) = codecarbon.read_csv(write_csv(tmp_path, [{**ROW, "gpu_model": "2 x NVIDIA A100-SXM4-80GB"}]))
    assert run.hardware.gpus == ("NVIDIA A100-SXM4-80GB",) * 2
    assert '"2 x NVIDIA A100-SXM4-80GB"' in hugging_face(run)


def test_an_energy_that_the_file_lacks_is_missing(tmp_path):
    (run,) = codecarbon.read_csv(write_csv(tmp_path, [{**ROW, "energy_consumed": ""}]))
    assert run.energy.is_missing and run.energy.quality == "missing"


def test_a_power_that_cannot_be_read_is_no_fault_of_the_energy(tmp_path):
    (run,) = codecarbon.read_csv(write_csv(tmp_path, [{**ROW, "cpu_power": "much", "ram_power": "5"}]))
    assert run.stated.powers_w == {"ram": 5.0}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({**ROW, "emissions": "much"}, ":2: emissions is no number"),
        ({**ROW, "duration": "inf"}, "finite"),
        ({**ROW, "energy_consumed": "-1"}, "negative"),
    ],
)
def test_faulty_rows_name_their_line(tmp_path, row, message):
    with pytest.raises(InteropError, match=message):
        codecarbon.read_csv(write_csv(tmp_path, [row]))


def test_another_csv_is_refused(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(InteropError, match="emissions"):
        codecarbon.read_csv(path)


def test_our_csv_has_all_columns_and_comes_back(climatebert, unmeasured, tmp_path):
    text = codecarbon.to_csv([replace(climatebert, site=replace(climatebert.site, pue=1.5)), unmeasured])
    rows = list(csv.DictReader(io.StringIO(text)))
    assert tuple(rows[0]) == codecarbon.COLUMNS and len(rows) == 2
    assert float(rows[0]["emissions"]) == pytest.approx(15.792 * 1.5) and rows[0]["country_iso_code"] == "DEU"
    assert float(rows[0]["cpu_power"]) == pytest.approx(3.6 / 48 * 1000 * 1.5)  # as its energies: with the PUE
    assert rows[1]["emissions"] == "" and rows[1]["energy_consumed"] == ""  # never 0 for what was not measured
    path = tmp_path / "emissions.csv"
    path.write_text(text)
    back = codecarbon.read_csv(path)
    assert back[0].energy.kwh == pytest.approx(33.6) and back[0].carbon.value == pytest.approx(15_792 * 1.5)
    assert back[1].energy.is_missing


LOG = """2024-01-05 10:12:29 - CarbonTracker: The following components were found: GPU with device(s) X.
2024-01-05 10:15:27 - CarbonTracker:
Actual consumption for 2 epoch(s):
\tTime:\t0:02:30
\tEnergy:\t0.000790 kWh
\tCO2eq:\t0.158000 g
\tThis is equivalent to:
\t0.001470 km travelled by car
2024-01-05 10:15:27 - CarbonTracker:
Predicted consumption for 100 epoch(s):
\tTime:\t2:05:00
\tEnergy:\t0.039500 kWh
\tCO2eq:\t7.900000 g
2024-01-05 10:15:27 - CarbonTracker: Finished monitoring.
"""


def test_carbontrackers_measured_part_only(tmp_path):
    path = tmp_path / "12_2024-01-05T10Z_carbontracker_output.log"
    path.write_text(LOG)
    for place in (path, tmp_path):
        runs = carbontracker.read_logs(place)
        assert len(runs) == 1
        run = runs[0]
        assert run.duration_s == 150.0 and run.energy.kwh == pytest.approx(0.00079 / 1.58)
        assert run.carbon.value == pytest.approx(0.158) and run.stated.epochs == 2 and ":3" in run.origin


def test_a_log_without_a_measurement(tmp_path):
    path = tmp_path / "x_carbontracker_output.log"
    path.write_text("nothing\n")
    with pytest.raises(InteropError, match="no consumption"):
        carbontracker.read_logs(path)


def test_days_in_carbontrackers_times(tmp_path):
    path = tmp_path / "x_carbontracker_output.log"
    path.write_text(LOG.replace("0:02:30", "1 day, 2:03:04"))
    assert carbontracker.read_logs(path)[0].duration_s == pytest.approx(26 * 3600 + 184)


def test_reading_guesses_what_lies_there(tmp_path):
    write_csv(tmp_path, [ROW])
    assert read_runs(tmp_path / "emissions.csv")[0].tool == "codecarbon"
    assert read_runs(tmp_path)[0].tool == "codecarbon"  # its folder too
    (tmp_path / "emissions.csv").rename(tmp_path / "emissions.txt")
    assert read_runs(tmp_path)[0].tool == "codecarbon" == read_runs(tmp_path / "emissions.txt")[0].tool
    (tmp_path / "empty").mkdir()
    with pytest.raises(InteropError, match="no record"):
        read_runs(tmp_path / "empty")
    with pytest.raises(InteropError, match="nothing at"):
        read_runs(tmp_path / "nowhere")
    with pytest.raises(InteropError, match="unknown kind"):
        read_runs(tmp_path, "csv")


def test_a_record_of_ours(machine, tmp_path):
    from impact_tracker import ImpactTracker
    from impact_tracker.record import read_record

    with ImpactTracker(tmp_path / "runs", zone="FR", pue=1.3):
        machine.advance(3600.0)
    record = read_record(tmp_path / "runs")
    run = from_record(record)
    assert run.energy.kwh == pytest.approx(0.105) and run.site.pue == 1.3 and run.site.zone_name == "France"
    assert run.carbon.value == pytest.approx(record.result.carbon_g) and run.duration_s == pytest.approx(3600.0)
    assert read_runs(tmp_path / "runs")[0].energy.kwh == pytest.approx(0.105)
    host = record.header["host"]
    assert run.tool_version == record.header["tool"]["version"] and run.hardware.threads == host["logical_cpus"]
    assert run.hardware.cpu == host.get("cpu") and run.memory_gb == pytest.approx(host["memory_bytes"] / 1e9)
    assert run.use.cpu == pytest.approx(min(1.0, record.result.utilisation["cpu"] / run.hardware.threads))
    samples = [json.loads(line) for line in to_data_json(samples_of(record)).splitlines()]
    assert [sample["rapl_power_draw_absolute"] for sample in samples] == [157.5, 105.0]  # a gap has no sample


class Channels:
    """A record's channels and their series: all that the samples are made from."""

    started_at = None
    result = SimpleNamespace(duration_s=2.0)

    def __init__(self, **series):
        self.known = series
        self.channels = [{"id": name, "device": name, "in_total": True} for name in series]

    def series(self, name):
        return self.known[name]


NAN = float("nan")


def test_channels_of_unlike_times_keep_their_energy():
    record = Channels(
        cpu=([0.0, 1.0, 2.0, 3.0, 4.0], [NAN, 10.0, 20.0, 30.0, 40.0]), memory=([0.01, 2.01, 4.01], [NAN, 5.0, 7.0])
    )
    powers = [sample["rapl_power_draw_absolute"] for sample in samples_of(record)]
    assert powers[:2] == pytest.approx([15.0, 25.0]) and powers[3] == pytest.approx(47.0)
    assert sum(powers) == pytest.approx(100 + 2 * 5 + 2 * 7, rel=1e-3)  # each of a second
    assert [sample["timestamp"] for sample in samples_of(record)] == [1.0, 2.0, 3.0, 4.0]


def test_a_channel_that_was_not_read_leaves_no_sum():
    gap = Channels(cpu=([0.0, 1.0, 2.0], [NAN, 10.0, 20.0]), memory=([0.0, 1.0, 2.0], [NAN, NAN, 5.0]))
    assert [sample["rapl_power_draw_absolute"] for sample in samples_of(gap)] == [25.0]


def test_a_run_that_was_over_before_its_second_reading_is_one_sample():
    short = Channels(cpu=([0.0], [NAN]))
    assert samples_of(short) == []
    short.channels[0]["energy_j"] = 21.0
    (sample,) = samples_of(short)
    assert sample["timestamp"] == 2.0 and sample["rapl_power_draw_absolute"] == pytest.approx(10.5)
