"""The table of methods: an option that a method does not use is an error, nothing unknown is 0, whatever is given."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impact_tracker import cli
from impact_tracker.estimators import METHODS, EstimateError, Inputs, estimate_by, users_of
from impact_tracker.estimators.methods import FLAGS

GIVEN = {
    "method_version": st.sampled_from(["1.0", "2.1", "3.0"]),
    "cores": st.floats(1, 512),
    "cpu": st.sampled_from(["Xeon E5-2683 v4", "EPYC 7543"]),
    "core_w": st.floats(1, 20),
    "cpu_usage": st.floats(0.01, 1),
    "gpus": st.floats(1, 64),
    "gpu": st.sampled_from(["V100", "A100 SXM4 80GB", "Tesla T4"]),
    "gpu_w": st.floats(50, 700),
    "gpu_usage": st.floats(0.01, 1),
    "memory_gb": st.floats(1, 1024),
    "memory_w": st.floats(1, 200),
    "platform": st.sampled_from(["aws", "gcp", "azure"]),
    "pue": st.floats(1, 2),
    "scaling": st.floats(1, 10),
    "zone": st.sampled_from(["FR", "Germany", "USA"]),
    "intensity": st.floats(20, 900),
    "cpu_hours": st.floats(0, 100),
    "max_memory_gb": st.floats(1, 100),
    "granularity_gb": st.floats(1, 10),
    "state": st.sampled_from(["COMPLETED", "FAILED"]),
    "hour_factor": st.sampled_from([("core gricad",), ("core genotoul",)]),
    "ssd_tb": st.floats(0.1, 10),
    "hdd_tb": st.floats(0.1, 10),
    "network_gb": st.floats(0.1, 1000),
    "replication": st.floats(1, 3),
    "instance": st.sampled_from(["aws:p4d.24xlarge", "gcp:e2-standard-4", "azure:D2s v3"]),
}
BEYOND = {"tables", "hours_file"}  # a folder and a file, which its own tests make


def some_inputs():
    return st.fixed_dictionaries({"hours": st.floats(0.1, 1000)}, optional=GIVEN)


def test_every_option_is_tried_here_and_used_by_some_method():
    assert set(GIVEN) | BEYOND | {"hours"} == set(FLAGS) == {f for f in Inputs.__dataclass_fields__}
    assert all(users_of(name) for name in FLAGS)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(METHODS)), some_inputs())
def test_an_estimate_is_above_zero_or_an_error_and_never_drops_an_option(method, options):
    inputs = Inputs(**options)
    unused = [name for name in inputs.given if name not in METHODS[method].uses]
    try:
        made = estimate_by(method, inputs)
    except ValueError as error:
        for name in unused:
            assert FLAGS[name] in str(error) and all(user in str(error) for user in users_of(name))
        return
    assert not unused
    assert made.carbon_g is not None and made.carbon_g > 0
    assert made.energy_kwh is None or made.energy_kwh > 0
    assert made.carbon.low <= made.carbon.value <= made.carbon.high


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(METHODS)), st.sampled_from(sorted(GIVEN)), st.data())
def test_an_option_that_is_used_changes_or_is_named(method, option, data):
    """More of a thing that counts gives more; an option that could not matter would be in no list."""
    grows = {"cores", "core_w", "gpus", "gpu_w", "memory_gb", "memory_w", "pue", "scaling", "ssd_tb", "hdd_tb"}
    if option not in grows or option not in METHODS[method].uses:
        return
    options = {
        "hours": 10.0,
        "cores": 4.0,
        "core_w": 10.0,
        "gpus": 2.0,
        "gpu_w": 300.0,
        "memory_gb": 32.0,
        "zone": "FR",
    }
    options.update(
        platform="aws", hour_factor=("core gricad",), pue=1.2, scaling=1.0, memory_w=10.0, ssd_tb=1.0, hdd_tb=1.0
    )
    if method == "cloud":
        options["gpu"] = "V100"
    if method == "instance":
        options["instance"] = "aws:p4d.24xlarge"
    if method == "hour-factor":
        del options["gpus"]
        if option == "gpus":
            return
    options = {name: value for name, value in options.items() if name == "hours" or name in METHODS[method].uses}
    more = {**options, option: options[option] * data.draw(st.floats(1.5, 3.0))}
    before, after = estimate_by(method, Inputs(**options)), estimate_by(method, Inputs(**more))
    assert after.carbon_g > before.carbon_g


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--method", "strubell", "--gpus", "8"], "--gpu"),
        (["--method", "strubell", "--gpu", "V100", "--zone", "FR"], "does not use --zone"),
        (["--method", "mlco2", "--gpu", "V100", "--pue", "1.2"], "does not use --pue"),
        (["--method", "mlco2", "--gpu", "V100", "--scaling", "2"], "green-algorithms"),
        (["--method", "mlco2", "--gpu", "V100", "--gpus", "0"], "gpus"),
        (["--method", "hour-factor", "--gpus", "16"], "card"),
        (["--method", "hour-factor"], "--cores or --gpus"),
        (["--method", "accelerator-days", "--gpus", "16"], "--gpu or --tdp-gpu"),
        (["--method", "accelerator-days", "--tdp-gpu", "0"], "above 0 W"),
        (["--method", "ga4hpc", "--cores", "4", "--tdp-per-core", "9", "--gpus", "2"], "2 cards"),
        (["--method", "cloud", "--cores", "8"], "--platform"),
        (["--method", "cloud", "--platform", "aws", "--gpu", "Voodoo 2"], "A100"),
        (["--method", "instance", "--instance", "aws:p4d.24xlarg"], "aws:p4d.24xlarge"),
        (["--method", "instance"], "--instance"),
        (["--gpu", "V100", "--tdp-gpu", "250"], "not both"),
        (["--gpus", "1", "--cpu", "EPYC 7543"], "--cpu without --cores"),
        (["--cores", "4", "--gpu-usage", "0.5"], "--gpu-usage without --gpus"),
        (["--hours", "0", "--method", "mlco2", "--gpu", "V100"], "hours"),
    ],
)
def test_what_was_dropped_or_taken_for_0(capsys, arguments, message):
    assert cli.main(["estimate", "--hours", "10", *arguments]) == 2
    streams = capsys.readouterr()
    assert message in streams.err and streams.out == ""


@pytest.mark.parametrize("method", ["strubell", "accelerator-days"])
def test_a_card_by_its_name_has_its_power(capsys, method):
    assert cli.main(["estimate", "--method", method, "--hours", "10", "--gpu", "V100", "--gpus", "4", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["energy_kwh"] > 4 * 10 * 0.2


def test_a_cloud_has_the_methods_own_pue():
    made = estimate_by("cloud", Inputs(10.0, platform="aws", cores=8.0, cpu_usage=0.5, zone="FR"))
    assert made.energy_kwh == pytest.approx(10 * 8 * (0.74 + 0.5 * 2.76) * 1.135 / 1000)
    assert made.energy.low < made.energy.value < made.energy.high


def test_an_unknown_method_has_near_names():
    with pytest.raises(EstimateError, match="mlco2"):
        estimate_by("mlco", Inputs(1.0))


@pytest.mark.parametrize(
    ("typed", "flag"),
    [
        ({"hours": 0.0, "cores": 4.0}, "--hours"),
        ({"hours": 1.0, "cores": 4.0, "cpu_usage": 0.0, "core_w": 7.5}, "--cpu-usage"),
        ({"hours": 1.0, "cores": 0.0, "gpus": 1.0, "gpu_usage": 0.0, "core_w": 7.5}, "--gpu-usage"),
    ],
)
def test_what_draws_nothing_is_no_estimate(typed, flag):
    with pytest.raises(EstimateError, match=f"nothing that was given draws power: .*{flag}"):
        estimate_by("green-algorithms", Inputs(zone="FR", **typed))
