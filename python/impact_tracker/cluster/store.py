"""Power as Parquet on disk, by node and by runs of whole days, so that a year of a cluster never has to be in memory.

`DIR/index.parquet` lists the pieces; each piece holds `time_ns` and `value` of one series in order of time.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from ..whole_file import whole_file
from .frames import INTEGER, NUMBER, TEXT, conformed, polars, schema

if TYPE_CHECKING:
    import polars as pl

    from .integral import Numbers, Times

INDEX = "index.parquet"
DAY_NS = 86_400 * 10**9
ROWS_OF_A_PIECE = 1 << 19
# One row a piece. `first_ns` and `last_ns` are those of its samples.
PIECES = {
    "node": TEXT,
    "part": TEXT,
    "kind": TEXT,
    "file": TEXT,
    "first_ns": INTEGER,
    "last_ns": INTEGER,
    "rows": INTEGER,
    "largest": NUMBER,
}


@dataclass(frozen=True)
class PowerPiece:
    """Some days of one series in one file."""

    node: str
    part: str
    kind: str
    path: str
    first_ns: int
    last_ns: int
    rows: int

    def read(self, rows: int | None = None) -> tuple[Times, Numbers]:
        """Its times and values; `rows`: only so many from its middle."""
        library = polars()
        if rows is None or rows >= self.rows:
            frame = library.read_parquet(self.path, columns=["time_ns", "value"], memory_map=False)
        else:
            lazy = library.scan_parquet(self.path).select("time_ns", "value")
            frame = lazy.slice((self.rows - rows) // 2, rows).collect()
        return frame["time_ns"].to_numpy(), frame["value"].to_numpy()


@dataclass(frozen=True)
class PowerStore:
    """A folder of pieces. ValueError where it is none."""

    folder: Path

    @staticmethod
    def is_one(path: str | os.PathLike[str]) -> bool:
        """Whether a path is such a folder."""
        return (Path(path) / INDEX).is_file()

    def index(self) -> pl.DataFrame:
        """The pieces, one row each, ordered by node, part and time."""
        place = self.folder / INDEX
        if not place.is_file():
            raise ValueError(f"{self.folder} holds no power: make it with impact-tracker cluster import --store")
        frame: pl.DataFrame = polars().read_parquet(place)
        return frame.sort("node", "part", "first_ns")

    def pieces(self, part: str = "node") -> dict[str, list[PowerPiece]]:
        """The pieces of a part by node, in order of time."""
        by_node: dict[str, list[PowerPiece]] = {}
        for row in self.index().filter(polars().col("part") == part).iter_rows(named=True):
            piece = PowerPiece(
                row["node"],
                row["part"],
                row["kind"],
                str(self.folder / row["file"]),
                row["first_ns"],
                row["last_ns"],
                row["rows"],
            )
            by_node.setdefault(piece.node, []).append(piece)
        return by_node

    def write_series(self, node: str, part: str, kind: str, samples: pl.DataFrame) -> list[dict[str, object]]:
        """The samples of one series (`time_ns`, `value`) as pieces; the rows of the index, for `write_index`."""
        library = polars()
        ordered = samples.sort("time_ns", maintain_order=True).unique("time_ns", keep="last", maintain_order=True)
        if not ordered.height:
            return []
        days = ordered.with_columns(day=library.col("time_ns") // DAY_NS)
        counts = days.group_by("day", maintain_order=True).len()
        number = counts.with_columns(piece=library.col("len").cum_sum() // ROWS_OF_A_PIECE)
        rows: list[dict[str, object]] = []
        for (_,), piece in days.join(number, on="day", maintain_order="left").group_by("piece", maintain_order=True):
            first, last = int(piece["time_ns"][0]), int(piece["time_ns"][-1])
            name = f"{quote(node, safe='')}/{quote(part, safe='')}-{kind}-{first}.parquet"
            place = self.folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            write_whole(piece.select("time_ns", "value"), place)
            rows.append(
                {
                    "node": node,
                    "part": part,
                    "kind": kind,
                    "file": name,
                    "first_ns": first,
                    "last_ns": last,
                    "rows": piece.height,
                    "largest": piece["value"].max(),
                }
            )
        return rows

    def write_index(self, rows: Sequence[dict[str, object]]) -> None:
        """The index of all pieces."""
        self.folder.mkdir(parents=True, exist_ok=True)
        frame = polars().DataFrame(list(rows), schema=schema(PIECES))
        write_whole(conformed(frame, PIECES), self.folder / INDEX)


def write_whole(frame: pl.DataFrame, place: Path) -> None:
    """Write a Parquet file under another name and rename it: whoever reads sees all of it or nothing."""
    with whole_file(place) as beside:
        frame.write_parquet(beside, compression="lz4", statistics=False)


def store_of_frame(samples: pl.DataFrame, folder: Path) -> PowerStore:
    """A store of readings that fit in memory: columns of `frames.POWER`."""
    store = PowerStore(folder)
    rows: list[dict[str, object]] = []
    for (node, part, kind), series in samples.group_by("node", "part", "kind", maintain_order=True):
        rows += store.write_series(str(node), str(part), str(kind), series.select("time_ns", "value"))
    store.write_index(rows)
    return store
