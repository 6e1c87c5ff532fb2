"""The tracker in the frameworks that people train with: one line each. A module here is imported by its user alone.

`lightning`, `transformers`, `accelerate`, `keras`: callbacks. `mlflow`, `wandb`: a run's energy beside its metrics.
`optuna`, `sklearn`: energy as an objective and as a score. `pytest_plugin`: energy of tests. `ipython`: `%%impact`.
None of them may harm a training: what goes wrong while it runs is a warning, once.
"""

from __future__ import annotations

from .training import TrainingTracker, metrics_of

__all__ = ["TrainingTracker", "metrics_of"]
