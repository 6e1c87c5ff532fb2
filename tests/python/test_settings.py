"""The table of settings: arguments, flags, help and core all follow it; readers' settings, which tell no secret."""

from __future__ import annotations

import argparse
import copy
import inspect
import json
import pickle
import re
from pathlib import Path
from types import ModuleType

import pytest

from impact_tracker import ImpactTracker, cli
from impact_tracker.cli.options import add_tracking, tracking
from impact_tracker.config import resolve
from impact_tracker.errors import ImpactWarning
from impact_tracker.setting_values import interval_limits_s
from impact_tracker.settings import OPTIONS, TABLE, Options
from python import fake_core
from python.fake_core import Machine

ROOT = Path(__file__).parents[2]
SECRET = "s3same"


@pytest.fixture(autouse=True)
def on_the_stand_in(machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def config(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "impact-tracker.ini"
    path.write_text(text)
    path.chmod(mode)
    return path


# ---- one table


def test_arguments_are_the_options() -> None:
    assert {"logdir", *Options.__annotations__} == set(OPTIONS)
    shown = inspect.signature(ImpactTracker).parameters
    assert set(OPTIONS) <= set(shown)
    assert {"share_of", "config", "root", "settings"} == set(shown) - set(OPTIONS)
    assert all(shown[name].kind is inspect.Parameter.KEYWORD_ONLY for name in OPTIONS if name != "logdir")


def test_the_constructor_explains_each_option() -> None:
    text = ImpactTracker.__init__.__doc__ or ""
    for option in TABLE.values():
        assert f"`{option.name}`: {option.about}" in text


def test_an_instance_has_the_signature_of_its_call(tmp_path: Path) -> None:
    assert list(inspect.signature(ImpactTracker(tmp_path)).parameters) == ["function"]


def test_an_unknown_argument_names_near_ones(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"intervall_s.*did you mean interval_s"):
        ImpactTracker(tmp_path, intervall_s=1.0)  # type: ignore[call-arg]


def test_settings_in_place_of_options(tmp_path: Path) -> None:
    first = ImpactTracker(tmp_path, interval_s=2.0, tags={"fold": "1"})
    assert ImpactTracker(settings=first.settings).settings == first.settings
    with pytest.raises(TypeError, match="not both"):
        ImpactTracker(settings=first.settings, pue=1.5)


def test_settings_survive_a_copy(tmp_path: Path) -> None:
    config(tmp_path, "[readers]\nredfish_user = monitor\n")
    settings = resolve({"pue": 1.2})
    for other in (copy.deepcopy(settings), pickle.loads(pickle.dumps(settings))):
        assert other == settings
        assert (other.pue, other.readers) == (1.2, {"redfish_user": "monitor"})


def test_flags_of_run_are_those_of_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["run", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    for option in TABLE.values():
        for flag in option.flags:
            assert flag in text
        if option.flags:
            assert option.about in text


FLAGS = {
    "logdir": (["-o", "runs"], "runs"),
    "interval_s": (["--interval", "0.5"], 0.5),
    "sources": (["--sources", "rapl,nvml"], "rapl,nvml"),
    "tags": (["--tag", "a=1", "--tag", "b=x=y"], "a=1,b=x=y"),
    "zone": (["--zone", "FR"], "FR"),
    "intensity_g_per_kwh": (["--intensity", "50"], 50.0),
    "pue": (["--pue", "1.2"], 1.2),
    "strict": (["--strict"], True),
    "include_psys": (["--include-psys"], True),
    "scope": (["--scope", "job"], "job"),
    "idle_policy": (["--idle-policy", "equal"], "equal"),
    "project": (["--project", "asr"], "asr"),
    "stage": (["--stage", "training"], "training"),
    "debug": (["--debug"], True),
    "ledger": (["--ledger", "/shared/ledger"], "/shared/ledger"),
    "budget": (["--budget", "50Wh"], "50Wh"),
    "on_budget": (["--on-budget", "warn"], "warn"),
    "budget_of": (["--budget-of", "project"], "project"),
    "price_per_kwh": (["--price", "0.25 EUR"], "0.25 EUR"),
}


@pytest.mark.parametrize("option", [option.name for option in TABLE.values() if option.flags])
def test_each_flag_gives_its_option(option: str) -> None:
    parser = argparse.ArgumentParser()
    add_tracking(parser)
    words, value = FLAGS[option]
    given = tracking(parser.parse_args(words))
    assert given.pop(option) == value
    assert set(given.values()) == {None}


def test_what_the_core_takes_reaches_it(tmp_path: Path) -> None:
    options = {"sources": ["rapl_perf"], "edges": "tick", "scope": "job", "idle_policy": "none", "strict": False}
    settings = resolve({**options, "interval_s": 0.25, "include_psys": True, "logdir": tmp_path}).for_core()
    assert (settings.logdir, settings.interval_s, *settings.sources) == (str(tmp_path), 0.25, "rapl_perf")
    assert (settings.edges.name, settings.scope.name, settings.idle_policy.name) == ("tick", "job", "none")
    assert (settings.include_psys, settings.strict) == (True, False)


# ---- the core and its stand-in


def test_the_stand_in_has_the_cores_words_limits_and_defaults(core: ModuleType) -> None:
    real, fake = core.TrackerSettings(), fake_core.TrackerSettings()
    for enum in ("Edges", "Scope", "IdlePolicy"):
        assert list(getattr(core, enum).__members__) == list(getattr(fake_core, enum).__members__)
    for name in ("logdir", "interval_s", "sources", "source_settings", "include_psys", "strict", "run_key", "share_of"):
        assert getattr(real, name) == getattr(fake, name)
    for name in ("edges", "scope", "idle_policy"):
        assert getattr(real, name).name == getattr(fake, name).name
    assert (real.shortest_interval_s, real.longest_interval_s) == interval_limits_s() == (0.0005, 3600)
    assert {setting.name for setting in fake_core.source_settings()} < {s.name for s in core.source_settings()}


@pytest.mark.parametrize("interval_s", [0.0004, 3601.0, 1e300, float("nan"), float("inf"), -1.0])
def test_the_core_refuses_an_interval_beyond_its_limits(core: ModuleType, interval_s: float) -> None:
    with pytest.raises(ValueError, match=r"interval_s must lie between 0\.0005 and 3600 seconds"):
        core.TrackerSettings().interval_s = interval_s


@pytest.mark.parametrize("whose", ["me", "", 0, -3, 1.5, None])
def test_the_core_refuses_a_senseless_process(core: ModuleType, whose: object) -> None:
    settings = core.TrackerSettings()
    with pytest.raises(ValueError, match=r"share_of must be"):
        settings.share_of = whose
    for sensible in ("self", "children", 4711):
        settings.share_of = sensible
        assert settings.share_of == sensible


def test_every_variable_that_is_written_about_is_declared(core: ModuleType) -> None:
    """Of the readers: in their head comments, their advice and the README; no list is kept beside the declarations."""
    declared = {setting.variable for setting in core.source_settings()}
    for path in [ROOT / "README.md", ROOT / "docs/sources.md", *(ROOT / "cpp/impact/sources").glob("*.?pp")]:
        for name, file in re.findall(r"(IMPACT_TRACKER_[A-Z]+(?:_[A-Z]+)*)(\[_FILE\])?", path.read_text()):
            of_tracker = {option.variable for option in TABLE.values()}
            others = {f"IMPACT_TRACKER_{word}" for word in ("CONFIG", "DATA", "FACTORS", "WORKER")}
            assert name in declared | of_tracker | others, f"{path.name} writes of {name}"
            assert not file or f"{name}_FILE" in declared
    readers = {reader for setting in core.source_settings() for reader in setting.readers}
    assert readers == set(
        re.findall(r"(?m)^IMPACT_SETTABLE_SOURCE\((\w+),", (ROOT / "cpp/impact/sources/sources.def").read_text())
    )


# ---- settings of readers


def test_a_file_tells_readers_and_the_nearest_one_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    (tmp_path / "home/impact-tracker").mkdir(parents=True)
    (tmp_path / "home/impact-tracker/config.ini").write_text("[readers]\nredfish = https://a\nredfish_user = one\n")
    near = config(
        tmp_path, "[impact-tracker]\npue = 1.1\n[readers]\nredfish = https://b\nredfish_password_file = in/bmc\n"
    )
    settings = resolve({})
    assert settings.readers == {
        "redfish": "https://b",
        "redfish_user": "one",
        "redfish_password_file": str(tmp_path / "in/bmc"),
    }
    assert settings.origin("redfish") == str(near)
    assert settings.for_core().source_settings == settings.readers


def test_an_unknown_setting_of_a_reader_names_near_ones(tmp_path: Path) -> None:
    path = config(tmp_path, f"[readers]\nredfish_pasword = {SECRET}\n")
    with pytest.raises(
        ValueError, match=rf"'redfish_pasword' of \[readers\] in {path}; did you mean redfish_pass"
    ) as caught:
        resolve({})
    assert SECRET not in str(caught.value)


def test_a_secret_is_neither_shown_nor_recorded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config(tmp_path, f"[readers]\nredfish = https://user:{SECRET}@bmc\nredfish_password = {SECRET}\n")
    tracker = ImpactTracker(tmp_path)
    with tracker:
        pass
    assert SECRET not in repr(tracker.settings) + str(tracker.settings) + repr(tracker)
    assert SECRET not in Path(tracker.path).read_text()
    for arguments in (["doctor"], ["doctor", "--settings"], ["doctor", "--json"]):
        assert cli.main(arguments) == 0
        assert SECRET not in capsys.readouterr().out


def test_a_password_that_everybody_can_read_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = config(tmp_path, f"[readers]\nredfish_password = {SECRET}\n", 0o644)
    with pytest.warns(ImpactWarning, match=rf"{path} holds a password .*chmod 600 {path}"):
        resolve({})
    file = tmp_path / "bmc"
    file.write_text(SECRET)
    file.chmod(0o644)
    config(tmp_path, "[readers]\nredfish_password_file = bmc\n", 0o644)
    resolve({})  # no password stands in it
    assert cli.main(["doctor", "--settings"]) == 0
    assert f"! everybody on this machine can read the password in {file}: chmod 600 {file}" in capsys.readouterr().out


def test_doctor_lists_what_readers_can_be_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = config(tmp_path, "[readers]\nredfish = https://bmc\nredfish_user = monitor\n")
    monkeypatch.setenv("IMPACT_TRACKER_REDFISH_USER", "other")
    assert cli.main(["doctor", "--settings"]) == 0
    text = capsys.readouterr().out
    rows = {row.split()[1]: row for row in text.splitlines() if row.startswith("redfish ")}
    assert set(rows) == {setting.name for setting in fake_core.source_settings()}
    assert str(path) in rows["redfish"]
    assert "the environment" in rows["redfish_user"]
    assert " -  " in rows["redfish_password"]
    assert cli.main(["doctor", "--json"]) == 0
    listed = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)["settings"]}
    assert listed["redfish_user"]["set_in"] == "the environment"
    assert listed["redfish_password"]["set_in"] is None
    assert listed["redfish_password"]["variable"] == "IMPACT_TRACKER_REDFISH_PASSWORD"


def test_doctor_outlives_a_faulty_setting(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("IMPACT_TRACKER_PUE", "0.5")
    assert cli.main(["doctor"]) == 0
    assert "! every tracker refuses this setting: pue must be 1 or more" in capsys.readouterr().out
