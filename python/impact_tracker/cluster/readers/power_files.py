"""Power from CSV and Parquet files of any size: a time, a node, a value, in columns of any usual name."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ...file_text import no_pipe
from ...values import JOULES_PER_KWH
from ..finding import RejectedRow
from ..frames import POWER, conformed, polars, reading, text_of
from ..protocol import PowerBatch, PowerWindow

if TYPE_CHECKING:
    import polars as pl

CHUNK_B, CHUNK_ROWS = 1 << 26, 1 << 22
_LOOKED_AT, _LEAST_SEVERAL = 100_000, 10  # rows of a part, and times with several values, by which these are told
# What a column may be called; the first that is there counts.
TIMES = ("time_ns", "time", "timestamp", "timestamp_s", "t", "date", "datetime")
NODES = ("node", "host", "hostname", "device_id", "device", "instance", "name")
VALUES = ("value", "power_w", "power", "watts", "power_mw", "power_kw", "energy_j", "energy_kwh", "joules")
PARTS, KIND_NAMES = ("part", "sensor", "component"), ("kind",)
UNITS: Mapping[str, tuple[str, float]] = {
    "W": ("power", 1.0),
    "mW": ("power", 1e-3),
    "uW": ("power", 1e-6),
    "kW": ("power", 1e3),
    "J": ("energy", 1.0),
    "kJ": ("energy", 1e3),
    "uJ": ("energy", 1e-6),
    "Wh": ("energy", 3600.0),
    "kWh": ("energy", JOULES_PER_KWH),
    "%": ("share", 0.01),
    "share": ("share", 1.0),
}
_UNIT_OF_NAME = {"power_mw": "mW", "power_kw": "kW", "energy_j": "J", "energy_kwh": "kWh", "joules": "J"}


@dataclass(frozen=True)
class PowerFile:
    """One file. `unit`: of its values (see `UNITS`), where the column's name does not say it; `node`: of a file that
    has no column of nodes; `time_zone`: of times without an offset."""

    path: Path
    unit: str | None = None
    node: str | None = None
    part: str = "node"
    time_zone: str = "UTC"
    columns: Mapping[str, str] = field(default_factory=dict)  # by "time", "node", "value", "part": its own names

    def __post_init__(self) -> None:
        """ValueError for an unknown unit."""
        if self.unit is not None and self.unit not in UNITS:
            raise ValueError(f"unknown unit {self.unit!r} of power: one of {', '.join(UNITS)}")

    @property
    def source(self) -> str:
        """The path, with the state of the file and how it is read: one that has changed is read again."""
        stat = self.path.stat()
        given = [self.unit or "", self.node or "", self.part, self.time_zone, *map("=".join, self.columns.items())]
        return f"{self.path.resolve()}@{stat.st_size}-{stat.st_mtime_ns}-{' '.join(given)}"

    @property
    def _is_parquet(self) -> bool:
        return self.path.suffix.lower() in (".parquet", ".pq")

    def windows(self, begin_ns: int, end_ns: int) -> Sequence[PowerWindow]:
        """Parts of the file: by bytes, or by rows."""
        size = self.path.stat().st_size
        if self._is_parquet:
            with reading(self.path, "Parquet"):
                size = int(polars().scan_parquet(self.path).select(polars().len()).collect().item())
        step = CHUNK_ROWS if self._is_parquet else CHUNK_B
        places = range(0, max(size, 1), step)
        return [PowerWindow(f"{place:015d}", begin_ns, end_ns) for place in places]

    def read(self, window: PowerWindow) -> PowerBatch:
        """The readings of one part that lie in the window."""
        library = polars()
        place = int(window.key)
        if self._is_parquet:
            with reading(self.path, "Parquet"):
                frame = library.scan_parquet(self.path).slice(place, CHUNK_ROWS).collect()
            first_line = place + 1
        else:
            frame, first_line = self._csv(place)
        samples, rejected = self._samples(frame, first_line)
        self._check_one_value(samples.head(_LOOKED_AT))
        col = library.col
        inside = samples.filter((col("time_ns") >= window.begin_ns) & (col("time_ns") < window.end_ns))
        return PowerBatch(conformed(inside, POWER), rejected)

    def _check_one_value(self, samples: pl.DataFrame) -> None:
        """ValueError for a node of which most times have several values, as of two supplies that nothing tells apart:
        the last alone would count. A reading that was written again is none."""
        library = polars()
        series = ["node", "part", "kind"]
        times = samples.group_by(*series, "time_ns").agg(several=library.col("value").n_unique() > 1)
        counts = times.group_by(series).agg(library.len().alias("times"), library.col("several").sum()).sort(series)
        for node, _, _, among, several in counts.iter_rows():
            if several >= _LEAST_SEVERAL and 2 * several > among:
                raise ValueError(
                    f"{self.path}: node {node} has several values at one time ({several} of {among} times): add those "
                    "of its supplies up, so that each node has one row for each time"
                )

    def _csv(self, place: int) -> tuple[pl.DataFrame, int]:
        """The lines that begin in a part of the file, and the number of the first (within the part)."""
        library = polars()
        with no_pipe(self.path).open("rb") as file:
            header = file.readline()
            start = max(place, len(header))
            if place > len(header):
                file.seek(place - 1)
                start = place - 1 + len(file.readline())
            file.seek(start)
            end = place + CHUNK_B
            raw = file.read(max(end - start, 0))
            raw = raw if start >= end else raw + file.readline()
        if not raw.strip():
            raw = b""
        separator = ";" if header.count(b";") > header.count(b",") else "\t" if b"\t" in header else ","
        text = text_of(header + raw).encode()
        with reading(self.path, "a CSV of power"):
            frame = library.read_csv(
                text, separator=separator, infer_schema=False, truncate_ragged_lines=True, raise_if_empty=False
            )
        return frame, 2 if place == 0 else place

    def _name(self, what: str, choices: Sequence[str], have: Sequence[str]) -> str | None:
        """The file's name of a column."""
        if what in self.columns:
            if self.columns[what] not in have:
                raise ValueError(f"{self.path} has no column {self.columns[what]!r}; it has {', '.join(have)}")
            return self.columns[what]
        lower = {name.casefold().strip(): name for name in have}
        return next((lower[choice] for choice in choices if choice in lower), None)

    def _samples(self, frame: pl.DataFrame, first_line: int) -> tuple[pl.DataFrame, tuple[RejectedRow, ...]]:
        library = polars()
        col = library.col
        have = frame.columns
        time, value = self._name("time", TIMES, have), self._name("value", VALUES, have)
        node, part = self._name("node", NODES, have), self._name("part", PARTS, have)
        kind = self._name("kind", KIND_NAMES, have)
        if not have:
            raise ValueError(f"{self.path} is empty: a CSV of power begins with a line of its columns")
        if time is None or value is None or (node is None and self.node is None):
            raise ValueError(
                f"{self.path} has the columns {', '.join(have)}; needed are a time ({', '.join(TIMES)}), a node "
                f"({', '.join(NODES)}, or --node NAME) and a value ({', '.join(VALUES)}): name others with --column"
            )
        of_name, scale = UNITS[self.unit or _UNIT_OF_NAME.get(value.casefold(), "W")]
        rows = frame.with_row_index("row").select(
            "row",
            node=col(node).cast(library.String).str.strip_chars() if node else library.lit(self.node),
            part=col(part).cast(library.String) if part else library.lit(self.part),
            kind=col(kind).cast(library.String) if kind else library.lit(of_name),
            time_ns=times_of(frame, time, self.time_zone),
            value=col(value).cast(library.Float64, strict=False) * scale,
            text=library.concat_str([col(name).cast(library.String).fill_null("") for name in have], separator=","),
        )
        if self.time_zone != "UTC":
            late_ns = frame.select(times_of(frame, time, self.time_zone, "latest").alias("late_ns"))
            rows = _in_the_right_hour(rows.hstack(late_ns), self.time_zone)
        rows = rows.with_columns(value=library.when(col("value").is_finite()).then(col("value")))
        bad = rows.filter(col("time_ns").is_null() | col("value").is_null() | (col("node").fill_null("") == ""))
        rejected = tuple(
            RejectedRow(str(self.path), first_line + row["row"], _reason(row), row["text"][:200])
            for row in bad.iter_rows(named=True)
        )
        good = rows.filter(col("time_ns").is_not_null() & col("value").is_not_null() & (col("node") != ""))
        return good, rejected


def _reason(row: Mapping[str, object]) -> str:
    if row["time_ns"] is None:
        return "its time is none"
    return "its value is no number" if row["value"] is None else "it names no node"


def _in_the_right_hour(rows: pl.DataFrame, time_zone: str) -> pl.DataFrame:
    """The rows, `time_ns` of those that are of the second of two hours moved there: as clocks are set back, an hour of
    local times stands twice. The order of a series in the file tells which is which, be it forwards or backwards: times
    that go back begin the second hour, and so does each time's second row. A series that has one of both hours has the
    one that is nearer to its neighbours.
    """
    library = polars()
    col = library.col
    is_doubled = (col("late_ns") != col("time_ns")).fill_null(False)
    if not rows.select(is_doubled.any()).item():
        return rows
    series = ["node", "part", "kind"]
    hour = [*series, "day"]
    is_backwards = (col("time_ns").drop_nulls().first() > col("time_ns").drop_nulls().last()).over(series)
    rows = rows.with_columns(place=library.when(is_backwards).then(-col("row").cast(library.Int64)).otherwise("row"))
    known = rows.filter(col("time_ns").is_not_null()).sort("place")
    known = known.with_columns(
        before_ns=col("time_ns").shift(1).over(series),
        after_ns=col("time_ns").shift(-1).over(series),
        day=col("time_ns").cast(library.Datetime("ns", "UTC")).dt.convert_time_zone(time_zone).dt.date(),
    )
    doubled = known.filter(is_doubled).with_columns(
        is_second=((col("time_ns").diff() < 0).fill_null(False).cum_sum() > 0).over(hour)
        | (library.int_range(library.len()) > 0).over([*hour, "time_ns"])
    )
    is_late_alone = (col("after_ns").last() - col("late_ns").last()) < (
        col("time_ns").first() - col("before_ns").first()
    ).fill_null(2**62)
    doubled = doubled.with_columns(
        is_second=library.when(col("is_second").any().over(hour))
        .then("is_second")
        .otherwise(is_late_alone.fill_null(False).over(hour))
    )
    second = doubled.filter("is_second")["row"].implode()
    return rows.with_columns(time_ns=library.when(col("row").is_in(second)).then("late_ns").otherwise("time_ns"))


def times_of(
    frame: pl.DataFrame, name: str, time_zone: str, ambiguous: Literal["earliest", "latest"] = "earliest"
) -> pl.Expr:
    """Nanoseconds since 1970 from numbers (s, ms, us, ns by their size), date-times, or texts in ISO 8601. `ambiguous`:
    which of both a local time is that stands twice, as clocks are set back."""
    library = polars()
    col = library.col
    kind = frame.schema[name]
    if isinstance(kind, library.Datetime):
        column = (
            col(name)
            if kind.time_zone
            else col(name).dt.replace_time_zone(time_zone, ambiguous=ambiguous, non_existent="null")
        )
        expression: pl.Expr = column.dt.convert_time_zone("UTC").dt.cast_time_unit("ns").to_physical()
        return expression
    number = col(name).cast(library.Float64, strict=False)
    exact = col(name).cast(library.Int64, strict=False)
    size = number.abs()
    by_size: pl.Expr = (
        library.when(size < 1e11)
        .then(_scaled(number, exact, 10**9))
        .when(size < 1e14)
        .then(_scaled(number, exact, 10**6))
        .when(size < 1e17)
        .then(_scaled(number, exact, 10**3))
        .otherwise(library.coalesce(exact, number.cast(library.Int64, strict=False)))
    )
    if kind != library.String:
        return by_size
    text = col(name).str.strip_chars().str.replace(" ", "T").str.replace("Z$", "+00:00")
    text = text.str.replace(r"([+-]\d\d)(\d\d)$", "$1:$2")
    has_offset = text.str.contains(r"[+-]\d\d:\d\d$")
    offset = (
        library.when(has_offset).then(text).str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", time_unit="ns", strict=False)
    )
    plain = library.when(~has_offset).then(text).str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="ns", strict=False)
    local = plain.dt.replace_time_zone(time_zone, ambiguous=ambiguous, non_existent="null").dt.convert_time_zone("UTC")
    return library.coalesce(by_size, offset.to_physical(), local.to_physical())  # type: ignore[no-any-return]


def _scaled(number: pl.Expr, exact: pl.Expr, by: int) -> pl.Expr:
    """Whole numbers are multiplied exactly."""
    library = polars()
    expression: pl.Expr = library.coalesce(exact * by, (number * by).round().cast(library.Int64, strict=False))
    return expression


def span_of_everything() -> tuple[int, int]:
    """A window that leaves nothing out."""
    return -(2**62), int(math.ldexp(1.0, 62)) - 1
