"""The regions of a training, whatever a framework calls and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impact_tracker import ImpactTracker, read_record
from impact_tracker.hooks import TrainingTracker, metrics_of
from impact_tracker.hooks.training import words_of


def test_regions_nest_as_they_are_called(tmp_path: Path) -> None:
    training = TrainingTracker(tmp_path)
    training.begin()
    training.enter("fit")
    training.enter("epoch")
    assert training.leave("epoch") is not None
    assert training.leave("epoch") is None
    training.enter("epoch")
    assert training.leave("fit") is not None  # closes the epoch that was left open
    result = training.end()
    assert result is not None
    assert [region.name for region in read_record(tmp_path).regions] == ["epoch", "epoch", "fit"]


events = st.lists(st.tuples(st.sampled_from(["begin", "enter", "leave", "end"]), st.sampled_from("abc")), max_size=12)


@settings(max_examples=30, deadline=None)
@given(events=events)
def test_no_order_of_events_raises_or_leaves_a_region_open(
    events: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    training = TrainingTracker(tmp_path_factory.mktemp("run"), sources=["ram_model"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("impact_tracker.core_guard.complain", lambda *_: None)
        for event, name in events:
            getattr(training, event)(*([name] if event in ("enter", "leave") else []))
        training.end()
    assert not training._open and not training.tracker.running


def test_a_tracker_that_runs_already_goes_on(tmp_path: Path) -> None:
    with ImpactTracker(tmp_path) as tracker:
        training = TrainingTracker(tracker=tracker)
        training.begin()
        training.enter("fit")
        training.end()
        assert tracker.running
    with pytest.raises(TypeError, match="not both"):
        TrainingTracker(tmp_path, tracker=tracker)


def test_what_was_not_measured_is_no_metric(tmp_path: Path) -> None:
    with ImpactTracker(tmp_path, sources=["cpu_state"]) as tracker:
        pass
    metrics = metrics_of(tracker.result)
    assert "impact/energy_j" not in metrics and 0 not in metrics.values()
    assert words_of(tracker.result) == {"impact/quality": "missing"}
    assert metrics_of(None) == {}
    with ImpactTracker(tmp_path, sources=["ram_model"]) as tracker:
        pass
    assert metrics_of(tracker.result, "x_")["x_energy_j"] == tracker.energy_j
    assert words_of(tracker.result)["impact/quality"] == "modelled"
