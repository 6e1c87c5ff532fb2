"""Argument before environment before file before default; a bad value says where it came from."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.budget import Amount, Price
from impact_tracker.config import OPTIONS, resolve
from impact_tracker.errors import ImpactWarning
from python.fake_core import Machine

SPELLED = {
    "logdir": "runs",
    "interval_s": "0.25",
    "sources": "nvml, rapl",
    "edges": "tick",
    "tags": "a=1,b=x=y",
    "zone": "FR",
    "intensity_g_per_kwh": "56",
    "pue": "1.2",
    "strict": "yes",
    "include_psys": "on",
    "scope": "job",
    "idle_policy": "equal",
    "sync_gpu": "1",
    "project": " asr ",
    "stage": "training",
    "person": "ada",
    "debug": "yes",
    "run_id": "large-3",
    "ledger": "/shared/ledger",
    "budget": "50 Wh",
    "on_budget": "warn",
    "budget_of": "project",
    "price_per_kwh": "0.25 EUR",
}
MEANT: dict[str, Any] = {
    "interval_s": 0.25,
    "sources": ("nvml", "rapl"),
    "edges": "tick",
    "tags": {"a": "1", "b": "x=y"},
    "zone": "FR",
    "intensity_g_per_kwh": 56.0,
    "pue": 1.2,
    "strict": True,
    "include_psys": True,
    "scope": "job",
    "idle_policy": "equal",
    "sync_gpu": True,
    "project": "asr",
    "stage": "training",
    "person": "ada",
    "debug": True,
    "run_id": "large-3",
    "ledger": "/shared/ledger",
    "budget": Amount(180_000.0, "J", "50 Wh"),
    "on_budget": "warn",
    "budget_of": "project",
    "price_per_kwh": Price(0.25, "EUR"),
}
BAD = {
    "interval_s": "0",
    "sources": " , ",
    "edges": "sharp",
    "tags": "nothing",
    "intensity_g_per_kwh": "-1",
    "pue": "0.9",
    "strict": "perhaps",
    "include_psys": "2",
    "scope": "node",
    "idle_policy": "half",
    "sync_gpu": "perhaps",
    "stage": "cooking",
    "project": "a" * 201,
    "debug": "perhaps",
    "ledger": "postgresql://ada:sesame@host/db",
    "budget": "50",
    "on_budget": "shout",
    "budget_of": "everybody",
    "price_per_kwh": "0.25",
}


@pytest.fixture(autouse=True)
def in_an_empty_directory(machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_defaults(tmp_path: Path) -> None:
    settings = resolve({}, environ={})
    assert settings._asdict() == {
        "logdir": str(tmp_path),
        "interval_s": 1.0,
        "sources": None,
        "edges": "plain",
        "tags": {},
        "zone": None,
        "intensity_g_per_kwh": None,
        "pue": None,
        "strict": False,
        "include_psys": False,
        "scope": "process",
        "idle_policy": "usage",
        "sync_gpu": False,
        "project": None,
        "stage": None,
        "person": None,
        "debug": False,
        "run_id": None,
        "ledger": None,
        "budget": None,
        "on_budget": "stop",
        "budget_of": "run",
        "price_per_kwh": None,
        "origins": {},
    }


@pytest.mark.parametrize("option", [option for option in OPTIONS if option != "logdir"])
def test_every_option_comes_from_each_layer(option: str, tmp_path: Path) -> None:
    variable = f"IMPACT_TRACKER_{option.upper()}"
    by_variable = resolve({}, environ={variable: SPELLED[option]})
    assert getattr(by_variable, option) == MEANT[option]
    assert variable in by_variable.origin(option)
    path = write(tmp_path / "impact-tracker.ini", f"[impact-tracker]\n{option} = {SPELLED[option]}\n")
    by_file = resolve({}, environ={})
    assert getattr(by_file, option) == MEANT[option]
    assert by_file.origin(option) == str(path)
    by_argument = resolve({option: MEANT[option]}, environ={})
    assert getattr(by_argument, option) == MEANT[option]


def test_argument_wins_over_environment_over_nearest_file_over_the_users_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    write(tmp_path / "home/impact-tracker/config.ini", "[impact-tracker]\npue=1.1\nedges=tick\ninterval_s=4\nzone=DE\n")
    write(tmp_path / "project/impact-tracker.ini", "[impact-tracker]\npue=1.2\ninterval_s=3\nedges=plain\n")
    (tmp_path / "project/deep/er").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project/deep/er")
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "home"), "IMPACT_TRACKER_PUE": "1.3", "IMPACT_TRACKER_INTERVAL_S": "2"}
    settings = resolve({"pue": 1.4}, environ=environ)
    assert (settings.pue, settings.interval_s, settings.edges, settings.zone) == (1.4, 2.0, "plain", "DE")


def test_tags_add_up_over_the_layers(tmp_path: Path) -> None:
    write(tmp_path / "impact-tracker.ini", "[impact-tracker]\ntags = z=0\n[tags]\nProject = vision\nfold = 1\n")
    settings = resolve({"tags": {"fold": 3}}, environ={"IMPACT_TRACKER_TAGS": "fold=2,seed=7"})
    assert settings.tags == {"z": "0", "Project": "vision", "fold": "3", "seed": "7"}


def test_zone_and_intensity_are_one_choice(tmp_path: Path) -> None:
    environ = {"IMPACT_TRACKER_INTENSITY_G_PER_KWH": "50"}
    assert resolve({}, environ=environ).intensity_g_per_kwh == 50
    chosen = resolve({"zone": "FR"}, environ=environ)
    assert (chosen.zone, chosen.intensity_g_per_kwh) == ("FR", None)
    world = resolve({"zone": "world"}, environ=environ)
    assert (world.zone, world.intensity_g_per_kwh) == (None, None)
    with pytest.raises(ValueError, match="not both"):
        resolve({"zone": "FR", "intensity_g_per_kwh": 50}, environ={})


@pytest.mark.parametrize("option", BAD)
def test_a_bad_value_names_its_origin(option: str, tmp_path: Path) -> None:
    variable = f"IMPACT_TRACKER_{option.upper()}"
    with pytest.raises(ValueError, match=f"^{option} .*from the environment variable {variable}"):
        resolve({}, environ={variable: BAD[option]})
    with pytest.raises(ValueError, match=f"^{option} .*from the argument {option}"):
        resolve({option: BAD[option]}, environ={})
    path = write(tmp_path / "impact-tracker.ini", f"[impact-tracker]\n{option} = {BAD[option]}\n")
    with pytest.raises(ValueError, match=f"from {path}"):
        resolve({}, environ={})


MISSPELT = [("INTERVAL", "INTERVAL_S"), ("ZONES", "ZONE"), ("REDFISH_PASWORD", "REDFISH_PASSWORD")]


@pytest.mark.parametrize(("word", "meant"), MISSPELT)
def test_a_misspelled_variable_is_said(word: str, meant: str) -> None:
    with pytest.warns(ImpactWarning, match=rf"IMPACT_TRACKER_{word} .*did you mean IMPACT_TRACKER_{meant}\?"):
        resolve({}, environ={f"IMPACT_TRACKER_{word}": "1"})


OF_OTHERS = ("WORKER", "DATA", "CAMPAIGN", "FACTORS", "REDFISH_URL", "NVML", "ELECTRICITY_MAPS_KEY", "WATTTIME_KEY")


@pytest.mark.parametrize("word", [*OF_OTHERS, "CONFIG", "REDFISH", "REDFISH_PASSWORD_FILE"])
def test_another_programs_variable_is_no_misspelt_one(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    resolve({}, environ={f"IMPACT_TRACKER_{word}": "none"})  # a warning would be an error, which goes to standard error
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("value", [math.nan, math.inf, -1, 0, "soon", True, [1]])
def test_interval_is_a_positive_finite_number(value: object) -> None:
    with pytest.raises(ValueError, match="interval_s"):
        resolve({"interval_s": value}, environ={})


def test_a_file_with_an_unknown_option_names_near_ones(tmp_path: Path) -> None:
    write(tmp_path / "impact-tracker.ini", "[impact-tracker]\ninterval = 1\n")
    with pytest.raises(ValueError, match=r"'interval' in .*did you mean interval_s"):
        resolve({}, environ={})


@pytest.mark.parametrize("text", ["interval_s = 1\n", "[impact-tracker\n", "[impact-tracker]\na\n", "[other]\nx=1\n"])
def test_a_file_that_is_none_is_named(text: str, tmp_path: Path) -> None:
    path = write(tmp_path / "impact-tracker.ini", text)
    with pytest.raises(ValueError, match=str(path)):
        resolve({}, environ={})


def test_one_file_can_be_named_and_none_too(tmp_path: Path) -> None:
    write(tmp_path / "impact-tracker.ini", "[impact-tracker]\npue = 1.5\n")
    other = write(tmp_path / "other.ini", "[impact-tracker]\nedges = tick\n")
    assert resolve({}, environ={"IMPACT_TRACKER_CONFIG": str(other)})[:4] == (str(tmp_path), 1.0, None, "tick")
    assert resolve({}, environ={"IMPACT_TRACKER_CONFIG": str(other)}).pue is None
    assert resolve({}, environ={}, config="none").pue is None
    with pytest.raises(ValueError, match=r"no configuration file .*lost.ini \(from the argument config\)"):
        resolve({}, environ={}, config="lost.ini")


def test_logdir_of_a_file_starts_at_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "impact-tracker.ini", "[impact-tracker]\nlogdir = runs\n")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert resolve({}, environ={}).logdir == str(tmp_path / "runs")
    assert resolve({}, environ={"IMPACT_TRACKER_LOGDIR": "mine"}).logdir == str(tmp_path / "below" / "mine")


def test_a_secret_in_a_bad_value_is_not_shown() -> None:
    with pytest.raises(ValueError, match="tags") as caught:
        resolve({"tags": "api_key:sesame"}, environ={})
    assert "sesame" not in str(caught.value)


@given(st.dictionaries(st.sampled_from(OPTIONS), st.text(st.characters(codec="utf-8"), max_size=20)))
def test_any_text_is_a_setting_or_a_value_error(values: dict[str, str]) -> None:
    environ = {f"IMPACT_TRACKER_{option.upper()}": text for option, text in values.items()}
    try:
        settings = resolve({}, environ=environ, config="none")
    except ValueError as error:
        assert "IMPACT_TRACKER_" in str(error)
    else:
        assert settings.interval_s > 0
        assert settings.pue is None or settings.pue >= 1
        assert Path(settings.logdir).is_absolute()
