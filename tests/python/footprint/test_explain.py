"""Explanations hold every number and every source."""

from impact_tracker.factors import intensity
from impact_tracker.footprint import Impact, Machine, assess, carbon, explain, explain_all, what_matters


def test_explain_shows_formula_range_and_sources():
    lines = explain(carbon((3.5e6, 3.6e6, 3.7e6), 1.2, intensity=intensity("FR", 2023)))
    assert lines[0] == "carbon_g = 1 kWh × 1.2 × 56.039 g/kWh = 67 g"
    assert "range" in lines[1] and any("Ember" in line for line in lines)


def test_explain_a_missing_impact_gives_the_reason():
    assert explain(Impact.missing("water", "L", "nobody knows")) == ["water_l: not known. nobody knows"]


def test_explain_all_names_every_cell():
    assessment = assess(energy=3.6e6, duration_s=3600, zone="FR", machine=Machine(cpus=1, cpu_cores=8, ram_gb=32))
    lines = explain_all(assessment)
    assert sum(": X, " in line for line in lines) == len(assessment.matrix.reasons())
    assert any("carbon, making" in line for line in lines) and "Sources" in lines


def test_what_matters_is_sorted(core):
    assessment = assess(energy=3.6e6, duration_s=3600, zone="FR", machine=Machine(cpus=1, cpu_cores=8, ram_gb=32))
    lines = what_matters([assessment.carbon])
    assert "95 %" in lines[0] and len(lines) == 6


def test_every_public_name_is_there_whatever_was_asked_first():
    import importlib

    for package in (
        "impact_tracker.factors",
        "impact_tracker.footprint",
        "impact_tracker.estimators",
        "impact_tracker.interop",
    ):
        module = importlib.import_module(package)
        submodules = {"boamps", "carbontracker", "codecarbon", "eit"}
        for name in module.__all__:
            thing = getattr(module, name)
            assert name in submodules or type(thing).__name__ != "module", f"{package}.{name} is a module"
        assert set(module.__all__) <= set(dir(module))
