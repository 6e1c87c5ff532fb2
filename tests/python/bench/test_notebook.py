"""The notebook's cells run on a campaign: in a kernel, and where there is none one after another."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from impact_tracker.bench import Settings
from impact_tracker.bench.show.view import read
from python.bench.flat import append, flat
from python.bench.made import campaign

pytest.importorskip("scipy.stats")
pytest.importorskip("matplotlib")

NOTEBOOK = Path(__file__).parents[3] / "notebooks" / "benchmark.ipynb"
MODELS = ("mobilenet-v2", "inception-v3", "resnet-v2-50", "vgg-16")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    campaign(tmp_path / "a", Settings(suite="ai-benchmark", mode="work", repeats=2, models=MODELS))
    monkeypatch.setenv("IMPACT_TRACKER_CAMPAIGN", str(tmp_path / "a"))
    return tmp_path / "a"


def cells_run(monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], list[Any]]:
    """The names that the cells leave, and what they show."""
    shown: list[Any] = []
    display = ModuleType("IPython.display")  # no kernel is needed to run cells
    display.__dict__.update(display=shown.append, Markdown=str, Image=bytes)
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
    return names, shown


def test_every_cell_runs(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    names, shown = cells_run(monkeypatch)
    out = capsys.readouterr().out
    assert "Do multiply-adds decide" in out
    assert "14 of 14 rows" in out
    assert len(names["drawn"]) >= 7
    assert len(shown) >= len(names["drawn"]) + 4


def test_a_campaign_whose_runs_are_all_invalid_is_shown_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    view = read(folder)
    with view.storage as storage:
        for row in flat(view):
            append(storage, {**row, "attempt": 2, "invalid": ["other programs ran beside it"]})
    names, _ = cells_run(monkeypatch)
    assert names["drawn"] == {}
    assert "No run counts" in capsys.readouterr().out


# Jupyter's own packages warn of themselves; a kernel asks for its home.
@pytest.mark.filterwarnings("ignore")
def test_a_kernel_runs_it(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR", "MPLCONFIGDIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    monkeypatch.setenv("JUPYTER_PATH", str(Path(sys.prefix) / "share" / "jupyter"))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(
        notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": folder}}
    ).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    text = "".join(output.get("text", "") for output in outputs)
    assert "Do multiply-adds decide" in text
    assert "14 of 14 rows" in text
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    tables = [output for output in outputs if "text/markdown" in output.get("data", {})]
    assert len(pictures) >= 7
    assert len(tables) >= 6
