"""What of the published study can be computed again, and what a campaign on this machine says about the same questions.

Energies are never compared in kWh between machines: ranks, ratios and joules for one image are.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from ...report.page import Page, Table
from ...values import joules_of
from ...values.statistics import Mean, mean_of, ratio_of_means, scaled
from ..analyse.analysis import Answer
from ..analyse.cells import Cell, cell_of, ratio_text, with_interval
from ..analyse.origin import with_origin
from ..analyse.published import CLASSIFIERS, Printed, published
from ..analyse.relations import Correlation, correlation, holm
from ..plan.networks import title_of
from ..plan.suites.ai import LEAST_PASSES, PAPER_BATCH_FACTOR, PASSES, sub_tests

# Sub-tests whose training ran into the 30 s cap after an unknown number of passes: images are not known.
CAPPED = ("mobilenet-v2/training", "vgg-16/training")
FEWER_PASSES = {"vgg-19-sr/training": 4}


class Match(Enum):
    """How a recomputed value gives the printed one."""

    AT_ONCE = "yes"
    ROUNDED_TWICE = "rounded twice"  # to three decimals, and those to two: 2.41498 is printed as 2.42
    NOT = "no"


def match_of(value: float, printed: float) -> Match:
    """Whether a value rounds to the printed two decimals."""
    from decimal import ROUND_HALF_UP, Decimal

    def to(number: Decimal, step: str) -> Decimal:
        return number.quantize(Decimal(step), ROUND_HALF_UP)

    exact = Decimal(repr(value))
    if float(to(exact, "0.01")) == printed:
        return Match.AT_ONCE
    return Match.ROUNDED_TWICE if float(to(to(exact, "0.001"), "0.01")) == printed else Match.NOT


class Recomputed(NamedTuple):
    """One row of Table 2 or 3 from the raw runs. `energy`: 10⁻³ kWh; `carbon`: 10⁻⁴ kgCO2e; `match`: how both give
    the printed digits; `seconds`: of the one run whose file holds them."""

    model: str
    phase: str
    energy: Mean
    carbon: float
    printed: Printed
    match: Match
    seconds: float | None


def recompute(phase: str) -> list[Recomputed]:
    """Table 2 (inference) or Table 3 (training) again, from the ten raw runs."""
    study = published()
    rows = []
    for model in CLASSIFIERS:
        test = f"{model}/{phase}"
        energy = mean_of([kwh * 1e3 for kwh in study.runs_kwh[test]])
        assert energy is not None
        carbon = energy.value * study.intensity_g_per_kwh / 100  # 1e-3 kWh × g/kWh = 1e-3 g = 1e-6 kg = 1e-2 · 1e-4 kg
        printed = study.printed(phase)[model]
        matches = (match_of(energy.value, printed.energy), match_of(carbon, printed.carbon))
        match = max(matches, key=list(Match).index)
        rows.append(Recomputed(model, phase, energy, carbon, printed, match, study.seconds_of_one_run.get(test)))
    return rows


class PerImage(NamedTuple):
    """Joules for one image in the published training runs, by passes inferred from the loop's rule; `mean`: the same
    over the ten runs, with its interval."""

    test: str
    title: str
    images: int
    j_per_image: float
    j_per_gmac: float
    mean: Mean


def per_image() -> list[PerImage]:
    """Training energies of the raw runs divided by the images that the loop's rule gives: at least five passes, no new
    one after 30 s. The passes were not logged; tests that ran into the cap are left out."""
    study = published()
    tests = {test.name: test for test in sub_tests()}
    costs = []
    for name, runs_kwh in study.runs_kwh.items():
        if name.endswith("/training") and name not in CAPPED:
            test = tests[name]
            images = FEWER_PASSES.get(name, LEAST_PASSES) * test.batch * PAPER_BATCH_FACTOR
            mean = mean_of([joules_of(kwh) / images for kwh in runs_kwh])
            assert mean is not None
            costs.append(PerImage(name, title_of(test.model), images, mean.value, mean.value / test.gmac, mean))
    return costs


def ranks(values: dict[str, float]) -> dict[str, int]:
    """The place of each value, 1 for the largest."""
    order = sorted(values, key=lambda name: -values[name])
    return {name: place for place, name in enumerate(order, 1)}


def against(
    cells: Sequence[Cell], phase: str, quantity: str
) -> tuple[Correlation | None, list[tuple[str, float, float]]]:
    """A campaign's ranking (`quantity`: j_per_image, power_w, kwh) against Table 2 or 3: the correlation, and the pairs
    (model, printed energy, the campaign's)."""
    pairs = []
    for model, printed in published().printed(phase).items():
        cell = cell_of(cells, f"{model}/{phase}", phase)
        mean: Mean | None = getattr(cell, quantity) if cell is not None else None
        if mean is not None:
            pairs.append((model, printed.energy, mean.value))
    return correlation([pair[1] for pair in pairs], [pair[2] for pair in pairs]), pairs


_QUANTITIES = {"j_per_image": "J per image", "power_w": "mean power", "kwh": "energy of a test"}


class _Order(NamedTuple):
    """How a campaign's order by one quantity goes with a published table's; `p`: Spearman's, adjusted for all that are
    asked of the campaign (Holm)."""

    phase: str
    quantity: str
    link: Correlation
    p: float
    among: int

    @property
    def text(self) -> str:
        return self.link.text(self.p, self.among)


def _orders(cells: Sequence[Cell]) -> list[_Order]:
    """Of both phases and all quantities, as far as there are enough networks."""
    links = [
        (phase, quantity, link)
        for phase in ("inference", "training")
        for quantity in _QUANTITIES
        for link in [against(cells, phase, quantity)[0]]
        if link is not None
    ]
    adjusted = holm([link.spearman_p for _, _, link in links])
    return [_Order(*each, p, len(links)) for each, p in zip(links, adjusted)]


def rank_answers(cells: Sequence[Cell]) -> list[Answer]:
    """Whether this machine orders the seven classifiers as the published tables do, for each phase that was run."""
    answers = []
    orders = _orders(cells)
    for phase, number in (("inference", 2), ("training", 3)):
        asked = [order for order in orders if order.phase == phase]
        if not asked:
            continue
        clear = [order for order in asked if order.p < 0.05]
        alike = [_QUANTITIES[order.quantity] for order in clear if order.link.spearman > 0]
        unlike = [_QUANTITIES[order.quantity] for order in clear if order.link.spearman < 0]
        verdicts = [f"yes, by {', '.join(alike)}"] if alike else []
        verdicts += [f"no, the reverse by {', '.join(unlike)}"] if unlike else []
        text = "; ".join(verdicts) or "cannot be told from chance"
        statistic = "; ".join(f"{_QUANTITIES[order.quantity]}: {order.text}" for order in asked)
        question = f"Is the order in {phase} that of the published Table {number}?"
        own = [cell for cell in cells if cell.phase == phase and cell.model in CLASSIFIERS]
        answers.append(Answer(question, with_origin(text, own), statistic))
    return answers


def recomputed_table(phase: str) -> Table:
    """The table puts Table 2 or 3 beside its raw runs."""
    rows = []
    for row in recompute(phase):
        rows.append(
            (
                title_of(row.model),
                _to_three(row.energy),
                f"{row.printed.energy:.2f}",
                _to_three(scaled(row.energy, row.carbon / row.energy.value)),
                f"{row.printed.carbon:.2f}",
                "" if row.seconds is None else f"{row.seconds:.2f}",
                f"{row.printed.seconds:.2f}",
                row.match.value,
            )
        )
    columns = (
        "model", ">10⁻³ kWh, ten runs", ">printed", ">10⁻⁴ kgCO2e", ">printed", ">s, one run", ">printed", "equal",
    )  # fmt: skip
    number = 2 if phase == "inference" else 3
    return Table(columns, rows, f"Table {number}, {phase}, computed again (± 95 %, Student's t)")


def _to_three(mean: Mean) -> str:
    """A digit more than was printed: whether it rounds to that is to be seen."""
    return f"{mean.value:.3f}" + ("" if mean.half_width is None else f" ± {mean.half_width:.3f}")


def per_image_table() -> Table:
    """Energy for one trained image in the published runs."""
    rows = [
        (
            cost.title,
            str(cost.images),
            with_interval(cost.mean),
            with_interval(cost.mean, cost.j_per_gmac / cost.j_per_image),
        )
        for cost in sorted(per_image(), key=lambda cost: cost.j_per_image)
    ]
    title = "Published training runs, for one image (passes inferred from the loop's rule, PUE in it; ± 95 %, ten runs)"
    return Table(("network", ">images", ">J per image", ">J per GMAC"), rows, title)


def findings() -> list[str]:
    """Neutral sentences about the published numbers, each of which the files show."""
    study = published()
    rows = [row for phase in ("inference", "training") for row in recompute(phase)]
    same = sum(row.match is not Match.NOT for row in rows)
    return [
        f"energy and carbon of {same} of {len(rows)} rows follow to the printed digits from the ten raw runs, with a "
        f"PUE of {study.pue:g} (it stands in the files, not in the text) and {study.intensity_g_per_kwh:.0f} g/kWh "
        f"(the text says {study.intensity_in_text_g_per_kwh:.0f}); those of ResNet-V2-50 where 2.41498 and 2.28495 are "
        "rounded to three decimals first",
        "durations cannot be computed again: one file of the ten holds them; Table 3's 53.32 s of ResNet-V2-152 is "
        "59.32 s in the mean of the raw runs",
        "every inference test but PSPNet ran into the 30 s cap: Table 2 ranks mean power, not energy for an image; how "
        "many images were run was not logged",
        "batches differ by model (VGG-16 trains 2 at a time, MobileNet-V2 50): kWh of two tests are for different work",
        "in all 4 raw logs that were opened, of about 370, both GPUs were in P8 at 9 to 10 W with 0 % use while 23 to "
        "43 cores were busy: these runs were on the processors; the other logs were not opened",
        f"images of the training tests follow here from the loop's rule ({LEAST_PASSES} to {PASSES} passes, no new one "
        "after 30 s), they were not logged: 11 of 14 tests lie between 3.3 and 5.5 J per GMAC of the forward pass",
    ]


def page(cells: Sequence[Cell] | None = None) -> Page:
    """The reproduction report; with a campaign's cells, its ranks beside the published ones."""
    tables = [recomputed_table("inference"), recomputed_table("training"), per_image_table()]
    rows = [row for phase in ("inference", "training") for row in recompute(phase)]
    counts = {match: sum(row.match is match for row in rows) for match in Match}
    twice = f", of {counts[Match.ROUNDED_TWICE]} only by rounding twice" if counts[Match.ROUNDED_TWICE] else ""
    headline = (
        f"energy and carbon of {counts[Match.AT_ONCE]} of the {len(rows)} rows of the published Tables 2 and 3 follow "
        f"from the raw runs{twice}; none of the {len(rows)} durations can be computed again"
    )
    notes = findings()
    if cells is not None:
        for phase in ("inference", "training"):
            table, lines = _campaign_part(cells, phase)
            tables += [table] if table is not None else []
            notes += lines
    study = published()
    return Page(headline, tables, notes, [f"{study.paper}; {study.runs}; {study.node}"])


def _campaign_part(cells: Sequence[Cell], phase: str) -> tuple[Table | None, list[str]]:
    measured = [cell for cell in cells if cell.phase == phase and cell.model in CLASSIFIERS]
    notes = [
        with_origin(
            f"{phase}: rank of this campaign's {_QUANTITIES[order.quantity]} against the published energy: "
            f"{order.text}",
            measured,
        )
        for order in _orders(cells)
        if order.phase == phase
    ]
    _, pairs = against(cells, phase, "j_per_image")
    if not pairs:
        return None, notes
    printed = ranks({model: energy for model, energy, _ in pairs})
    own = ranks({model: value for model, _, value in pairs})
    rows = []
    for model, _, _ in sorted(pairs, key=lambda pair: printed[pair[0]]):
        change = f"{printed[model] - own[model]:+d}" if printed[model] != own[model] else "0"
        ratios = (_to_base(model, phase, None), _to_base(model, phase, cells))
        rows.append((title_of(model), str(printed[model]), str(own[model]), change, *ratios))
    columns = (
        "model",
        ">rank, published energy",
        ">rank, J per image here",
        ">change",
        f">ratio to {title_of(BASE)}, published runs",
        ">ratio here",
    )
    title = f"{phase.capitalize()}: this campaign beside the published one (ratios with their 95 %)"
    return Table(columns, rows, title), notes


BASE = "resnet-v2-50"


def _to_base(model: str, phase: str, cells: Sequence[Cell] | None) -> str:
    """How many times the base's energy a network takes: in the ten published runs, or in a campaign."""
    if model == BASE:
        return "1"
    means: list[Mean | None] = []
    for name in (model, BASE):
        if cells is None:
            means.append(mean_of(published().runs_kwh.get(f"{name}/{phase}", [])))
        else:
            cell = cell_of(cells, f"{name}/{phase}", phase)
            means.append(None if cell is None else cell.j_per_image)
    above, below = means
    return "" if above is None or below is None else ratio_text(ratio_of_means(above, below))
