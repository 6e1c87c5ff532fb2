"""scikit-learn's own cross-validation and search, with energies as scores."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone, is_classifier
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from impact_tracker.hooks.sklearn import MeasuredEstimator, fit_energy_j, neg_fit_energy_j, predict_energy_j

X, Y = load_iris(return_X_y=True)


def test_cross_validation_scores_energy(tmp_path: Path) -> None:
    model = MeasuredEstimator(make_pipeline(StandardScaler(), LogisticRegression()), str(tmp_path))
    scoring = {"accuracy": "accuracy", "fit_j": fit_energy_j, "predict_j": predict_energy_j}
    scores = cross_validate(model, X, Y, cv=3, scoring=scoring)
    assert (scores["test_fit_j"] > 0).all() and (scores["test_predict_j"] > 0).all()
    assert (scores["test_accuracy"] > 0.9).all()
    plain = cross_validate(make_pipeline(StandardScaler(), LogisticRegression()), X, Y, cv=3)
    assert (plain["test_score"] == scores["test_accuracy"]).all()  # the folds are those of a classifier


def test_a_search_minimises_energy(tmp_path: Path) -> None:
    search = GridSearchCV(
        MeasuredEstimator(LogisticRegression(), str(tmp_path)),
        {"estimator__max_iter": [200, 400]},
        scoring={"energy": neg_fit_energy_j, "accuracy": "accuracy"},
        refit="energy",
        cv=2,
    ).fit(X, Y)
    assert search.best_score_ < 0
    assert search.best_estimator_.predict(X[:2]).shape == (2,)


def test_it_is_the_estimator_in_all_else(tmp_path: Path) -> None:
    model = MeasuredEstimator(LogisticRegression(max_iter=500), str(tmp_path))
    assert is_classifier(model) and clone(model).get_params()["estimator__max_iter"] == 500
    model.fit(X, Y)
    assert list(model.classes_) == [0, 1, 2]
    assert model.predict_proba(X[:1]).shape == (1, 3)
    assert model.score(X, Y) > 0.9
    assert not hasattr(MeasuredEstimator(StandardScaler()), "predict")


def test_a_folder_that_cannot_be_written_does_not_end_a_fit(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    model = MeasuredEstimator(LogisticRegression(max_iter=500), str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="not measured"):
        model.fit(X, Y)
    assert fit_energy_j(model, X) != fit_energy_j(model, X)  # NaN
