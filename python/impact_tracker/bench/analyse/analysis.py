"""The networks of a campaign side by side; the published study's three questions are answered with their statistic."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ... import digits
from ...runner import NetworkFacts
from ...values import joules_of
from ...values.statistics import Mean
from ..plan.networks import BY_NAME, TOP1_SOURCE, title_of
from ..plan.suites.modern import DIFFUSION_STEPS, GPT2_PROMPT_TOKENS, diffusion_image_j, token_j
from ..row.row import Row
from .cells import Cell, unit_of, with_interval
from .relations import Correlation, Fit, correlation, power_law


class Point(NamedTuple):
    """One test of one network. `gmac`: billions of multiply-adds of one input's forward pass at the size that was run;
    `intensity`: multiply-adds for one byte of weights and layer outputs that a batch moves at least once; `top1`:
    reported ImageNet accuracy in per cent, or what was reached on Fashion-MNIST (`top1_source` says which); `unit`:
    what one input is, and what `j_per_image` is counted for."""

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
        row = next(row for row in rows if (row.test, row.phase) == (cell.test, cell.phase) and not row.invalid_because)
        known = BY_NAME.get(cell.model)
        facts = networks.get(cell.model)
        gmac = row.setup.gmac or row.facts.gmac_stated
        grams = None
        if cell.carbon_kg is not None and cell.kwh is not None and cell.kwh.value > 0:
            grams_per_j = cell.carbon_kg.value * 1000 / joules_of(cell.kwh.value)
            grams = grams_per_j * cell.j_per_image.value * 1000
        on_data = reached.get(cell.test)
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
            )
        )
    return points


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
    """Says for each phase how much it costs, whether complexity decides, whether accuracy costs; which ranks change."""
    answered = []
    for phase in ("inference", "training"):
        own = [point for point in points if point.phase == phase]
        if own:
            answered += [_how_much(own, phase), *_complexity(own, phase), *_accuracy(own, phase)]
    answered += _parts(points)
    changes = rank_changes(points)
    if changes:
        moved = [
            f"{title_of(model)} {before} → {after}" for model, (before, after) in changes.items() if before != after
        ]
        text = ", ".join(moved) if moved else "none"
        question = "Which networks change their rank from inference to training?"
        among = f"rank by J per {unit_of(points)} among {len(changes)} networks, 1 the dearest"
        answered.append(Answer(question, text, f"{among}; of two inference tests the one nearer to training in size"))
    return answered


def _how_much(points: Sequence[Point], phase: str) -> Answer:
    known = [(point.j_per_image, point) for point in points if point.j_per_image is not None]
    (low, cheap), (high, dear) = min(known, key=_joules), max(known, key=_joules)
    text = f"{with_interval(low)} J per {cheap.unit} ({cheap.title})"
    if len(known) > 1:
        ratio = digits.significant(high.value / low.value, 3)
        of_what = "" if dear.unit == cheap.unit else f" per {dear.unit}"
        text += f" to {with_interval(high)}{of_what} ({dear.title}), {ratio} times as much"
    return Answer(f"How much does {phase} cost?", text, f"{len(known)} tests, ± 95 %")


def _joules(known: tuple[Mean, Point]) -> float:
    return known[0].value


def _parts(points: Sequence[Point]) -> list[Answer]:
    """Adds up what is made of several tests: a generated image, a token of a prompt and of an answer."""
    joules = {p.model: p.j_per_image.value for p in points if p.phase == "inference" and p.j_per_image is not None}
    answered = []
    image, token = diffusion_image_j(joules), token_j(joules)
    if image is not None:
        parts = f"2 × text encoder, {DIFFUSION_STEPS} steps of 2 × U-Net, decoder; J per input of each, added"
        answered.append(Answer("How much does a generated image cost?", f"{digits.energy(image)} for 512 × 512", parts))
    if token is not None:
        text = f"{digits.energy(token[1])} (decode), {digits.energy(token[0])} for one of the prompt (prefill)"
        answered.append(Answer("How much does a token of GPT-2 cost?", text, f"{GPT2_PROMPT_TOKENS} tokens before it"))
    return answered


def _told(link: Correlation, yes: str, no: str) -> str:
    if not link.clear:
        return f"cannot be told from chance with {link.points} points"
    return yes if link.spearman > 0 else no


def _complexity(points: Sequence[Point], phase: str) -> list[Answer]:
    answered = []
    sizes: dict[str, list[float | None]] = {
        "multiply-adds": [point.gmac for point in points],
        "parameters": [point.parameters for point in points],
    }
    for name, values in sizes.items():
        pairs = [(x, point.j_per_image.value) for x, point in zip(values, points) if x and point.j_per_image]
        link = correlation([x for x, _ in pairs], [y for _, y in pairs])
        if link is None:
            continue
        text = _told(link, f"yes, more {name} mean more energy", f"no, more {name} go with less energy")
        fit = power_law([x for x, _ in pairs], [y for _, y in pairs]) if name == "multiply-adds" else None
        statistic = link.text() + (f"; {fit.text(f'J per {unit_of(points)}', 'GMAC')}" if fit else "")
        answered.append(Answer(f"Do {name} decide what {phase} costs?", text, statistic))
    return answered


def _accuracy(points: Sequence[Point], phase: str) -> list[Answer]:
    known = [point for point in points if point.top1 is not None and point.j_per_image is not None]
    if len({point.top1_source for point in known}) != 1:
        return []
    link = correlation([p.top1 or 0.0 for p in known], [p.j_per_image.value for p in known if p.j_per_image])
    if link is None:
        return []
    text = _told(link, "yes, the more accurate networks take more energy", "no, the more accurate ones take less")
    front = ", ".join(point.title for point in pareto(known))
    statistic = f"{link.text()}; nothing is better in both than: {front} (accuracy: {known[0].top1_source})"
    return [Answer(f"Does accuracy cost energy in {phase}?", text, statistic)]


def pareto(points: Sequence[Point]) -> list[Point]:
    """Those that no other beats in accuracy without taking more energy, cheapest first."""
    known = [point for point in points if point.top1 is not None and point.j_per_image is not None]
    front: list[Point] = []
    for point in sorted(known, key=lambda p: (p.j_per_image.value if p.j_per_image else 0.0, -(p.top1 or 0.0))):
        if not front or (point.top1 or 0.0) > (front[-1].top1 or 0.0):
            front.append(point)
    return front


def rank_changes(points: Sequence[Point]) -> dict[str, tuple[int, int]]:
    """Of the networks that were both run and trained: rank by J per image, 1 the dearest: (inference, training). Of
    several inference tests of a network the one counts whose inputs are nearest to those of its training: else a rank
    would change with the size of the pictures alone."""
    trained = {point.model: point for point in reversed(points) if point.phase == "training"}
    run: dict[str, Point] = {}
    for point in points:
        training, before = trained.get(point.model), run.get(point.model)
        if point.phase != "inference" or training is None:
            continue
        if before is None or _apart(point, training) < _apart(before, training):
            run[point.model] = point
    if len(run) < 2:
        return {}

    def rank(chosen: Mapping[str, Point]) -> dict[str, int]:
        joules = {model: mean.value for model in run if (mean := chosen[model].j_per_image) is not None}
        order = sorted(joules, key=lambda model: -joules[model])
        return {model: place for place, model in enumerate(order, 1)}

    inference, training_ranks = rank(run), rank(trained)
    return {model: (inference[model], training_ranks[model]) for model in run}


def _apart(a: Point, b: Point) -> float:
    """How far two tests' multiply-adds are apart, as the logarithm of their ratio."""
    return abs(math.log(a.gmac / b.gmac)) if a.gmac and b.gmac else math.inf


def fit_of(points: Sequence[Point], phase: str) -> Fit | None:
    """Fits J per image to the GMAC of the networks of a phase; `None` for too few of them."""
    pairs = [(p.gmac, p.j_per_image.value) for p in points if p.phase == phase and p.gmac and p.j_per_image]
    return power_law([x for x, _ in pairs if x], [y for _, y in pairs])
