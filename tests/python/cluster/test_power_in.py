"""Power from files of any form into a store, and imports that break off."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

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


# Zones and times (UTC) at which their clocks were set back, of the tz database: by an hour, and by half of one.
SET_BACK = (
    ("Europe/Paris", "2025-10-26T01:00:00+00:00"),
    ("America/New_York", "2024-11-03T06:00:00+00:00"),
    ("Atlantic/Azores", "2023-10-29T01:00:00+00:00"),
    ("Australia/Lord_Howe", "2025-04-05T15:00:00+00:00"),
    ("America/Havana", "2024-11-03T05:00:00+00:00"),
)


@pytest.mark.parametrize(("zone", "when"), SET_BACK)
@pytest.mark.parametrize("form", ["forwards", "backwards", "by local time", "parquet"])
def test_the_hour_that_stands_twice_is_read_twice(tmp_path: Path, zone: str, when: str, form: str) -> None:
    draw = random.Random(f"{zone} {form}")
    back = round(datetime.fromisoformat(when).timestamp())
    rows = []
    for node, jitter in (("a", 20), ("b", 0), ("c", 20)):
        at, stop = back - draw.randrange(90, 200) * 60, back + draw.randrange(90, 200) * 60
        at -= at % 60
        while at < stop:
            rows.append((at + (draw.randrange(jitter) if jitter and form != "by local time" else 0), node))
            at += 60
    rows.sort(reverse=form == "backwards")
    local = [(datetime.fromtimestamp(at, ZoneInfo(zone)).replace(tzinfo=None), node, at) for at, node in rows]
    if form == "by local time":
        local.sort(key=lambda row: row[0].replace(fold=0))
    frame = pl.DataFrame({"time": [at for at, _, _ in local], "node": [n for _, n, _ in local]})
    frame = frame.with_columns(power_w=pl.lit(1.0))
    path = tmp_path / ("p.parquet" if form == "parquet" else "p.csv")
    frame.write_parquet(path) if form == "parquet" else frame.write_csv(path)
    batch = PowerFile(path, time_zone=zone).read(PowerWindow("0", *span_of_everything()))
    assert batch.samples["time_ns"].to_list() == [at * 10**9 for _, _, at in local] and not batch.rejected


@pytest.mark.parametrize(
    ("begin", "end", "second"),
    [("01:20", "02:40", False), ("02:20", "03:40", True), ("02:20", "02:40", False)],
)
def test_a_series_with_one_of_both_hours_has_that_of_its_neighbours(
    tmp_path: Path, begin: str, end: str, second: bool
) -> None:
    minutes = range(*(int(text[:2]) * 60 + int(text[3:]) for text in (begin, end)), 5)
    lines = [f"2025-10-26T{minute // 60:02}:{minute % 60:02}:00,a,100" for minute in minutes]
    file = tmp_path / "p.csv"
    file.write_text("\n".join(["time,node,power_w", *lines, ""]))
    times = PowerFile(file, time_zone="Europe/Paris").read(PowerWindow("0", *span_of_everything())).samples["time_ns"]
    assert times[1] - times[0] == times[-1] - times[-2] == 300 * 10**9
    midnight = datetime(2025, 10, 26, tzinfo=ZoneInfo("Europe/Paris")).timestamp()
    shift = 3600 if second else 0
    assert times[0] / 1e9 == midnight + minutes[0] * 60 + shift


@pytest.mark.parametrize(
    ("second", "refused"),
    [
        (lambda n: 130.0, True),  # another supply
        (lambda n: 120.0, False),  # the same readings once more
        (lambda n: 130.0 if n < 5 else None, False),  # some that were mended: the last counts
    ],
)
def test_two_supplies_that_nothing_tells_apart_are_refused(
    tmp_path: Path, second: Callable[[int], float | None], refused: bool
) -> None:
    """The last of both alone counted, in silence."""
    file = tmp_path / "p.csv"
    rows = [(T + 10 * n, watts) for n in range(100) for watts in (120.0, second(n)) if watts is not None]
    file.write_text("time,node,power_w\n" + "".join(f"{at},n1,{watts}\n" for at, watts in rows))
    if refused:
        with pytest.raises(ValueError, match=r"node n1 has several values at one time \(100 of 100 times\): add"):
            imported(PowerFile(file), tmp_path / "s")
    else:
        assert imported(PowerFile(file), tmp_path / "s")[0]
