"""How fast the simulator of paradigms is: a million scenarios, and Sobol's indices over twelve parameters.

python benchmarks/paradigm_sweep.py
"""

from __future__ import annotations

import tempfile
import time
from importlib.resources import files
from pathlib import Path

import numpy as np

from impact_tracker.factors import Factor
from impact_tracker.studies.paradigms.scenario import PARAMETERS, ParameterPlace, TrainingScenario
from impact_tracker.studies.paradigms.scenario_file import read_scenario
from impact_tracker.studies.paradigms.sensitivity import sobol
from impact_tracker.studies.paradigms.simulation import PARADIGMS, swept

TWELVE = (
    "rounds_centralised rounds_federated skew batches model_bits centre_pue centre_flop_per_j "
    "flop_per_j local_batches data_bits uplink_bit_per_j downlink_bit_per_j"
)


def place(name: str) -> ParameterPlace:
    return ParameterPlace(name, 0 if PARAMETERS[name].of_group else None)


def with_twelve_ranges(scenario: TrainingScenario) -> TrainingScenario:
    """The scenario in which twelve parameters, and no others, have a range."""
    for other in scenario.ranged():
        factor = scenario.value(other)
        scenario = scenario.changed(other, Factor.stated(factor.value, factor.unit, factor.name))
    for name in TWELVE.split():
        factor = scenario.value(place(name))
        low = max(factor.value / 2, PARAMETERS[name].low)
        scenario = scenario.changed(place(name), Factor(factor.value, factor.unit, low, factor.value * 2, "range"))
    return scenario


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scenario.yaml"
        file.write_text(files("impact_tracker.studies.paradigms").joinpath("example.yaml").read_text())
        scenario = with_twelve_ranges(read_scenario(file))
    places = [place(name) for name in TWELVE.split()]
    values = np.array([scenario.value(p).value for p in places]) * np.linspace(1, 1.5, 1_000_000)[:, None]
    begin = time.perf_counter()
    swept(scenario, places, np.ascontiguousarray(values), "energy_j")
    seconds = time.perf_counter() - begin
    print(f"1,000,000 scenarios of {len(PARADIGMS)} paradigms, 12 parameters swept: {seconds:.2f} s, one thread")
    import SALib.analyze.sobol  # so that what is timed is the computation
    import SALib.sample.sobol  # noqa: F401

    begin = time.perf_counter()
    indices = sobol(scenario, "federated", "energy_j", against="centralised", draws=100_000)
    seconds = time.perf_counter() - begin
    print(f"Sobol's indices of {len(indices)} parameters from 114,688 scenarios: {seconds:.2f} s")


if __name__ == "__main__":
    main()
