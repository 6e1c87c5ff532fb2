"""Indirect effects: known answers for chains and loops, a reference that must be stated, nothing mixed with
measurements."""

import pytest

from impact_tracker.footprint import Effect, consequences


def fixed(value):
    return (value, value, value)


def test_a_saving_with_rebound():
    study = consequences(
        "the same trips by car",
        [
            Effect("service", 1, fixed(100_000.0)),
            Effect("trips avoided", 2, fixed(-1_000_000.0)),
            Effect("longer trips", 3, causes=(("trips avoided", fixed(-0.3)),)),
        ],
    )
    assert study.effects["longer trips"].best == pytest.approx(300_000.0)
    assert study.net.best == pytest.approx(-600_000.0)
    assert set(study.orders) == {1, 2, 3} and study.orders[2].best == pytest.approx(-1_000_000.0)
    assert "the same trips by car" in study.lines()[0] and "not measured" in study.lines()[1]


def test_a_loop_that_dies_out():
    study = consequences(
        "none",
        [
            Effect("use", 2, fixed(100.0), causes=(("demand", fixed(1.0)),)),
            Effect("demand", 3, causes=(("use", fixed(0.5)),)),
        ],
    )
    assert study.effects["use"].best == pytest.approx(200.0) and study.effects["demand"].best == pytest.approx(100.0)


def test_ranges_hold_the_best_value_and_repeat():
    effects = [Effect("a", 2, (-300.0, -200.0, -100.0)), Effect("b", 3, causes=(("a", (-0.5, -0.2, 0.0)),))]
    first, two = consequences("x", effects), consequences("x", effects)
    assert first == two and first.net.low < first.net.best < first.net.high < 0
    assert first.effects["a"].low >= -300.0 and first.effects["a"].high <= -100.0


@pytest.mark.parametrize(
    ("reference", "effects", "message"),
    [
        (" ", [Effect("a", 1)], "reference"),
        ("x", [], "at least one"),
        ("x", [Effect("a", 1), Effect("a", 2)], "name of its own"),
        ("x", [Effect("a", 4)], "order"),
        ("x", [Effect("a", 1, (2.0, 1.0, 3.0))], "out of order"),
        ("x", [Effect("a", 1, causes=(("b", fixed(1.0)),))], "not declared"),
        ("x", [Effect("a", 1, fixed(1.0), causes=(("a", fixed(1.0)),))], "grows"),
    ],
)
def test_nonsense(reference, effects, message):
    with pytest.raises(ValueError, match=message):
        consequences(reference, effects)
