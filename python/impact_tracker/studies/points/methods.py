"""The methods of scikit-learn that studies train, and what can be counted of each."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from .data import DataSet, sklearn
from .point import StudyPoint

if TYPE_CHECKING:
    from numpy import ndarray

SMALL_WIDTH, SMALL_DEPTH = 128, 1  # of a perceptron, where nobody says more


class Estimator(Protocol):
    """What scikit-learn calls an estimator."""

    def fit(self, x: ndarray, y: ndarray) -> Estimator: ...

    def predict(self, x: ndarray) -> ndarray: ...


Build = Callable[[StudyPoint, DataSet, int], Estimator]


@dataclass(frozen=True)
class LearningMethod:
    """`is_network`: whether it belongs to the deep side of a comparison; `tasks`: what it can learn."""

    name: str
    title: str
    build: Build
    is_network: bool = False
    tasks: tuple[str, ...] = ("classification", "segmentation")


def _is_numbers(data: DataSet) -> bool:
    return data.task == "super-resolution"


def _logistic(point: StudyPoint, data: DataSet, seed: int) -> Estimator:
    model: Estimator = sklearn("linear_model").LogisticRegression(max_iter=200, tol=1e-3, random_state=seed)
    return model


def _ridge(point: StudyPoint, data: DataSet, seed: int) -> Estimator:
    model: Estimator = sklearn("linear_model").Ridge(alpha=1e-3)
    return model


def _linear_svm(point: StudyPoint, data: DataSet, seed: int) -> Estimator:
    model: Estimator = sklearn("svm").LinearSVC(C=0.05, max_iter=500, tol=1e-3, random_state=seed)
    return model


def _kernel_svm(point: StudyPoint, data: DataSet, seed: int) -> Estimator:
    model: Estimator = sklearn("svm").SVC(C=5.0, gamma="scale", cache_size=500, random_state=seed)
    return model


def _k_nn(point: StudyPoint, data: DataSet, seed: int) -> Estimator:
    neighbors = sklearn("neighbors")
    kind = neighbors.KNeighborsRegressor if _is_numbers(data) else neighbors.KNeighborsClassifier
    model: Estimator = kind(n_neighbors=5, n_jobs=point.threads)
    return model


def _forest(point: StudyPoint, data: DataSet, seed: int) -> Estimator:
    ensemble = sklearn("ensemble")
    kind = ensemble.RandomForestRegressor if _is_numbers(data) else ensemble.RandomForestClassifier
    least = 5 if _is_numbers(data) else 1
    model: Estimator = kind(n_estimators=100, min_samples_leaf=least, n_jobs=point.threads or -1, random_state=seed)
    return model


def _boosting(point: StudyPoint, data: DataSet, seed: int) -> Estimator:
    model: Estimator = sklearn("ensemble").HistGradientBoostingClassifier(
        max_iter=50, early_stopping=False, random_state=seed
    )
    return model


def _perceptron(point: StudyPoint, data: DataSet, seed: int) -> Estimator:
    network = sklearn("neural_network")
    kind = network.MLPRegressor if _is_numbers(data) else network.MLPClassifier
    layers = (point.width or SMALL_WIDTH,) * (point.depth or SMALL_DEPTH)
    model: Estimator = kind(
        hidden_layer_sizes=layers,
        batch_size=point.batch or "auto",
        max_iter=point.epochs,
        n_iter_no_change=1000,
        random_state=seed,
    )
    return model


METHODS = {
    method.name: method
    for method in (
        LearningMethod("logistic-regression", "logistic regression", _logistic),
        LearningMethod("ridge", "ridge regression", _ridge, tasks=("super-resolution",)),
        LearningMethod("linear-svm", "linear SVM", _linear_svm),
        LearningMethod("kernel-svm", "kernel SVM (RBF)", _kernel_svm),
        LearningMethod(
            "k-nn", "5 nearest neighbours", _k_nn, tasks=("classification", "segmentation", "super-resolution")
        ),
        LearningMethod(
            "random-forest", "random forest", _forest, tasks=("classification", "segmentation", "super-resolution")
        ),
        LearningMethod("hist-boosting", "histogram boosting", _boosting),
        LearningMethod(
            "mlp",
            "perceptron",
            _perceptron,
            is_network=True,
            tasks=("classification", "segmentation", "super-resolution"),
        ),
    )
}


def size_in_bytes(model: Estimator) -> int:
    """Bytes of the trained model as it would be stored."""
    return len(pickle.dumps(model, protocol=pickle.HIGHEST_PROTOCOL))


def parameters_of(model: object) -> int | None:
    """Numbers that training found and prediction uses: weights, support vectors with their weights, thresholds and
    leaves of trees, kept examples. `None` where a method is none of these."""
    learnt = vars(model)
    if "coefs_" in learnt:
        return int(sum(part.size for part in (*learnt["coefs_"], *learnt["intercepts_"])))
    if "support_vectors_" in learnt:
        return int(learnt["support_vectors_"].size + learnt["dual_coef_"].size)
    if "coef_" in learnt:
        return int(learnt["coef_"].size + getattr(learnt.get("intercept_"), "size", 1))
    if "_fit_X" in learnt:
        return int(learnt["_fit_X"].size)
    if "estimators_" in learnt:
        trees = [tree.tree_ for tree in learnt["estimators_"]]
        return sum(int(2 * (tree.node_count - tree.n_leaves) + tree.n_leaves * tree.value[0].size) for tree in trees)
    if "_predictors" in learnt:
        nodes = [len(tree.nodes) for trees in learnt["_predictors"] for tree in trees]
        return sum(2 * (count // 2) + (count - count // 2) for count in nodes)
    return None


def macs_of(model: object) -> float | None:
    """Multiply-adds of one prediction, where a method consists of products; `None` of trees, which compare."""
    learnt = vars(model)
    if "coefs_" in learnt:
        return float(sum(part.size for part in learnt["coefs_"]))
    if "support_vectors_" in learnt:
        return float(learnt["support_vectors_"].size + learnt["dual_coef_"].size)
    products = learnt.get("coef_", learnt.get("_fit_X"))
    return None if products is None else float(products.size)


def training_macs_of(model: object, examples: int) -> float | None:
    """Multiply-adds of the training, where they can be counted: for each pass over the examples three times those of a
    prediction in a perceptron (forward, and backward to weights and inputs), twice in a linear model that is fitted by
    passes; none where examples are only kept. `None` of the others."""
    learnt = vars(model)
    if "_fit_X" in learnt:
        return 0.0
    macs, passes = macs_of(model), learnt.get("n_iter_")
    if macs is None or passes is None or "support_vectors_" in learnt:
        return None
    each = 3.0 if "coefs_" in learnt else 2.0
    return each * macs * examples * float(max(passes) if hasattr(passes, "__len__") else passes)
