"""The notebook's cells run, in order, on a campaign."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from impact_tracker.bench import Settings
from python.bench.made import campaign

pytest.importorskip("scipy.stats")
pytest.importorskip("matplotlib")

NOTEBOOK = Path(__file__).parents[3] / "notebooks" / "benchmark.ipynb"


def test_every_cell_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    models = ("mobilenet-v2", "inception-v3", "resnet-v2-50", "vgg-16")
    campaign(tmp_path / "a", Settings(suite="ai-benchmark", mode="work", repeats=2, models=models))
    monkeypatch.setenv("IMPACT_TRACKER_CAMPAIGN", str(tmp_path / "a"))
    shown: list[Any] = []
    display = ModuleType("IPython.display")  # no kernel is needed to run cells
    display.__dict__.update(display=shown.append, Markdown=str)
    parent = ModuleType("IPython")
    parent.__dict__.update(version_info=(8, 24), get_ipython=lambda: None)  # matplotlib asks
    monkeypatch.setitem(sys.modules, "IPython", parent)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    names: dict[str, Any] = {"__name__": "notebook"}
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    for cell in cells:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
    out = capsys.readouterr().out
    assert "Do multiply-adds decide" in out
    assert "14 of 14 rows" in out
    assert len(names["drawn"]) >= 7
    assert len(shown) >= len(names["drawn"]) + 4
