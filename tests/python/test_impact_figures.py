"""Figures of impact: what is drawn is what is known."""

import pytest

from impact_tracker.footprint import Machine, assess
from impact_tracker.report.impact_figures import (
    EU,
    in_every_country,
    plot_countries,
    plot_life_cycle,
    plot_matrix,
    plot_split,
    readable,
)

KWH = 3.6e6


def test_one_record_in_every_country():
    rows = in_every_country(KWH, 1.0, EU)
    assert len(rows) == 27 and [row[2] for row in rows] == sorted(row[2] for row in rows)
    named = {row[0]: row for row in rows}
    assert named["POL"][2] == pytest.approx(588.6) and named["SWE"][3] < named["SWE"][2] < named["SWE"][4]
    assert len(in_every_country(KWH)) >= 205
    with pytest.raises(ValueError, match="not measured"):
        in_every_country(None)


def test_every_figure_is_written(tmp_path):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.rcParams["svg.fonttype"] = "none"  # text stays text
    foot = assess(energy=KWH, idle_j=0.3 * KWH, duration_s=3600, pue=1.2, zone="FR", machine=Machine(cpus=2, gpus=1))
    plot_countries((0.9 * KWH, KWH, 1.1 * KWH), tmp_path / "a/countries.svg", own="FR")
    plot_countries(KWH, tmp_path / "world.svg", own="US", zones=None)
    plot_countries(KWH, tmp_path / "own.svg", own="Japan")
    assert "Japan" in (tmp_path / "own.svg").read_text() and "United States" in (tmp_path / "world.svg").read_text()
    plot_split({"cores": 1.0, "GPU": None, "memory": 0.2, "overhead": 0.1}, tmp_path / "split.png")
    plot_life_cycle(foot, tmp_path / "life.svg")
    plot_life_cycle(assess(energy=None, zone="FR"), tmp_path / "unknown.svg")
    assert "X: energy was not measured" in (tmp_path / "unknown.svg").read_text()
    plot_matrix(foot, tmp_path / "matrix.svg")
    matrix = (tmp_path / "matrix.svg").read_text()
    assert all(reason in matrix for reason in foot.matrix.reasons().values())
    assert len([p for p in tmp_path.rglob("*.*") if p.is_file() and p.stat().st_size > 1000]) == 7
    assert "not measured: GPU" not in (tmp_path / "life.svg").read_text()


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1842.0, "g", "1.8 kg CO2e"),
        (0.00021, "kg Sb", "210 mg Sb"),
        (680.0, "MJ", "680 MJ"),
        (220.0, "L", "220 L"),
        (3e-12, "g", "0.0030 ng CO2e"),
        (0.0, "L", "0 L"),
    ],
)
def test_numbers_with_a_prefix(value, unit, text):
    assert readable(value, unit) == text


def test_what_cannot_be_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    with pytest.raises(ValueError, match="no part"):
        plot_split({"cores": None}, tmp_path / "x.svg")
    with pytest.raises(ValueError, match=r"\.png"):
        plot_split({"cores": 1.0}, tmp_path / "x.docx")
