"""Every file and folder that a command reads, damaged: a reason in words, and never a traceback, a hang or a silent
number. The parser says which there are."""

from __future__ import annotations

import os
import random
import shutil
import signal
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from impact_tracker import ImpactTracker
from impact_tracker.cli import main
from impact_tracker.factors import overrides
from integration.damaged_inputs import (
    DOUBTFUL,
    HOPELESS,
    LINES,
    NO_DAMAGE,
    NOT_RUN,
    RECORD,
    Input,
    inner_files,
    inputs,
    path_actions,
    sample,
)

Capture = pytest.CaptureFixture[str]
INPUTS = [read for read in inputs() if read.command in LINES]


@pytest.fixture(scope="module", autouse=True)
def record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One sound record of this machine, whatever of it can be measured."""
    folder = tmp_path_factory.mktemp("sound")
    with ImpactTracker(folder, zone="FR"):
        time.sleep(0.05)
    RECORD[:] = (folder / "impacttracker").glob("*.jsonl")
    yield
    RECORD.clear()


@pytest.fixture(autouse=True)
def no_hang(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """What waits without an end is ended, and nothing of this user's own is read."""
    for variable in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))

    def end(*_: object) -> None:
        raise TimeoutError("the command hangs")

    before = signal.signal(signal.SIGALRM, end)
    overrides._active.clear()
    yield
    overrides._active.clear()
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def answer(words: list[str], capsys: Capture) -> tuple[int, str, str]:
    """Exit code, standard output and all that is said beside it."""
    signal.alarm(60)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            code = main(words)
        except SystemExit as end:
            code = int(end.code or 0)
    signal.alarm(0)
    streams = capsys.readouterr()
    return code, streams.out, streams.err + " ".join(str(warning.message) for warning in warned)


def test_every_input_of_every_command_is_known() -> None:
    """A new command that reads a file stands in LINES, or in NOT_RUN with the commands that measure."""
    assert {words for words, _ in path_actions()} - NOT_RUN - {read.command for read in INPUTS} <= {
        "cluster simulate",
        "request",
    }
    assert all(read.sample_name for read in INPUTS)


@pytest.mark.parametrize("read", INPUTS, ids=lambda read: f"{read.command} {read.option or read.dest}")
def test_a_damaged_input_is_told_in_words(read: Input, tmp_path: Path, capsys: Capture) -> None:
    good = sample(read.sample_name, tmp_path / "good")
    code, _, errors = answer(read.line(good, tmp_path / "beside"), capsys)
    assert code == 0 or read.sample_name == "folder", errors
    chance = random.Random(f"{read.command} {read.dest}")
    doubtful = chance.sample(sorted(DOUBTFUL), 5)
    for number, name in enumerate([*HOPELESS, *doubtful]):
        place = sample(read.sample_name, tmp_path / f"{number}")
        files = inner_files(place)
        if not files:
            continue
        file = chance.choice(files)
        (HOPELESS.get(name) or DOUBTFUL[name])(file, chance)
        code, out, errors = answer(read.line(place, tmp_path / f"{number} beside"), capsys)
        case = (name, file, out[-500:], errors[-500:])
        if name in HOPELESS and (read.sample_name, name) not in NO_DAMAGE:
            assert code != 0 or file.name in out + errors, case
        if code:
            assert file.name in errors or place.name in errors or str(tmp_path) in errors, case
        assert not {"nan", "inf", "infinity", "-inf"} & set(out.casefold().split()), case
        shutil.rmtree(tmp_path / f"{number}")


NOBODY = 65534


@pytest.fixture
def folder_of_nobody(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of a user without privileges, which this process is while the test runs: root may read everything."""
    folder = Path(tempfile.mkdtemp(prefix="impact-denied-"))
    is_root = os.geteuid() == 0
    if is_root:
        os.chown(folder, NOBODY, NOBODY)
    for variable in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.setenv(variable, str(folder / variable))
    RECORD[0].chmod(0o644)
    sound = folder / "sound.jsonl"
    shutil.copy(RECORD[0], sound)
    if is_root:
        os.chown(sound, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    before = RECORD[0]
    RECORD[0] = sound
    try:
        yield folder
    finally:
        RECORD[0] = before
        if is_root:
            os.seteuid(0)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("read", INPUTS, ids=lambda read: f"{read.command} {read.option or read.dest}")
def test_an_input_that_may_not_be_read_is_told_in_words(read: Input, folder_of_nobody: Path, capsys: Capture) -> None:
    place = sample(read.sample_name, folder_of_nobody / "denied")
    files = inner_files(place)
    if not files:
        place.chmod(0)
    for file in files:
        file.chmod(0)
    code, out, errors = answer(read.line(place, folder_of_nobody / "beside"), capsys)
    case = (files, out[-500:], errors[-500:])
    names = [place.name, *(file.name for file in files)]
    assert code != 0 or any(name in out + errors for name in names), case
    if code:
        assert any(name in errors for name in names) or str(folder_of_nobody) in errors, case
        assert "ermi" in errors, case  # permission, permitted
    place.chmod(0o700)
    assert set(files) <= set(inner_files(place))  # nothing of what could not be read is taken away


OF_SERVICES = [
    ("request", "--factors", "factors"),
    ("run", "--config", "config"),
    ("serve --once", "--config", "config"),
    ("cluster import --store new --kwollect http://127.0.0.1:9 --from 2025-01-01 --to 2025-01-02", "--nodes", "nodes"),
    (
        "cluster import --store new --prometheus http://127.0.0.1:9 --query up --from 2025-01-01 --to 2025-01-02",
        "--credentials",
        "credentials",
    ),
]


@pytest.mark.parametrize(("command", "option", "name"), OF_SERVICES, ids=lambda word: str(word).partition(" -")[0])
def test_commands_that_measure_or_ask_services_refuse_what_they_cannot_read(
    command: str, option: str, name: str, folder_of_nobody: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """Before anything is measured, asked or written: none of these lines has a sound place to go on with."""
    monkeypatch.chdir(folder_of_nobody)
    behind = ["--", "true"] if command == "run" else []
    for kind in ("denied", "folder", "loop of links", "absent", "binary"):
        place = sample(name, folder_of_nobody / kind)
        if kind == "denied":
            place.chmod(0)
        elif kind == "absent":
            place.unlink()
        else:
            HOPELESS[kind](place, random.Random(kind))
        code, out, errors = answer([*command.split(" "), option, str(place), *behind], capsys)
        case = (kind, out[-300:], errors[-500:])
        assert code == 2 and "unrecognized" not in errors, case
        assert place.name in errors or option in errors, case
        assert "codec" not in errors or place.name in errors, case
    assert not (folder_of_nobody / "new").exists() and not (folder_of_nobody / "impacttracker").exists()
