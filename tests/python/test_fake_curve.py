from __future__ import annotations

from pathlib import Path

import pytest

from fakes.curve import Curve

GOLDEN = Path(__file__).parents[1] / "data" / "curves" / "golden.txt"


def test_matches_the_golden_values() -> None:
    rows = [line.split() for line in GOLDEN.read_text().splitlines() if not line.startswith("#")]
    assert len(rows) > 50
    for text, t0, t1, energy, power in rows:
        curve = Curve.parse(text)
        assert curve.energy_j(int(t0), int(t1)) == pytest.approx(float(energy), rel=1e-13, abs=1e-12)
        assert curve.power_w(int(t0)) == pytest.approx(float(power), rel=1e-12, abs=1e-9)


@pytest.mark.parametrize(
    "bad", ["", "constant", "constant:-1", "constant:1W", "sine:80:100:30ms", "square:1:2:50", "square:1:2:3ns",
            "steps:1@2s:2@1s", "steps:5", "saw:1:2:3ms", "constant:1+"],
)  # fmt: skip
def test_refuses_what_is_no_power(bad: str) -> None:
    with pytest.raises(ValueError):
        Curve.parse(bad)
