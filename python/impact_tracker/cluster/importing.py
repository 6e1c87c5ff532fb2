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
from .merging import Series, combined, of_one_source
from .protocol import PowerReader, PowerWindow
from .readers.web import asked_again
from .store import PowerStore, write_whole

if TYPE_CHECKING:
    pass

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
    samples, disputed = arrange(store)
    rejected, count, findings = _marks(done)
    return Imported(asked, len(windows) - asked, samples, rejected, count, (*findings, *disputed))


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


def arrange(store: PowerStore) -> tuple[int, tuple[ClusterFinding, ...]]:
    """The pieces of the store from all answers of all readers; how many samples there are, and what two readers say
    differently."""
    rows: list[dict[str, object]] = []
    samples = 0
    findings: list[ClusterFinding] = []
    for (node, part), sources in sorted(_answers(store).items()):
        read = [of_one_source(kind, [_series(kind, file) for file in files]) for _, kind, files in sources]
        kinds = {series.kind for series in read}
        # A use is no energy, and is kept beside one.
        for group in ([each for each in read if each.kind == "share"], [each for each in read if each.kind != "share"]):
            if not group:
                continue
            series, is_disputed = combined(group)
            frame = polars().DataFrame({"time_ns": series.times_ns, "value": series.values})
            pieces = store.write_series(node, part, series.kind, frame)
            samples += sum(int(str(piece["rows"])) for piece in pieces)
            rows += pieces
            if is_disputed:
                findings.append(_disputed(node, part, len(kinds - {"share"}) > 1))
    store.write_index(rows)
    return samples, tuple(findings)


def _answers(store: PowerStore) -> dict[tuple[str, str], list[tuple[int, str, list[Path]]]]:
    """By node and part: time of the last answer, kind and files of each source, in the order of the imports."""
    sources: dict[tuple[str, str], list[tuple[int, str, list[Path]]]] = {}
    for folder in sorted((store.folder / _STAGE).glob("*/*/*")):
        if folder.is_dir() and folder.parent.name != _DONE:
            part, _, kind = folder.name.rpartition("-")
            files = sorted(folder.glob("*.parquet"))
            if files:
                when = max(file.stat().st_mtime_ns for file in files)
                sources.setdefault((unquote(folder.parent.name), unquote(part)), []).append((when, kind, files))
    return {key: sorted(listed, key=lambda source: source[0]) for key, listed in sources.items()}


def _series(kind: str, file: Path) -> Series:
    frame = polars().read_parquet(file, memory_map=False)
    return Series.of(kind, frame["time_ns"].to_numpy(), frame["value"].to_numpy())


def _disputed(node: str, part: str, is_of_two_kinds: bool) -> ClusterFinding:
    which = "a meter of power and a counter of energy" if is_of_two_kinds else "two imports"
    text = (
        f"{which} say different things of node {node} ({part}) at the same time: they are not mixed, and the later "
        "import counts, or of counters the one that covers more; where one was a mistake, import into a new store"
    )
    return ClusterFinding("disputed_readings", node, text)
