"""Exports and imports state what is so: counts of cards, who measured, models in the old format, what nobody said."""

import csv
import io
import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impact_tracker import cli
from impact_tracker.hostinfo import Hardware
from impact_tracker.interop import Statement, boamps, codecarbon, read_runs, write
from impact_tracker.interop.eit import samples_of, to_data_json
from impact_tracker.interop.words import cards_in_words, cards_named, cards_of, made_by, mass
from impact_tracker.values import Energy, joules_of

NAN = float("nan")
NAMES = st.sampled_from(["NVIDIA A100-SXM4-80GB", "Tesla T4", "AMD Instinct MI300X", "NVIDIA L4"])


@settings(max_examples=60, deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=12))
def test_every_card_is_counted_once_through_every_format(tmp_path_factory, names):
    names = tuple(sorted(names))
    run = Statement("x", "t", energy=Energy(1e6), duration_s=60.0, hardware=Hardware(gpus=names))
    folder = tmp_path_factory.mktemp("cards")
    (folder / "a.csv").write_text(codecarbon.to_csv([run]), encoding="utf-8")
    (folder / "b.json").write_text(boamps.to_json(run), encoding="utf-8")
    for file in ("a.csv", "b.json"):
        (back,) = read_runs(folder / file)
        assert tuple(sorted(back.hardware.gpus)) == names
    assert sum(cards_of(run.hardware).values()) == len(names)


@pytest.mark.parametrize(
    ("name", "count", "cards"),
    [("8 x A100", 8, 8), ("8 x A100", 1, 8), ("A100", 8, 8), ("8 x A100", 0, 8), (None, 3, 3), ("2 x A, 1 x B", 3, 3)],
)
def test_a_count_beside_a_name_that_counts(name, count, cards):
    assert len(cards_named(name, count)) == cards


def test_a_list_of_equal_names_that_count_is_one_list():
    hardware = Hardware(gpus=("8 x A100",) * 8)
    assert cards_in_words(hardware) == "8 x A100" and sum(cards_of(hardware).values()) == 8
    assert cards_in_words(Hardware(gpus=("A100", "A100", "T4"))) == "2 x A100, 1 x T4"


@pytest.mark.parametrize("form", ["latex", "neurips"])
def test_who_measured(climatebert, form):
    foreign = replace(
        climatebert, tool="codecarbon", tool_version="2.3", energy=Energy(joules_of(1), quality="estimated")
    )
    text = write(form, [foreign])
    assert "estimated by codecarbon 2.3" in text and "measured with" not in text.casefold()
    model = replace(climatebert, energy=Energy(joules_of(1), quality="modelled"))
    assert "modelled by impact-tracker" in write(form, [model]) and "measured with" not in write(form, [model])
    assert made_by(climatebert) == "measured with impact-tracker 1.0"


class Record:
    """What the samples of the old format are made of: two channels of a second each, one of a model."""

    started_at = None

    def __init__(self, quality, share_j, energy_j=100.0):
        share = None if share_j == "machine" else SimpleNamespace(share_j=share_j)
        self.result = SimpleNamespace(duration_s=2.0, energy_j=energy_j, measured=SimpleNamespace(share=share))
        self.channels = [{"id": "cpu", "device": "cpu", "in_total": True, "quality": quality}]

    def series(self, name):
        return [0.0, 1.0, 2.0], [NAN, 40.0, 60.0]


@pytest.mark.parametrize("quality", ["measured", "modelled", "estimated", "stale"])
@pytest.mark.parametrize(("share_j", "part"), [(25.0, 0.25), ("machine", 1.0), (None, None)])
def test_the_old_format_keeps_the_quality_and_the_share(tmp_path, quality, share_j, part):
    samples = samples_of(Record(quality, share_j))
    for sample, watts in zip(samples, (40.0, 60.0)):
        assert sample["rapl_power_draw_absolute"] == watts and sample["rapl_quality"] == quality
        assert sample.get("rapl_estimated_attributable_power_draw") == (None if part is None else watts * part)
    place = tmp_path / "any name.txt"
    place.write_text(to_data_json(samples), encoding="utf-8")
    (back,) = read_runs(place)
    assert back.energy.quality == quality and back.tool == "experiment-impact-tracker"


@pytest.mark.parametrize(
    ("public", "answer"),
    [(None, "not stated"), ("no", "No"), ("yes", "Yes"), ("https://here", "Yes, https://here")],
)
def test_question_1_is_what_somebody_said(climatebert, public, answer):
    fields = {} if public is None else {"public": public}
    row = write("climate-card", [climatebert], fields).splitlines()[2]
    assert row.endswith(f"| {answer} |")


def test_exports_are_read_back_wherever_they_lie(climatebert, tmp_path, capsys):
    for form, name in (("codecarbon", "out"), ("boamps", "report.txt")):
        folder = tmp_path / form
        folder.mkdir()
        (folder / name).write_text(write(form, [climatebert]), encoding="utf-8")
        for place in (folder, folder / name):
            assert cli.main(["report", str(place), "--json"]) == 0
            assert "ClimateBERT" in capsys.readouterr().out


def test_boamps_with_what_is_known(climatebert):
    fields = {
        "requests": "1000", "parameters": "1.1e8", "framework": "pytorch", "framework_version": "2.4",
        "quantization": "int8", "instance": "p4d.24xlarge", "algorithm": "transformer", "epochs": "3",
    }  # fmt: skip
    report = json.loads(write("boamps", [climatebert], fields))
    assert report["task"]["nbRequest"] == 1000 and report["infrastructure"]["cloudInstance"] == "p4d.24xlarge"
    (algorithm,) = report["task"]["algorithms"]
    assert algorithm["parametersNumber"] == 1.1e8 and algorithm["quantization"] == "int8"
    assert algorithm["framework"] == "pytorch" and algorithm["epochsNumber"] == 3


def test_sci_has_the_making_of_the_records_hardware(climatebert):
    wanted = {"functional_unit": "image", "units": "1000"}
    run = replace(climatebert, hardware=climatebert.hardware._replace(cores=32, sockets=1))
    document = json.loads(write("sci", [run], wanted))
    assert document["M_g"] > 0 and document["conforming"]
    assert document["sci_g_per_unit_low"] < document["sci_g_per_unit"] < document["sci_g_per_unit_high"]
    unknown = json.loads(write("sci", [replace(run, hardware=Hardware())], wanted))
    assert unknown["M_g"] is None and not unknown["conforming"] and "total_embodied_kg" in " ".join(unknown["notes"])


@pytest.mark.parametrize(
    "command",
    [
        ["report", "{}"],
        ["report", "{}", "--skip"],
        ["footprint", "{}", "--skip"],
        ["footprint", "{}", "--skip", "--per", "image=4", "--training", "{}"],
        ["what-if", "{}", "--to-zone", "FR", "--skip"],
        ["export", "{}", "--to", "sci", "--skip"],
        ["export", "{}", "--to", "codecarbon", "--skip"],
        ["lint", "{}"],
    ],
)
@pytest.mark.filterwarnings("ignore::impact_tracker.errors.ImpactWarning")
@pytest.mark.parametrize("content", ["head", "", "\n\n"])
def test_a_file_without_a_run_is_an_error_in_words(tmp_path, capsys, command, content):
    place = tmp_path / "emissions.csv"
    place.write_text(",".join(codecarbon.COLUMNS) + "\n" if content == "head" else content)
    assert cli.main([word.format(place) for word in command]) == 2
    streams = capsys.readouterr()
    assert streams.err.startswith("impact-tracker ") and streams.out == ""


def test_a_mass_carries_range_and_quality(climatebert):
    told = mass(replace(climatebert, site=replace(climatebert.site, pue_source=None)).carbon)
    assert told == "16 kg CO2e (16 to 26, estimated)"


def test_a_pue_that_nobody_stated_comes_back_as_that(climatebert, tmp_path):
    unstated = replace(climatebert, site=replace(climatebert.site, pue_source=None))
    for run, stated in ((unstated, False), (climatebert, True)):
        for form, name in (("codecarbon", "a.csv"), ("boamps", "a.json")):
            (tmp_path / name).write_text(write(form, [run]), encoding="utf-8")
            (back,) = read_runs(tmp_path / name)
            assert back.site.pue_is_stated is stated and back.site.pue == 1.0
            assert back.site.overhead.high == (1.0 if stated else 1.67)
    score = json.loads(write("sci", [unstated], {"functional_unit": "image", "units": "10"}))
    assert score["quality"] == "estimated" and any("PUE not stated" in note for note in score["notes"])
    assert score["sci_g_per_unit_high"] > 1.6 * score["O_g"] / 10


def test_watt_hours_in_a_column_of_kilowatt_hours_are_doubted_at_once(climatebert, tmp_path, capsys):
    place = tmp_path / "wh.csv"
    (row,) = csv.DictReader(io.StringIO(codecarbon.to_csv([climatebert])))
    for column in ("energy_consumed", "cpu_energy", "gpu_energy"):
        row[column] = str(1000 * float(row[column]))
    place.write_text(f"{','.join(row)}\n{','.join(row.values())}\n", encoding="utf-8")
    (run,) = read_runs(place)
    assert run.notes[0].startswith("doubtful: ") and "Wh where kWh are meant" in " ".join(run.notes)
    assert cli.main(["report", str(place)]) == 0
    assert "doubtful: " in capsys.readouterr().out
    place.write_text(codecarbon.to_csv([climatebert]), encoding="utf-8")
    (sound,) = read_runs(place)
    assert not any("doubtful" in note for note in sound.notes)


def test_an_imported_intensity_has_a_range_and_no_pue_is_said(climatebert, tmp_path, capsys):
    unstated = replace(climatebert, site=replace(climatebert.site, pue_source=None), tool="codecarbon")
    place = tmp_path / "emissions.csv"
    place.write_text(codecarbon.to_csv([unstated]), encoding="utf-8")
    (run,) = read_runs(place)
    assert run.site.intensity.low < run.site.intensity.value < run.site.intensity.high
    assert cli.main(["footprint", str(place)]) == 0
    assert "PUE not stated (1 to 1.67)" in capsys.readouterr().out.splitlines()[0]
