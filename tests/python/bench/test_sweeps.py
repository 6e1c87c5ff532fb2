"""Sweeps: every value of an axis with every other's, each a test of its own, kept and read again."""

from __future__ import annotations

import json
from itertools import product
from math import prod
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.bench import Settings
from impact_tracker.bench.plan.axes import Axes, SweepPoint
from impact_tracker.bench.plan.networks import BY_NAME, title_of
from impact_tracker.bench.plan.suites import models_of
from impact_tracker.bench.plan.suites import tests_of as suite_tests
from impact_tracker.bench.plan.task import plan
from impact_tracker.bench.row.log import mark_of
from impact_tracker.cli.bench.how import sizes, varied, wholes, words

COUNTS = st.integers(1, 512)
VALUES = {
    "batch": COUNTS,
    "size": st.tuples(st.integers(16, 512)),
    "classes": st.integers(2, 2000),
    "threads": st.integers(1, 64),
    "precision": st.sampled_from(["fp32", "bf16", "tf32"]),
    "layout": st.sampled_from(["nchw", "channels_last"]),
}


@st.composite
def swept(draw: st.DrawFn) -> Settings:
    """Settings of a suite of pictures with up to three axes."""
    suite = draw(st.sampled_from(["fashion-mnist", "ai-benchmark"]))
    names = draw(st.lists(st.sampled_from(sorted(VALUES)), unique=True, min_size=1, max_size=3))
    axes = {name: tuple(draw(st.lists(VALUES[name], unique=True, min_size=2, max_size=3))) for name in names}
    classifiers = [model for model in models_of(suite) if BY_NAME[model].task == "classification"]
    models = tuple(draw(st.lists(st.sampled_from(classifiers), unique=True, min_size=1, max_size=3)))
    return Settings(suite=suite, models=models, axes=Axes.from_dict(axes))


@given(swept())
def test_the_plan_is_the_cross_product(settings: Settings) -> None:
    tests = suite_tests(settings)
    single = suite_tests(Settings(suite=settings.suite, models=settings.models))
    axes = settings.axes.values
    assert len(tests) == len(single) * prod(map(len, axes.values()))
    assert len({test.name for test in tests}) == len(tests)
    of_one = [test.point for test in tests if test.name.partition("@")[0] == single[0].name]
    assert [tuple(point.values[name] for name in axes) for point in of_one] == list(product(*axes.values()))
    for test in tests:
        values = test.point.values
        assert set(values) == set(axes)
        assert values.get("batch", test.load["batch"]) == test.load["batch"]
        assert "size" not in values or set(test.load["size"]) == set(values["size"])  # type: ignore[arg-type]
        assert "classes" not in values or test.load["classes"] == values["classes"]


@given(swept())
def test_settings_with_axes_come_back_from_the_file(settings: Settings) -> None:
    kept = Settings.from_dict(json.loads(json.dumps(settings.to_dict())))
    assert kept == settings
    assert mark_of(kept) == mark_of(settings)
    assert mark_of(settings) != mark_of(settings.at(settings.axes.points()[0]))


def test_a_campaign_of_before_keeps_its_mark() -> None:
    assert mark_of(Settings()) == mark_of(Settings.from_dict({"suite": "fashion-mnist"}))
    assert Settings.from_dict({"batch": 4}).to_dict()["axes"] == {}


def test_rounds_hold_every_point_and_a_resume_finds_the_same_tasks() -> None:
    settings = Settings(models=("small-cnn",), repeats=3, axes=Axes(batch=(1, 4), threads=(1, 2)))
    tasks = plan(settings, suite_tests(settings))
    assert len(tasks) == 12
    assert {task.repeat for task in tasks[:4]} == {1}
    assert [task.id for task in tasks] == [task.id for task in plan(settings, suite_tests(settings))]
    assert "small-cnn@batch=4,threads=2.r2" in {task.id for task in tasks}


def test_text_takes_contexts_and_pictures_take_sides() -> None:
    settings = Settings(suite="modern", phase="inference", axes=Axes(size=((64,), (96,)), context=(32, 64)))
    for test in suite_tests(settings):
        reads_text = BY_NAME[test.model].task == "text"
        assert set(test.point.values) == ({"context"} if reads_text else {"size"})
        assert test.load["size"][0] == (test.point.context if reads_text else (test.point.size or (0,))[0])
        assert test.gmac is None or set(test.load["size"]) == {64}  # the suite states it for its own size alone


def test_steps_of_a_sequence_are_its_context_and_its_features_stay() -> None:
    (test,) = suite_tests(Settings(suite="ai-benchmark", models=("lstm-sentiment",), phase="inference", context=128))
    assert test.load["size"] == [128, 300]


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"suite": "modern", "models": ("bert-base",), "size": (64,)}, "--context"),
        ({"suite": "modern", "models": ("vit-b16",), "context": 64}, "--size"),
        ({"suite": "modern", "models": ("bert-base", "ddpm"), "classes": 10}, "classifier"),
        ({"suite": "ai-benchmark", "mode": "paper", "size": (64,)}, "other modes"),
        ({"suite": "ai-benchmark", "models": ("u-net",), "size": (64, 64, 64)}, "2 sides"),
    ],
)
def test_what_no_network_takes_is_refused_with_the_remedy(settings: dict[str, object], remedy: str) -> None:
    with pytest.raises(ValueError, match=remedy):
        suite_tests(Settings.from_dict(settings))


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"batch": 4, "axes": {"batch": [1, 4]}}, "not both"),
        ({"axes": {"batch": [1]}}, "two values"),
        ({"axes": {"batch": [4, 4]}}, "once"),
        ({"axes": {"batch": [0, 4]}}, "1 or more"),
        ({"axes": {"size": [[4], [0]]}}, "1 or more"),
        ({"axes": {"voltage": [1, 4]}}, "axes that this version does not know"),
    ],
)
def test_axes_that_make_no_sense_are_refused(settings: dict[str, object], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Settings.from_dict(settings)


def test_options_with_several_values_are_axes() -> None:
    given = {"batch": wholes("1,4,16"), "size": sizes("224x320"), "precision": words("fp32, bf16"), "repeats": 2}
    settings = Settings.from_dict(varied(given))
    assert settings.size == (224, 320)
    assert settings.axes == Axes(batch=(1, 4, 16), precision=("fp32", "bf16"))
    assert settings.at(SweepPoint(batch=4, precision="bf16")).batch == 4


def test_a_title_names_the_point() -> None:
    assert title_of("srcnn", "srcnn/inference-a@batch=4,size=64x96") == "SRCNN 9-5-5 (a), batch 4, size 64x96"


def test_heads_on_clothes_have_ten_classes_beside_the_published_ones(tmp_path: Path) -> None:
    """The multiply-adds and parameters of the published heads are known; a class less is a row of the head less."""
    tests = suite_tests(Settings(models=("mobilenet-v2",), axes=Axes(classes=(10, 1001))))
    assert [test.load["classes"] for test in tests] == [10, 1001]
    assert [round((test.gmac or 0) * 1e9) for test in tests] == [6_124_928, 7_393_408]
    (usual,) = suite_tests(Settings(models=("mobilenet-v2",)))
    assert usual.load["classes"] == 10
    published = suite_tests(Settings(suite="ai-benchmark", models=("mobilenet-v2",)))
    assert all("classes" not in test.load for test in published)
