"""The estimate beside the measurement: the calculator's arithmetic on what a record's header says of its machine."""

from dataclasses import replace

import pytest

from impact_tracker.estimators import Use, beside, green_algorithms
from impact_tracker.factors import intensity
from impact_tracker.hostinfo import Hardware, hardware_of
from impact_tracker.interop import from_result
from impact_tracker.result import Result
from impact_tracker.values import Energy, joules_of
from impact_tracker.weighing import Weighing
from python.fake_results import RegionResult

XEON = "Intel(R) Xeon(R) CPU E5-2683 v4 @ 2.10GHz"
MACHINE = Hardware(cpu=XEON, cores=12, threads=24, sockets=1, memory_bytes=64_000_000_000)
ENERGY = Energy(joules_of(0.683))
RUN = {"energy": ENERGY, "duration_s": 12 * 3600.0, "hardware": MACHINE, "intensity": intensity("FR")}


def test_a_ratio_of_the_same_thing():
    comparison = beside(**RUN, pue=1.67)
    assert comparison.ratio == pytest.approx(2.2813536 / (0.683 * 1.67))
    assert beside(**{**RUN, "energy": Energy.missing()}).ratio is None
    assert "1.26" not in comparison.sentence() and "2.0 times the measured 1.14 kWh" in comparison.sentence()


def test_busy_processors_are_a_share_of_the_systems_threads():
    full, half = beside(**RUN), beside(**RUN, use=Use(cpu=0.5))
    assert half.estimate.parts_kwh["cores"] == pytest.approx(full.estimate.parts_kwh["cores"] / 2)
    assert any("count as full" in note for note in full.caveats) and not half.caveats
    unknown = {**RUN, "hardware": MACHINE._replace(threads=None)}
    assert any("count as full" in note for note in beside(**unknown, use=Use(cpu=0.5)).caveats)


def test_threads_alone_are_taken_for_cores_where_the_chip_is_known():
    known = beside(**{**RUN, "hardware": MACHINE._replace(cores=None, threads=32)})
    assert known.estimate.parts_kwh["cores"] == pytest.approx(12 * 16 * 7.5 / 1000)
    assert any("32 threads were taken for 16 cores" in note for note in known.caveats)
    bare = beside(**{**RUN, "hardware": MACHINE._replace(cores=None, threads=10)})
    assert bare.estimate.parts_kwh["cores"] == pytest.approx(12 * 10 * 7.5 / 1000)
    sockets = beside(**{**RUN, "hardware": MACHINE._replace(cores=None, threads=None, sockets=2)})
    assert sockets.estimate.parts_kwh["cores"] == pytest.approx(12 * 32 * 7.5 / 1000)


def test_a_chip_whose_cores_no_table_has_takes_the_machines_own():
    comparison = beside(**{**RUN, "hardware": Hardware(cpu="AMD Ryzen 3 1200", cores=8, sockets=2, threads=8)})
    assert comparison.estimate.parts_kwh["cores"] == pytest.approx(
        12 * 8 * 16.3 / 1000
    )  # 65 W / 4, rounded as the method does


def test_unknown_hardware_gets_the_calculators_default_and_says_so():
    comparison = beside(**{**RUN, "hardware": MACHINE._replace(cpu="Voodoo Processor", gpus=("Voodoo 2",) * 2)})
    assert comparison.estimate.parts_kwh["cores"] == pytest.approx(12 * 12 * 12 / 1000)
    assert comparison.estimate.parts_kwh["gpu"] == pytest.approx(12 * 2 * 200 / 1000)
    caveats = " ".join(comparison.caveats)
    assert "Voodoo Processor" in caveats and "12 W a core" in caveats and "Voodoo 2" in caveats


def test_cards_of_two_kinds_count_with_their_mean():
    comparison = beside(
        **{**RUN, "hardware": MACHINE._replace(gpus=("Tesla T4", "NVIDIA A100-PCIE-40GB"))}, use=Use(gpu=0.5)
    )
    assert comparison.estimate.parts_kwh["gpu"] == pytest.approx(12 * 2 * 0.5 * (70 + 250) / 2 / 1000)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hardware": Hardware()}, "how many cores and cards"),
        ({"duration_s": None}, "duration"),
        ({"pue": 0.5}, "PUE"),
    ],
)
def test_no_estimate_has_a_reason(change, message):
    comparison = beside(**{**RUN, **change})
    assert (
        comparison.estimate is None
        and message in comparison.reason
        and comparison.sentences(explain=True) == [comparison.reason]
    )
    assert comparison.as_dict() == {"reason": comparison.reason} and comparison.ratio is None


def test_a_modelled_energy_is_not_called_measured():
    comparison = beside(**{**RUN, "energy": replace(ENERGY, quality="modelled", partial=True)})
    assert "times the modelled" in comparison.sentence() and any("partial" in note for note in comparison.caveats)
    assert comparison.as_dict()["measured_quality"] == "modelled" and comparison.as_dict()["ratio"] == comparison.ratio
    assert any("0.3725" in line for line in comparison.sentences(explain=True))


HEADER = {
    "hostname": "node7",
    "host": {
        "cpu": XEON, "physical_cores": 32, "logical_cpus": 64, "sockets": 2, "memory_bytes": 256_000_000_000,
        "gpus": [{"name": "Tesla T4", "uuid": "GPU-1"}], "kernel": "Linux 6.1.0", "system": "Debian GNU/Linux 12",
        "python": "cpython 3.11.2",
    },
    "tool": {"name": "impact-tracker", "version": "0.1.0"},
}  # fmt: skip


def test_from_a_records_header_and_result():
    measured = RegionResult("run", 0, 3600 * 10**9, Energy(1.8e6), utilisation={"cpu": 32.0, "gpu:0": 0.25})
    result = Result(measured, Weighing(intensity_g_per_kwh=intensity("FR"), pue=1.2), {})
    comparison = from_result(result, hardware=hardware_of(HEADER)).beside()
    truth = (32 * 7.5 * 0.5 + 70 * 0.25 + 256 * 0.3725) * 1.2 / 1000
    assert comparison.estimate.energy_kwh == pytest.approx(truth) and comparison.ratio == pytest.approx(
        truth / (0.5 * 1.2)
    )
    assert comparison.estimate.carbon_g == pytest.approx(truth * intensity("FR").value)
    same = green_algorithms(
        hours=1, cores=32, cpu_model=XEON, cpu_usage=0.5, gpus=1, gpu_model="Tesla T4", gpu_usage=0.25, memory_gb=256,
        pue=1.2, zone="FR",
    )  # fmt: skip
    assert comparison.estimate.energy_kwh == pytest.approx(same.energy_kwh)


def test_headers_that_say_nothing_or_nonsense():
    assert hardware_of({}) == Hardware()
    odd = hardware_of({"host": {"cpu": 5, "logical_cpus": True, "gpus": ["Tesla T4", 7, {}], "memory_bytes": -1}})
    assert odd.cpu is None and odd.threads is None and odd.memory_bytes is None and odd.gpus == ("Tesla T4", "", "")
    assert hardware_of({"host": "x", "tool": 3}) == Hardware()
