"""Completion in shells: what the command answers to argcomplete's shell code, and how little it imports for that."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from impact_tracker import cli

Capture = pytest.CaptureFixture[str]


def test_completion_prints_the_shells_code(capsys: Capture) -> None:
    pytest.importorskip("argcomplete")
    marks = {"bash": "complete -o", "zsh": "#compdef impact-tracker", "fish": "complete --command impact-tracker"}
    for shell, mark in marks.items():
        assert cli.main(["completion", shell]) == 0
        assert mark in capsys.readouterr().out


def test_completion_names_its_extra(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "argcomplete.shell_integration", None)
    assert cli.main(["completion", "bash"]) == 2
    assert "impact-tracker[completion]" in capsys.readouterr().err


COMPLETIONS = {
    "do": "doctor",
    "report --re": "--regions",
    "report --zone FR": "FRA FRO",
    "bench --suite ": "fashion-mnist ai-benchmark modern learning",
    "bench --mode w": "work",
    "bench --phase t": "training",
    "bench --models vgg": "vgg-16 vgg-19-sr",
    "bench -q --models vgg-16,gn": "vgg-16,gnmt",
    "bench fore": "forecast",
    "bench train --target-d": "--target-dice",
    "bench train --model small": "small-cnn small-gpt",
    "bench report x --format la": "latex",
    "completion z": "zsh",
    "run -o x -- train.py --re": "",
}


def ask(line: str, answer: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Asks the command as argcomplete's shell code does."""
    asked = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": " ",
        "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    return subprocess.run(
        [sys.executable, *options, "-m", "impact_tracker"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **asked},
    )


@pytest.mark.parametrize("line", COMPLETIONS)
def test_words_that_are_completed(line: str, tmp_path: Path, core: ModuleType) -> None:
    pytest.importorskip("argcomplete")
    ask(f"impact-tracker {line}", tmp_path / "answer")
    assert (tmp_path / "answer").read_text() == COMPLETIONS[line]


def test_completing_imports_no_heavy_package(tmp_path: Path, core: ModuleType) -> None:
    pytest.importorskip("argcomplete")
    imported = ask("impact-tracker report --re", tmp_path / "answer", "-X", "importtime").stderr
    names = {line.rpartition("|")[2].strip().partition(".")[0] for line in imported.splitlines()}
    assert not names & {"numpy", "scipy", "pandas", "matplotlib", "rich"}
    assert "impact_tracker.cli.bench" not in imported, "only the command that is being typed is needed"


def test_bash_completes(tmp_path: Path, core: ModuleType) -> None:
    pytest.importorskip("argcomplete")
    command = tmp_path / "impact-tracker"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m impact_tracker "$@"\n')
    command.chmod(0o755)
    line = "impact-tracker report --re"
    script = (
        f'eval "$(impact-tracker completion bash)"; COMP_LINE="{line}" COMP_POINT={len(line)} COMP_TYPE=9 '
        "_python_argcomplete impact-tracker --re report; echo ${COMPREPLY[@]}"
    )
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PATH": path, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout.strip() == "--regions"
