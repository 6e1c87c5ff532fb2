"""A user's own intensity over time: read as written, faults with their line."""

import pytest

from impact_tracker.factors import FactorError, read_curve

SECOND = 1_000_000_000


def write(tmp_path, text):
    path = tmp_path / "grid.csv"
    path.write_text(text)
    return path


def test_a_file_with_a_hole(tmp_path):
    rows = (
        "Time,intensity_g_per_kWh,x",
        "1970-01-01T00:00:00Z,50,a",
        "1970-01-01T01:30:00+01:00,,b",
        "1970-01-01T01:00:00,58.8,c",
    )
    text = "\n".join(rows)
    curve = read_curve(write(tmp_path, text), zone="FR")
    assert list(curve.times_ns) == [0, 1800 * SECOND, 3600 * SECOND] and list(curve.values) == [50.0, None, 58.8]
    assert curve.end_ns == 5400 * SECOND and curve.zone == "FR" and "grid.csv" in curve.source


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", ":1: the first line"),
        ("", ":1:"),
        ("time,value\nyesterday,1\n", ":2: 'yesterday' is no time"),
        ("time,value\n2025-01-01T00:00:00Z,much\n", ":2: 'much' is no number"),
        ("time,value\n2025-01-01T00:00:00Z,-1\n", ":2: an intensity must"),
        ("time,value\n2025-01-01T00:00:00Z,1\n2025-01-01T00:00:00Z,2\n", ":3: times must increase"),
        ("time,value\n2025-01-01T00:00:00Z,0.05\n2025-01-01T01:00:00Z,0.61\n", "look like kg/kWh"),
        ("time,value\n2025-01-01T00:00:00Z,\n", "holds no value"),
        ("time,value\n2025-01-01T00:00:00Z\n", "holds no value"),
    ],
)
def test_faults(tmp_path, text, message):
    with pytest.raises(FactorError) as caught:
        read_curve(write(tmp_path, text))
    assert message in str(caught.value) and "grid.csv" in str(caught.value)


def test_a_missing_file():
    with pytest.raises(FactorError, match="nowhere"):
        read_curve("/nowhere.csv")


def test_hours_without_carbon_and_clean_hours_are_read(tmp_path):
    for values in ((0.0, 0.0), (0.4, 3.0)):
        text = "time,value\n" + "".join(f"2025-01-01T0{hour}:00:00Z,{value}\n" for hour, value in enumerate(values))
        assert list(read_curve(write(tmp_path, text)).values) == list(values)
