"""The live view's screen as text: every view, every size, against kept pictures of it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.live import tables
from impact_tracker.live.processes import ProcessUse
from impact_tracker.live.screen import ORDERS, PANES, ScreenState, answer_of, budget_lines, ranked, screen_lines
from impact_tracker.live.snapshot import LiveSnapshot, gpu_powers, processors_power
from python.top import views

KEPT = Path(__file__).parent / "screens"


def text_of(snapshot: LiveSnapshot, view: ScreenState, width: int, height: int) -> str:
    """The screen with each line's style before it."""
    lines = screen_lines(snapshot, view, width, height)
    return "".join(f"{line.style:8}|{line.text}|\n" for line in lines)


@pytest.mark.parametrize("size", [(120, 24), (40, 10)])
@pytest.mark.parametrize("name", sorted(views.EVERY))
def test_each_view_is_as_it_was_kept(name: str, size: tuple[int, int]) -> None:
    """IMPACT_KEEP_SCREENS=1 writes them anew, to be looked at."""
    width, height = size
    pictures = []
    for pane in PANES:
        pictures.append(f"{pane}\n{text_of(views.EVERY[name], ScreenState(pane=pane), width, height)}")
    picture, place = "\n".join(pictures), KEPT / f"{name}-{width}x{height}.txt"
    if os.environ.get("IMPACT_KEEP_SCREENS"):
        place.parent.mkdir(exist_ok=True)
        place.write_text(picture, encoding="utf-8")
    assert picture == place.read_text(encoding="utf-8")


@given(
    name=st.sampled_from(sorted(views.EVERY)), pane=st.sampled_from(PANES), order=st.sampled_from(ORDERS),
    words=st.sampled_from(["", "train", "zzz", "[red]"]), top=st.integers(-5, 500), width=st.integers(1, 200),
    height=st.integers(1, 60), typing=st.booleans(), many=st.integers(0, 300),
)  # fmt: skip
def test_any_terminal_gets_exactly_its_cells(
    name: str, pane: str, order: str, words: str, top: int, width: int, height: int, typing: bool, many: int
) -> None:
    snapshot = views.EVERY[name]
    more = tuple(ProcessUse(1000 + n, "\N{CJK UNIFIED IDEOGRAPH-4E2D}" * (n % 30), 0, n / 1000) for n in range(many))
    view = ScreenState(order=order, words=words, pane=pane, top=top, typing=typing)
    lines = screen_lines(replace(snapshot, processes=(*snapshot.processes, *more)), view, width, height)
    assert len(lines) == height
    from rich.cells import cell_len

    assert {cell_len(line.text) for line in lines} == {width}
    assert 0 <= view.top <= max(view.rows - 1, 0)


def test_scrolling_ends_at_the_last_row() -> None:
    view = ScreenState()
    uses = tuple(ProcessUse(number, "x", 0, 0.0) for number in range(1, 501))
    snapshot = replace(views.EMPTY, processes=uses)
    screen_lines(snapshot, view, 100, 30)
    view.scroll(10_000)
    lines = screen_lines(snapshot, view, 100, 30)
    assert any(line.text.split()[:1] == ["500"] for line in lines) and view.top == 500 - view.height


@pytest.mark.parametrize("order", ORDERS)
def test_an_order_has_every_process_once(order: str) -> None:
    assert sorted(use.pid for use in ranked(views.USES, order, "")) == [10, 20, 30, 40]
    assert [use.pid for use in ranked(views.USES, order, "TRAIN")] == [30]
    assert [use.pid for use in ranked(views.USES, order, "slurm 77")] == [30]


def test_by_gpu_those_on_one_come_first() -> None:
    assert [use.pid for use in ranked(views.USES, "gpu", "")] == [30, 40, 10, 20]


def test_unknown_powers() -> None:
    assert answer_of(views.EMPTY) == "this machine: power not measured, not measured in 10.0 s, missing"
    assert answer_of(replace(views.ENDED, watts=None)).startswith(
        "a.jsonl (ended): power not known now, 3.00 kJ ± 0.03 kJ in"
    )
    assert answer_of(views.MODELLED).startswith("this machine: ≈ 40.0 W, ≈ 400 J ± 200 J in 10.0 s, modelled")
    package = views.MACHINE.devices[0]
    assert processors_power([package, replace(package, watts=None)]).watts is None  # half of two is not the machine's
    assert processors_power([replace(package, in_total=False)]).watts is None
    assert processors_power([package, package]).watts == 200.0
    assert processors_power([package, replace(package, quality="modelled")]).quality == "modelled"
    gpu = views.MACHINE.devices[2]
    assert {name: power.watts for name, power in gpu_powers(views.MACHINE.devices).items()} == {"gpu:GPU-8f": 310.0}
    assert gpu_powers([gpu, replace(gpu, watts=None)])["gpu:GPU-8f"].watts is None


def test_what_is_not_measured_is_marked_and_never_0() -> None:
    assert tables.watts_text(None) == "–" and tables.watts_text(0.0) == "0 W"
    assert tables.watts_text(5.0, "modelled") == "≈ 5.00 W"
    assert tables.watts_text(5.0, "estimated", True) == "≥ ≈ 5.00 W"
    assert set(tables.bar(5.0, 10.0, "measured")) == {"▇"} and set(tables.bar(5.0, 10.0, "modelled")) == {"▒"}
    assert tables.bar(None, 10.0, "measured") == "" == tables.bar(5.0, 0.0, "measured")
    text = text_of(views.EMPTY, ScreenState(), 100, 20)
    assert "doctor" in text and " 0 W" not in text


@given(st.text(max_size=50), st.integers(1, 60), st.booleans())
def test_a_text_is_fitted_into_its_cells(text: str, width: int, right: bool) -> None:
    from rich.cells import cell_len

    from impact_tracker.live.processes import shown

    fitted = tables.fitted(shown(text), width, right)
    assert cell_len(fitted) == width


def test_a_forecast_without_an_interval_gets_no_verdict() -> None:
    budget = views.RUNNING.budget
    assert budget is not None and budget.forecast_j is not None
    for forecast_j in (0.1 * budget.limit_j, budget.limit_j, 10 * budget.limit_j):
        _, line = budget_lines(replace(budget, forecast_j=forecast_j, forecast_half_j=None))
        assert "its interval is not known yet" in line.text
        assert "within" not in line.text and "may pass" not in line.text
        assert line.style == "note"
    _, line = budget_lines(replace(budget, forecast_j=0.1 * budget.limit_j, forecast_half_j=1.0))
    assert line.text.endswith("within the budget")
