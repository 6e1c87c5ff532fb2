"""Every export by its name: what it needs beside the run, and what its file is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..factors import Factor
from ..footprint import Allocation, Impact, Machine, embodied, grams_of, making_total
from . import boamps, codecarbon
from .cards import Study, climate_card_latex, climate_card_markdown, hugging_face, latex_statement, neurips
from .json_table import JsonObject
from .once import each_once
from .standards import Need, frugal_statement, open_metrics, sci_json
from .statement import InteropError, Statement

Fields = Mapping[str, str]


@dataclass(frozen=True)
class Form:
    """`write(runs, fields)` gives the text; `suffix` of its file; `fields` it knows, those marked `!` are
    needed. `single`: it has room for one run, the first."""

    what: str
    suffix: str
    write: Callable[[Sequence[Statement], Fields], str]
    fields: tuple[str, ...] = ()
    single: bool = False


def _study(runs: Sequence[Statement], fields: Fields) -> Study:
    return Study(
        final=runs[0],
        all_runs=runs,
        public=fields.get("public"),
        positive_impact=fields.get("positive_impact"),
        comments=fields.get("comments"),
        location=fields.get("location"),
        inference=_inference(fields),
    )


def _inference(fields: Fields) -> Impact | None:
    """Carbon of one sample, as the card asks for it."""
    if "inference_g" not in fields:
        return None
    low, best, high = _span(fields, "inference_g")
    each = Factor(
        best / 1000.0, "kg", low / 1000.0, high / 1000.0, "stated by the user", name="inference of one sample"
    )
    return grams_of(each)


def _boamps(runs: Sequence[Statement], fields: Fields) -> str:
    task: dict[str, object] = {name: fields[name] for name in _BOAMPS if name in fields}
    if "data_type" in fields:
        task["dataset"] = [{"dataUsage": "input", "dataType": fields["data_type"]}]
    algorithm: JsonObject = {name: fields[own] for own, name in _BOAMPS_ALGORITHM.items() if own in fields}
    algorithm |= {name: _number(fields, own) for own, name in _BOAMPS_SIZES.items() if own in fields}
    if algorithm:
        task["algorithms"] = [algorithm]
    if "requests" in fields:
        task["nbRequest"] = _number(fields, "requests")
    return boamps.to_json(runs[0], fields.get("instance"), **task)


def _number(fields: Fields, name: str) -> float:
    if name not in fields:
        raise InteropError(f"this export needs --field {name}=…")
    try:
        return float(fields[name])
    except ValueError:
        raise InteropError(f"{name} must be a number, not {fields[name]!r}") from None


def _making(run: Statement, fields: Fields) -> Impact:
    """The share of making that a run bears: SCI's M = TE × (TiR / EL) × (RR / ToR).

    TE from the field, else of the hardware that the run's record names; missing, with the reason, where neither tells.
    """
    if run.duration_s is None:
        if "total_embodied_kg" in fields:
            raise InteropError(f"{run.name}: its duration is not known, nor its share of making: leave the field out")
        return Impact.missing("carbon", "g", "the run's duration is not known, nor its share of making")
    if "total_embodied_kg" in fields:
        low, best, high = _span(fields, "total_embodied_kg")
        source = fields.get("embodied_source", "stated by the user")
        machine_making = grams_of(Factor(best, "kg", low, high, source, name="making of the machine"))
    else:
        if "embodied_source" in fields:
            raise InteropError("embodied_source needs --field total_embodied_kg=… (of the whole machine)")
        try:
            machine_making = making_total(Machine.of_hardware(run.hardware))
        except ValueError as fault:
            remedy = "--field total_embodied_kg=… states the making of the whole machine"
            return Impact.missing("carbon", "g", f"{fault}; {remedy}")
    life = _number(fields, "lifetime_years") if "lifetime_years" in fields else 4.0
    reserved, total = (_number(fields, name) if name in fields else 1.0 for name in ("reserved", "total"))
    return embodied(machine_making, run.duration_s / 3600.0, Allocation.fixed(life, 1.0, reserved, total))


def _span(fields: Fields, name: str) -> tuple[float, float, float]:
    """A number, or LOW:BEST:HIGH."""
    try:
        numbers = [float(part) for part in fields[name].split(":")]
    except ValueError:
        numbers = []
    if len(numbers) == 1:
        numbers *= 3
    if len(numbers) != 3 or not 0 <= numbers[0] <= numbers[1] <= numbers[2]:
        raise InteropError(f"{name} is a number or LOW:BEST:HIGH, 0 or more, not {fields[name]!r}")
    return numbers[0], numbers[1], numbers[2]


def _sci(runs: Sequence[Statement], fields: Fields) -> str:
    if "functional_unit" not in fields:
        raise InteropError("this export needs --field functional_unit=… (image, token, request)")
    made = _making(runs[0], fields)
    return sci_json(runs[0], functional_unit=fields["functional_unit"], units=_number(fields, "units"), embodied=made)


def _frugal(runs: Sequence[Statement], fields: Fields) -> str:
    need = Need(
        need=fields.get("need", ""),
        alternatives=[a for a in fields.get("alternatives", "").split(";") if a.strip()],
        sufficient_level=fields.get("sufficient_level", ""),
        reached_level=fields.get("reached_level", ""),
        functional_unit=fields.get("functional_unit", ""),
        units=_number(fields, "units"),
    )
    return frugal_statement(runs[0], need, _making(runs[0], fields))


def _hugging_face(runs: Sequence[Statement], fields: Fields) -> str:
    return hugging_face(runs[0], fields.get("training_type"), fields.get("hardware"))


_CARD = ("public", "location", "positive_impact", "comments", "inference_g")
_SHARE = ("total_embodied_kg", "embodied_source", "lifetime_years", "reserved", "total")
# What a BoAmps report says of the algorithm and its size, by the fields of this form.
_BOAMPS_ALGORITHM = {
    "algorithm": "algorithmName",
    "foundation_model": "foundationModelName",
    "framework": "framework",
    "framework_version": "frameworkVersion",
    "optimizer": "optimizer",
    "quantization": "quantization",
}
_BOAMPS_SIZES = {"parameters": "parametersNumber", "layers": "layersNumber", "epochs": "epochsNumber"}
_BOAMPS_BESIDE = ("data_type", *_BOAMPS_ALGORITHM, *_BOAMPS_SIZES, "requests", "instance")
_BOAMPS = ("taskStage", "taskFamily", "taskDescription", "confidentialityLevel")
_FRUGAL = ("need!", "alternatives!", "sufficient_level!", "reached_level!", "functional_unit!", "units!", *_SHARE)


def _card_form(what: str, suffix: str, card: Callable[[Study, bool], str], extended: bool = False) -> Form:
    return Form(what, suffix, lambda runs, fields: card(_study(runs, fields), extended), _CARD)


FORMS: dict[str, Form] = {
    "climate-card": _card_form("climate performance model card, minimum, Markdown", ".md", climate_card_markdown),
    "climate-card-extended": _card_form("the same, extended", ".md", climate_card_markdown, True),
    "climate-card-latex": _card_form("the same, minimum, LaTeX", ".tex", climate_card_latex),
    "climate-card-extended-latex": _card_form("the same, extended, LaTeX", ".tex", climate_card_latex, True),
    "hugging-face": Form(
        "metadata co2_eq_emissions of a model card, in grams",
        ".yaml",
        _hugging_face,
        ("training_type", "hardware"),
        True,
    ),
    "boamps": Form("BoAmps 1.1.0 report", ".json", _boamps, (*_BOAMPS, *_BOAMPS_BESIDE), True),
    "codecarbon": Form("CodeCarbon's emissions.csv, all columns", ".csv", lambda runs, f: codecarbon.to_csv(runs)),
    "sci": Form(
        "software carbon intensity, ISO/IEC 21031", ".json", _sci, ("functional_unit!", "units!", *_SHARE), True
    ),
    "neurips": Form(
        "paragraph on compute resources for the NeurIPS checklist",
        ".txt",
        lambda runs, f: neurips(_study(runs, f)),
        _CARD,
    ),
    "latex": Form("carbon statement with BibTeX", ".tex", lambda runs, f: latex_statement(_study(runs, f)), _CARD),
    "openmetrics": Form("OpenMetrics text", ".prom", lambda runs, f: open_metrics(runs)),
    "frugal": Form("statement after AFNOR SPEC 2314", ".md", _frugal, _FRUGAL, True),
}


def write(form: str, runs: Sequence[Statement], fields: Fields | None = None) -> str:
    """The runs in a form, each joule once. InteropError for an unknown form or field, and for what the form needs and
    nobody gave."""
    from ..factors.factor import did_you_mean, near_matches

    if form not in FORMS:
        raise InteropError(
            f"unknown form {form!r}; known are {', '.join(FORMS)}.{did_you_mean(near_matches(form, FORMS))}"
        )
    if not runs:
        raise InteropError("there is no run to export: give a place that holds one")
    chosen, given = FORMS[form], dict(fields or {})
    known = [name.rstrip("!") for name in chosen.fields]
    for name in given:
        if name not in known:
            raise InteropError(f"{form} knows no field {name!r}; it knows {', '.join(known) or 'none'}")
    return chosen.write(runs if chosen.single else each_once(runs), given)
