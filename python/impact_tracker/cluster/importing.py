"""Power from any reader into a store, so that what broke off goes on where it stopped.

Each answer is put under `DIR/import/` by series and is marked as done after that; a window that is marked is not asked
again. At the end the pieces of the store are made of all answers, and the same reading that came twice counts once.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from .finding import ClusterFinding, RejectedRow
from .frames import KINDS, METERED, POWER, conformed, polars
from .protocol import PowerReader, PowerWindow
from .readers.web import asked_again
from .store import PowerStore, write_whole

if TYPE_CHECKING:
    import polars as pl

MOST_KEPT = 1000
_STAGE, _DONE = "import", "done"


@dataclass(frozen=True)
class Imported:
    """What an import did. `asked`: windows that were asked now; `kept`: windows that an earlier import had."""

    asked: int
    kept: int
    samples: int
    rejected: tuple[RejectedRow, ...]
    rejected_count: int
    findings: tuple[ClusterFinding, ...]


def import_power(
    reader: PowerReader,
    store: PowerStore,
    begin_ns: int,
    end_ns: int,
    *,
    progress: Callable[[int, int], None] | None = None,
    wait: Callable[[float], None] = time.sleep,
) -> Imported:
    """Ask for every window that is not there yet, and arrange the store. An OSError of the reader is tried again some
    times; the last one is raised, and what came before it is kept for the next call."""
    # A path may be longer than a file's name can be.
    stage = store.folder / _STAGE / hashlib.sha256(reader.source.encode()).hexdigest()[:24]
    done = stage / _DONE
    done.mkdir(parents=True, exist_ok=True)
    windows = list(reader.windows(begin_ns, end_ns))
    keys = [window.key for window in windows]
    if len(set(keys)) != len(keys):
        raise ValueError(f"{reader.source}: two windows have the same key, so that one would be lost")
    asked = 0
    for number, window in enumerate(windows):
        mark = done / f"{quote(window.key, safe='')}.json"
        if not mark.exists():
            _keep(reader, window, stage, mark, wait)
            asked += 1
        if progress is not None:
            progress(number + 1, len(windows))
    samples = arrange(store)
    rejected, count, findings = _marks(done)
    return Imported(asked, len(windows) - asked, samples, rejected, count, findings)


def _keep(reader: PowerReader, window: PowerWindow, stage: Path, mark: Path, wait: Callable[[float], None]) -> None:
    """One window's answer by series, and then its mark."""
    batch = asked_again(lambda: reader.read(window), wait)
    samples = conformed(batch.samples, POWER).filter(
        polars().col("time_ns").is_not_null() & polars().col("node").is_not_null()
    )
    unknown = set(samples["kind"].unique()) - set(KINDS)
    if unknown:
        raise ValueError(f"{reader.source}: readings are {' or '.join(KINDS)}, not {', '.join(map(str, unknown))}")
    of_use = samples.filter((polars().col("kind") == "share") & polars().col("part").is_in(METERED))
    if of_use.height:
        part = of_use["part"][0]
        raise ValueError(
            f"{reader.source}: a share of use is no power of {part}: import it as --part gpu_use (or cpu_use)"
        )
    for (node, part, kind), series in samples.group_by("node", "part", "kind", maintain_order=True):
        folder = stage / quote(str(node), safe="") / f"{quote(str(part), safe='')}-{kind}"
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(series.select("time_ns", "value"), folder / f"{mark.stem}.parquet")
    facts = {
        "rejected": [asdict(row) for row in batch.rejected[:MOST_KEPT]],
        "count": len(batch.rejected),
        "findings": [asdict(finding) for finding in batch.findings],
    }
    beside = mark.with_suffix(".new")
    beside.write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")
    beside.replace(mark)


def _marks(done: Path) -> tuple[tuple[RejectedRow, ...], int, tuple[ClusterFinding, ...]]:
    rejected: list[RejectedRow] = []
    findings: list[ClusterFinding] = []
    count = 0
    for mark in sorted(done.glob("*.json")):
        facts = json.loads(mark.read_text(encoding="utf-8"))
        rejected += [RejectedRow(**row) for row in facts["rejected"]]
        findings += [ClusterFinding(**finding) for finding in facts["findings"]]
        count += facts["count"]
    return tuple(rejected[:MOST_KEPT]), count, tuple(findings)


def arrange(store: PowerStore) -> int:
    """The pieces of the store from all answers of all readers; how many samples there are."""
    library = polars()
    series: dict[tuple[str, str, str], list[Path]] = {}
    for folder in sorted((store.folder / _STAGE).glob("*/*/*")):
        if folder.is_dir() and folder.parent.name != _DONE:
            part, _, kind = folder.name.rpartition("-")
            key = (unquote(folder.parent.name), unquote(part), kind)
            series.setdefault(key, []).extend(sorted(folder.glob("*.parquet")))
    rows: list[dict[str, object]] = []
    samples = 0
    for (node, part, kind), files in sorted(series.items()):
        frame: pl.DataFrame = library.concat([library.read_parquet(file, memory_map=False) for file in files])
        pieces = store.write_series(node, part, kind, frame)
        samples += sum(int(str(piece["rows"])) for piece in pieces)
        rows += pieces
    store.write_index(rows)
    return samples
