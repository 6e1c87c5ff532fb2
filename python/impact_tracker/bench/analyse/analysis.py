"""The networks of a campaign side by side; the published study's three questions are answered with their statistic."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ...modelled import Model
from ...runner import NetworkFacts
from ...values import joules_of
from ...values.statistics import Mean, ratio_of_extremes, scaled
from ..plan.networks import BY_NAME, TOP1_SOURCE, title_of
from ..plan.suites.modern import (
    ANSWER_TOKEN_PARTS,
    DIFFUSION_STEPS,
    GPT2_PROMPT_TOKENS,
    IMAGE_PARTS,
    PROMPT_TOKEN_PARTS,
)
from ..row.row import Row
from .cells import Cell, energy_with_interval, ratio_text, unit_of, with_interval
from .origin import with_origin
from .ranks import Ranks, ranks_of
from .relations import Correlation, Fit, correlation, holm, power_law
from .sums import EnergySum, sum_of_parts

MOST_CARRIED = 2.0  # times as many multiply-adds: farther, layers fill the machine otherwise, and joules do not follow


class Point(NamedTuple):
    """One test of one network. `gmac`: billions of multiply-adds of one input's forward pass at the size that was run;
    `intensity`: multiply-adds for one byte of weights and layer outputs that a batch moves at least once; `top1`:
    reported ImageNet accuracy in per cent, or what was reached on Fashion-MNIST (`top1_source` says which); `top1_j`:
    the energy that belongs to it, of one input of the size that it holds for, and `top1_carried_to` that size in pixels
    where another was run; `intensity_g_per_kwh` and `pue`: that the carbon is weighed with, `None` where runs differ;
    `unit`: what one input is, and what `j_per_image` is counted for; `by`, `bias`, `above_idle_j`, `share_j`: as of
    cells."""

    test: str
    model: str
    title: str
    task: str
    phase: str
    parameters: int | None
    gmac: float | None
    intensity: float | None
    j_per_image: Mean | None
    carbon_g_per_1000: float | None
    kwh: Mean | None
    power_w: Mean | None
    quality: str
    top1: float | None
    top1_source: str
    unit: str = "image"
    top1_j: Mean | None = None
    top1_carried_to: int | None = None
    seconds: Mean | None = None
    intensity_g_per_kwh: float | None = None
    pue: float | None = None
    by: Model | None = None
    bias: float | None = None
    above_idle_j: Mean | None = None
    share_j: Mean | None = None


class Answer(NamedTuple):
    """A question, its answer in a sentence, and the statistic behind it."""

    question: str
    answer: str
    statistic: str


def points_of(cells: Sequence[Cell], rows: Sequence[Row], networks: Mapping[str, NetworkFacts]) -> list[Point]:
    """A point for each test and phase (training, inference) whose energy is known."""
    reached = {cell.test: cell.accuracy.value * 100 for cell in cells if cell.accuracy is not None}
    points = []
    for cell in cells:
        if cell.phase not in ("training", "inference") or cell.j_per_image is None or cell.j_per_image.value <= 0:
            continue
        good = [r for r in rows if (r.test, r.phase) == (cell.test, cell.phase) and not r.invalid_because]
        row = good[0]
        known = BY_NAME.get(cell.model)
        facts = networks.get(cell.model)
        gmac = row.setup.gmac or row.facts.gmac_stated
        grams = None
        if cell.carbon_kg is not None and cell.kwh is not None and cell.kwh.value > 0:
            grams_per_j = cell.carbon_kg.value * 1000 / joules_of(cell.kwh.value)
            grams = grams_per_j * cell.j_per_image.value * 1000
        on_data = reached.get(cell.test)
        at_size = (cell.j_per_image, None) if on_data is not None else _at_published_size(cell, row, gmac)
        points.append(
            Point(
                test=cell.test,
                model=cell.model,
                title=title_of(cell.model, cell.test),
                task=known.task if known else (facts.task if facts else None) or "",
                phase=cell.phase,
                parameters=row.setup.parameters or (known.parameters if known else None),
                gmac=gmac,
                intensity=intensity_of(row, facts, gmac),
                j_per_image=cell.j_per_image,
                carbon_g_per_1000=grams,
                kwh=cell.kwh,
                power_w=cell.power_w,
                quality=cell.quality,
                top1=on_data if on_data is not None else known.top1 if known else None,
                top1_source="test part of Fashion-MNIST, reached here" if on_data is not None else TOP1_SOURCE,
                unit=cell.unit,
                top1_j=at_size[0],
                top1_carried_to=at_size[1],
                seconds=cell.seconds,
                intensity_g_per_kwh=_same([row.measured.intensity_g_per_kwh for row in good]),
                pue=_same([row.measured.pue for row in good]),
                by=cell.by,
                bias=cell.bias,
                above_idle_j=cell.above_idle_j,
                share_j=cell.share_j,
            )
        )
    return points


def _same(values: Sequence[float | None]) -> float | None:
    """The value, where all have the same."""
    return values[0] if values and len(set(values)) == 1 else None


def _at_published_size(cell: Cell, row: Row, gmac: float | None) -> tuple[Mean | None, int | None]:
    """Joules for one picture of the size that the network's accuracy was reported for, and that size where the energy
    was carried to it by multiply-adds; `None` where it is too far from what was run for that."""
    known = BY_NAME.get(cell.model)
    if known is None or known.top1_size is None or known.top1_gmac is None or cell.j_per_image is None:
        return None, None
    if tuple(row.setup.input or ())[-2:] == (known.top1_size, known.top1_size):
        return cell.j_per_image, None
    if not gmac or not 1 / MOST_CARRIED <= known.top1_gmac / gmac <= MOST_CARRIED:
        return None, None
    return scaled(cell.j_per_image, known.top1_gmac / gmac), known.top1_size


def intensity_of(row: Row, facts: NetworkFacts | None, gmac: float | None) -> float | None:
    """Multiply-adds of a batch over the bytes of its weights and of its layers' outputs (written once, read once)."""
    from math import prod

    size, batch, parameters = row.setup.input, row.setup.batch, row.setup.parameters
    if not (facts and facts.activations and facts.input and gmac and size and batch and parameters):
        return None
    values = facts.activations * prod(size) / max(prod(facts.input), 1) * batch
    width = 2 if row.setup.precision == "bf16" else 4
    return float(gmac * 1e9 * batch / (width * (parameters + 2 * values)))


def answers(points: Sequence[Point]) -> list[Answer]:
    """Says for each phase how much it costs, whether complexity decides, whether accuracy costs; which ranks change.
    What is told from chance is adjusted for how many questions of its kind are asked (Holm)."""
    asked = [
        question
        for phase in ("inference", "training")
        for own in [[point for point in points if point.phase == phase]]
        if own
        for question in (*_complexity(own, phase), *_accuracy(own, phase))
    ]
    adjusted = iter(holm([question.link.spearman_p for question in asked]))
    answered = []
    for phase in ("inference", "training"):
        own = [point for point in points if point.phase == phase]
        if own:
            told = [_told(question, next(adjusted), len(asked)) for question in asked if question.phase == phase]
            answered += [_of(answer, own) for answer in (_how_much(own, phase), *told)]
    ranks = ranks_of(points)
    rest = [*_parts(points), *([] if ranks is None else [_reversals(ranks)])]
    return [*answered, *(_of(answer, points) for answer in rest)]


def _of(answer: Answer, points: Sequence[Point]) -> Answer:
    """The answer with what has to be said of the energies behind it."""
    return answer._replace(answer=with_origin(answer.answer, points))


class _Question(NamedTuple):
    """A question that a correlation answers."""

    phase: str
    question: str
    link: Correlation
    yes: str
    no: str
    more: str


def _told(question: _Question, p: float, count: int) -> Answer:
    """The answer, by a p-value that is adjusted for all that is asked."""
    if p >= 0.05:
        text = f"cannot be told from chance with {question.link.points} points"
    else:
        text = question.yes if question.link.spearman > 0 else question.no
    return Answer(question.question, text, question.link.text(p, count) + question.more)


def _reversals(ranks: Ranks) -> Answer:
    question = "Which networks change their order from inference to training?"
    among = f"joules for a multiply-add of {len(ranks.places)} networks"
    if ranks.agreement is not None:
        among += f"; both orders: Kendall {ranks.agreement.kendall:.2f}"
    if not ranks.repeated:
        return Answer(question, "cannot be told: a run of each says nothing of chance", among)
    if not ranks.reversals:
        return Answer(question, "none that can be told from chance", f"{among}; pairs by Welch's test, adjusted (Holm)")
    shown = [f"{title_of(r.first)} and {title_of(r.second)}" for r in ranks.reversals]
    text = f"{'; '.join(shown)}: the first is dearer in inference, the second in training"
    return Answer(question, text, f"{among}; pairs with p < 0.05 by Welch's test, adjusted (Holm)")


def _how_much(points: Sequence[Point], phase: str) -> Answer:
    known = [(point.j_per_image, point) for point in points if point.j_per_image is not None]
    least, most, ratio = ratio_of_extremes([mean for mean, _ in known])
    (low, cheap), (high, dear) = known[least], known[most]
    text = f"{with_interval(low)} J per {cheap.unit} ({cheap.title})"
    if len(known) > 1:
        of_what = "" if dear.unit == cheap.unit else f" per {dear.unit}"
        text += f" to {with_interval(high)}{of_what} ({dear.title}), {ratio_text(ratio)} times as much"
    repeated = any(mean.half_width is not None for mean, _ in known)
    count = "1 test" if len(known) == 1 else f"{len(known)} tests"
    return Answer(f"How much does {phase} cost?", text, count + (", ± 95 %" if repeated else ", one run of each"))


def _parts(points: Sequence[Point]) -> list[Answer]:
    """Adds up what is made of several tests: a generated image, a token of a prompt and of an answer."""
    measured = {p.model: p for p in points if p.phase == "inference" and p.j_per_image is not None}
    image, prompt, answered = (
        sum_of_parts(times, measured) for times in (IMAGE_PARTS, PROMPT_TOKEN_PARTS, ANSWER_TOKEN_PARTS)
    )
    answers = []
    if image is not None:
        parts = f"2 × text encoder, {DIFFUSION_STEPS} steps of 2 × U-Net, decoder; J per input of each, added"
        text = f"{energy_with_interval(image.mean)} for 512 × 512"
        answers.append(Answer("How much does a generated image cost?", text, f"{parts}; {image.text()}"))
    if prompt is not None and answered is not None:
        of_answer, of_prompt = energy_with_interval(answered.mean), energy_with_interval(prompt.mean)
        text = f"{of_answer} (decode), {of_prompt} for one of the prompt (prefill)"
        how = f"{GPT2_PROMPT_TOKENS} tokens before it; {_of_both(answered, prompt)}"
        answers.append(Answer("How much does a token of GPT-2 cost?", text, how))
    return answers


def _of_both(answered: EnergySum, prompt: EnergySum) -> str:
    """How both tokens are known, each in its own words where they differ."""
    if answered.text() == prompt.text():
        return answered.text()
    return f"of the answer: {answered.text()}; of the prompt: {prompt.text()}"


def _complexity(points: Sequence[Point], phase: str) -> Iterator[_Question]:
    sizes: dict[str, list[float | None]] = {
        "multiply-adds": [point.gmac for point in points],
        "parameters": [point.parameters for point in points],
    }
    for name, values in sizes.items():
        known = [(x, point) for x, point in zip(values, points) if x and point.j_per_image]
        pairs = _one_each([(point.model, x, point.j_per_image.value) for x, point in known if point.j_per_image])
        link = correlation([x for x, _ in pairs], [y for _, y in pairs])
        if link is None:
            continue
        fit = power_law([x for x, _ in pairs], [y for _, y in pairs]) if name == "multiply-adds" else None
        yield _Question(
            phase,
            f"Do {name} decide what {phase} costs?",
            link,
            f"yes, more {name} mean more energy",
            f"no, more {name} go with less energy",
            f"; {fit.text(f'J per {unit_of(points)}', 'GMAC')}" if fit else "",
        )


def _one_each(known: Sequence[tuple[str, float, float]]) -> list[tuple[float, float]]:
    """One point a network, the geometric means of its tests: one that is tested at three sizes is one network."""
    by_model: dict[str, list[tuple[float, float]]] = {}
    for model, x, y in known:
        by_model.setdefault(model, []).append((math.log(x), math.log(y)))
    return [
        (math.exp(math.fsum(x for x, _ in logs) / len(logs)), math.exp(math.fsum(y for _, y in logs) / len(logs)))
        for logs in by_model.values()
    ]


def with_accuracy(points: Sequence[Point]) -> list[Point]:
    """Those whose accuracy and energy hold for pictures of one size, if all accuracies are of one source; of a network
    with several tests those that need no carrying, where there are any."""
    known = [point for point in points if point.top1 and point.top1_j is not None]
    if len({point.top1_source for point in known}) != 1:
        return []
    at_size = {point.model for point in known if point.top1_carried_to is None}
    return [point for point in known if point.top1_carried_to is None or point.model not in at_size]


def accuracy_source(points: Sequence[Point]) -> str:
    """Where the accuracies of `with_accuracy` are from, and which energies were carried to their sizes."""
    carried: dict[int, list[str]] = {}
    for point in points:
        if point.top1_carried_to is not None and point.title not in carried.setdefault(point.top1_carried_to, []):
            carried[point.top1_carried_to].append(point.title)
    parts = [points[0].top1_source]
    for size, titles in carried.items():
        parts.append(f"energies carried to the {size} × {size} that it was reported for, by multiply-adds: ")
        parts[-1] += ", ".join(titles)
    return "; ".join(parts)


def _accuracy(points: Sequence[Point], phase: str) -> Iterator[_Question]:
    known = with_accuracy(points)
    pairs = _one_each([(p.model, p.top1, p.top1_j.value) for p in known if p.top1 and p.top1_j])
    link = correlation([x for x, _ in pairs], [y for _, y in pairs])
    if link is None:
        return
    front = ", ".join(dict.fromkeys(point.title for point in pareto(known)))
    yield _Question(
        phase,
        f"Does accuracy cost energy in {phase}?",
        link,
        "yes, the more accurate networks take more energy",
        "no, the more accurate ones take less",
        f"; nothing is better in both than: {front} (accuracy: {accuracy_source(known)})",
    )


def pareto(points: Sequence[Point]) -> list[Point]:
    """Those that no other beats in accuracy without taking more energy, cheapest first."""
    known = [(point.top1_j.value, point.top1, point) for point in points if point.top1 and point.top1_j is not None]
    front: list[Point] = []
    for _, top1, point in sorted(known, key=lambda place: (place[0], -place[1])):
        if not front or top1 > (front[-1].top1 or 0.0):
            front.append(point)
    return front


def fit_of(points: Sequence[Point], phase: str) -> Fit | None:
    """Fits J per image to the GMAC of the networks of a phase; `None` for too few of them."""
    pairs = [(p.gmac, p.j_per_image.value) for p in points if p.phase == phase and p.gmac and p.j_per_image]
    return power_law([x for x, _ in pairs if x], [y for _, y in pairs])
