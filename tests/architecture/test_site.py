"""The documentation: it builds without a warning, loads nothing from elsewhere, and its commands and code are real."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from impact_tracker.cli import COMMANDS, parser_of
from impact_tracker.config import resolve

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted(path for path in (ROOT / "docs").rglob("*.md") if "generated" not in path.parts)]
CONTINUED = re.compile(r"\s*\\\n\s*")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built with warnings as errors: a link that leads nowhere is one."""
    pytest.importorskip("sphinx")
    if sys.version_info < (3, 11):
        pytest.skip("the site is built with the versions of requirements/test.txt")
    target = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-d", target / "trees"]
    for builder in ("html", "man"):
        done = subprocess.run(
            [*build, "-b", builder, ROOT / "docs", target / builder], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    return target


class Loads(HTMLParser):
    """What a page loads when it opens, and the anchors and links in it."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.without_words: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        if tag in ("script", "img", "iframe", "source", "video") and values.get("src"):
            self.loaded.append(str(values["src"]))
        if tag == "link" and values.get("rel") in ("stylesheet", "icon", "preload", "preconnect"):
            self.loaded.append(str(values["href"]))
        if tag == "img" and not values.get("alt"):
            self.without_words.append(str(values.get("src")))
        if tag == "a" and values.get("href"):
            self.links.append(str(values["href"]))
        if values.get("id"):
            self.anchors.add(str(values["id"]))


def test_the_site_works_from_a_disk(site: Path) -> None:
    pages = {path: Loads() for path in (site / "html").rglob("*.html")}
    for path, page in pages.items():
        page.feed(path.read_text())
    assert len(pages) > 30
    for path, page in pages.items():
        assert not [place for place in page.loaded if re.match(r"(https?:)?//", place)], path
        assert not page.without_words, f"{path}: pictures without words for who cannot see them"
        for link in page.links:
            place, _, anchor = link.partition("#")
            if re.match(r"[a-z]+:", place):
                continue
            target = (path.parent / place).resolve() if place else path
            assert target.exists(), f"{path.name}: {link}"
            if anchor and target in pages:
                assert anchor in pages[target].anchors, f"{path.name}: {link}"


def test_each_command_has_a_man_page_with_its_options(site: Path) -> None:
    for name in COMMANDS:
        page = (site / "man" / f"impact-tracker-{name}.1").read_text().replace("\\-", "-")
        assert "--help" in page, name


def blocks(path: Path, language: str) -> Iterator[tuple[int, str]]:
    """(line, text) of each block of code of a page; language "" is a block that names none."""
    for match in re.finditer(rf"^```{language}\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL):
        yield path.read_text().count("\n", 0, match.start()) + 1, match.group(1)


def command_lines(text: str) -> Iterator[str]:
    """The lines of a text that call impact-tracker, without what stands before and behind."""
    for line in CONTINUED.sub(" ", text).splitlines():
        match = re.match(r"\s*(?:\$ )?(?:srun )?(impact-tracker [a-z].*)", line)
        if match and "=" not in match.group(1).partition(" ")[0]:
            yield re.split(r"\s#\s|\s[|>]\s", match.group(1))[0].strip()


def parsed(line: str) -> None:
    """SystemExit where the command does not take these words."""
    words = shlex.split(line)[1:]
    cut = words.index("--") if "--" in words else len(words)
    parser_of(words[0]).parse_args([word for word in words[:cut] if word != "…"])


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_and_code_of_a_page_are_real(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for language in ("", "bash", "sh", "console"):
        for number, block in blocks(path, language):
            for line in command_lines(block):
                try:
                    parsed(line)
                except SystemExit:
                    pytest.fail(f"{path.name}:{number}: {line}\n{capsys.readouterr().err}")
    for number, block in blocks(path, "python"):
        if ">>> " in block:
            block = "".join(example.source for example in doctest.DocTestParser().get_examples(block))
        tree = ast.parse(block, f"{path.name}:{number}")
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("impact_tracker"):
                module = __import__(str(node.module), fromlist=["_"])
                assert all(hasattr(module, name.name) for name in node.names), f"{path.name}:{number}"


CONFIGURATIONS = [(path, number, block) for path in PAGES for number, block in blocks(path, "ini")]


@pytest.mark.parametrize(
    ("path", "number", "block"), CONFIGURATIONS, ids=[f"{path.name}:{number}" for path, number, _ in CONFIGURATIONS]
)
def test_configuration_files_of_a_page_are_taken(path: Path, number: int, block: str, tmp_path: Path) -> None:
    (tmp_path / "impact-tracker.ini").write_text(block, encoding="utf-8")
    settings = resolve({"logdir": tmp_path}, config=tmp_path / "impact-tracker.ini", environ={})
    assert settings != resolve({"logdir": tmp_path}, config="none", environ={}), f"{path.name}:{number} changes nothing"


def test_the_page_of_settings_names_the_section_that_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_extensions"))
    text = importlib.import_module("house").settings_page()
    section = re.search(r"a line of `(\[[a-z-]+\])`", text)
    assert section is not None
    (tmp_path / "a.ini").write_text(f"{section[1]}\nzone = FR\n", encoding="utf-8")
    assert resolve({"logdir": tmp_path}, config=tmp_path / "a.ini", environ={}).zone == "FR"


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "completion"])
def test_a_command_shows_examples_that_it_takes(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = parser_of(name)
    (commands,) = (action for action in parser._actions if hasattr(action, "choices") and action.dest == "name")
    chosen = dict(commands.choices or {})[name]
    lines = list(command_lines(chosen.format_help()))
    assert lines, f"impact-tracker {name} --help shows no example"
    for line in lines:
        try:
            parsed(line)
        except SystemExit:
            pytest.fail(f"{line}\n{capsys.readouterr().err}")
