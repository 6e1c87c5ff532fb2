"""A row counts by what the worker was seen to run in, not by what it repeats of the settings."""

from __future__ import annotations

from typing import Any

import pytest

from impact_tracker.bench import Settings
from python.bench import flat


def judged(settings: Settings | None = None, **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"status": "ok", "phase": "training", "device": "cpu", "duration_s": 60.0, "energy_j": 6000.0}
    row.update({"precision": "fp32", "layout": "channels_last", "threads": 2, **changes})
    return flat.judged(row, settings)


def observed(**changes: Any) -> dict[str, Any]:
    """What a worker saw that did as it was asked."""
    seen = {"precision_shares": {"fp32": 1.0}, "layout_shares": {"channels_last": 1.0}, "threads": 2}
    return {"observed": {**seen, **changes}}


def test_what_the_worker_saw_agrees() -> None:
    row = judged(Settings(layout="channels_last", threads=2), **observed())
    assert row["invalid"] == row["warnings"] == []
    assert {"precision", "layout", "threads"} <= {check["name"] for check in row["checks"]}


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (
            {"precision_shares": {"tf32": 0.97, "fp32": 0.03}},
            "ran in tf32 (97% of its multiply-adds), fp32 was asked for",
        ),
        ({"layout_shares": {"nchw": 1.0}}, "ran in nchw (100% of its multiply-adds), channels_last was asked for"),
        ({"threads": 4}, "threads that did its work: 4, given: 2"),
    ],
)
def test_a_setting_that_had_no_effect_is_invalid_though_it_is_echoed(seen: dict[str, Any], words: str) -> None:
    row = judged(Settings(layout="channels_last"), **observed(**seen))
    assert row["invalid"] == [words]


@pytest.mark.parametrize(
    "seen",
    [{"precision_shares": {"fp32": 0.8, "bf16": 0.2}}, {"layout_shares": {"channels_last": 0.6, "strided": 0.4}}],
)
def test_what_mostly_ran_as_asked_is_warned_of(seen: dict[str, Any]) -> None:
    row = judged(Settings(layout="channels_last"), **observed(**seen))
    assert row["invalid"] == [] and len(row["warnings"]) == 1


def test_fewer_threads_than_given_are_warned_of() -> None:
    row = judged(**observed(threads=1))
    assert row["invalid"] == [] and row["warnings"] == ["threads that did its work: 1, given: 2"]


@pytest.mark.parametrize("changes", [{"duration_s": 0.5}, {"device": "cuda:0"}])
def test_threads_of_a_moment_or_beside_a_gpu_are_not_judged(changes: dict[str, Any]) -> None:
    row = judged(Settings(device=changes.get("device", "cpu").split(":")[0]), **observed(threads=4), **changes)
    assert "threads" not in {check["name"] for check in row["checks"]}


def test_a_network_without_convolutions_has_no_layout() -> None:
    row = judged(Settings(layout="channels_last"), layout="nchw", **observed(layout_shares={}))
    assert row["invalid"] == []
