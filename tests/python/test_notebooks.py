"""The notebooks run from top to bottom in a kernel, show the figures that they draw, and hold no old output."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
# benchmark.ipynb reads a campaign: tests/python/bench/test_notebook.py makes one for it.
NOTEBOOKS = sorted(path for path in (ROOT / "notebooks").glob("*.ipynb") if path.stem != "benchmark")


def code_of(path: Path) -> list[dict[str, Any]]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def figures_of(path: Path) -> int:
    return sum("plt.subplots" in "".join(cell["source"]) for cell in code_of(path))


def test_there_are_notebooks() -> None:
    assert {path.stem for path in NOTEBOOKS} >= {"bloom", "stable_diffusion", "trends"}


@pytest.mark.filterwarnings("ignore")  # the kernel's own, of sockets and event loops
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(core: ModuleType, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    pytest.importorskip("matplotlib")
    assert code_of(path) and all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code_of(path))
    for name in ("MPLCONFIGDIR", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.delenv("MPLBACKEND", raising=False)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(p for p in sys.path if p))
    book = nbformat.read(str(path), as_version=4)
    client = nbclient.NotebookClient(
        book, timeout=200, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    asyncio.run(client.async_execute())
    outputs = [output for cell in book.cells for output in cell.get("outputs", ())]
    assert not [output for output in outputs if output["output_type"] == "error"]
    assert any(output["output_type"] == "stream" for output in outputs)
    drawn = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(drawn) == figures_of(path)
    keep = os.environ.get("IMPACT_NOTEBOOKS")  # to look at: the executed notebooks go there
    if keep:
        nbformat.write(book, str(Path(keep) / path.name))
