"""What reaching a target costs, over the runs of a campaign of suite learning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ...values.statistics import Mean, mean_of
from ..plan.networks import NETWORKS
from ..row.rows import Row
from ..row.sums import total
from .cells import invalid_because
from .survival import Survival, survival, wilson


class Reached(NamedTuple):
    """One network and its target (None: it was trained for so many epochs). `training_j`, `whole_j` (evaluations too),
    `seconds` (of training) and `epochs` to it: None where no run knows them. `evaluation_j`: of a run's evaluations.
    `final`: the metric at the end, `best`: at its best. `share`: 95 % interval of the share of runs that reach it.
    `left_out`: runs that are in none of it, with the reason."""

    test: str
    model: str
    title: str
    metric: str
    target: float | None
    runs: int
    reached: int | None
    share: tuple[float, float] | None
    training_j: Survival | None
    whole_j: Survival | None
    seconds: Survival | None
    epochs: Survival | None
    evaluation_j: Mean | None
    final: Mean | None
    best: Mean | None
    left_out: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        fields = self._asdict()
        for name, value in fields.items():
            if isinstance(value, Survival):
                fields[name] = value.to_dict()
            elif isinstance(value, Mean):
                fields[name] = value._asdict()
        return fields


def targets_of(rows: Sequence[Row]) -> list[Reached]:
    """One a network, in the order of the suites' networks."""
    groups: dict[str, dict[str, dict[str, Row]]] = {}
    for row in rows:
        if row.get("target_metric") and row["phase"] in ("training", "evaluation"):
            groups.setdefault(row["test"], {}).setdefault(row["task"], {})[row["phase"]] = row
    places = {network.name: place for place, network in enumerate(NETWORKS)}
    order = sorted(groups, key=lambda test: (places.get(_first(groups[test])["model"], len(places)), test))
    return [_reached(groups[test]) for test in order]


def _first(runs: Mapping[str, Mapping[str, Row]]) -> Row:
    return next(iter(next(iter(runs.values())).values()))


def _why_not(run: Mapping[str, Row]) -> str | None:
    """Why a run says nothing of the target."""
    for phase in ("training", "evaluation"):
        if phase not in run:
            return f"no {phase}"
        reason = invalid_because(run[phase])
        if reason is not None:
            return reason
    return None


def _reached(runs: Mapping[str, Mapping[str, Row]]) -> Reached:
    reasons = {task: _why_not(run) for task, run in runs.items()}
    good = [run for task, run in runs.items() if reasons[task] is None]
    trained = [run["training"] for run in good]
    first = _first(runs)
    hits = [bool(row.get("reached")) for row in trained]
    towards = first.get("target") is not None

    def needed(values: Sequence[float | None]) -> Survival | None:
        known = [(value, hit) for value, hit in zip(values, hits) if value is not None]
        # A run whose energy is missing would bias the rest: it may be the one that took longest.
        if not known or len(known) < len(values):
            return None
        return survival([value for value, _ in known], [hit if towards else True for _, hit in known])

    def mean(name: str, phase: str = "training") -> Mean | None:
        values = [run[phase].get(name) for run in good]
        return mean_of([float(value) for value in values if value is not None])

    return Reached(
        test=first["test"],
        model=first["model"],
        title=first["title"],
        metric=first["target_metric"],
        target=first.get("target"),
        runs=len(good),
        reached=sum(hits) if towards else None,
        share=wilson(sum(hits), len(hits)) if towards and hits else None,
        training_j=needed([row.get("energy_j") for row in trained]),
        whole_j=needed([total(run[phase].get("energy_j") for phase in ("training", "evaluation")) for run in good]),
        seconds=needed([row.get("duration_s") for row in trained]),
        epochs=needed([row.get("epochs") for row in trained]),
        evaluation_j=mean("energy_j", "evaluation"),
        final=mean("final"),
        best=mean("best"),
        left_out={task: reason for task, reason in reasons.items() if reason is not None},
    )
