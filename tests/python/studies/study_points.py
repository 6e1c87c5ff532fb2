"""Points that the tests of all studies ask about."""

from __future__ import annotations

from impact_tracker.studies.points.point import StudyPoint

POINTS = {
    "data-size": [StudyPoint("small-cnn", "digits", n) for n in (200, 400, 800, 1600)],
    "machine": [StudyPoint("small-cnn", "digits", 800, batch=b, threads=2, precision="fp32") for b in (64, 16, 256)],
    "curve": [StudyPoint(model, "digits", 800, 2, 5) for model in ("small-cnn", "mlp")],
    "size": [StudyPoint("mlp", "digits", 800, width=w, depth=1) for w in (16, 64, 256, 512)],
    "ladder": [StudyPoint(m, "digits", 800, budget_j=b) for m in ("small-cnn", "mobilenet-v2") for b in (50.0, 100.0)],
    "shallow": [StudyPoint(m, "digits", 800, budget_j=50.0) for m in ("small-cnn", "k-nn", "random-forest")],
    "target": [StudyPoint(m, "digits", 800, 2, target=0.5) for m in ("small-cnn", "k-nn")],
}
