"""The compiled core's energies follow the same rules as the package's: whatever is added, both say the same."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.values import Energy, total, total_if_known
from python.values.test_energy import close, energies

FIELDS = ("best_j", "half_j", "bias_j", "modelled_j")
DERIVED = ("low_j", "high_j", "error_j")


def of_core(core: ModuleType, energy: Energy) -> Any:
    return core.Energy(*(getattr(energy, name) for name in FIELDS), energy.quality, energy.partial)


def differences(energy: Energy, of_core: Any) -> list[str]:
    """What the two say differently, but for rounding."""
    different = [name for name in (*FIELDS, *DERIVED) if not close(getattr(energy, name), getattr(of_core, name))]
    different += [
        name for name in ("quality", "partial", "is_missing") if getattr(energy, name) != getattr(of_core, name)
    ]
    ranges = (energy.range_j, of_core.range_j)
    if (ranges[0] is None) != (ranges[1] is None) or not all(map(close, *(ends or () for ends in ranges))):
        different.append("range_j")
    return different


@given(parts=st.lists(energies(), max_size=6))
def test_sums(core: ModuleType, parts: list[Energy]) -> None:
    parts_of_core = [of_core(core, part) for part in parts]
    assert differences(total(parts), core.total(parts_of_core)) == []
    assert differences(total_if_known(parts), core.total_if_known(parts_of_core)) == []


@given(a=energies(), b=energies(), same_sensors=st.booleans())
def test_differences(core: ModuleType, a: Energy, b: Energy, same_sensors: bool) -> None:
    difference = of_core(core, a).minus(of_core(core, b), same_sensors=same_sensors)
    assert differences(a.minus(b, same_sensors=same_sensors), difference) == []


@given(energy=energies(), factor=st.floats(min_value=0, max_value=1e6))
def test_parts_and_multiples(core: ModuleType, energy: Energy, factor: float) -> None:
    assert differences(energy.scaled(factor), of_core(core, energy).scaled(factor)) == []


WRONG: list[tuple[Any, ...]] = [
    (1.0, -1.0),
    (1.0, None, -1.0),
    (float("inf"),),
    (float("nan"),),
    (1.0, float("nan")),
    (1.0, None, None, None, "missing"),
    (None, None, None, None, "measured"),
    (1.0, None, None, None, "guessed"),
]


@pytest.mark.parametrize("arguments", WRONG, ids=str)
def test_both_refuse_what_cannot_be(core: ModuleType, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError):
        Energy(*arguments)
    with pytest.raises(ValueError):
        core.Energy(*arguments)


@pytest.mark.parametrize("factor", [-1.0, float("inf"), float("nan")])
def test_both_refuse_to_scale_by_what_is_no_part(core: ModuleType, factor: float) -> None:
    with pytest.raises(ValueError):
        Energy(1.0).scaled(factor)
    with pytest.raises(ValueError):
        core.Energy(1.0).scaled(factor)
