"""Requests to AI services: against a package with EcoLogits' files that is made here, and against the real one."""

import json
import math
import random

import pytest

from impact_tracker import cli
from impact_tracker.estimators import Mix, llm_request
from impact_tracker.estimators.estimate import EstimateError
from impact_tracker.factors import FactorError, UnknownFactorError, UnknownZoneError
from impact_tracker.services import ai_models
from impact_tracker.services.ai_models import PROVIDERS, AiModel, find_mix, find_model, model_names
from impact_tracker.services.ai_request import ai_request, edition_of, site_of

ZONES = ("WOR", "USA", "FRA", "SWE", "POL")


def made_up(seed):
    chance = random.Random(seed)
    models = []
    for number in range(40):
        active = round(chance.uniform(0.5, 200), 2)
        kind = chance.choice(["dense", "range", "moe", "moe range"])
        parameters = {
            "dense": active,
            "range": {"min": active, "max": 2 * active},
            "moe": {"active": active, "total": 5 * active},
            "moe range": {"active": {"min": active, "max": 3 * active}, "total": 8 * active},
        }[kind]
        speed = chance.choice(
            [None, {"tps": round(chance.uniform(10, 200), 1), "ttft": round(chance.uniform(0, 2), 2)}]
        )
        models.append(
            {
                "type": "model",
                "provider": chance.choice(list(PROVIDERS)),
                "name": f"made-up-{number}",
                "architecture": {"type": kind.split()[0], "parameters": parameters},
                "warnings": ["model-arch-not-released"] if "range" in kind else None,
                "sources": ["https://example.org"],
                "deployment": speed,
            }
        )
    alias = {"type": "alias", "provider": models[0]["provider"], "name": "made-up", "alias": "made-up-0"}
    mixes = [
        {
            "name": zone,
            "gwp": chance.uniform(0.02, 0.9),
            "adpe": chance.uniform(1e-8, 2e-7),
            "pe": chance.uniform(1, 15),
            "wue": chance.uniform(0.5, 8),
            "warnings": None,
        }
        for zone in ZONES
    ]
    return {"models": models, "aliases": [alias]}, {"electricity_mixes": mixes}


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A package named ecologits with these files, before any other on the path."""
    models, mixes = made_up(26)
    folder = tmp_path / "site" / "ecologits"
    (folder / "data").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('its code is not run')\n")
    (folder / "data" / "models.json").write_text(json.dumps(models))
    (folder / "data" / "electricity_mixes.json").write_text(json.dumps(mixes))
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return models, mixes, folder


@pytest.fixture
def absent(monkeypatch):
    monkeypatch.setattr(ai_models.importlib.util, "find_spec", lambda name: None)


def test_every_model_lies_between_its_ends(installed):
    models, _, _ = installed
    for entry in models["models"]:
        model = find_model(entry["name"], entry["provider"])
        site = site_of(model.provider, "FRA")
        request = ai_request(model, site, tokens=250)
        grid = site.grid["carbon"].value
        ends = [
            llm_request(
                active_parameters_b=model.active_b[at],
                total_parameters_b=model.total_b[at],
                output_tokens=250,
                tokens_per_s=model.tokens_per_s,
                first_token_s=model.first_token_s,
                mix=Mix(grid / 1000, 0, 0, 0, site.pue[at], site.wue[at]),
                edition="0.10",
            )
            for at in (0, 1)
        ]
        grams = [1000 * (end.use["gwp_kg"] + end.making["gwp_kg"]) for end in ends]
        total = request.total("carbon")
        assert total.value == pytest.approx(sum(grams) / 2)
        assert total.low < min(grams) * (1 + 1e-12) and total.high > max(grams) * (1 - 1e-12)
        assert request.energy.value == pytest.approx(sum(end.energy_kwh for end in ends) / 2)


def test_requests_multiply_and_latency_bounds(installed):
    model = find_model("made-up")
    site = site_of(model.provider, "FR")
    alone, many = (ai_request(model, site, tokens=100, requests=n) for n in (1, 1e6))
    for indicator in alone.indicators:
        assert many.total(indicator).value == pytest.approx(1e6 * alone.total(indicator).value)
    quick = ai_request(model, site, tokens=100, latency_s=1e-3)
    assert quick.latency_s == (1e-3, 1e-3) and quick.energy.value < alone.energy.value


def test_names_zones_and_providers_have_near_ones(installed):
    with pytest.raises(UnknownFactorError, match="made-up-1"):
        find_model("madeup-1")
    with pytest.raises(UnknownFactorError, match="openai"):
        find_model("made-up-1", "openay")
    with pytest.raises(UnknownZoneError, match="France"):
        find_mix("Frence")
    with pytest.raises(UnknownZoneError, match="no electricity mix"):
        find_mix("Norway")
    assert find_mix("world").zone == "WOR" and find_mix("Poland").zone == "POL"
    assert len(model_names()) == 41


def test_one_name_of_two_providers(installed):
    models, _, folder = installed
    twin = {**models["models"][1], "provider": next(p for p in PROVIDERS if p != models["models"][1]["provider"])}
    (folder / "data" / "models.json").write_text(json.dumps({"models": [*models["models"], twin]}))
    ai_models._read.cache_clear()
    with pytest.raises(FactorError, match="--provider"):
        find_model(twin["name"])
    assert find_model(f"{twin['provider']}/{twin['name']}").provider == twin["provider"]


def test_a_file_of_another_form_is_an_error(installed):
    _, _, folder = installed
    (folder / "data" / "models.json").write_text('{"models": [{"name": 1}]}')
    ai_models._read.cache_clear()
    with pytest.raises(FactorError, match="form of EcoLogits"):
        model_names()


def test_without_the_package(absent, capsys):
    assert cli.main(["request", "--model", "gpt-4o", "--tokens", "400"]) == 2
    assert "pip install ecologits" in capsys.readouterr().err
    own = ["request", "--active", "8", "--tokens", "400", "--zone", "FR", "--pue", "1.2", "--wue", "0.3", "--json"]
    assert cli.main(own) == 0
    document = json.loads(capsys.readouterr().out)
    kwh = 1.2 * (
        400 * (1.1665273170451914e-6 * math.exp(-0.011205921025579175 * 64) * 8 + 4.052928146734005e-5) / 1000
        + document["latency_s"][0] / 3600 * 1.2 / 8 / 64
    )
    assert document["energy_kwh"] == pytest.approx(kwh)
    from impact_tracker.factors import intensity

    assert document["carbon_g_use"] == pytest.approx(kwh * intensity("FR").value)
    assert document["quality"] == "modelled" and document["adp_kg_sb"] > 0 and document["water_l"] > 0


def test_what_is_not_known_is_missing_not_zero():
    site = site_of("openai", "Afghanistan", tables=True)
    request = ai_request(AiModel("openai", "x", (8, 8), (8, 8)), site, tokens=10)
    known = set(site.grid)
    for indicator in ("adp", "primary_energy"):
        assert (request.use[indicator].value is None) is (indicator not in known)
    assert request.total("carbon").value > 0


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (["--model", "made-up"], "--tokens"),
        (["--tokens", "5"], "either --model"),
        (["--model", "made-up", "--active", "5", "--tokens", "5"], "either --model"),
        (["--active", "5", "--tokens", "5"], "--zone"),
        (["--active", "5", "--tokens", "5", "--zone", "FR"], "--pue"),
        (["--active", "5", "--total", "4", "--tokens", "5", "--zone", "FR", "--pue", "1", "--wue", "0"], "at least"),
        (["--model", "made-up", "--tokens", "5", "--requests", "0"], "above 0"),
    ],
)
def test_errors_name_the_remedy(installed, capsys, words, remedy):
    assert cli.main(["request", *words]) == 2
    assert remedy in capsys.readouterr().err


def test_the_command(installed, capsys):
    assert cli.main(["request", "--model", "made-up", "--tokens", "400", "--zone", "FR", "--requests", "1e6"]) == 0
    text = capsys.readouterr().out
    assert "1e+06 requests of 400 tokens" in text and "training, network and terminals are not in it" in text
    assert cli.main(["request", "--model", "made-up", "--tokens", "400", "--explain"]) == 0
    assert "zone was not said" in capsys.readouterr().out
    assert cli.main(["request", "--list", "made-up-1", "--json"]) == 0
    assert all("made-up-1" in name for name in json.loads(capsys.readouterr().out))
    assert cli.main(["request", "--zones"]) == 0
    assert capsys.readouterr().out.split() == sorted(ZONES)


def test_the_editions_and_the_speed():
    size = {"active_parameters_b": 8, "total_parameters_b": 8, "output_tokens": 100, "mix": Mix(0, 0, 0, 0, 1, 0)}
    assert llm_request(**size, tokens_per_s=50, first_token_s=1).latency_s == pytest.approx(3.0)
    older, newer = (llm_request(**size, edition=edition).making["gwp_kg"] for edition in ("0.9", "0.10"))
    assert newer / older == pytest.approx((5700 / 8 + 273) / (5700 / 8 + 164))
    with pytest.raises(EstimateError, match=r"0\.10"):
        llm_request(**size, edition="1.0")


def test_the_edition_follows_the_installed_version():
    assert [edition_of(v) for v in ("0.9.3", "0.8.0", "0.10.2", "0.11.3", "1.0.0", "")] == ["0.9"] * 2 + ["0.10"] * 4


def test_beside_the_real_package():
    """All of its models, each in a zone drawn at random, as EcoLogits itself weighs them."""
    tracers = pytest.importorskip("ecologits.tracers.utils")
    chance = random.Random(14)
    zones = ai_models.zone_names()
    assert len(zones) >= 200 and len(model_names()) >= 300

    def middle(value):
        return value.mean if hasattr(value, "mean") else value

    for name in model_names():
        provider, _, bare = name.partition("/")
        zone, tokens = chance.choice(zones), chance.randint(1, 5000)
        theirs = tracers.llm_impacts(provider, bare, tokens, math.inf, zone)
        ours = ai_request(find_model(bare, provider), site_of(provider, zone), tokens=tokens)
        assert ours.energy.value == pytest.approx(middle(theirs.energy.value), rel=1e-9), name
        for indicator, theirs_of, scale in (("carbon", "gwp", 1000), ("adp", "adpe", 1), ("primary_energy", "pe", 1)):
            value = scale * middle(getattr(theirs, theirs_of).value)
            assert ours.total(indicator).value == pytest.approx(value, rel=1e-9), (name, indicator)
        water = theirs.wcf.value
        low, high = (water.min, water.max) if hasattr(water, "min") else (water, water)
        assert ours.total("water").low <= low <= high <= ours.total("water").high, name
