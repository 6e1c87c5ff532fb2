"""Power from files of any form into a store, and imports that break off."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

import polars as pl
import pytest

from impact_tracker.cluster import PowerBatch, PowerWindow
from impact_tracker.cluster.frames import POWER, schema
from impact_tracker.cluster.importing import import_power
from impact_tracker.cluster.readers import power_files
from impact_tracker.cluster.readers.power_files import PowerFile, span_of_everything
from impact_tracker.cluster.store import PowerStore

T = 1_740_823_200


def imported(file: PowerFile, folder: Path) -> tuple[dict[tuple[str, str, str], list[tuple[float, float]]], object]:
    result = import_power(file, PowerStore(folder), *span_of_everything())
    store = PowerStore(folder)
    series: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    for part in store.index()["part"].unique().to_list():
        for node, pieces in store.pieces(part).items():
            for piece in pieces:
                times, values = piece.read()
                key = (node, part, piece.kind)
                series.setdefault(key, []).extend(zip((times / 1e9 - T).tolist(), values.tolist()))
    return series, result


@pytest.mark.parametrize(
    "text",
    [
        f"timestamp,host,watts\n{T},a,100\n{T + 5},a,110\n{T},b,7\n",
        f"node;time;value\na;{T * 1000};100\na;{(T + 5) * 1000};110\nb;{T * 1000};7\n",
        "time,device_id,power\n2025-03-01T10:00:00Z,a,100\n2025-03-01T11:00:05+0100,a,110\n2025-03-01 10:00:00,b,7\n",
        f"time,node,power_mw\n{T}.0,a,100000\n{T + 5}.0,a,110000\n{T}.0,b,7000\n",
    ],
)
def test_csv_with_any_usual_names_and_times(tmp_path: Path, text: str) -> None:
    file = tmp_path / "p.csv"
    file.write_text(text)
    series, _ = imported(PowerFile(file), tmp_path / "s")
    assert series == {("a", "node", "power"): [(0.0, 100.0), (5.0, 110.0)], ("b", "node", "power"): [(0.0, 7.0)]}


def test_parquet_with_times_of_its_own_type(tmp_path: Path) -> None:
    times = [datetime.fromtimestamp(T + 5 * step, tz=timezone.utc) for step in range(3)]
    frame = pl.DataFrame({"time": times, "node": ["a"] * 3, "energy_kwh": [1.0, 2.0, 3.0]})
    frame.write_parquet(tmp_path / "p.parquet")
    series, _ = imported(PowerFile(tmp_path / "p.parquet"), tmp_path / "s")
    assert series == {("a", "node", "energy"): [(0.0, 3_600_000.0), (5.0, 7_200_000.0), (10.0, 10_800_000.0)]}


def test_rows_that_are_none_are_kept_aside(tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    rows = [f"{T},a,1", "yesterday,a,2", f"{T + 1},a,many", f"{T + 2},,3", f"{T + 3}", f"{T + 4},a,nan", f"{T + 5},a,6"]
    file.write_text("\n".join(["time,node,value", *rows, ""]))
    series, result = imported(PowerFile(file), tmp_path / "s")
    assert series == {("a", "node", "power"): [(0.0, 1.0), (5.0, 6.0)]}
    assert [(row.line, row.reason) for row in result.rejected] == [  # type: ignore[attr-defined]
        (3, "its time is none"),
        (4, "its value is no number"),
        (5, "it names no node"),
        (6, "its value is no number"),
        (7, "its value is no number"),
    ]


def test_a_file_without_the_columns_says_which(tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"has the columns a, b; needed are a time .*--column"):
        imported(PowerFile(file), tmp_path / "s")
    with pytest.raises(ValueError, match="unknown unit 'hp'"):
        PowerFile(file, unit="hp")


def test_a_file_in_many_parts_gives_each_line_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(power_files, "CHUNK_B", 97)
    file = tmp_path / "p.csv"
    file.write_text("time,node,value\n" + "".join(f"{T + step},n{step % 3},{step}\n" for step in range(300)))
    series, result = imported(PowerFile(file), tmp_path / "s")
    assert sorted(value for pairs in series.values() for _, value in pairs) == [float(step) for step in range(300)]
    assert result.asked > 30  # type: ignore[attr-defined]


class Flaky:
    """A service that breaks after some answers."""

    source = "flaky"

    def __init__(self, answers: int) -> None:
        self.left = answers
        self.asked: list[str] = []

    def windows(self, begin_ns: int, end_ns: int) -> Sequence[PowerWindow]:
        return [PowerWindow(f"{begin}", begin, begin + 10) for begin in range(begin_ns, end_ns, 10)]

    def read(self, window: PowerWindow) -> PowerBatch:
        self.asked.append(window.key)
        if self.left == 0:
            raise OSError("connection reset")
        self.left -= 1
        rows = [("n", "node", "power", window.begin_ns + step, float(step)) for step in range(11)]
        return PowerBatch(pl.DataFrame(rows, schema=schema(POWER), orient="row"))


def test_an_import_goes_on_where_it_broke_and_counts_nothing_twice(tmp_path: Path) -> None:
    store, waits = PowerStore(tmp_path), []
    first = Flaky(3)
    with pytest.raises(OSError, match="connection reset"):
        import_power(first, store, 0, 60, wait=waits.append)
    assert first.asked == ["0", "10", "20", "30", "30", "30", "30"]
    assert waits == [0.5, 1.0, 2.0]
    second = Flaky(99)
    result = import_power(second, store, 0, 60)
    assert second.asked == ["30", "40", "50"]
    assert (result.asked, result.kept, result.samples) == (3, 3, 61)


def test_names_in_latin_1_are_those_of_the_jobs(tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    file.write_bytes(f"time,node,value\n{T},nœud-é,100\n".replace("œ", "u").encode("latin-1"))
    series, _ = imported(PowerFile(file), tmp_path / "s")
    assert list(series) == [("nuud-é", "node", "power")]
    file.write_text(f"time,node,value\n{T},nœud-é,100\n", encoding="utf-8")
    series, _ = imported(PowerFile(file), tmp_path / "u")
    assert list(series) == [("nœud-é", "node", "power")]
