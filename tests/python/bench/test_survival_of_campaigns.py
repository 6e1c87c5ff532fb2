"""A campaign of all 42 sub-tests, its files cut and damaged anywhere, is resumed: nothing lost, nothing twice."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from impact_tracker.bench import Campaign, Settings
from impact_tracker.bench.plan.networks import BY_NAME
from impact_tracker.bench.row.log import ends_of, mark_of, read_lines
from impact_tracker.bench.row.storage import Storage
from impact_tracker.bench.show.view import View, read
from python import fake_core
from python.bench import stand_ins
from python.bench.flat import flat
from python.bench.stand_ins import Workers, idle

PAPER = Settings(suite="ai-benchmark", mode="paper", repeats=1, roof=False)


@pytest.fixture
def workers(machine: fake_core.Machine, monkeypatch: pytest.MonkeyPatch) -> Workers:
    """With every network of the suites, none of which computes; and no disk that is waited for."""
    for place, (name, network) in enumerate(BY_NAME.items()):
        facts = {"task": network.task, "parameters": network.parameters, "trainable_parameters": 0, "gmac": 1.0}
        monkeypatch.setitem(stand_ins.NETWORKS, name, facts)
        monkeypatch.setitem(stand_ins.SECONDS_AN_IMAGE, name, 1e-3 * (place + 1))
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr("impact_tracker.bench.run.execution.system_memory", lambda: None)
    return Workers()


def tools(workers: Workers) -> dict[str, Any]:
    return {"open_worker": workers, "sleep": idle}


@pytest.fixture
def intact(workers: Workers, tmp_path: Path) -> View:
    """A campaign that nothing interrupted."""
    Campaign.create(tmp_path / "whole", PAPER, **tools(workers)).run(quiet=True)
    return read(tmp_path / "whole")


def numbers(view: View) -> dict[tuple[str, str], tuple[Any, ...]]:
    """What each task's phases took, those of the idle machine aside, of which each session has its own."""
    rows = [row for row in flat(view) if row["phase"] != "idle"]
    energies = {
        (row["task"], row["phase"]): (row["status"], row.get("images"), row["duration_s"], row["energy_j"])
        for row in rows
    }
    assert len(energies) == len(rows)
    return energies


def same_numbers(view: View, other: View) -> None:
    ours, theirs = numbers(view), numbers(other)
    assert set(ours) == set(theirs)
    for key, (status, images, seconds, joules) in ours.items():
        assert (status, images) == theirs[key][:2]
        assert (seconds, joules) == pytest.approx(theirs[key][2:], rel=1e-6)
    assert [(cell.test, cell.phase, cell.runs) for cell in view.cells] == [
        (cell.test, cell.phase, cell.runs) for cell in other.cells
    ]


def cut(data: bytes, chance: random.Random) -> bytes:
    """As a kill or a power cut leaves it."""
    return data[: chance.randrange(len(data) + 1)]


def torn_by_zeros(data: bytes, chance: random.Random) -> bytes:
    """As some file systems leave it after a power cut: the length is there, the bytes are not."""
    at = chance.randrange(len(data))
    return data[:at] + bytes(chance.randrange(1, 5000))


def line_twice(data: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    lines.insert(chance.randrange(len(lines)), chance.choice(lines))
    return b"".join(lines)


def damaged_inside(data: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    at = chance.randrange(len(lines) - 1)
    spoilt = bytearray(lines[at])
    first = chance.randrange(len(spoilt) - 2)
    kind = chance.randrange(3)
    if kind == 0:
        spoilt[first:-1] = bytes(len(spoilt) - 1 - first)
    elif kind == 1:
        del spoilt[first:]  # its end and the next line's begin are one
    else:
        spoilt[:] = chance.choice([b"null\n", b"[]\n", b'{"kind":"row"}\n', b"\xff\xfe\n", b"{" * 3000 + b"\n"])
    return b"".join([*lines[:at], bytes(spoilt), *lines[at + 1 :]])


def line_lost(data: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    del lines[chance.randrange(len(lines))]
    return b"".join(lines)


def both(data: bytes, chance: random.Random) -> bytes:
    return cut(damaged_inside(line_twice(data, chance), chance), chance)


@pytest.mark.parametrize("part", range(2))
@pytest.mark.parametrize("harm", [cut, torn_by_zeros, line_twice, damaged_inside, line_lost, both])
def test_whatever_became_of_the_rows_every_task_is_there_once(
    workers: Workers, intact: View, tmp_path: Path, harm: Callable[[bytes, random.Random], bytes], part: int
) -> None:
    chance = random.Random(f"{harm.__name__}/{part}")
    for number in range(3):
        folder = tmp_path / f"{number}"
        shutil.copytree(intact.storage.folder, folder)
        path = folder / "rows.jsonl"
        path.write_bytes(harm(path.read_bytes(), chance))
        if chance.random() < 0.5:
            shutil.rmtree(folder / "impacttracker")  # the records are gone: the rows stay
        read(folder).page()  # also as it is now
        good = read_lines(path.read_bytes()).lines
        ends, opened = ends_of(good), workers.opened
        outcome = Campaign.resume(folder, **tools(workers)).run(quiet=True)
        assert (outcome.done, outcome.total, outcome.failed) == (42, 42, {})
        same_numbers(read(folder), intact)
        # Nothing that was there is lost, nothing that was done is done again.
        assert read_lines(path.read_bytes()).lines[: len(good)] == good
        assert workers.opened - opened == 1 + 42 - len(ends)
    assert workers.closed == workers.opened


def test_killed_again_and_again_it_comes_to_its_end(workers: Workers, intact: View, tmp_path: Path) -> None:
    """Every session gets a little further; the file is cut at any byte of what that session wrote."""
    chance = random.Random(5)
    folder = tmp_path / "a"
    Campaign.create(folder, PAPER, **tools(workers))
    path = folder / "rows.jsonl"
    sessions = 0
    while sessions < 60:
        sessions += 1
        before = path.stat().st_size
        outcome = Campaign.resume(folder, **tools(workers)).run(quiet=True)
        data = path.read_bytes()
        kept = min(before + chance.randrange(60_000), len(data))
        if kept == len(data):
            break
        path.write_bytes(data[:kept])
    assert sessions > 3
    assert (outcome.done, outcome.total) == (42, 42)
    same_numbers(read(folder), intact)


def test_a_line_that_lacks_only_its_end_counts(workers: Workers, intact: View, tmp_path: Path) -> None:
    path = intact.storage.folder / "rows.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    last = next(place for place, line in enumerate(lines) if json.loads(line)["kind"] == "task")
    path.write_bytes(b"".join(lines[: last + 1])[:-1])
    opened = workers.opened
    assert read(intact.storage.folder).outcome.done == 1
    Campaign.resume(intact.storage.folder, **tools(workers)).run(quiet=True)
    assert workers.opened - opened == 1 + 41
    assert path.read_bytes().startswith(b"".join(lines[: last + 1]))


def test_what_is_left_out_is_said(workers: Workers, intact: View, capsys: pytest.CaptureFixture[str]) -> None:
    folder = intact.storage.folder
    lines = (folder / "rows.jsonl").read_bytes().splitlines(keepends=True)
    lines[4] = lines[4][:30] + b"\n"
    (folder / "rows.jsonl").write_bytes(b"".join(lines) + b'{"kind":"row","task":"\xc3')
    view = read(folder)
    assert view.caveats[:2] == [
        "rows.jsonl: line 5 is damaged and left out",
        "rows.jsonl: the last line is unfinished, as its driver was ended there, and left out",
    ]
    assert view.outcome.done == 41
    assert any("1 of 42 tasks have not run yet: go on by --resume" in note for note in view.caveats)
    Campaign.resume(folder, **tools(workers)).run()
    assert "rows.jsonl: the last line was unfinished and is cut off" in capsys.readouterr().err
    after = read(folder)
    assert after.caveats[0] == "rows.jsonl: line 5 is damaged and left out"
    assert not any("unfinished" in note or "have not run" in note for note in after.caveats)


def test_rows_of_other_settings_are_never_averaged(workers: Workers, intact: View, tmp_path: Path) -> None:
    """campaign.json changed by hand, or another campaign's rows in the folder."""
    folder = intact.storage.folder
    head = json.loads((folder / "campaign.json").read_text())
    changed = {**head, "settings": {**head["settings"], "mode": "quick", "models": ["vgg-16", "u-net"]}}
    (folder / "campaign.json").write_text(json.dumps(changed))
    view = read(folder)
    assert flat(view) == []
    assert "lines were measured with other settings than campaign.json holds now" in view.caveats[0]
    outcome = Campaign.resume(folder, **tools(workers)).run(quiet=True)
    assert (outcome.done, outcome.total) == (5, 5)
    assert {row["model"] for row in flat(read(folder)) if row["phase"] != "idle"} == {"vgg-16", "u-net"}
    (folder / "campaign.json").write_text(json.dumps(head))  # put back: what was measured is there again
    same_numbers(read(folder), intact)


def test_the_mark_follows_what_was_measured() -> None:
    mark = mark_of(PAPER)
    same = [{"repeats": 7}, {"pue": 1.2}, {"zone": "FR"}]
    for changes in same:
        assert mark_of(Settings.from_dict({**PAPER.to_dict(), **changes})) == mark
    for changes in ({"mode": "work"}, {"threads": 2}, {"models": ["vgg-16"]}):
        assert mark_of(Settings.from_dict({**PAPER.to_dict(), **changes})) != mark


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is damaged .*put back a copy of it, or begin anew in another folder"),
        ("null", "is damaged"),
        ('{"schema": 1}', "is damaged .*settings"),
        ('{"schema": "x", "settings": {}, "tasks": []}', "is damaged"),
        ('{"schema": 1, "settings": {}, "tasks": 5}', "is damaged"),
        ('{"schema": 99}', "of version 99, this program reads up to 1: .*install that"),
        ('{"schema": 1, "settings": {"suite": "later"}, "tasks": []}', r"campaign\.json: suite is one of"),
        ('{"schema": 1, "settings": {"repeats": "3"}, "tasks": []}', r"campaign\.json: its settings make no sense"),
        ('{"schema": 1, "settings": {"models": 3}, "tasks": []}', r"campaign\.json: its settings make no sense"),
        ('{"schema": 1, "settings": {"speed": 3}, "tasks": []}', r"campaign\.json: .*does not know: speed"),
    ],
)
def test_a_head_that_cannot_be_read_says_what_to_do(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "campaign.json").write_text(text)
    for attempt in (lambda: read(tmp_path), lambda: Campaign.resume(tmp_path)):
        with pytest.raises(ValueError, match=message):
            attempt()
    assert (tmp_path / "campaign.json").read_text() == text


def test_the_last_attempt_counts_whatever_file_it_is_in(workers: Workers, tmp_path: Path) -> None:
    """A task that failed on a node's driver, whose rows are a part, and came to its end in a later session here."""
    folder = tmp_path / "a"
    campaign = Campaign.create(folder, Settings(models=("small-cnn",), repeats=1, images=10), **tools(workers))
    node = Campaign(Storage(folder, part="small-cnn.r1"), campaign.settings, **tools(workers))
    node.refuse("small-cnn.r1", "on n1: there is no device 'cuda'")
    assert read(folder).outcome.failed == {"small-cnn.r1": "on n1: there is no device 'cuda'"}
    outcome = campaign.run(quiet=True)
    assert (outcome.done, outcome.failed) == (1, {})
    assert campaign.left() == []
