"""Whose energy: settings, the result's share, and how it is shown."""

from __future__ import annotations

from typing import Any

import pytest

from impact_tracker.config import resolve
from impact_tracker.result import CSV_FIELDS, Result
from impact_tracker.result_view import caveats, html, share_line, text

SHARE: dict[str, Any] = {
    "scope": "job",
    "idle_policy": "usage",
    "whose": "Slurm job 77",
    "share_j": 40.0,
    "half_width_j": 0.3,
    "bias_j": 0.4,
    "idle_j": 8.0,
    "others_j": 55.0,
    "machine_idle_j": 0.0,
    "unattributed_j": 5.0,
    "cpu_s": 2.0,
    "machine_cpu_s": 5.0,
    "quality": "estimated",
    "devices": [],
    "reasons": ["rapl/dram-0: use was not read twice yet"],
}


def made(**share: Any) -> Result:
    raw: dict[str, Any] = {
        "name": "",
        "duration_s": 2.0,
        "start_ns": 0,
        "stop_ns": 2_000_000_000,
        "quality": "measured",
    }
    raw.update(energy_j=100.0, energy_low_j=99.0, energy_high_j=101.0, bias_j=0.0, wall_j=130.0, rest_j=30.0)
    raw["share"] = {**SHARE, **share} if share.get("scope") != "machine" else None
    return Result(raw)


def test_the_share_stands_beside_the_machines_energy() -> None:
    result = made()
    assert result.energy_j == 100.0
    assert result.share_j == 40.0
    assert result.rest_j == 30.0
    assert result.share is not None and result.share["whose"] == "Slurm job 77"
    parts = ("share_j", "others_j", "machine_idle_j", "unattributed_j")
    assert sum(result.share[part] for part in parts) == result.energy_j
    assert result.to_dict()["share_j"] == 40.0
    assert result.to_dict()["share"]["idle_j"] == 8.0


def test_a_line_says_whose_and_what_is_left() -> None:
    line = share_line(made())
    assert line.startswith("share 40.0 J ± 0.5 J (40 %), 8.00 J of it idle: Slurm job 77; others ")
    assert "unattributed 5" in line
    assert "idle of nobody" not in line
    assert line in text(made())
    assert "Slurm job 77" in html(made())
    assert SHARE["reasons"][0] in caveats(made())


def test_a_share_that_is_not_known_is_none_with_its_reason() -> None:
    result = made(share_j=None, idle_j=None, others_j=None, reasons=["the process is in no control group of its own"])
    assert result.share_j is None
    assert share_line(result) == "share of Slurm job 77 not known; the process is in no control group of its own"


def test_without_a_scope_there_is_no_share() -> None:
    result = made(scope="machine")
    assert result.share is None
    assert result.share_j is None
    assert share_line(result) == ""


def test_reports_have_both() -> None:
    assert {"energy_j", "share_j", "rest_j"} <= set(CSV_FIELDS)


def test_settings_come_from_everywhere(tmp_path: Any) -> None:
    plain = resolve({}, config="none", environ={})
    assert (plain.scope, plain.idle_policy, plain.sync_gpu) == ("process", "usage", False)
    named = {"IMPACT_TRACKER_SCOPE": "job", "IMPACT_TRACKER_IDLE_POLICY": "allocated_cores"}
    found = resolve({"sync_gpu": True}, config="none", environ=named)
    assert (found.scope, found.idle_policy, found.sync_gpu) == ("job", "allocated_cores", True)
    file = tmp_path / "impact-tracker.ini"
    file.write_text("[impact-tracker]\nscope = cgroup\nidle_policy = none\nsync_gpu = yes\n")
    found = resolve({}, config=file, environ={})
    assert (found.scope, found.idle_policy, found.sync_gpu) == ("cgroup", "none", True)


@pytest.mark.parametrize("setting", [{"scope": "node"}, {"idle_policy": "half"}, {"sync_gpu": "perhaps"}])
def test_nonsense_is_refused_by_name(setting: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(setting))):
        resolve(setting, config="none", environ={})
