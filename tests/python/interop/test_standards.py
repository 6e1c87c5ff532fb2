"""SCI, OpenMetrics, frugality statements."""

from dataclasses import replace

import pytest

from impact_tracker.factors import Factor
from impact_tracker.footprint import Allocation, Impact, Term, embodied
from impact_tracker.interop import InteropError, Need, Site, Statement, frugal_statement, open_metrics, sci
from impact_tracker.values import Energy

MADE = Impact.of("carbon", "g", [Term(1e6, ((Factor.stated(1.0, "kg", "1000 kg of server"), 1),))], "modelled")


def test_scis_share_of_making():
    share = embodied(MADE, 1.0, Allocation.fixed(4))
    run = Statement(
        "x", "t", duration_s=3600.0, energy=Energy(0.0), site=Site(intensity=Factor.stated(100.0, "g/kWh", "grid"))
    )
    score = sci(run, functional_unit="hour", units=1, embodied=share)
    assert score["sci_g_per_unit"] == pytest.approx(28.54, abs=0.005) and score["conforming"]


def test_sci_is_energy_with_pue_times_intensity_over_units(climatebert):
    score = sci(replace(climatebert, site=replace(climatebert.site, pue=1.5)), functional_unit="image", units=1000)
    assert score["sci_g_per_unit"] == pytest.approx(33.6 * 1.5 * 470 / 1000) and not score["conforming"]
    assert score["E_kwh"] == pytest.approx(50.4) and score["M_g"] is None and score["notes"]


@pytest.mark.parametrize("units", [0, -1, float("nan")])
def test_sci_needs_units(climatebert, units):
    with pytest.raises(InteropError, match="above 0"):
        sci(climatebert, functional_unit="image", units=units)


def test_sci_is_location_based(climatebert):
    site = climatebert.site
    certified = replace(site, intensity=replace(site.intensity, method="market-based"))
    market = replace(climatebert, site=certified)
    with pytest.raises(InteropError, match="location"):
        sci(market, functional_unit="image", units=1)


def test_open_metrics_in_base_units(climatebert, unmeasured):
    text = open_metrics([replace(climatebert, name='a "quoted"\nname'), unmeasured])
    assert text.endswith("# EOF\n")
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    energies = [line for line in samples if line.startswith("impact_tracker_energy_joules_total")]
    assert len(energies) == 1 and float(energies[0].rsplit(" ", 1)[1]) == pytest.approx(33.6 * 3.6e6)
    assert r"a \"quoted\"\nname" in text and "_kwh" not in text


def test_open_metrics_by_its_parser(climatebert):
    parser = pytest.importorskip("prometheus_client.openmetrics.parser")
    families = {f.name: f for f in parser.text_string_to_metric_families(open_metrics([climatebert]))}
    assert families["impact_tracker_emissions_grams"].samples[0].value == pytest.approx(15_792.0)


NEED = Need("sort letters", ["rules", "no AI"], "90 % right", "93 % right", "letter", 1000)


def test_a_frugality_statement_has_all_parts(climatebert):
    text = frugal_statement(climatebert, NEED, embodied(MADE, 48.0, Allocation.fixed(4)))
    for part in (
        "## Need",
        "no AI",
        "Sufficient: 90 % right",
        "for each letter",
        "15.79 kg",
        "end of life",
        "production",
    ):
        assert part in text


@pytest.mark.parametrize("lack", [{"need": " "}, {"alternatives": []}, {"units": 0}, {"sufficient_level": ""}])
def test_a_statement_without_need_or_alternatives_is_none(climatebert, lack):
    with pytest.raises(InteropError):
        frugal_statement(climatebert, replace(NEED, **lack))
