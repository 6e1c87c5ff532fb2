"""A declared tree of consequences from a file: known answers, and faults with their line."""

import json

import pytest

from impact_tracker.factors import FactorError
from impact_tracker.footprint import read_consequences

GOOD = {
    "reference": "the same letters sorted by hand",
    "effects": {
        "the service": {"order": 1, "amount_kg": [80, 100, 130], "source": "our own footprint"},
        "vans not driven": {"order": 2, "amount_kg": -1000},
        "more letters": {"order": 3, "causes": {"vans not driven": [-0.5, -0.3, -0.1]}},
    },
}


def write(tmp_path, document):
    path = tmp_path / "effects.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document, indent=1))
    return path


def test_a_saving_with_its_rebound(tmp_path):
    study = read_consequences(write(tmp_path, GOOD))
    assert study.net.best == pytest.approx(100_000 - 1_000_000 + 300_000)
    assert study.rebound.best == pytest.approx(0.3) and 0.1 < study.rebound.low < 0.3 < study.rebound.high < 0.5
    assert any("Rebound: it eats 30%" in line for line in study.lines())
    explained = "\n".join(study.explain())
    assert "-0.3 (-0.5 to -0.1) × vans not driven (-1000 kg) = 300 kg" in explained and "our own footprint" in explained
    document = json.loads(json.dumps(study.as_dict()))
    assert document["measured"] is False and document["orders"]["2"]["carbon_g_a_year"] == -1_000_000.0


def test_nothing_avoided_has_no_rebound(tmp_path):
    document = {
        "reference": "x",
        "effects": {"a": {"order": 2, "amount_kg": 5}, "b": {"order": 3, "causes": {"a": 0.5}}},
    }
    study = read_consequences(write(tmp_path, document))
    assert study.rebound is None and study.net.best == pytest.approx(7500.0)


def test_a_loop_in_a_file(tmp_path):
    document = {
        "reference": "x",
        "effects": {
            "use": {"order": 2, "amount_kg": 100, "causes": {"demand": 1.0}},
            "demand": {"order": 3, "causes": {"use": 0.5}},
        },
    }
    assert read_consequences(write(tmp_path, document)).effects["use"].best == pytest.approx(200_000.0)


def changed(path, value):
    document = json.loads(json.dumps(GOOD))
    at = document
    for word in path[:-1]:
        at = at[word]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "line", "message"),
    [
        (["reference"], None, 1, "would be without"),
        (["reference"], " ", 2, "would be without"),
        (["efects"], {}, 28, "Did you mean effects"),
        (["effects"], {}, 3, "no effect"),
        (["effects", "the service", "order"], 4, 5, "order is 1, 2 or 3"),
        (["effects", "the service", "amount_kg"], [3, 2, 1], 6, "out of order"),
        (["effects", "vans not driven", "amount_kg"], None, 13, "neither amount_kg nor causes"),
        (["effects", "vans not driven", "amount_kg"], "much", 15, "finite number"),
        (["effects", "vans not driven", "amount"], -1, 16, "Did you mean amount_kg"),
        (["effects", "more letters", "causes"], {"vans not drven": -0.3}, 20, "Did you mean vans not driven"),
        (["effects", "more letters", "causes"], 5, 19, "table of ratios"),
    ],
)
def test_faults_name_their_line(tmp_path, path, value, line, message):
    file = write(tmp_path, changed(path, value))
    with pytest.raises(FactorError) as caught:
        read_consequences(file)
    assert message in str(caught.value) and str(caught.value).startswith(f"{file}:{line}:"), str(caught.value)


def test_a_loop_that_grows_names_the_file(tmp_path):
    document = {"reference": "x", "effects": {"a": {"order": 2, "amount_kg": 1, "causes": {"a": 1.0}}}}
    with pytest.raises(FactorError, match=r"effects\.json: a loop"):
        read_consequences(write(tmp_path, document))
