"""What a result says: numbers, absent ones, its lines, its card, its JSON."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import Any

import pytest

from impact_tracker.factors import Factor
from impact_tracker.result import Result
from impact_tracker.values import Energy, Quality
from impact_tracker.weighing import Weighing
from python import golden
from python.fake_results import ChannelResult, RegionResult

INTENSITY = Factor(
    50.0, "g/kWh", 40.0, 65.0, "a table", "https://x", 2023, "CC-BY-4.0", name="carbon intensity, Utopia"
)


def channel(device: str, joules: float | None, quality: Quality = "measured", role: str = "in_total") -> ChannelResult:
    return ChannelResult(f"x/{device}", "x", device, "package", joules, quality, role=role)


ENERGY = Energy(12_345.6, 5.5, 240.0, 345.6, "modelled")
TRAINING = RegionResult(
    "train",
    start_ns=5_000_000_000,
    stop_ns=66_200_000_000,
    energy=ENERGY,
    region=1,
    wall_j=15_000.0,
    channels=[
        channel("cpu:0", 7000.0),
        channel("cpu:1", 5000.0),
        ChannelResult("ram_model/dram", "ram_model", "memory", "package", 345.6, "modelled", None, 207.36),
        channel("cpu:0", 6000.0, role="inside"),
    ],
    utilisation={"cpu": 0.93, "memory_used_bytes": 2e9},
)


def result(pue: float = 1.0, **more: Any) -> Result:
    # The stand-ins of the core's types have the core's properties.
    measured: Any = replace(TRAINING, **more)
    return Result(measured, Weighing(intensity_g_per_kwh=INTENSITY, pue=pue), {"samples": 61})


def lasting(duration_s: float) -> int:
    """When a training of this length ends."""
    return TRAINING.start_ns + round(duration_s * 1e9)


CASES: dict[str, Result] = {
    "usual": result(),
    "measured": result(energy=replace(ENERGY, quality="measured", modelled_j=0.0), pue=1.3),
    "nothing": result(energy=Energy.missing(), wall_j=None, coverage=0.0, channels=[]),
    "worst": result(
        energy=replace(ENERGY, quality="stale", partial=True),
        provisional=True,
        coverage=0.931,
        notes=["no tick within 2 ms on rapl/dram-0: plain edge", "3 reads failed on nvml/GPU-8f"],
        name='<b>"épreuve"</b>',
        channels=[channel(f"gpu:{number}", 100.0 * (number + 1)) for number in range(12)],
    ),
    "large": result(energy=Energy(7.2e9, 1e8, 1e8, 345.6, "modelled"), stop_ns=lasting(864_000.0)),
    "tiny": result(energy=Energy(0.02, 0.075, 0.001, 0.0, "modelled"), stop_ns=lasting(0.0009)),
}


def test_numbers_have_units_and_add_up() -> None:
    usual = CASES["usual"]
    assert usual.kwh == pytest.approx(12_345.6 / 3.6e6)
    assert usual.power_w == pytest.approx(201.7, abs=0.1)
    assert usual.devices == {"cpu:0": 7000.0, "cpu:1": 5000.0, "memory": 345.6}
    assert usual.uncertainty.half_width_j == pytest.approx(math.hypot(240.0, 5.5))
    assert usual.uncertainty.relative == pytest.approx(0.01944, abs=1e-4)
    assert usual.carbon_g == pytest.approx(12_345.6 / 3.6e6 * 50)
    assert usual.carbon_low_g is not None
    assert usual.carbon_high_g is not None
    assert usual.carbon_low_g == pytest.approx((12_345.6 - 240.06) / 3.6e6 * 40, rel=1e-4)
    assert usual.wall_j == 15_000


def test_pue_is_in_the_carbon_and_not_in_the_energy() -> None:
    assert result(pue=1.5).energy_j == result().energy_j
    assert result(pue=1.5).carbon_g == pytest.approx(1.5 * (result().carbon_g or 0))
    assert result().weigh(pue=1.5).carbon_g == result(pue=1.5).carbon_g
    assert result().weigh(intensity_g_per_kwh=100).carbon_g == pytest.approx(2 * (result().carbon_g or 0))
    assert result(pue=1.5).weigh(zone="FR").weighing.pue == 1.5


def test_what_was_not_measured_is_none_and_never_zero() -> None:
    nothing = CASES["nothing"]
    for name in ("energy_j", "kwh", "power_w", "carbon_g", "carbon_low_g", "modelled_j", "psys_j", "wall_j", "bias_j"):
        assert getattr(nothing, name) is None, name
    assert nothing.uncertainty == (None, None, None, None, None)
    assert nothing.devices == {}
    assert result(channels=[channel("cpu:0", None), channel("gpu:0", 5.0)]).devices == {"cpu:0": None, "gpu:0": 5.0}


def test_without_weighing_it_takes_the_world_and_says_so() -> None:
    measured: Any = TRAINING
    plain = Result(measured)
    assert "world average" in repr(plain)
    assert plain.carbon.quality == "estimated"


@pytest.mark.parametrize("case", CASES)
def test_repr_is_one_to_three_lines(case: str) -> None:
    text = repr(CASES[case])
    assert 1 <= len(text.splitlines()) <= 3
    golden.check(f"result/{case}.txt", text + "\n")


@pytest.mark.parametrize("case", CASES)
def test_card(case: str) -> None:
    card = CASES[case]._repr_html_()
    ET.fromstring(card)  # well-formed, whatever the names hold
    assert "<b>" not in card
    golden.check(f"result/{case}.html", card + "\n")


@pytest.mark.parametrize("case", CASES)
def test_json_is_strict_and_whole(case: str) -> None:
    text = CASES[case].to_json()
    assert json.loads(text, parse_constant=pytest.fail) == CASES[case].to_dict()
    golden.check_json(f"result/{case}.json", text + "\n")


def test_an_energy_channel_has_its_errors_and_another_its_value() -> None:
    channels: list[Any] = [channel("cpu:0", None), Temperature(*("x/t", "x", "cpu:0", "other", 40.0), unit="degC")]
    energy, temperature = result(channels=channels).channels
    assert energy["energy_j"] is None and "value" not in energy
    assert temperature["value"] == 40.0 and "energy_j" not in temperature and "bias_j" not in temperature


class Temperature(ChannelResult):
    measures_energy = False
