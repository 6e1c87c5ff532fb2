"""The metrics as a page, as JSON and as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...bench.analyse.cells import ratio_text
from ...digits import percent, quantity, significant
from ...report.page import Page, Table
from ...values.statistics import Mean, MeanRatio, ratio_of_means
from ..questions.draw import half_widths
from ..questions.groups import most_of, score_text
from ..questions.means import carbon_text, energy_text, quantity_text, runs_words, time_text
from ..questions.words import plain
from .compare import MisleadingPair, RankAgreement, agreements, misleading
from .entry import METRICS, MetricsEntry

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SHOWN_PAIRS = 2
_PANELS = ("parameters", "flops", "duration_s", "core_hours", "gpu_hours", "score")


def page_of(entries: Sequence[MetricsEntry], each: bool) -> Page:
    """The sentence, every metric of every entry, how well each tells the energy, where it misleads most."""
    rows = agreements(entries)
    tables = [
        Table(
            (
                "what",
                ">runs",
                ">parameters",
                ">bytes",
                ">FLOPs",
                ">time",
                ">core-hours",
                ">GPU-hours",
                ">energy",
                ">carbon",
                ">score",
            ),
            [_metric_cells(entry) for entry in entries],
            f"{'for one example; ' if each else ''}{runs_words(entry.runs for entry in entries)}",
        ),
        Table(
            ("what", ">score a kJ", ">score an hour", ">score a million parameters", ">runs"),
            [_efficiency_cells(entry) for entry in entries if entry.score is not None],
            f"efficiencies; {runs_words(entry.runs for entry in entries if entry.score is not None)}{_pairs(entries)}",
        ),
        Table(
            ("metric", ">Spearman with the energy", ">95 %", ">p (Holm)", ">entries", ">pairs it orders wrongly"),
            [_agreement_cells(row) for row in rows],
            "95 % of rho over entries (Bonett and Wright): not known of fewer than five, nor of a perfect order",
        ),
        Table(
            ("metric", "larger by it", "smaller by it", ">by", ">energy of the larger", "beyond chance"),
            [_pair_cells(pair) for row in rows for pair in misleading(entries, row.metric)[:_SHOWN_PAIRS]],
            "where it misleads most; energies with 95 % where both were repeated; chance: of one among all pairs",
        ),
    ]
    return Page(sentence_of(entries, rows), tables, caveats_of(entries))


def _pairs(entries: Sequence[MetricsEntry]) -> str:
    """Whether the intervals of efficiencies know how score and cost vary together, of which entries not."""
    told = [entry for entry in entries if entry.is_paired is not None]
    apart = [entry.name for entry in told if not entry.is_paired]
    if not told:
        return ""
    if not apart:
        return "; of score and cost of the same runs together"
    names = "" if len(apart) == len(told) else f" of {', '.join(apart)}"
    return f"; score and cost{names} taken as independent: which belong together is not known"


def sentence_of(entries: Sequence[MetricsEntry], rows: Sequence[RankAgreement]) -> str:
    """What a paper would print."""
    told = {row.metric: row for row in rows}
    texts = []
    for name in ("parameters", "flops", "core_hours", "duration_s"):
        row = told.get(name)
        if row is None or row.spearman is None:
            continue
        interval = "" if row.low is None or row.high is None else f", 95 % {row.low:.2f} to {row.high:.2f}"
        interval = interval or ", no interval of " + ("a perfect order" if row.points >= 5 else "fewer than five")
        wrong = f"{row.misled} of {row.pairs} pairs" if row.misled else "no pair"
        texts.append(f"{METRICS[name].title} {row.spearman:.2f}{interval} ({wrong} ordered wrongly)")
    if not texts:
        count = "One entry" if len(entries) == 1 else f"{len(entries)} entries"
        return f"{count}: too few know a metric and the energy to say whether one tells the other."
    modelled = [entry for entry in entries if (entry.modelled or 0) > 0]
    once = ", one run each and so without an interval of their own" if all(e.runs == 1 for e in entries) else ""
    origin = f" Energies are modelled by load and time, not measured (± {_bias(modelled)})." if modelled else ""
    return f"Rank correlation with the energy over {len(entries)} entries{once}: {'; '.join(texts)}.{origin}"


def _bias(entries: Sequence[MetricsEntry]) -> str:
    """The largest error of its own that an energy has, where one is known."""
    return percent(max((entry.bias for entry in entries if entry.bias is not None), default=None))


def caveats_of(entries: Sequence[MetricsEntry]) -> list[str]:
    """What a reader has to know before these are believed."""
    caveats = []
    if any((entry.modelled or 0) > 0 for entry in entries):
        caveats.append(
            f"energies are modelled by load and time, not measured (± {_bias(entries)} common to all): their "
            "correlation with time and core-hours is in part the model's own."
        )
    if any(entry.is_reported for entry in entries):
        caveats.append("scores marked * are what the networks' authors report (ImageNet), not what these runs reached.")
    if any(entry.runs == 1 for entry in entries):
        caveats.append("some entries are one run: whether their order is chance is not known.")
    if len({entry.phase for entry in entries}) > 1:
        caveats.append("trainings and inferences are together here: --phase takes one of both.")
    if any(entry.macs is None for entry in entries):
        caveats.append("FLOPs are missing where a method has none to count, as trees, which compare.")
    return caveats


def _quantity(mean: Mean | None, unit: str) -> str:
    return "–" if mean is None else "none" if mean.value == 0 else quantity_text(mean, unit)


def _count(value: float | None, unit: str = "") -> str:
    if value == 0:
        return "none"
    return "–" if value is None else quantity(value, unit).strip()


def _metric_cells(entry: MetricsEntry) -> tuple[str, ...]:
    score = "–" if entry.score is None else score_text(entry.score.value, entry.metric or "", entry.score.half_width)
    return (
        entry.name,
        str(entry.runs),
        _count(entry.parameters),
        _count(entry.bytes, "B"),
        _quantity(entry.flops, "FLOP"),
        "–" if entry.duration_s is None else time_text(entry.duration_s),
        _quantity(entry.core_hours, "h"),
        _quantity(entry.gpu_hours, "h"),
        energy_text(entry.energy),
        "–" if entry.carbon_g is None else carbon_text(entry.carbon_g),
        f"{score}*" if entry.is_reported else score,
    )


def _efficiency_cells(entry: MetricsEntry) -> tuple[str, ...]:
    names = ("energy_efficiency", "time_efficiency", "size_efficiency")
    ratios = [entry.efficiency(name) for name in names]
    return (entry.name, *("–" if ratio is None else ratio_text(ratio) for ratio in ratios), str(entry.runs))


def _agreement_cells(row: RankAgreement) -> tuple[str, ...]:
    return (
        METRICS[row.metric].title,
        "too few, or all alike" if row.spearman is None else f"{row.spearman:.2f}",
        "–" if row.low is None or row.high is None else f"{row.low:.2f} to {row.high:.2f}",
        "–" if row.p is None else "< 0.001" if row.p < 0.001 else f"{row.p:.3f}",
        str(row.points),
        "–" if row.misled is None else f"{row.misled} of {row.pairs}",
    )


def _energy_ratio(pair: MisleadingPair) -> str:
    """The ratio of the energies with its 95 %, where both were repeated."""
    larger, smaller = pair.larger.energy, pair.smaller.energy
    ratio = None if larger is None or smaller is None else ratio_of_means(larger, smaller)
    if ratio is None or ratio.low is None or ratio.high is None:
        return significant(pair.energy_ratio, 2)
    times = pair.energy_ratio / ratio.value  # of one example, where energies are divided by examples
    return ratio_text(MeanRatio(pair.energy_ratio, ratio.low * times, ratio.high * times))


def _pair_cells(pair: MisleadingPair) -> tuple[str, ...]:
    clear = {None: "not known: not repeated", True: "yes", False: "no"}[pair.is_clear]
    return (
        METRICS[pair.metric].title,
        pair.larger.name,
        pair.smaller.name,
        f"× {significant(pair.metric_ratio, 2)}",
        f"× {_energy_ratio(pair)}",
        clear,
    )


def as_dict(entries: Sequence[MetricsEntry]) -> dict[str, object]:
    """Unrounded, for programs; units in the names."""
    rows = agreements(entries)
    return {
        "schema": 1,
        "sentence": sentence_of(entries, rows),
        "caveats": caveats_of(entries),
        "entries": [
            {
                "name": entry.name,
                "origin": entry.origin,
                "phase": entry.phase,
                "runs": entry.runs,
                **{name: entry.value(name) for name in METRICS},
                **{f"{name}_95": entry.ends(name) for name in METRICS},
                "energy_j": plain(entry.energy),
                "score": plain(entry.score, most_of(entry.metric)),
                "score_metric": entry.metric,
                "score_is_reported": entry.is_reported,
                "efficiencies_are_paired": entry.is_paired,
                "examples": entry.examples,
                "bias_relative": entry.bias,
                "modelled_share": entry.modelled,
            }
            for entry in entries
        ],
        "agreements": [row._asdict() for row in rows],
        "misleading": [
            {
                "metric": pair.metric,
                "larger": pair.larger.name,
                "smaller": pair.smaller.name,
                "metric_ratio": pair.metric_ratio,
                "energy_ratio": pair.energy_ratio,
                "is_clear": pair.is_clear,
            }
            for row in rows
            for pair in misleading(entries, row.metric)
        ],
    }


def draw(entries: Sequence[MetricsEntry], path: Path, each: bool) -> None:
    """A panel a metric: energy over it; the pair in which it misleads most is joined in red."""
    from ...figures.labels import label_points
    from ...figures.notes import add_to_note, write_note
    from ...report.plot import figure_for, save

    names = [name for name in _PANELS if sum(entry.value(name) is not None for entry in entries) > 1]
    if not names:
        raise ValueError("no figure: no metric is known of two entries")
    columns = min(2, len(names))
    lines = -(-len(names) // columns)
    figure = figure_for(path, (4.6 * columns, 3.4 * lines + 0.6))
    panels = figure.subplots(lines, columns, squeeze=False).ravel()
    rows = {row.metric: row for row in agreements(entries)}
    drawn = [_panel(axes, name, entries, rows.get(name), each) for axes, name in zip(panels, names)]
    for axes in panels[len(names) :]:
        axes.set_axis_off()
    legend = "; ".join(f"{number}: {entry.name}" for number, entry in enumerate(entries[:_MOST_NAMED], 1))
    more = "" if len(entries) <= _MOST_NAMED else f"; {len(entries) - _MOST_NAMED} more, numbered as given"
    red = "; line: the pair that it misleads about most" if any(pair for _, pair in drawn) else ""
    write_note(figure, f"{_whiskers(entries)}; in brackets: 95 % of rho{red}. {legend}{more}")
    rest = {number for axes, (places, _) in zip(panels, drawn) for number in label_points(axes, places, size=7.0)}
    if rest:
        add_to_note(figure, f"no room somewhere for {', '.join(sorted(rest, key=int))}")
    save(figure, path)


_MOST_NAMED = 12


def _whiskers(entries: Sequence[MetricsEntry]) -> str:
    """How many runs, what the whiskers are and what they leave out."""
    runs = sorted({entry.runs for entry in entries})
    count = f"n = {runs[0]}" if len(runs) == 1 else f"n = {runs[0]} to {runs[-1]}"
    bias = max((entry.bias or 0.0 for entry in entries), default=0.0)
    how = " (energy is modelled)" if any((entry.modelled or 0) > 0 for entry in entries) else ""
    beyond = f", beyond them ± {percent(bias)} common to all{how}" if bias else ""
    whiskers = "whiskers: 95 % of the mean over n runs" if runs and runs[-1] > 1 else "one run each: no whiskers"
    return f"{count}; {whiskers}{beyond}"


def _panel(
    axes: Axes, name: str, entries: Sequence[MetricsEntry], row: RankAgreement | None, each: bool
) -> tuple[list[tuple[float, float, str]], bool]:
    """Energy over one metric; the places with their numbers, and whether a pair is joined."""
    from ...figures.labels import plain_log

    places = []
    for number, entry in enumerate(entries, 1):
        x, joules = entry.value(name), entry.value("energy_j")
        if x is None or joules is None or entry.energy is None:
            continue
        ends = entry.ends(name)
        x_half = None if ends is None else [[x - ends[0]], [ends[1] - x]]
        y_half = [[part] for part in half_widths(entry.energy)] if entry.energy.interval is not None else None
        axes.errorbar(
            x, joules, xerr=x_half, yerr=y_half, fmt="o", color="#4575b4", markersize=5, capsize=2, elinewidth=0.8
        )
        places.append((x, joules, str(number)))
    worst = misleading(entries, name)[:1]
    for pair in worst:
        joined = [(entry.value(name) or 0.0, entry.value("energy_j") or 0.0) for entry in (pair.larger, pair.smaller)]
        axes.plot([x for x, _ in joined], [y for _, y in joined], "-", color="#d73027", linewidth=1.2, zorder=0)
    metric = METRICS[name]
    rho = "" if row is None or row.spearman is None else f": rho {row.spearman:.2f}"
    if row is not None and row.low is not None and row.high is not None:
        rho += f" ({row.low:.2f} to {row.high:.2f})"
    axes.set_title(f"{metric.title}{rho}", fontsize=9, loc="left")
    axes.set(xscale="log" if metric.is_cost else "linear", yscale="log")
    axes.set_ylabel("J an example" if each else "energy in J")
    axes.set_xlabel(f"{metric.title}{f' in {metric.unit}' if metric.unit else ''}")
    if metric.is_cost:
        plain_log(axes.xaxis)
    plain_log(axes.yaxis)
    axes.margins(0.12)
    axes.grid(alpha=0.25, linewidth=0.5)
    return places, bool(worst)
