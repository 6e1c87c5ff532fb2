"""What the documents say of the code is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_readme_is_a_page_to_begin_with() -> None:
    lines = (ROOT / "README.md").read_text().splitlines()
    assert len(lines) <= 120
    assert any("real hardware" in line for line in lines[:60]), "what no reader has met stands at the beginning"


def test_the_page_of_sources_names_every_source_and_no_other() -> None:
    sources = (ROOT / "cpp/impact/sources/sources.def").read_text()
    listed = re.findall(r"^IMPACT_(?:SETTABLE_)?SOURCE\((\w+)", sources, re.MULTILINE)
    section = (ROOT / "docs/sources.md").read_text()
    table = section.partition("| source |")[2].partition("\n\n")[0]
    first_cells = re.findall(r"^\| ([^|]*)\|", table, re.MULTILINE)
    named = [name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(named) == sorted(listed)


def test_every_reader_has_its_manual() -> None:
    for path in sorted((ROOT / "cpp/impact/sources").glob("*.cpp")):
        text = path.read_text()
        if re.search(rf"\bopen_{path.stem}\s*\(", text):
            head = text.partition("#include")[0]
            missing = [
                word for word in ("Measures", "Needs", "Channels", "Resolution", "Known faults") if word not in head
            ]
            assert not missing, f"{path.name}: {missing}"


def commands_of(page: str) -> str:
    """Its blocks of code, and what stands in backticks: prose may "make the" best of it."""
    return "\n".join(re.findall(r"^```\w*\n.*?^```|`[^`\n]+`", page, re.MULTILINE | re.DOTALL))


def test_every_command_of_the_makefile_that_a_document_names_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    written = [path for path in (ROOT / "docs").rglob("*.md") if "generated" not in path.parts]
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *written]:
        named = set(re.findall(r"(?:^|^\s\s+|`)make ([a-z][a-z-]*)", commands_of(path.read_text()), re.MULTILINE))
        assert named <= targets, f"{path.name}: {sorted(named - targets)}"


def test_every_extra_that_an_error_names_is_declared() -> None:
    table = (ROOT / "pyproject.toml").read_text().partition("[project.optional-dependencies]")[2].partition("\n[")[0]
    declared = set(re.findall(r"^(\w+) = \[", table, re.MULTILINE))
    for path in sorted((ROOT / "python").rglob("*.py")):
        named = {
            extra for group in re.findall(r"impact-tracker\[([\w,]+)\]", path.read_text()) for extra in group.split(",")
        }
        assert named <= declared, f"{path.relative_to(ROOT)}: {sorted(named - declared)}"


def test_the_glossary_defines_each_noun_once_and_its_classes_exist() -> None:
    entries = re.split(r"^- ", (ROOT / "docs/glossary.md").read_text(), flags=re.MULTILINE)[1:]
    nouns = [re.match(r"\*\*([\w-]+)\*\*: ", entry) for entry in entries]
    assert all(nouns), "each entry begins with its noun"
    assert len({noun.group(1) for noun in nouns if noun}) == len(entries) >= 20
    for entry in entries:
        definition = entry.partition("(`")[0].partition("\n#")[0]
        assert 1 <= len(re.findall(r"[.](?:\s|$)", definition)) <= 2, f"one or two sentences: {definition}"
        for name, path in re.findall(r"`(\w+)` in\s+`([\w/.]+)`", entry):
            defined = rf"^\s*(?:class|struct|enum class) {name}\b|^{name} = "
            assert re.search(defined, (ROOT / path).read_text(), re.MULTILINE), f"{path} has no {name}"


def test_version_is_one() -> None:
    versions = {
        "pyproject.toml": re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE),
        "CMakeLists.txt": re.search(r"VERSION ([\d.]+) LANGUAGES", (ROOT / "CMakeLists.txt").read_text()),
        "CITATION.cff": re.search(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE),
    }
    assert len({match.group(1) for match in versions.values() if match}) == 1
    assert all(versions.values())


def test_the_files_that_the_page_on_impact_shows_are_read(tmp_path: Path) -> None:
    tomllib = pytest.importorskip("tomllib", reason="TOML takes Python 3.11")
    from impact_tracker.factors.overrides import Overrides
    from impact_tracker.footprint import read_changes, read_consequences

    section = (ROOT / "docs/impact.md").read_text()
    blocks = re.findall(r"```toml\n(.*?)```", section, re.DOTALL)
    paths = [tmp_path / f"{index}.toml" for index in range(len(blocks))]
    for path, block in zip(paths, blocks):
        path.write_text(block)
        assert tomllib.loads(block)
    changes, effects, factors = paths
    assert [change.name for change in read_changes(changes)] == ["half precision", "new cards"]
    assert read_consequences(effects).net.best < 0
    assert Overrides(factors).names("intensity") == ["FRA"]


def test_the_benchmark_is_installed_with_the_versions_that_are_tested() -> None:
    def pins(name: str) -> set[str]:
        return {
            line
            for line in (ROOT / "requirements" / name).read_text().splitlines()
            if line and not line.startswith("#")
        }

    bench = pins("bench.txt")
    assert bench <= pins("test.txt")
    assert {"numpy", "scipy", "matplotlib", "rich", "scikit_build_core"} <= {line.partition("==")[0] for line in bench}
