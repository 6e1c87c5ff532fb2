"""The study's questions, tables and figures on campaigns whose law is known; the published numbers computed again."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from impact_tracker.bench import Settings
from impact_tracker.bench.analyse.published import CLASSIFIERS
from impact_tracker.bench.analyse.ranks import ranks_of
from impact_tracker.bench.analyse.relations import bootstrap
from impact_tracker.bench.show import comparison, reproduction
from impact_tracker.bench.show.suite_files import suite_tables, write_suite
from impact_tracker.bench.show.table_texts import csv_text, latex, markdown
from impact_tracker.bench.show.view import View, read
from impact_tracker.cli import main
from impact_tracker.report.page import Table, plain
from python.bench.flat import append, flat
from python.bench.made import SHAPES, campaign, joules_of

pytest.importorskip("scipy.stats")


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> View:
    """The whole suite, three runs, 3 J per GMAC in inference and 9 in training."""
    folder = tmp_path_factory.mktemp("whole") / "a"
    return campaign(folder, Settings(suite="ai-benchmark", mode="work", repeats=3))


def test_the_law_behind_the_energies_is_found(suite: View) -> None:
    answers = {answer.question: answer for answer in suite.answers}
    complexity = answers["Do multiply-adds decide what inference costs?"]
    assert complexity.answer == "yes, more multiply-adds mean more energy"
    assert "J per image = 3" in complexity.statistic
    assert "in the mean 2.993 (2.975 to 3.011) per GMAC" in complexity.statistic
    assert "19 points" in complexity.statistic  # a network with several tests is one
    assert "J per image = 9" in answers["Do multiply-adds decide what training costs?"].statistic
    assert "cannot be told from chance" in answers["Do parameters decide what inference costs?"].answer
    assert "Inception-V3" in answers["Does accuracy cost energy in inference?"].statistic
    much = answers["How much does inference cost?"].answer
    assert much.startswith("0.90")
    assert "(MobileNet-V2) to 23" in much
    assert answers["Which networks change their order from inference to training?"].answer == (
        "none that can be told from chance"
    )


def test_points_hold_what_the_figures_need(suite: View) -> None:
    points = suite.points
    assert len(points) == 42
    vgg = next(point for point in points if point.test == "vgg-16/inference")
    assert vgg.parameters == 138_357_544
    assert vgg.j_per_image is not None
    assert vgg.carbon_g_per_1000 == pytest.approx(vgg.j_per_image.value * 1000 * 400 / 3.6e6)
    # 15.47 GMAC over 4 bytes of 138 M weights and twice 6 M outputs of each of 20 images
    assert vgg.intensity == pytest.approx(15.4703e9 * 20 / (4 * (138_357_544 + 2 * 6e6 * 20)), rel=1e-6)


def test_tables_are_the_published_ones_for_this_machine(suite: View) -> None:
    tables = suite_tables(suite)
    expected = "table1 table2 table3 inference training intervals ranks answers"
    assert list(tables) == expected.split()
    assert [row[:4] for row in tables["table1"].rows][:1] == [("MobileNet-V2", "3.51", "5", "+43 %")]
    assert len(tables["table2"].rows) == len(tables["table3"].rows) == 7
    assert len(tables["inference"].rows) == 24
    assert {row[0] for row in tables["inference"].rows} >= {"SRCNN 9-5-5 (a)", "SRCNN 9-5-5 (b)"}


def test_files_and_figures_of_a_suite(suite: View) -> None:
    written = {path.name for path in write_suite(suite)}
    figures = ("figure1", "figure2", "figure3", "networks", "roofline", "pareto", "parameters", "fit")
    assert written >= {f"{name}.{kind}" for name in figures for kind in ("png", "svg")}
    assert written >= {"tables.md", "tables.tex", "table1.csv", "table2.csv", "table3.csv", "answers.csv"}
    text = (suite.storage.folder / "tables.tex").read_text()
    assert text.count(r"\begin{table}") == 8
    assert text.isascii()
    assert "Traceback" not in (suite.storage.folder / "reproduction.md").read_text()
    svg = (suite.storage.folder / "parameters.svg").read_text()
    assert "g CO2e for 1,000 inferences" in svg
    assert "ResNet-V2-152" in svg


def test_intervals_and_ranks_are_tables(suite: View) -> None:
    tables = suite_tables(suite)
    assert len(tables["intervals"].rows) == 42
    network, phase, runs, student, bootstrap, variation = tables["intervals"].rows[0]
    assert (network, phase, runs) == ("MobileNet-V2", "inference", "3")
    assert " ± " in student
    assert bootstrap == "–"  # of three runs it would hold the mean too seldom
    assert variation.endswith("%")
    ranks = {row[0]: row[1:] for row in tables["ranks"].rows}
    assert len(ranks) == 18  # GNMT is not trained
    places = sorted(int(row[0]) for row in ranks.values())
    assert places == list(range(1, 19))
    assert {row[2] for row in ranks.values()} == {"–"}  # the stand-ins' joules follow their work


def test_a_network_s_rank_does_not_change_with_the_size_of_its_pictures(tmp_path: Path) -> None:
    """Joules that follow the multiply-adds alone: no rank changes where inputs are of one size."""
    models = ("srcnn", "srgan", "resnet-v2-50", "vgg-16")
    view = campaign(
        tmp_path / "a",
        Settings(suite="ai-benchmark", mode="work", repeats=1, models=models),
        joules=lambda name: SHAPES[name].gmac,
        scatter=0.0,
    )
    ranks = ranks_of(view.points)
    assert ranks is not None
    assert set(ranks.places) == set(models)
    assert ranks.reversals == []
    (answer,) = [answer for answer in view.answers if "change their order" in answer.question]
    assert answer.answer.startswith("cannot be told")


def test_what_is_no_image_is_not_called_one(tmp_path: Path) -> None:
    settings = Settings(suite="modern", mode="work", repeats=1)
    view = campaign(tmp_path / "a", settings, units={"gpt2-decode": "token", "bert-base": "sequence"})
    answers = {answer.question: answer for answer in view.answers}
    much = answers["How much does inference cost?"].answer
    assert "J per token (GPT-2 decode) to" in much
    assert "per image (SD 1: decoder)" in much
    assert "J per input = " in answers["Do multiply-adds decide what inference costs?"].statistic
    tables = suite_tables(view)
    assert tables["ranks"].title.startswith("Ranks by J for a multiply-add")
    again = campaign(tmp_path / "b", settings, units={"gpt2-decode": "token", "bert-base": "sequence"})
    text = plain(comparison.page(view, again))
    assert "J per token" in text
    assert "energies for one input differs" in text


def test_the_order_is_held_against_the_published_tables(suite: View) -> None:
    answers = {answer.question: answer for answer in suite.answers}
    for number, phase in ((2, "inference"), (3, "training")):
        ordering = answers[f"Is the order in {phase} that of the published Table {number}?"]
        assert "J per image: Spearman" in ordering.statistic
        assert "mean power: Spearman" in ordering.statistic
        assert "Kendall" in ordering.statistic


def test_invalid_runs_are_shown_with_their_reason_and_in_no_mean(tmp_path: Path) -> None:
    view = campaign(tmp_path / "a", Settings(suite="ai-benchmark", mode="work", repeats=3, models=("vgg-16",)))
    cell = next(cell for cell in view.cells if cell.phase == "training")
    with view.storage as storage:
        for row in flat(view):
            worst = {**row, "attempt": 2, "j_per_image": 1e9, "kwh": 1e9}
            if row["phase"] == "inference":
                append(storage, {**worst, "invalid": ["the GPU was not used"]})
            elif row["repeat"] == 2:
                append(storage, {**worst, "invalid": ["its power drifted"]})
    again = read(tmp_path / "a")
    inference, training = again.cells
    assert (inference.runs, training.runs) == (0, 2)
    assert training.j_per_image is not None
    assert cell.j_per_image is not None
    assert training.j_per_image.value == pytest.approx(cell.j_per_image.value, rel=0.05)
    tables = suite_tables(again)
    assert tables["table2"].rows == [("VGG-16", "0 of 3", "invalid", "", "", "", "invalid")]
    assert tables["table3"].rows[0][1] == "2 of 3"
    reasons = {(row[0], row[2]) for row in tables["left-out"].rows}
    assert ("vgg-16/training.r2", "its power drifted") in reasons
    assert len(reasons) == 4
    text = plain(again.page())
    assert "vgg-16/training.r2 training is not averaged: its power drifted" in text
    assert "the GPU was not used" in text


def test_the_olympic_mean_says_so_and_its_bootstrap_is_of_the_same_runs(tmp_path: Path) -> None:
    campaign(tmp_path / "a", Settings(models=("small-cnn",), repeats=14), joules=lambda name: 0.5)
    plain_view, olympic = read(tmp_path / "a"), read(tmp_path / "a", olympic=True)
    assert [cell.kwh.runs for cell in olympic.cells if cell.kwh is not None] == [12, 12, 12]
    assert any("--olympic" in note for note in olympic.caveats)
    assert not any("--olympic" in note for note in plain_view.caveats)
    usual, trimmed = (view.to_dict()["summary"][0]["bootstrap"]["kwh"] for view in (plain_view, olympic))
    assert usual != trimmed
    # All fourteen are drawn from: the interval of the twelve that are left would be too narrow
    values = sorted(row["kwh"] for row in flat(olympic) if row["phase"] == olympic.cells[0].phase)
    kept = bootstrap(values[1:-1])
    assert kept is not None
    assert trimmed[1] - trimmed[0] > kept[1] - kept[0]
    olympic.write_files()
    lines = (tmp_path / "a" / "summary.csv").read_text().splitlines()
    cells = dict(zip(lines[0].split(","), lines[1].split(",")))
    assert [float(cells[f"kwh_bootstrap_{end}"]) for end in ("low", "high")] == trimmed


def test_what_makes_means_doubtful_is_said(tmp_path: Path) -> None:
    settings = Settings(models=("small-cnn",), repeats=4)
    view = campaign(tmp_path / "a", settings, joules=lambda name: 0.5, scatter=0.3, seed=2)
    with view.storage as storage:
        for task, watts in (("idle-before.s1", 40.0), ("idle-after.s1", 50.0)):
            row = {"kind": "row", "task": task, "phase": "idle", "attempt": 1, "status": "ok", "power_w": watts}
            append(storage, {**row, "host": f"node-{watts:.0f}", "region_s": 30.0, "cpu_utilisation": watts / 30})
    notes = read(tmp_path / "a").caveats
    assert any(note.startswith("energies of single runs scatter") and "Small CNN training" in note for note in notes)
    assert "idle, the machine drew 40.0 W before the session and 50.0 W after it" in notes
    assert "in an idle baseline 1.7 processors were busy: energies above idle are too small" in notes
    assert "rows of 2 machines are in these means: node-40, node-50" in notes


def test_where_no_run_counts_it_says_so(tmp_path: Path) -> None:
    settings = Settings(suite="ai-benchmark", mode="work", repeats=1, models=("vgg-16",))
    view = campaign(tmp_path / "a", settings)
    with view.storage as storage:
        for row in flat(view):
            append(storage, {**row, "attempt": 2, "invalid": ["other programs ran beside it"]})
    again = read(tmp_path / "a")
    assert again.page().headline.startswith("No run counts")
    assert (
        again.scores is not None and again.scores.text() == "no score: no sub-test of the suite has a run that counts"
    )
    assert write_suite(again)  # without any figure


def test_what_the_mode_of_the_paper_leaves_open_is_said(tmp_path: Path) -> None:
    settings = Settings(suite="ai-benchmark", mode="paper", repeats=1, models=("vgg-16", "srcnn"))
    view = campaign(tmp_path / "a", settings)
    with view.storage as storage:
        for row in flat(view):
            limit = "seconds" if row["test"].startswith("srcnn") else "passes"
            append(storage, {**row, "attempt": 2, "limit": limit})
    notes = read(tmp_path / "a").caveats
    assert any("the first pass is in the energy and in no mean time of a pass" in note for note in notes)
    assert any(note.startswith("3 of 5 phases ended by the cap of time") for note in notes)


def test_a_ratio_of_which_one_side_ran_once_has_no_interval(tmp_path: Path) -> None:
    settings = Settings(suite="ai-benchmark", mode="work", repeats=3, models=("vgg-16", "u-net"), phase="training")
    view = campaign(tmp_path / "a", settings)
    assert re.search(r"\(\d.* to \d.*\)", view.page().headline.partition(" times")[0])
    with view.storage as storage:
        for row in flat(view):
            if row["model"] == "vgg-16" and row["repeat"] > 1:
                append(storage, {**row, "attempt": 2, "invalid": ["its power drifted"]})
    again = read(tmp_path / "a").page().headline
    assert again.startswith("U-Net takes")
    assert " to " not in again.partition(" times")[0]


def test_warnings_are_counted(tmp_path: Path) -> None:
    view = campaign(tmp_path / "a", Settings(models=("small-cnn",), repeats=2), joules=lambda name: 0.5)
    checks = [
        {"name": "alone", "ok": False, "fatal": False, "text": "other programs ran beside it"},
        {"name": "drift", "ok": True, "fatal": True, "text": "it drifted"},
    ]
    with view.storage as storage:
        for row in flat(view)[:2]:
            append(storage, {**row, "attempt": 2, "checks": checks})
        append(storage, {**flat(view)[2], "attempt": 2, "checks": checks[1:]})
    notes = read(tmp_path / "a").caveats
    assert "2 of 3 rows are warned of, as: other programs ran beside it" in notes
    assert not any("drifted" in note for note in notes)


def test_a_figure_of_many_tests_has_a_row_each(suite: View) -> None:
    from impact_tracker.bench.show.figures import energy_figure

    figure = energy_figure(suite.cells)
    training, inference = figure.axes
    assert len(training.get_yticklabels()) == 18
    assert len(inference.get_yticklabels()) == 24
    assert inference.get_title(loc="left") == "Inference: 3 runs"
    assert figure.get_size_inches()[0] < 14


def test_reproduction_beside_a_campaign(suite: View) -> None:
    text = plain(reproduction.page(suite.cells))
    assert text.startswith("energy and carbon of 12 of the 14 rows")
    assert "training: rank of this campaign's J per image against the published energy: Spearman 0." in text
    for word in ("P8", "about 370", "PUE of 1.58", "59.32"):
        assert word in text
    assert len(reproduction.against(suite.cells, "training", "j_per_image")[1]) == len(CLASSIFIERS)


def test_two_campaigns_differ_where_they_do(suite: View, tmp_path: Path) -> None:
    settings = Settings(suite="ai-benchmark", mode="work", repeats=5)
    a = campaign(tmp_path / "a", settings, seed=2)
    b = campaign(
        tmp_path / "b",
        settings,
        seed=3,
        joules=lambda name: joules_of(name) * (1.3 if name == "vgg-16/training" else 1.0),
        torch_version="2.7.0",
    )
    differences = {(difference.test, difference.quantity): difference for difference in comparison.compare(a, b)}
    vgg = differences["vgg-16/training", "j_per_image"]
    assert vgg.differs is True
    assert vgg.ratio == pytest.approx(1.3, rel=0.05)
    assert sum(difference.differs is True for difference in differences.values()) == 1
    page = comparison.page(a, b)
    assert page.headline.startswith("1 of 42 energies for one image differ, most VGG-16 training: B / A 1.")
    assert any("torch_version differs" in note for note in page.caveats)
    with pytest.raises(ValueError, match="no test in common"):
        other = campaign(tmp_path / "c", Settings(suite="modern", mode="work", repeats=1))
        comparison.compare(a, other)


def test_one_run_says_nothing_about_differences(tmp_path: Path) -> None:
    settings = Settings(suite="modern", mode="work", repeats=1)
    a, b = (campaign(tmp_path / name, settings) for name in "ab")
    assert {difference.differs for difference in comparison.compare(a, b)} == {None}
    assert "repeat it" in plain(comparison.page(a, b))


def test_a_generated_image_and_a_token(tmp_path: Path) -> None:
    view = campaign(tmp_path / "a", Settings(suite="modern", mode="work", repeats=1), scatter=0.0)
    answers = {answer.question: answer.answer for answer in view.answers}
    joules = 3 * (2 * 6.6493 + 100 * 401.64 + 1257.26)
    assert answers["How much does a generated image cost?"].startswith(f"{joules / 1000:.0f} kJ")
    assert answers["How much does a token of GPT-2 cost?"].startswith("399 mJ (decode), 283 mJ")


def test_the_actions_of_the_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    models = ("mobilenet-v2", "inception-v3", "vgg-16", "u-net")
    small = campaign(tmp_path / "a", Settings(suite="ai-benchmark", mode="work", repeats=3, models=models))
    folder = str(small.storage.folder)
    assert main(["bench", "report", folder]) == 0
    out = capsys.readouterr().out
    assert "AI scores: inference 10000, training 10000, over the sub-tests that ran" in out
    assert "Do multiply-adds decide" in out
    assert "Table 2" in out
    for kind, mark in (("markdown", "| --- |"), ("latex", r"\toprule"), ("csv", "network,runs,")):
        assert main(["bench", "report", folder, "--format", kind]) == 0
        assert mark in capsys.readouterr().out
    assert main(["bench", "report", folder, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["summary"][0]["bootstrap"]["kwh"] is None  # of fewer than ten runs
    assert len(document["answers"]) >= 4
    assert document["outcome"] == {"done": 27, "total": 27, "failed": {}, "without_valid_run": []}
    assert {name: document["scores"][name] for name in ("inference", "training", "ai_score", "scaled")} == {
        "inference": 10_000,
        "training": 10_000,
        "ai_score": None,
        "scaled": False,
    }
    assert len(document["scores"]["missing"]) == 33
    assert document == json.loads((small.storage.folder / "results.json").read_text())
    assert main(["bench", "paper"]) == 0
    assert "14 of 14" in capsys.readouterr().out
    assert main(["bench", "paper", folder, "--format", "markdown"]) == 0
    assert "| MobileNet-V2 |" in capsys.readouterr().out
    assert main(["bench", "compare", folder, folder]) == 0
    assert "None of 9 energies" in capsys.readouterr().out
    assert main(["bench", "compare", folder, folder, "--json"]) == 0
    compared = json.loads(capsys.readouterr().out)
    assert len(compared["comparisons"]) == 18
    assert any("Holm" in note for note in compared["caveats"])
    assert main(["bench", "report", str(tmp_path)]) == 2
    assert "holds no campaign" in capsys.readouterr().err
    assert main(["bench", "forecast", "--images", "100", "--from", folder]) == 0
    assert "from " + folder in capsys.readouterr().out
    assert main(["bench", "forecast", "--images", "0", "--from", folder]) == 2


def test_long_texts_are_paragraphs_and_every_sign_is_escaped() -> None:
    table = Table(("question", "answer", ">n"), [("why " * 20, "as" * 30, "1")], "{100 %} of $a_b$")
    text = latex(table, "t")
    (width, other) = (float(part.partition("\\linewidth")[0]) for part in text.split("p{")[1:3])
    assert 0.8 < width + other < 0.95
    assert r"\caption{\{100 \%\} of \$a\_b\$}" in text


def test_tables_in_three_languages() -> None:
    table = Table(("name", ">10⁻³ kWh"), [("a_b & c", "1.0 ± 0.1"), ("x|y", "")], "100 % of it")
    assert markdown(table).splitlines()[2:] == [
        "| name | 10⁻³ kWh |",
        "| --- | ---: |",
        "| a_b & c | 1.0 ± 0.1 |",
        "| x\\|y |  |",
    ]
    assert r"a\_b \& c & 1.0 $\pm$ 0.1 \\" in latex(table, "t")
    assert r"\begin{tabular}{lr}" in latex(table, "t")
    assert csv_text(table).splitlines() == ["name,10⁻³ kWh", "a_b & c,1.0 ± 0.1", "x|y,"]
