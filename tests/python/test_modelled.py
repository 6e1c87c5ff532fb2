"""Whose model an energy is by: the processor's own counter is told apart from TDP × load, everywhere in one wording."""

from __future__ import annotations

import pytest

from impact_tracker.bench.analyse.cells import Cell, processors_model_of
from impact_tracker.bench.row.row import Key, Measured, Row, Source
from impact_tracker.bench.show.caveats import _about_energy as about_energy
from impact_tracker.cli.doctor import headline
from impact_tracker.interop import Statement
from impact_tracker.modelled import Model, ModelledPart, model_of, parts_of, quality_in_words, shares_in_words
from impact_tracker.values import Energy, worst_quality
from python.fake_results import ChannelResult

Channel = dict[str, object]


def channel(ident: str, domain: str, quality: str, error: float, energy_j: float = 0.0) -> Channel:
    """A channel as probes and as results have it."""
    about: Channel = {"id": ident, "source": ident.partition("/")[0], "domain": domain, "quantity": "energy"}
    numbers: Channel = {"relative_error": error, "energy_j": energy_j, "bias_j": error * energy_j, "in_total": True}
    return {**about, "quality": quality, **numbers}


def measured(about: Channel) -> ChannelResult:
    """The same channel as the core's result has it."""
    ident, domain, quality = str(about["id"]), str(about["domain"]), worst_quality([str(about["quality"])])
    energy_j, bias_j = (float(str(about[name])) for name in ("energy_j", "bias_j"))
    role = "in_total" if about["in_total"] else "apart"
    return ChannelResult(ident, str(about["source"]), "", domain, energy_j, quality, bias_j=bias_j, role=role)


INTEL = channel("rapl/package-0", "package", "measured", 0.0, 90.0)
AMD = channel("rapl/package-0", "package", "modelled", 0.1, 90.0)
LOAD = channel("cpu_model/package", "package", "modelled", 0.5, 90.0)
MEMORY = channel("ram_model/dram", "dram", "modelled", 0.6, 10.0)
GPU = channel("nvml/GPU-1/energy", "gpu", "measured", 0.05, 200.0)


def test_whose_model_a_channel_is() -> None:
    assert [model_of(str(channel["id"]), str(channel["quality"])) for channel in (INTEL, AMD, LOAD, MEMORY)] == [
        None,
        Model.PROCESSOR,
        Model.DESIGN_POWER,
        Model.MEMORY,
    ]
    # A gap in the readings makes a channel's quality worse; whose model it is stays what it was.
    assert model_of("cpu_model/package", "estimated") is Model.DESIGN_POWER
    assert model_of("battery/power", None) is None


@pytest.mark.parametrize(
    ("channels", "modelled_j", "words"),
    [
        ([AMD, MEMORY], 100.0, "90 % by the processor's own model ± 10 %, 10 % by the memory's usual power ± 60 %"),
        ([LOAD, MEMORY], 100.0, "90 % by TDP × load ± 50 %, 10 % by the memory's usual power ± 60 %"),
        ([INTEL, MEMORY], 10.0, "10 % by the memory's usual power ± 60 %"),
        (
            [{**AMD, "quality": "estimated"}, MEMORY],
            100.0,
            "90 % by the processor's own model, 10 % by the memory's usual power ± 60 %",
        ),
        ([{**AMD, "in_total": False}], None, ""),
        ([], 100.0, ""),
    ],
)
def test_shares_of_an_energy(channels: list[Channel], modelled_j: float | None, words: str) -> None:
    assert shares_in_words(parts_of(map(measured, channels), modelled_j), 100.0) == words


def test_an_energy_of_nothing_has_no_shares() -> None:
    assert shares_in_words([ModelledPart(Model.PROCESSOR, 0.0)], 0.0) == ""


@pytest.mark.parametrize(
    ("channels", "sentence"),
    [
        ([INTEL, MEMORY, GPU], "measured: CPU, GPU; modelled: memory (the memory's usual power ± 60 %)"),
        (
            [AMD, MEMORY],
            "modelled: CPU (the processor's own model ± 10 %), memory (the memory's usual power ± 60 %);"
            " no GPU is metered",
        ),
        ([AMD, LOAD, GPU], "measured: GPU; modelled: CPU (the processor's own model ± 10 %)"),
        (
            [LOAD, MEMORY],
            "nothing is measured by a sensor; modelled: CPU (TDP × load ± 50 %),"
            " memory (the memory's usual power ± 60 %); no GPU is metered",
        ),
        ([], "no energy can be had on this machine"),
    ],
)
def test_doctor_says_who_models(channels: list[Channel], sentence: str) -> None:
    probes = [{"state": "used", "channels": [channel]} for channel in channels] + [
        {"state": "absent", "channels": [GPU]}
    ]
    assert headline(probes) == sentence


def test_a_campaigns_rows_say_whose_model_the_processors_energy_is_by() -> None:
    def row(*channels: Channel) -> Row:
        sources = tuple(Source(str(channel["id"]), "cpu:0", quality=str(channel["quality"])) for channel in channels)
        return Row(Key("a.r1", "inference", 1), "ok", measured=Measured(sources=sources))

    assert processors_model_of([row(AMD, MEMORY), row()]) is Model.PROCESSOR
    assert processors_model_of([row(AMD, MEMORY), row(), row(LOAD)]) is Model.DESIGN_POWER
    assert processors_model_of([row(INTEL, MEMORY)]) is None


def test_exports_name_the_model_beside_the_quality() -> None:
    energy = Energy(90.0, quality="modelled")
    run = Statement("a", "impact-tracker", energy=energy, models=parts_of([measured(AMD)], 90.0))
    assert run.quality_in_words == "modelled: the processor's own model ± 10 %"
    assert quality_in_words("measured", run.models) == "measured"
    assert Statement("a", "another", energy=energy).quality_in_words == "modelled"


def cell(share: float, error: float | None) -> Cell:
    """A campaign's cell of two runs, of whose energy models gave a share."""
    nothing = dict.fromkeys(["kwh", "j_per_image", "carbon_kg", "seconds", "power_w", "accuracy", "images"])
    about = {"test": "t", "model": "m", "title": "M", "phase": "training", "unit": "image", "quality": "modelled"}
    return Cell(**about, **nothing, runs=2, bias=error, partial=False, modelled=share, left_out={})


@pytest.mark.parametrize(
    ("share", "model", "begin"),
    [
        (1.0, Model.PROCESSOR, "energy is by the processor's own model ± 14 %; that error is not in the intervals"),
        (1.0, Model.DESIGN_POWER, "energy is modelled (TDP × load), error ± 14 %, because no sensor can be read: run"),
        (0.1, Model.PROCESSOR, "up to 10 % of the energy is modelled; the sensors' and models' own error ± 14 %"),
        (0.0, None, "the sensors' and models' own error ± 14 % is not in the intervals"),
    ],
)
def test_a_campaign_says_who_models(share: float, model: Model | None, begin: str) -> None:
    (note,) = about_energy([cell(share, 0.14)], model)
    assert note.startswith(begin)
