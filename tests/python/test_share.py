"""Whose energy: settings, the result's share, and how it is shown."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Literal

import pytest

from impact_tracker.config import resolve
from impact_tracker.result import CSV_FIELDS, Result
from impact_tracker.result.view import caveats, html, share_line, text
from impact_tracker.values import Energy
from python.fake_results import DeviceShare, RegionResult, Share

PARTS: tuple[Literal["share_j", "others_j", "machine_idle_j", "unattributed_j"], ...]
PARTS = ("share_j", "others_j", "machine_idle_j", "unattributed_j")
REASON = "rapl/dram-0: use was not read twice yet"
SHARE = Share(
    scope="job",
    idle_policy="usage",
    whose="Slurm job 77",
    share_j=40.0,
    half_width_j=0.3,
    bias_j=0.4,
    idle_j=8.0,
    others_j=55.0,
    machine_idle_j=0.0,
    unattributed_j=5.0,
    cpu_s=2.0,
    machine_cpu_s=5.0,
    quality="estimated",
    devices=[DeviceShare("rapl/package-0", "cpu:0", 40.0, 8.0, 55.0, 0.0, 5.0)],
    reasons=[REASON],
)


def made(share: Share | None = SHARE) -> Result:
    measured: Any = RegionResult("", 0, 2_000_000_000, Energy(100.0, 1.0, 0.0), wall_j=130.0, rest_j=30.0, share=share)
    return Result(measured)


def test_the_share_stands_beside_the_machines_energy() -> None:
    result = made()
    assert result.energy_j == 100.0
    assert result.share_j == 40.0
    assert result.rest_j == 30.0
    assert result.share is not None and result.share["whose"] == "Slurm job 77"
    share = result.share
    assert sum(share[part] or 0.0 for part in PARTS) == result.energy_j
    assert sum(share["devices"][0][part] or 0.0 for part in PARTS) == result.energy_j
    assert json.loads(json.dumps(share)) == share
    assert result.to_dict()["share_j"] == 40.0
    assert result.to_dict()["share"]["idle_j"] == 8.0


def test_a_line_says_whose_and_what_is_left() -> None:
    line = share_line(made())
    assert line.startswith("share 40.0 J ± 0.5 J (40 %), 8.00 J of it idle: Slurm job 77; others ")
    assert "unattributed 5" in line
    assert "idle of nobody" not in line
    assert line in text(made())
    assert "Slurm job 77" in html(made())
    assert REASON in caveats(made())


def test_a_share_that_is_not_known_is_none_with_its_reason() -> None:
    unknown = replace(SHARE, share_j=None, idle_j=None, others_j=None, quality="missing")
    result = made(replace(unknown, reasons=["the process is in no control group of its own"]))
    assert result.share_j is None
    assert share_line(result) == "share of Slurm job 77 not known; the process is in no control group of its own"


def test_without_a_scope_there_is_no_share() -> None:
    result = made(share=None)
    assert result.share is None
    assert result.share_j is None
    assert share_line(result) == ""


def test_reports_have_both() -> None:
    assert {"energy_j", "share_j", "rest_j"} <= set(CSV_FIELDS)


def test_settings_come_from_everywhere(tmp_path: Any) -> None:
    plain = resolve({}, config="none", environ={})
    assert (plain.scope, plain.idle_policy, plain.sync_gpu) == ("process", "usage", False)
    named = {"IMPACT_TRACKER_SCOPE": "job", "IMPACT_TRACKER_IDLE_POLICY": "allocated_cores"}
    settings = resolve({"sync_gpu": True}, config="none", environ=named)
    assert (settings.scope, settings.idle_policy, settings.sync_gpu) == ("job", "allocated_cores", True)
    file = tmp_path / "impact-tracker.ini"
    file.write_text("[impact-tracker]\nscope = cgroup\nidle_policy = none\nsync_gpu = yes\n")
    settings = resolve({}, config=file, environ={})
    assert (settings.scope, settings.idle_policy, settings.sync_gpu) == ("cgroup", "none", True)


@pytest.mark.parametrize("setting", [{"scope": "node"}, {"idle_policy": "half"}, {"sync_gpu": "perhaps"}])
def test_nonsense_is_refused_by_name(setting: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(setting))):
        resolve(setting, config="none", environ={})
