"""No figure of the package escapes: each function that divides a figure into panels is found in the sources and drawn
here, with little, usual and awkward data, and what it draws is looked at by rules."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

from impact_tracker import ImpactTracker
from python import fake_core
from python.figures.drawings import DRAWINGS, KINDS
from python.figures.looking import PACKAGES, faults_of, makers_in, watching

pytest.importorskip("matplotlib")
pytest.importorskip("scipy")
PYTHON = Path(__file__).resolve().parents[3] / "python"
PICTURES = os.environ.get("FIGURES_SEEN_IN")  # a folder: what is drawn is kept there, for eyes


def makers_by_module() -> dict[str, set[str]]:
    """Functions that make figures, of every module of both packages that has some."""
    by_module = {}
    for package in PACKAGES:
        for path in sorted((PYTHON / package.rstrip(".")).rglob("*.py")):
            parts = path.relative_to(PYTHON).with_suffix("").parts
            module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            by_module[module] = makers_in(module, ast.parse(path.read_text(encoding="utf-8")))
    return {module: makers for module, makers in by_module.items() if makers}


def test_every_module_that_draws_is_drawn_here() -> None:
    drawn = [module for _, modules in DRAWINGS.values() for module in modules]
    assert sorted(drawn) == sorted(makers_by_module())


def records(machine: fake_core.Machine, folder: Path, kind: str) -> None:
    """Records for the figure of powers."""
    for number in range({"little": 1, "usual": 3, "awkward": 8}[kind]):
        with ImpactTracker(folder / f"run{number}", intensity_g_per_kwh=50.0) as tracker:
            for region in range({"little": 0, "usual": 2, "awkward": 12}[kind]):
                with tracker.region(f"region {region} with a name that is long"):
                    machine.advance(0.01 if kind == "awkward" else 2.0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", sorted(DRAWINGS))
def test_a_figure_bears_a_look(
    name: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Texts lie on nothing and are whole, numbers have units, whiskers are explained, legends tell apart in grey."""
    if name == "powers":
        records(request.getfixturevalue("machine"), tmp_path, kind)
    draw, modules = DRAWINGS[name]
    with watching(monkeypatch) as watched:
        draw(tmp_path, kind)
    assert watched.figures
    faults = []
    for number, figure in enumerate(watched.figures):
        faults += [f"figure {number}: {fault}" for fault in faults_of(figure)]
        if PICTURES:
            figure.savefig(Path(PICTURES) / f"{name}-{kind}-{number}.png", dpi=90)
    assert not faults, "\n".join(faults)
    if kind == "usual":
        makers = makers_by_module()
        assert {maker for module in modules for maker in makers[module]} <= watched.makers
