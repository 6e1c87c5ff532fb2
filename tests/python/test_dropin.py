"""The listings of the papers, unchanged, and the old tool's readers on our records and on its own logs."""

from __future__ import annotations

import math
import os
import subprocess
import textwrap
import warnings
import zipfile
from pathlib import Path

import pytest

from experiment_impact_tracker import data_utils, stats, utils
from experiment_impact_tracker.compute_tracker import ImpactTracker, read_latest_stats
from experiment_impact_tracker.cpu import common
from experiment_impact_tracker.data_interface import DataInterface
from experiment_impact_tracker.emissions import get_region_metrics
from experiment_impact_tracker.gpu import nvidia
from python import fake_core
from python.test_old_logs import write_log

Machine = fake_core.Machine

# Henderson et al. 2020 (README of experiment-impact-tracker): the tracker is never stopped.
LISTING_LAUNCH = """
from experiment_impact_tracker.compute_tracker import ImpactTracker
tracker = ImpactTracker(log_dir)
tracker.launch_impact_monitor()
work(60)
info = tracker.get_latest_info_and_check_for_errors()
"""
# The same, as context managers, with the check of additivity.
LISTING_CONTEXT = """
from experiment_impact_tracker.compute_tracker import ImpactTracker
from experiment_impact_tracker.data_interface import DataInterface

experiment1 = os.path.join(log_dir, "1")
experiment2 = os.path.join(log_dir, "2")

with ImpactTracker(experiment1):
    work(20)

with ImpactTracker(experiment2):
    work(30)

data_interface1 = DataInterface([experiment1])
data_interface2 = DataInterface([experiment2])
data_interface_both = DataInterface([experiment1, experiment2])

assert data_interface1.kg_carbon + data_interface2.kg_carbon == data_interface_both.kg_carbon
assert data_interface1.total_power + data_interface2.total_power == data_interface_both.total_power
"""
# The Benchmark-Tracker paper's loop: many trackers in a process, relative directories, chdir meanwhile.
LISTING_BENCHMARK = """
from experiment_impact_tracker.compute_tracker import ImpactTracker
from experiment_impact_tracker.data_interface import DataInterface

os.chdir(log_dir)
rows = []
for test_id in range(20):
    row = {}
    with ImpactTracker("logPath10/Inference/now_inference_" + str(test_id)):
        os.chdir("/")
        work(31)
        os.chdir(log_dir)
    data_interface = DataInterface(["logPath10/Inference/now_inference_" + str(test_id)])
    row["tool_energy_consumption(kWh)"] = data_interface.total_power
    row["tool_carbon_emissions(kgC02eq)"] = data_interface.kg_carbon
    row["tool_duration(seconds)"] = data_interface.exp_len_hours * 3600
    row["tool_PUE"] = data_interface.PUE
    rows.append(row)
"""
# The paper's assertions on the hardware.
LISTING_HARDWARE = """
from experiment_impact_tracker.gpu.nvidia import assert_gpus_by_attributes
from experiment_impact_tracker.cpu.common import assert_cpus_by_attributes

assert_gpus_by_attributes({ "name" : "GeForce GTX TITAN X"})
assert_cpus_by_attributes({ "brand": "Intel(R) Xeon(R) CPU E5-2640 v3 @ 2.60GHz" })
"""


def run_listing(listing: str, machine: Machine, tmp_path: Path) -> dict[str, object]:
    names: dict[str, object] = {"os": os, "log_dir": str(tmp_path), "work": machine.advance}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        exec(compile(textwrap.dedent(listing), "listing", "exec"), names)
    return names


def test_listing_that_never_stops_its_tracker(machine: Machine, tmp_path: Path) -> None:
    names = run_listing(LISTING_LAUNCH, machine, tmp_path)
    info = names["info"]
    assert isinstance(info, dict)
    assert info["rapl_power_draw_absolute"] == pytest.approx(100)
    assert math.isnan(info["nvidia_draw_absolute"])
    assert info["errors"] == []
    assert DataInterface([str(tmp_path)]).total_power == pytest.approx(105 * 60 / 3.6e6, rel=1e-6)
    tracker = names["tracker"]
    assert isinstance(tracker, ImpactTracker)
    machine.power_w = 300
    machine.advance(10)
    again = tracker.get_latest_info_and_check_for_errors()
    assert again is not None
    assert again["rapl_power_draw_absolute"] == pytest.approx(300)
    tracker.stop()


def test_listing_with_blocks_and_additivity(machine: Machine, tmp_path: Path) -> None:
    both = run_listing(LISTING_CONTEXT, machine, tmp_path)["data_interface_both"]
    assert isinstance(both, DataInterface)
    assert both.exp_len_hours == pytest.approx(50 / 3600)
    assert both.PUE == 1.0


def test_listing_of_the_benchmark_paper(machine: Machine, tmp_path: Path) -> None:
    rows = run_listing(LISTING_BENCHMARK, machine, tmp_path)["rows"]
    assert isinstance(rows, list)
    assert len(rows) == 20
    for row in rows:
        assert row["tool_energy_consumption(kWh)"] == pytest.approx(105 * 31 / 3.6e6, rel=1e-6)
        assert row["tool_duration(seconds)"] == pytest.approx(31)
        assert row["tool_carbon_emissions(kgC02eq)"] > 0
        assert row["tool_PUE"] == 1


def test_listing_of_the_hardware_assertions(machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "nvidia-smi"
    card = (
        "<gpu><product_name>GeForce GTX TITAN X</product_name><fb_memory_usage><total>12 GiB</total></fb_memory_usage>"
    )
    versions = "<driver_version>550</driver_version><cuda_version>12.4</cuda_version>"
    log = f"<nvidia_smi_log>{versions}{card}</gpu></nvidia_smi_log>"
    program.write_text(f"#!/bin/sh\necho '{log}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    brand = "Intel(R) Xeon(R) CPU E5-2640 v3 @ 2.60GHz"
    monkeypatch.setattr(common, "_cpuinfo_fields", lambda: {"model name": brand, "cpu family": "6"})
    run_listing(LISTING_HARDWARE, machine, tmp_path)
    assert nvidia.get_gpu_info()[0]["cuda_version"] == "12.4"
    common.assert_cpus_by_attributes({"brand_raw": brand, "family": 6})
    with pytest.raises(common.CPUAttributeAssertionError, match="brand"):
        common.assert_cpus_by_attributes({"brand": "another"})
    with pytest.raises(nvidia.GPUAttributeAssertionError, match="name"):
        nvidia.assert_gpus_by_attributes({"name": "another"})
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not nvidia.is_nvidia_compatible()
    with pytest.raises(nvidia.GPUAttributeAssertionError, match="no NVIDIA card"):
        nvidia.assert_gpus_by_attributes({"name": "any"})


def test_two_trackers_at_once_and_one_launched_twice(machine: Machine, tmp_path: Path) -> None:
    first, second = ImpactTracker(str(tmp_path / "a")), ImpactTracker(str(tmp_path / "b"))
    first.launch_impact_monitor()
    second.launch_impact_monitor()
    second.launch_impact_monitor()
    machine.advance(1)
    second.stop()
    machine.advance(1)
    first.stop()
    first.stop()
    assert first.result is not None
    assert second.result is not None
    assert (first.result.duration_s, second.result.duration_s) == (2, 1)
    with pytest.raises(ValueError, match="launched already"), first:
        pass


def test_an_exception_in_the_block_stops_the_tracker(machine: Machine, tmp_path: Path) -> None:
    tracker = ImpactTracker(str(tmp_path))
    with pytest.raises(KeyError), tracker:
        machine.advance(2)
        raise KeyError
    machine.advance(9)
    assert tracker.result is not None
    assert tracker.result.duration_s == 2


def test_latest_info_before_there_is_any_is_none(machine: Machine, tmp_path: Path) -> None:
    tracker = ImpactTracker(str(tmp_path))
    assert tracker.get_latest_info_and_check_for_errors() is None
    assert read_latest_stats(str(tmp_path / "nowhere")) is None


def test_readers_on_our_records(machine: Machine, tmp_path: Path) -> None:
    with ImpactTracker(str(tmp_path)) as tracker:
        machine.advance(3600)
    info = data_utils.load_initial_info(str(tmp_path))
    assert (info["experiment_end"] - info["experiment_start"]).total_seconds() == 3600
    assert info["region_carbon_intensity_estimate"]["carbonIntensity"] > 100
    assert tracker.initial_info["experiment_start"] == info["experiment_start"]
    derived = utils.gather_additional_info(info, str(tmp_path))
    assert derived["kw_hr_cpu"] == pytest.approx(0.105)
    assert derived["total_power"] == pytest.approx(0.105)
    assert derived["exp_len_hours"] == 1
    assert "kw_hr_gpu" not in derived
    latest = read_latest_stats(str(tmp_path))
    assert latest is not None
    assert latest["rapl_power_draw_absolute"] == 100
    data_utils.zip_data_and_info(str(tmp_path), str(tmp_path / "all.zip"))
    assert len(zipfile.ZipFile(tmp_path / "all.zip").namelist()) == 1
    with pytest.raises(FileNotFoundError):
        data_utils.zip_data_and_info(str(tmp_path / "empty"), str(tmp_path / "none.zip"))


def test_frame_of_our_record_and_of_an_old_log(machine: Machine, tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    with ImpactTracker(str(tmp_path / "new")):
        machine.advance(3)
    write_log(tmp_path / "old", [10.0, 20.0])
    for name in ("new", "old"):
        frame, samples = data_utils.load_data_into_frame(str(tmp_path / name))
        assert len(frame) == len(samples) > 0
        assert "timestamp" in frame


def test_readers_on_old_logs(tmp_path: Path) -> None:
    write_log(tmp_path, [100.0, 120.0, 80.0])
    info = data_utils.load_initial_info(str(tmp_path))
    derived = utils.gather_additional_info(info, str(tmp_path))
    assert derived["total_power"] == pytest.approx(1.58 * (derived["kw_hr_cpu"] + derived["kw_hr_gpu"]))
    latest = read_latest_stats(str(tmp_path))
    assert latest is not None
    assert latest["rapl_estimated_attributable_power_draw"] == 80


def test_writers(tmp_path: Path) -> None:
    data_utils.write_json_data_to_file(tmp_path / "a/b.json", {"x": 1})
    data_utils.write_json_data_to_file(tmp_path / "a/b.json", {"x": 2})
    assert (tmp_path / "a/b.json").read_text() == '{"x": 1}\n{"x": 2}\n'
    data_utils.write_csv_data_to_file(tmp_path / "c.csv", [1, "a,b"], overwrite=True)
    assert (tmp_path / "c.csv").read_text() == '1,"a,b"\n'


def test_what_needed_the_network_names_its_replacement(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    from experiment_impact_tracker.compute_tracker import launch_power_monitor
    from experiment_impact_tracker.cpu.intel import get_rapl_power
    from experiment_impact_tracker.emissions.common import get_realtime_carbon, is_capable_realtime_carbon_intensity

    for call, words in (
        (get_realtime_carbon, "zone="),
        (get_region_metrics.get_current_location, "IMPACT_TRACKER_ZONE"),
        (get_region_metrics.get_region_by_coords, "factors.intensity"),
        (get_rapl_power, "ImpactTracker"),
        (nvidia.get_nvidia_gpu_power, "ImpactTracker"),
        (launch_power_monitor, "launch_impact_monitor"),
    ):
        with pytest.raises(NotImplementedError, match=words):
            call()
    assert not is_capable_realtime_carbon_intensity()
    monkeypatch.setenv("IMPACT_TRACKER_ZONE", "FR")
    region, information = get_region_metrics.get_current_region_info_cached()
    assert region["id"] == "FR"
    assert 10 < information["carbonIntensity"] < 100
    assert get_region_metrics.get_zone_name_by_id("France") == "FRA"


def test_rough_estimate_is_power_times_time() -> None:
    from experiment_impact_tracker.emissions.rough_emissions_estimator import RoughEmissionsEstimator as Rough

    gpu, cpu = "NVIDIA A100 SXM4 80GB", Rough.get_available_cpus()[0]
    rough = Rough(gpu, cpu, 0.5, 0.25, "FR", 7200)
    assert rough.gpu_kWh == pytest.approx(0.4)
    assert rough.kWh == rough.gpu_kWh + rough.cpu_kWh > rough.gpu_kWh
    assert rough.kg_carbon == pytest.approx(rough.kWh * rough.carbon_intensity / 1000)
    assert "Nothing was measured" in rough.carbon_impact_statement
    assert len(Rough.get_available_gpus()) > 10
    with pytest.raises(ValueError, match="between 0 and 1"):
        Rough(gpu, cpu, 50)
    with pytest.raises(ValueError, match="Voodoo"):
        Rough("Voodoo 2")


def test_graphs(machine: Machine, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from experiment_impact_tracker.create_graph_appendix import create_graphs, create_scatterplot_from_df

    with ImpactTracker(str(tmp_path / "run")):
        machine.advance(4)
    (path,) = create_graphs(str(tmp_path / "run"), tmp_path / "figures", fig_x=8, fig_y=4)
    assert Path(path).read_bytes()[:4] == b"\x89PNG"
    path = create_scatterplot_from_df({"x": [1, 2], "y": [3, 4]}, "x", "y", tmp_path)
    assert Path(path).name == "x_y.png"


def test_processify_runs_in_a_process_of_its_own() -> None:
    def work(queue: object, value: int) -> tuple[int, int]:
        if value < 0:
            raise ValueError("negative")
        return value * 2, os.getpid()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fork beside pytest-timeout's thread
        process, queue = utils.processify(work)(21)
        (value, pid), error = queue.get(timeout=30)
        process.join(30)
    assert (value, error) == (42, None)
    assert pid != os.getpid()


@pytest.mark.parametrize("test_id", stats.tests_list)
def test_statistics_see_a_difference_and_none(test_id: str) -> None:
    numpy = pytest.importorskip("numpy")
    pytest.importorskip("scipy")
    draw = numpy.random.default_rng(3)
    first, other, same = draw.normal(0, 1, 40), draw.normal(3, 1, 40), draw.permutation(draw.normal(0, 1, 40))
    assert stats.run_test(test_id, first, other)[0]
    assert not stats.run_test(test_id, same, same[::-1])[0]


def test_statistics_refuse_an_unknown_test() -> None:
    pytest.importorskip("scipy")
    with pytest.raises(NotImplementedError, match="Welch"):
        stats.run_test("oracle", [1, 2], [3, 4])
    effect, half = stats.get_average_treatment_effect([1, 2, 3], [0, 1, 2])
    assert effect == 1
    assert half == pytest.approx(1.96 * math.sqrt(2 * (2 / 3) / 3))


def test_import_prints_nothing_and_sets_no_logging() -> None:
    program = "import logging, experiment_impact_tracker.compute_tracker; assert not logging.getLogger().handlers"
    code = "import sys; from python import fake_core as f; sys.modules['impact_tracker._core'] = f; " + program
    import sys

    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
