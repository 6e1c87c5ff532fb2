"""The first screen: what the runs cost in energy, carbon and money, how far that is known, and what to beware of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .. import digits
from ..budget import Price
from ..report.nodes import Node, total
from ..report.page import Page
from ..report.runs import ReadRecord
from ..values import Energy, Range, kwh_of
from ..weighing import Weighing
from .markup import Html, badge, element

NO_PRICE = 'not known: no price was given (--price "0.25 EUR")'

_FEW_FAULTS, _FEW_CAVEATS = 8, 6  # on the first screen


@dataclass(frozen=True)
class FirstScreen:
    """`lead`: the answer in a sentence, as the console says it. `amounts`: (what, value, in words, quality).

    `faults`: what is wrong with the input itself, said before all else; `caveats`: what to know beside the numbers.
    """

    lead: str
    amounts: Sequence[tuple[str, str, str, str]] = ()
    faults: Sequence[str] = ()
    caveats: Sequence[str] = ()

    @property
    def markup(self) -> Html:
        """The block at the page's top."""
        amounts = [
            element(
                "dl",
                {"class": "amount"},
                element("dt", None, what),
                element(
                    "dd",
                    None,
                    element("span", {"class": "value"}, value),
                    words,
                    *([" ", badge(quality)] if quality else []),
                ),
            )
            for what, value, words, quality in self.amounts
        ]
        lines = [element("p", {"class": "lead" if not index else None}, line) for index, line in _lines(self.lead)]
        faults = [element("li", {"class": "bad"}, fault) for fault in self.faults]
        notes = [element("li", None, caveat) for caveat in self.caveats]
        few = faults[:_FEW_FAULTS] + notes[:_FEW_CAVEATS]
        more = faults[_FEW_FAULTS:] + notes[_FEW_CAVEATS:]
        return element(
            "section",
            {"class": "answer", "aria-labelledby": "answer"},
            element("h2", {"id": "answer"}, "The answer"),
            *lines,
            element("div", {"class": "amounts"}, *amounts) if amounts else "",
            element("ul", {"class": "notes"}, *few) if few else "",
            _more(more),
        )


def _more(notes: Sequence[Html]) -> Html:
    """What has no place on the first screen, behind a line that says how much it is."""
    if not notes:
        return Html("")
    summary = element("summary", None, f"{len(notes)} more to know")
    return element("details", None, summary, element("ul", {"class": "notes"}, *notes))


def _lines(text: str) -> list[tuple[int, str]]:
    return list(enumerate(line for line in text.split("\n") if line.strip()))


def cost_of(energy: Energy, weighing: Weighing, price: Price) -> Range | None:
    """What the electricity costs, the site's overhead in it; `None` for an energy that was not measured."""
    joules, overhead = energy.range_j, weighing.overhead
    if joules is None:
        return None
    return Range(
        kwh_of(joules.low) * overhead.low * price.per_kwh,
        kwh_of(joules.best) * overhead.value * price.per_kwh,
        kwh_of(joules.high) * overhead.high * price.per_kwh,
    )


def money(cost: Range, currency: str) -> str:
    """`1.4 EUR`, in two digits: no price of a mean hour is known better."""
    return f"{digits.significant(cost.best, 2)} {currency}"


def answer_of(
    runs: Sequence[ReadRecord], nodes: Sequence[Node], page: Page, *, faults: Sequence[str], price: Price | None = None
) -> FirstScreen:
    """The answer of some runs. `page`: of the console, whose headline and caveats these are."""
    summed = total(runs, nodes)
    energy = summed.energy
    caveats = [caveat for caveat in page.caveats if caveat not in faults]
    energies = ("Energy", digits.energy(energy.best_j, energy.error_j), _energy_in_words(energy), energy.quality)
    low, best, high = summed.carbon_g or (None, None, None)
    qualities = {run.result.carbon.quality for run in runs}
    grams = (
        "Carbon",
        digits.carbon(best),
        _span("between", digits.carbon(low), digits.carbon(high)) if best is not None else "no energy to weigh",
        qualities.pop() if len(qualities) == 1 and best is not None else "",
    )
    return FirstScreen(page.headline, [energies, grams, _cost(nodes, price)], faults, caveats)


def _cost(nodes: Sequence[Node], price: Price | None) -> tuple[str, str, str, str]:
    if price is None:
        return "Cost", "not known", NO_PRICE.partition(": ")[2], ""
    costs = [cost_of(node.result.energy, node.result.weighing, price) for node in nodes]
    known = [cost for cost in costs if cost is not None]
    if not known:
        return "Cost", "not known", "no energy was measured", ""
    cost = Range(*(sum(column) for column in zip(*known)))
    stated = all(node.result.weighing.pue_is_stated for node in nodes)
    overhead = "the site's overhead in it" if stated else "the site's overhead is not known"
    span = ""
    if cost.high > cost.low:
        ends = (f"{digits.significant(end, 2)} {price.currency}" for end in (cost.low, cost.high))
        span = f"{_span('between', *ends)}, "
    words = f"{span}at {digits.significant(price.per_kwh, 3)} {price.currency}/kWh; {overhead}"
    quality = "estimated" if not stated else next(iter({node.result.quality for node in nodes}))
    return "Cost of the electricity", money(cost, price.currency), words, quality


def _energy_in_words(energy: Energy) -> str:
    if energy.best_j is None:
        return "nothing was measured"
    if energy.error_j is None:
        return "its uncertainty is not known"
    span = energy.range_j
    assert span is not None
    if energy.error_j == 0.0:
        return "without an error that the instruments state"
    relative = digits.percent(energy.relative_error) if energy.relative_error is not None else ""
    return _span(
        "95 % between",
        digits.energy(span.low, energy.error_j, spread=False),
        digits.energy(span.high, energy.error_j, spread=False),
    ) + (f" (± {relative})" if relative else "")


def _span(word: str, low: str, high: str) -> str:
    return f"{word} {low} and {high}"
