"""Reads a scenario from YAML: parameters by their names in the simulator's table, or what people know instead of them.

A device can be a preset, its power and the time of a batch, or a measurement; a link a preset, kWh/GB or bit/J; a
place a zone or an intensity. `impact-tracker study paradigms --example` prints a file that shows them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ...factors import Factor, FactorError, intensity
from ...factors.factor import did_you_mean, near_matches
from .measured import batch_of_campaign, batch_of_record
from .presets import YEAR_S, bit_per_j, estimated, presets, quotient, scaled
from .scenario import PARAMETERS, Learners, TrainingScenario
from .written import Written, read_yaml

Values = dict[str, Factor]
_COMMON = {name for name, row in PARAMETERS.items() if not row.of_group}
_CENTRE = {name[len("centre_") :]: name for name in _COMMON if name.startswith("centre_")}
_TASK = sorted(_COMMON - set(_CENTRE.values()))
_GROUP = [name for name, row in PARAMETERS.items() if row.of_group]
_DEVICE_FIELDS = ["device", "power_w", "batch_s", "joules_per_batch", "measured", "batch_size", "making_kg"]
_DEVICE_FIELDS += ["life_years", "use_share", "zone", "year"]
_LINKS = {"up": "uplink_bit_per_j", "down": "downlink_bit_per_j", "side": "sidelink_bit_per_j"}
_FIELDS = ["title", "target", "model", "parameters", "bytes_per_parameter", "sample_flop", "task", "centre", "learners"]
# For data that are not spread alike, "often twice as long" (Savazzi and others 2023): the range begins at no loss.
_MOST = 1e30  # of any parameter: more is a slip, and no sum of it is a number
_NOT_IID = (1.0, 2.0, 4.0)


def read_scenario(path: str | Path) -> TrainingScenario:
    """The scenario of a file. FactorError names file, line and field of what is missing, unknown or impossible."""
    written = read_yaml(path)
    fields = written.mapping(_FIELDS)
    notes: list[str] = []
    for name in ("task", "centre", "learners"):
        if name not in fields:
            raise written.fault(f"it has no {name}; `impact-tracker study paradigms --example` prints an example")
    sample = _sample_flop(fields)
    common = _task(fields["task"], notes)
    if "model_bits" not in common:
        common["model_bits"] = _model_bits(written, fields)
    centre = _computer(fields["centre"], sample, sorted(_CENTRE), notes)
    common.update({_CENTRE[name]: factor for name, factor in centre.items()})
    if "centre_pue" not in common:
        common["centre_pue"] = _default_pue(notes)
    groups = tuple(_learners(group, sample, notes, number) for number, group in enumerate(fields["learners"].items()))
    places: dict[str, Written] = {**{f"centre_{name}": value for name, value in fields["centre"].mapping().items()}}
    places.update(fields["task"].mapping())
    for group in fields["learners"].items():
        places.update({name: value for name, value in group.mapping().items() if name in PARAMETERS})
    _check_given(written, common, groups, fields)
    title = fields["title"].text() if "title" in fields else Path(path).stem
    target = fields["target"].text() if "target" in fields else "the same accuracy"
    try:
        return TrainingScenario(title, target, common, groups, tuple(dict.fromkeys(notes)))
    except FactorError:
        raise
    except ValueError as error:
        name = str(error).split(" ", 1)[0]
        raise places.get(name, written).fault(str(error)) from error


def _check_given(written: Written, common: Values, groups: tuple[Learners, ...], fields: dict[str, Written]) -> None:
    for name, row in PARAMETERS.items():
        if row.fallback is not None:
            continue
        about = f"{name} is missing: {row.meaning}" + ("" if row.unit == "1" else f", in {row.unit}")
        if not row.of_group and name not in common:
            section = "centre" if name in _CENTRE.values() else "task"
            raise fields[section].fault(about.replace("centre_", "", 1) if section == "centre" else about)
        for group, place in zip(groups, fields["learners"].items()):
            if row.of_group and name not in group.values:
                raise place.fault(about + _instead(name))
    if not groups:
        raise written.fault("learners is empty: name one group at least")


def _instead(name: str) -> str:
    """What can be given in place of a parameter."""
    others = {
        "flop_per_j": "device, power_w with batch_s, or joules_per_batch",
        "flop_per_s": "device, or batch_s",
        "batch_flop": "batch_size with a model",
        "intensity_g_per_kwh": "zone",
        "uplink_bit_per_j": "links: {up: …}",
        "downlink_bit_per_j": "links: {down: …}",
        "sidelink_bit_per_j": "links: {side: …}",
    }
    return f" (or {others[name]})" if name in others else ""


def _parameter(value: Written, name: str) -> Factor:
    row = PARAMETERS[name]
    factor = value.factor(row.unit, name)
    below = factor.low <= row.low if row.positive else factor.low < row.low
    if 0 < factor.low < 1.0 / _MOST:
        raise value.fault(f"{name} is {value.value}, but must be {1.0 / _MOST:g} at least where it is not 0")
    if below or factor.high > min(row.high, _MOST):
        least = f"above {row.low:g}" if row.positive else f"at least {row.low:g}"
        most = f" and at most {min(row.high, _MOST):g}" if row.high <= _MOST or factor.high > _MOST else ""
        raise value.fault(f"{name} is {value.value}, but must be {least}{most}")
    return factor


def _task(written: Written, notes: list[str]) -> Values:
    fields = written.mapping([*_TASK, "trainings"])
    values: Values = {}
    for name, value in fields.items():
        if name == "skew" and isinstance(value.value, str):
            values[name] = _skew(value)
        elif name == "broadcast" and isinstance(value.value, bool):
            values[name] = Factor.stated(float(value.value), "0 or 1", name)
        elif name == "trainings":
            if "horizon_s" in fields:
                raise value.fault("give trainings, or horizon_s with period_s: they say the same thing")
            period = _parameter(fields["period_s"], "period_s") if "period_s" in fields else None
            if period is not None and period.low < period.high:
                raise value.fault(
                    "period_s has a range, with which the number of trainings would vary: give one number"
                )
            number = value.factor("1", "trainings")
            if number.low < 1:
                raise value.fault(f"there is at least one training, not {number.low:g}")
            if number.low < number.high:
                raise value.fault("a range of trainings is given by horizon_s and period_s")
            period = period or Factor.stated(1.0, "s", "period_s", "not stated: only the number of trainings is known")
            values["period_s"] = period
            values["horizon_s"] = scaled(period, number.value, "s", "horizon_s")
        else:
            values[name] = _parameter(value, name)
    if "server_share" not in values:
        notes.append("server_share is not stated: 0.1 of the centre's work in a round, as in the published model.")
        values["server_share"] = estimated((0.0, 0.1, 0.2), "1", "server_share", "Savazzi and others 2023")
    return values


def _skew(value: Written) -> Factor:
    word = value.text().lower()
    if word == "iid":
        return Factor.stated(1.0, "1", "skew", "data that are spread alike")
    if word in ("non-iid", "not iid"):
        return estimated(_NOT_IID, "1", "skew", "Savazzi and others 2023: often twice as many rounds")
    raise value.fault(f"skew is iid, non-iid or a number of at least 1, not {value.value!r}")


def _preset(value: Written, kind: str, known: dict[str, object]) -> str:
    name = value.text()
    if name not in known:
        hint = did_you_mean(near_matches(name, known)) or f" Known are {', '.join(known)}."
        raise value.fault(f"no preset {kind} has the name {name!r}.{hint}")
    return name


def _model_bits(written: Written, fields: dict[str, Written]) -> Factor:
    size = fields["bytes_per_parameter"].factor("B", "bytes_per_parameter") if "bytes_per_parameter" in fields else None
    size = size or Factor.stated(4.0, "B", "bytes_per_parameter", "single precision")
    if "parameters" in fields:
        parameters = fields["parameters"].factor("1", "parameters")
    elif "model" in fields:
        models = presets().models
        model = models[_preset(fields["model"], "model", dict(models))]
        parameters = Factor.stated(float(model.parameters), "1", "parameters", model.source)
    else:
        raise written.fault("the size of the model is missing: give model, parameters, or task: model_bits")
    return scaled(quotient([parameters, size], [], "B", "model"), 8.0, "bit", "model_bits")


def _sample_flop(fields: dict[str, Written]) -> Factor | None:
    if "sample_flop" in fields:
        return fields["sample_flop"].factor("FLOP", "sample_flop")
    if "model" not in fields:
        return None
    models = presets().models
    model = models[_preset(fields["model"], "model", dict(models))]
    return estimated(model.sample_flop, "FLOP", "sample_flop", model.source)


def _learners(written: Written, sample: Factor | None, notes: list[str], number: int) -> Learners:
    fields = written.mapping([*_GROUP, *_DEVICE_FIELDS, "name", "links"])
    values = _computer(written, sample, _GROUP, notes)
    for way, name in _LINKS.items():
        links = fields["links"].mapping(list(_LINKS)) if "links" in fields else {}
        if way in links:
            values.setdefault(name, _link(links[way], name))
        elif "uplink_bit_per_j" in values and name not in values:
            values[name] = values["uplink_bit_per_j"]
            notes.append(f"{name} is not stated: the uplink's efficiency is taken.")
    if "active" not in values and "learners" in values:
        values["active"] = values["learners"]
        notes.append("active is not stated: every learner takes part in each round.")
    name = fields["name"].text() if "name" in fields else f"group {number + 1}"
    return Learners(name, values)


def _link(value: Written, name: str) -> Factor:
    if isinstance(value.value, str) and value.value.strip()[:1].isalpha():
        links = presets().links
        link = links[_preset(value, "link", dict(links))]
        return bit_per_j(estimated(link.kwh_per_gb, "kWh/GB", "energy of the way", link.source), name)
    if isinstance(value.value, str) and value.value.strip().endswith("kWh/GB"):
        return bit_per_j(value.factor("kWh/GB", name), name)
    return value.factor("bit/J", name)


def _computer(written: Written, sample: Factor | None, names: list[str], notes: list[str]) -> Values:
    """The parameters of the centre or of a group: those that are named, then what the device says of the others."""
    prefix = "" if "learners" in names else "centre_"
    fields = written.mapping([*names, *_DEVICE_FIELDS, *(["name", "links"] if not prefix else [])])
    values = {name: _parameter(fields[name], prefix + name) for name in names if name in fields}
    if "zone" in fields:
        year = fields["year"].number("1") if "year" in fields else None
        try:
            grid = intensity(fields["zone"].text(), None if year is None else int(year))
        except FactorError as error:
            raise fields["zone"].fault(str(error)) from error
        values.setdefault("intensity_g_per_kwh", grid)
    _work(fields, values, sample)
    _making(fields, values)
    if "batch_flop" not in values and ("flop_per_j" in values or "flop_per_s" in values):
        raise written.fault("batch_flop is missing: the work of a batch (or batch_size with a model)")
    return values


def _work(fields: dict[str, Written], values: Values, sample: Factor | None) -> None:
    """Computing efficiency, computing power and the work of a batch, from what is given in their place."""
    device = (
        presets().devices[_preset(fields["device"], "device", dict(presets().devices))] if "device" in fields else None
    )
    power = None if device is None else estimated(device.power_w, "W", "power", device.source)
    power = fields["power_w"].factor("W", "power_w") if "power_w" in fields else power
    batch_j, batch_s = _batch(fields, power)
    is_counted = "flop_per_j" in values or "flop_per_s" in values or (batch_j is None and batch_s is None)
    if is_counted and "batch_size" in fields and sample is not None:
        size = fields["batch_size"].factor("1", "batch_size")
        values.setdefault("batch_flop", quotient([sample, size], [], "FLOP", "batch_flop"))
    if not is_counted:
        # Energy and time of a batch were given and nothing in FLOP: the batch is the unit of work.
        values.setdefault("batch_flop", Factor.stated(1.0, "FLOP", "batch_flop", "a batch is the unit of work"))
    if "batch_flop" in values:
        if batch_j is not None:
            values.setdefault("flop_per_j", quotient([values["batch_flop"]], [batch_j], "FLOP/J", "flop_per_j"))
        if batch_s is not None:
            values.setdefault("flop_per_s", quotient([values["batch_flop"]], [batch_s], "FLOP/s", "flop_per_s"))
    if device is not None and power is not None:
        speed = estimated(device.flop_per_s, "FLOP/s", "flop_per_s", device.source)
        values.setdefault("flop_per_s", speed)
        values.setdefault("flop_per_j", quotient([speed], [power], "FLOP/J", "flop_per_j"))


def _batch(fields: dict[str, Written], power: Factor | None) -> tuple[Factor | None, Factor | None]:
    """Energy and time of a batch, where they are given or measured; of one alone the other follows by the power."""
    if "measured" in fields:
        return _measured(fields["measured"])
    batch_s = fields["batch_s"].factor("s", "batch_s") if "batch_s" in fields else None
    batch_j = fields["joules_per_batch"].factor("J", "joules_per_batch") if "joules_per_batch" in fields else None
    if power is not None and batch_j is None and batch_s is not None:
        batch_j = quotient([power, batch_s], [], "J", "joules_per_batch")
    elif power is not None and batch_j is not None and batch_s is None:
        batch_s = quotient([batch_j], [power], "s", "batch_s")
    return batch_j, batch_s


def _measured(value: Written) -> tuple[Factor, Factor]:
    fields = value.mapping(("record", "batches", "campaign", "test"))
    readers: dict[str, Callable[[], tuple[Factor, Factor]]] = {
        "record": lambda: batch_of_record(fields["record"].text(), fields["batches"].number("1")),
        "campaign": lambda: batch_of_campaign(fields["campaign"].text(), fields["test"].text()),
    }
    beside = {"record": "batches", "campaign": "test"}
    for name, read in readers.items():
        if name in fields:
            if beside[name] not in fields:
                raise value.fault(f"{name} needs {beside[name]} beside it")
            try:
                return read()
            except (OSError, ValueError) as error:
                raise fields[name].fault(str(error)) from error
    raise value.fault("give record with batches, or campaign with test")


def _making(fields: dict[str, Written], values: Values) -> None:
    """The hardware's making for each second of use, from its mass of CO2e, its life and how much of that it works."""
    device = presets().devices.get(str(fields["device"].value)) if "device" in fields else None

    def part(name: str, unit: str) -> Factor | None:
        if name in fields:
            return fields[name].factor(unit, name)
        numbers = getattr(device, name) if device is not None else None
        return None if numbers is None or device is None else estimated(numbers, unit, name, device.source)

    made, life, use = part("making_kg", "kg"), part("life_years", "year"), part("use_share", "1")
    if made is None:
        return
    if life is None or use is None:
        raise fields["making_kg"].fault("making_kg needs life_years and use_share beside it")
    per_year = quotient([made], [life, use], "kg/year", "making")
    values.setdefault("making_g_per_s", scaled(per_year, 1000.0 / YEAR_S, "g/s", "making_g_per_s"))


def _default_pue(notes: list[str]) -> Factor:
    notes.append("centre_pue is not stated: 1.56, the mean of a survey of data centres, 1.1 to 2.")
    return estimated((1.1, 1.56, 2.0), "1", "centre_pue", "Uptime Institute 2024")
