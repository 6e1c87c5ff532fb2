"""How many threads the networks have, and what every row says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from impact_tracker.bench import Campaign, Settings
from impact_tracker.bench.run import execution
from impact_tracker.bench.show.view import View, read
from impact_tracker.runner import Threads
from python import fake_core
from python.bench.flat import flat
from python.bench.stand_ins import Workers, idle


def ran(folder: Path, threads: int | None) -> tuple[View, list[int | None]]:
    workers = Workers()
    settings = Settings(images=50, test_images=50, models=("small-cnn",), repeats=1, threads=threads)
    Campaign.create(folder, settings, open_worker=workers, sleep=idle).run(quiet=True)
    return read(folder), [load.get("threads") for load in workers.loads if "seed" in load]


@pytest.mark.parametrize(
    ("limit", "asked", "told", "by"),
    [
        (Threads(2, "quota", 1.5), None, 2, "quota"),
        (Threads(2, "quota", 1.5), 4, 4, "asked"),
        (Threads(4, "affinity", None), None, None, "affinity"),  # the worker sees it itself
        (Threads(4, "machine", 8.0), None, None, "machine"),
    ],
)
def test_rows_say_what_decided(
    machine: fake_core.Machine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    limit: Threads,
    asked: int | None,
    told: int | None,
    by: str,
) -> None:
    monkeypatch.setattr(execution, "default_threads", lambda: limit)
    view, loads = ran(tmp_path / "a", asked)
    assert loads == [told]
    rows = [row for row in flat(view) if row["phase"] != "idle"]
    assert {(row["threads_by"], row["cpu_quota"]) for row in rows} == {(by, limit.quota)}
    # The stand-in always has two.
    throttled = any("2 threads share a quota of 1.5 processors" in note for note in view.caveats)
    assert throttled == (limit.quota == 1.5)
    view.write_files()
    head = (tmp_path / "a" / "results.csv").read_text().splitlines()[0]
    assert "threads,threads_by,cpu_quota" in head
