"""The published study's tables and its ten raw runs, as numbers (data/paper.json names the sources)."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

CLASSIFIERS = (
    "mobilenet-v2",
    "inception-v3",
    "inception-v4",
    "inception-resnet-v2",
    "resnet-v2-50",
    "resnet-v2-152",
    "vgg-16",
)


class Printed(NamedTuple):
    """A row of Table 2 or 3 has an energy in 10⁻³ kWh, carbon in 10⁻⁴ kgCO2e, and seconds."""

    energy: float
    carbon: float
    seconds: float


class Published(NamedTuple):
    """`runs_kwh`: energies of the ten runs by sub-test, PUE in them; `seconds_of_one_run`: what one file holds."""

    paper: str
    runs: str
    node: str
    pue: float
    intensity_g_per_kwh: float
    intensity_in_text_g_per_kwh: float
    parameters_m: dict[str, float]
    inference: dict[str, Printed]
    training: dict[str, Printed]
    runs_kwh: dict[str, list[float]]
    seconds_of_one_run: dict[str, float]

    def printed(self, phase: str) -> dict[str, Printed]:
        """The rows of Table 2 (inference) or 3 (training) by network."""
        return self.inference if phase == "inference" else self.training


@lru_cache(maxsize=1)
def published() -> Published:
    """The published numbers; their file is read once."""
    document = json.loads((Path(__file__).with_name("data") / "paper.json").read_text(encoding="utf-8"))
    source = document["source"]
    return Published(
        paper=source["paper"],
        runs=source["runs"],
        node=source["node"],
        pue=source["pue"],
        intensity_g_per_kwh=source["intensity_g_per_kwh"],
        intensity_in_text_g_per_kwh=source["intensity_in_text_g_per_kwh"],
        parameters_m=document["table1_parameters_m"],
        inference={model: Printed(*row) for model, row in document["table2_inference"].items()},
        training={model: Printed(*row) for model, row in document["table3_training"].items()},
        runs_kwh=document["runs_kwh"],
        seconds_of_one_run=document["seconds_of_one_run"],
    )
