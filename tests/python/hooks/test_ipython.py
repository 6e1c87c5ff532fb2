"""The magic and the indicator in a real IPython shell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("IPython")

from IPython.core.interactiveshell import InteractiveShell

from impact_tracker import read_record
from impact_tracker.hooks import ipython as magics


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    shown: list[object] = []
    monkeypatch.setattr(magics, "display", shown.append)
    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False
    shell.user_ns["shown"] = shown
    shell.extension_manager.load_extension("impact_tracker")
    yield shell
    shell.run_line_magic("impact", "--stop")
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()


def test_a_cell_is_a_region_and_its_names_stay(shell: InteractiveShell, tmp_path: Path) -> None:
    shell.run_cell_magic("impact", "-o runs -n squares -s cost", "total = sum(i * i for i in range(10**5))")
    assert shell.user_ns["total"] == 333328333350000
    assert shell.user_ns["cost"].energy_j > 0
    assert shell.user_ns["shown"] == [shell.user_ns["cost"]]
    shell.run_cell_magic("impact", "-q", "more = 1")
    notebook = shell.run_line_magic("impact", "--stop")
    assert notebook.energy_j >= shell.user_ns["cost"].energy_j
    record = read_record(tmp_path / "runs")
    assert [region.name for region in record.regions] == ["squares", "cell"]


def test_a_statement_behind_it_is_measured(shell: InteractiveShell) -> None:
    shell.run_line_magic("impact", "-q x = {'a': \"b c\"}")
    assert shell.user_ns["x"] == {"a": "b c"}
    assert shell.run_line_magic("impact", "").energy_j > 0


def test_an_error_in_a_cell_is_the_cells(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run_cell_magic("impact", "", "1 / 0")
    assert "ZeroDivisionError" in capsys.readouterr().out
    assert len(shell.user_ns["shown"]) == 1  # what it used until then


def test_a_wrong_word_is_told_and_ends_no_kernel(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="%impact --help"):
        shell.run_line_magic("impact", "--zone")
    assert shell.run_line_magic("impact", "--help") is None
    assert "usage: %%impact" in capsys.readouterr().out


def test_the_indicator_follows_the_tracker(shell: InteractiveShell) -> None:
    pytest.importorskip("ipywidgets")
    from impact_tracker import ImpactTracker
    from impact_tracker.hooks.indicator import EnergyIndicator, line_of

    with ImpactTracker("runs") as tracker:
        indicator = EnergyIndicator(tracker, period_s=0.01)
        assert " W · " in indicator.widget.value and "J ± " in indicator.widget.value
        indicator.close()
    earlier = SimpleNamespace(energy_j=10.0, duration_s=1.0)
    later = SimpleNamespace(
        energy_j=40.0, duration_s=3.0, power_w=13.3, quality="measured", energy=SimpleNamespace(error_j=1.0)
    )
    assert line_of(later, earlier).startswith("15.0 W · 40.0 J ± 1.0 J")  # type: ignore[arg-type]
    assert line_of(None, None) == "energy not measured"
