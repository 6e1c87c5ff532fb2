"""scikit-learn: an estimator whose `fit` and `predict` are measured, and scorers of their energy for
`cross_validate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import complain
from ..tracker import ImpactTracker

try:
    from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
    from sklearn.utils.metaestimators import available_if
except ImportError:
    raise ImportError("this needs scikit-learn: pip install scikit-learn") from None

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..result import Result

_trackers: dict[str, ImpactTracker] = {}  # by logdir: those of this process


def _tracker(logdir: str) -> ImpactTracker:
    """The one tracker of a folder in this process, running."""
    tracker = _trackers.get(logdir)
    if tracker is None or not tracker.running:
        tracker = _trackers[logdir] = ImpactTracker(logdir).start()
    return tracker


def _has(name: str) -> Callable[[MeasuredEstimator], bool]:
    def check(self: MeasuredEstimator) -> bool:
        getattr(self.estimator_ if hasattr(self, "estimator_") else self.estimator, name)
        return True

    return check


class MeasuredEstimator(MetaEstimatorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """An estimator in a coat: `cross_validate(MeasuredEstimator(SVC()), X, y, scoring={"fit_j": fit_energy_j, …})`.

    `fit_result_`, `predict_result_`: what the last call used, None where nothing was recorded. Everything else is the
    estimator's own. With `n_jobs` calls overlap on the machine, and each sees the machine's energy: use
    `n_jobs=1` where energies are compared.
    """

    def __init__(self, estimator: object, logdir: str = "impact") -> None:
        self.estimator = estimator
        self.logdir = logdir

    def _measured(self, name: str, call: Callable[[], object]) -> tuple[object, Result | None]:
        region = None
        try:
            region = _tracker(self.logdir).region(f"{name} {type(self.estimator).__name__}")
        except (OSError, ValueError) as error:
            complain(f"not measured: {error}")
        if region is None:
            return call(), None
        with region:
            answer = call()
        return answer, region.result

    def fit(self, X: object, y: object = None, **parameters: object) -> MeasuredEstimator:  # noqa: N803
        """Fit a clone of the estimator, measured."""
        self.estimator_ = clone(self.estimator)
        _, self.fit_result_ = self._measured("fit", lambda: self.estimator_.fit(X, y, **parameters))
        self.predict_result_: Result | None = None
        return self

    @available_if(_has("predict"))  # type: ignore[untyped-decorator,unused-ignore]
    def predict(self, X: object) -> object:  # noqa: N803
        """What the fitted estimator answers; the answering is measured."""
        answer, self.predict_result_ = self._measured("predict", lambda: self.estimator_.predict(X))
        return answer

    @available_if(_has("predict_proba"))  # type: ignore[untyped-decorator,unused-ignore]
    def predict_proba(self, X: object) -> object:  # noqa: N803
        """What the fitted estimator answers; the answering is measured."""
        answer, self.predict_result_ = self._measured("predict", lambda: self.estimator_.predict_proba(X))
        return answer

    @available_if(_has("score"))  # type: ignore[untyped-decorator,unused-ignore]
    def score(self, X: object, y: object = None) -> float:  # noqa: N803
        """As the estimator's."""
        return float(self.estimator_.score(X, y))

    @property
    def classes_(self) -> object:
        """Of a classifier that was fitted."""
        return self.estimator_.classes_

    def __sklearn_tags__(self) -> object:
        from sklearn.utils import get_tags

        return get_tags(self.estimator)


def _joules(result: Result | None) -> float:
    return float("nan") if result is None or result.energy_j is None else result.energy_j


def fit_energy_j(estimator: MeasuredEstimator, X: object, y: object = None) -> float:  # noqa: N803
    """A scorer: joules of the machine during the fit; NaN where they were not measured. Lower is better: a search that
    maximises takes `neg_fit_energy_j`."""
    return _joules(estimator.fit_result_)


def neg_fit_energy_j(estimator: MeasuredEstimator, X: object, y: object = None) -> float:  # noqa: N803
    """A scorer for searches, which maximise."""
    return -fit_energy_j(estimator, X, y)


def predict_energy_j(estimator: MeasuredEstimator, X: object, y: object = None) -> float:  # noqa: N803
    """A scorer: joules of the machine while the estimator predicts X; NaN where they were not measured."""
    estimator.predict(X)
    return _joules(estimator.predict_result_)
