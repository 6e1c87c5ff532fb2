"""The estimate beside the measurement, or the reason why there is none."""

import pytest

from impact_tracker.estimators import Comparison, beside

RUN = {
    "energy_kwh": 0.683,
    "duration_s": 12 * 3600.0,
    "cpu_model": "Intel(R) Xeon(R) CPU E5-2683 v4 @ 2.10GHz",
    "cores": 12,
    "memory_gb": 64,
}


def test_a_ratio_of_the_same_thing():
    found = beside(**RUN, pue=1.67)
    assert isinstance(found, Comparison) and found.ratio == pytest.approx(2.2813536 / (0.683 * 1.67))
    assert beside(**{**RUN, "energy_kwh": None}).ratio is None


@pytest.mark.parametrize(("change", "said"), [({"cpu_model": None}, "which processor"), ({"cpu_model": "Z80"}, "Z80")])
def test_no_estimate_has_a_reason(change, said):
    found = beside(**{**RUN, **change})
    assert isinstance(found, str) and said in found
