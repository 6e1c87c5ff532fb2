"""Optuna's own studies, with energy beside each trial and as an objective."""

from __future__ import annotations

from pathlib import Path

import pytest

optuna = pytest.importorskip("optuna")

from impact_tracker.hooks.optuna import EnergyLimit, EnergyObjective  # noqa: E402


@pytest.fixture(autouse=True)
def quiet() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def square(trial: optuna.Trial) -> float:
    x = trial.suggest_float("x", -1, 1)
    sum(i * i for i in range(20_000))
    if trial.number == 1:
        raise optuna.TrialPruned
    return float(x * x)


def test_each_trial_has_its_energy_also_a_pruned_one(tmp_path: Path) -> None:
    objective = EnergyObjective(square, tmp_path)
    study = optuna.create_study()
    study.optimize(objective, n_trials=3)
    result = objective.tracker.stop()
    energies = [trial.user_attrs["impact/energy_j"] for trial in study.trials]
    assert len(energies) == 3 and all(energy > 0 for energy in energies)
    qualities = {trial.user_attrs["impact/quality"] for trial in study.trials}
    assert qualities <= {"modelled", "estimated"}  # a trial shorter than a tick leans on the power before it
    assert result is not None and sum(energies) <= result.energy_j * (1 + 1e-9)


def test_energy_is_an_objective(tmp_path: Path) -> None:
    study = optuna.create_study(directions=["minimize", "minimize"])
    study.optimize(EnergyObjective(square, tmp_path, as_objective=True), n_trials=3)
    done = [trial for trial in study.trials if trial.state == optuna.trial.TrialState.COMPLETE]
    assert all(trial.values[1] == trial.user_attrs["impact/energy_j"] for trial in done) and len(done) == 2
    assert study.best_trials


def test_a_trial_whose_energy_is_not_known_is_no_zero(tmp_path: Path) -> None:
    study = optuna.create_study(directions=["minimize", "minimize"])
    with pytest.warns(UserWarning, match="was not measured"):
        study.optimize(EnergyObjective(square, tmp_path, as_objective=True, sources=["cpu_state"]), n_trials=1)
    assert study.trials[0].state == optuna.trial.TrialState.PRUNED


def test_a_study_ends_at_its_limit(tmp_path: Path) -> None:
    objective = EnergyObjective(square, tmp_path)
    study = optuna.create_study()
    study.optimize(objective, n_trials=50, callbacks=[EnergyLimit(objective, 1e-6)])
    assert len(study.trials) == 1
    with pytest.raises(ValueError, match="above 0 J"):
        EnergyLimit(objective, 0)
