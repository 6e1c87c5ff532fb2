"""The page of examples: its commands are run, and what they print is compared with what it shows."""

from __future__ import annotations

import doctest
import importlib.util
import re
import shlex
from pathlib import Path

import pytest

from impact_tracker import cli

PAGE = Path(__file__).parents[3] / "docs" / "footprint.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"^(?:#|//) (\w+\.(?:toml|json))\n")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
TOLERANCE = 0.01  # draws and rounding
ELLIPSIS = "…"


def files() -> dict[str, str]:
    blocks = {}
    for _, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        named = NAMED.match(text)
        if named:
            blocks[named[1]] = text[named.end() :] if named[1].endswith(".json") else text
    return blocks


def commands() -> list[tuple[str, list[str]]]:
    shown: list[tuple[str, list[str]]] = []
    for language, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if language != "console":
            continue
        for line in text.splitlines():
            if line.startswith("$ "):
                shown.append((line[2:], []))
            else:
                shown[-1][1].append(line)
    return shown


def agrees(shown: str, printed: str) -> bool:
    """The same words, and numbers that differ by the tolerance at most; behind an ellipsis anything may follow."""
    head, dots, _ = shown.partition(ELLIPSIS)
    head = head.rstrip()
    words, values = NUMBER.sub("#", head), [float(n) for n in NUMBER.findall(head)]
    printed_words, printed_values = NUMBER.sub("#", printed), [float(n) for n in NUMBER.findall(printed)]
    words, printed_words = (" ".join(text.split()) for text in (words, printed_words))
    same = printed_words.startswith(words) if dots else printed_words == words
    pairs = list(zip(values, printed_values))
    return same and len(pairs) == len(values) and all(abs(a - b) <= TOLERANCE * abs(b) for a, b in pairs)


def compare(shown: list[str], printed: list[str]) -> str:
    """ "" where every line of the page is printed in its order; the first that is not else."""
    position, skipping = 0, False
    for line in shown:
        if line.strip() == ELLIPSIS:
            skipping = True
            continue
        if not line.strip():
            continue
        while position < len(printed) and not agrees(line, printed[position]):
            if not skipping and printed[position].strip():
                return f"shown:   {line}\nprinted: {printed[position]}"
            position += 1
        if position == len(printed):
            return f"not printed: {line}"
        position, skipping = position + 1, False
    return ""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in files().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("command", "shown"), commands(), ids=[command[:60] for command, _ in commands()])
def test_what_the_page_shows_is_printed(
    folder: Path, capsys: pytest.CaptureFixture[str], command: str, shown: list[str]
) -> None:
    if ".toml" in command and not any(importlib.util.find_spec(name) for name in ("tomllib", "tomli")):
        pytest.skip("TOML takes Python 3.11 or tomli")
    if "--figure" in command:
        pytest.importorskip("matplotlib")
    program, *words = shlex.split(command)
    assert program == "impact-tracker"
    assert cli.main(words) == 0, capsys.readouterr().err
    assert not compare(shown, capsys.readouterr().out.splitlines())


def test_what_the_page_computes() -> None:
    failed, tried = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert tried >= 4 and failed == 0


def test_the_comparison_sees_a_wrong_figure() -> None:
    assert agrees("total 360 t …", "total    361 t  (1 to 2)") and not agrees("total 360 t …", "total 380 t")
    assert compare(["a 1", "…", "b 2"], ["a 1", "x", "b 2"]) == ""
    assert "shown" in compare(["a 1", "b 2"], ["a 1", "b 3"]) and "not printed" in compare(["…", "c 1"], ["a 1"])


def test_the_page_has_every_kind_of_example() -> None:
    text = " ".join(command for command, _ in commands())
    for name in ("footprint", "estimate", "service", "request", "indirect", "--factors", "--hours-file"):
        assert name in text
    assert {"training.toml", "mine.toml", "hours.json", "generator.toml", "effects.toml"} == set(files())
