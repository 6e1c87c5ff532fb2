"""What the console shows of a ledger: the answer first, then tables, then what to beware of."""

from __future__ import annotations

import time
from collections.abc import Sequence

from .. import digits
from ..report.page import Page, Table
from ..values import Energy
from .cells import NamedSum
from .change import EnergyChange, Period
from .ledger import BestRun
from .report import LEAST_RUNS, DevelopmentReport, Frequency, Ratio, TimeSeen
from .rows import LedgerRun


def energy_text(energy: Energy, *, spread: bool = True) -> str:
    """With its error; "≥" before a sum that others would add to."""
    text = digits.energy(energy.best_j, energy.error_j, spread=spread)
    return f"≥ {text}" if energy.partial and not energy.is_missing else text


def _carbon(line: NamedSum) -> str:
    """As its energy: "≥" before a sum that others would add to."""
    if line.carbon_g is None:
        return "not known"
    text = digits.carbon(line.carbon_g.best, line.carbon_g.low, line.carbon_g.high)
    return f"≥ {text}" if line.sum.energy.partial else text


def ratio_text(ratio: Ratio) -> str:
    """`63 (57 to 69)`, with at least before it where something is missing."""
    text = digits.significant(ratio.value, 3)
    if ratio.low is not None and ratio.high is not None:
        decimals = digits.decimals_for(ratio.value, (ratio.high - ratio.low) / 2.0)
        best, low, high = (digits.fixed(value, decimals) for value in (ratio.value, ratio.low, ratio.high))
        text = f"{best} ({low} to {high})"
    return f"at least {text}" if ratio.is_at_least else text


def report_page(report: DevelopmentReport) -> Page:
    """The page of `impact-tracker ledger report PROJECT`."""
    all_runs = report.development.sum
    headline = (
        f"{report.project}: {all_runs.runs} runs of development took {energy_text(all_runs.energy)}, "
        f"{_carbon(report.development)}"
    )
    ratio = report.ratio
    if ratio is not None:
        best = ratio.best
        headline += (
            f"\n{ratio_text(ratio)} times the energy of the best run, {best.run.run_id} "
            f"({best.metric} {best.value:g}, {energy_text(best.run.energy)})"
        )
    if report.deployment.sum.runs:
        headline += f"\ndeployment apart: {energy_text(report.deployment.sum.energy)}"
    tables = [
        _sums("by stage", "stage", report.by_stage),
        _sums("by fate", "fate", report.by_fate),
        _sums("by month", "month", report.by_month),
        _sums("by person", "person", report.by_person),
        frequency_table(report.frequencies),
    ]
    if report.change is not None:
        tables.append(_change_table(report.change))
    caveats = [*([f"no ratio: {report.no_ratio}"] if report.no_ratio else []), *report.findings]
    if ratio is not None:
        caveats = [*_of_best(ratio.best), *caveats]
    details = [] if report.change is None else [_change_sentence(report.change)]
    return Page(headline, tables, caveats, details)


def _of_best(best: BestRun) -> list[str]:
    caveats = []
    if best.run.energy.partial:
        caveats.append(
            "the best run's energy is known in part alone: its whole is more, and what is related to it less"
        )
    if best.alike:
        caveats.append(f"{best.alike} other runs have the same {best.metric}: the first of them counts as the best")
    if best.unmeasured:
        caveats.append(f"{best.unmeasured} runs have a better {best.metric}, but no energy: they are passed over")
    return caveats


def _sums(title: str, what: str, lines: Sequence[NamedSum]) -> Table:
    rows = [
        (
            line.name,
            str(line.sum.runs),
            energy_text(line.sum.energy),
            energy_text(line.sum.per_run, spread=False),
            _carbon(line),
            line.sum.energy.quality,
        )
        for line in lines
    ]
    return Table((what, ">runs", ">energy", ">per run", ">carbon", "quality"), rows, title)


def frequency_table(frequencies: Sequence[Frequency]) -> Table:
    """Energy of one time beside how often."""
    rows = [
        (
            each.project,
            each.activity,
            f"{each.count:,.0f} {each.unit}{'' if each.count == 1 else 's'}",
            _often(each),
            _seen_for(each.seen),
            energy_text(each.energy, spread=False),
        )
        for each in frequencies
    ]
    return Table(("project", "activity", ">count", ">a day", ">over", ">energy of one"), rows, _FREQUENCIES)


_FREQUENCIES = (
    "energy and frequency; a day: over the days to which the project's runs belong, a mean distance of begins each, of "
    "requests to its deployments'; in brackets 95 % of runs that come by themselves (Poisson), none of requests"
)


def _often(frequency: Frequency) -> str:
    """How often a day, or why that is not known."""
    seen = frequency.seen
    if frequency.per_day is None:
        few = f"not told by {seen.runs} run{'' if seen.runs == 1 else 's'}: {LEAST_RUNS} do"
        return few if seen.runs < LEAST_RUNS and seen.served_days is None else "seen for less than a day"
    text, ends = digits.significant(frequency.per_day, 2), frequency.per_day_ends
    return text if ends is None else f"{text} ({' to '.join(digits.significant(end, 2) for end in ends)})"


def _seen_for(seen: TimeSeen) -> str:
    runs = f"{seen.runs} run{'' if seen.runs == 1 else 's'}"
    return "–" if seen.days is None else f"{digits.significant(seen.days, 2)} days, {runs}"


def _change_table(change: EnergyChange) -> Table:
    def row(name: str, period: Period) -> tuple[str, ...]:
        all_runs = period.sum
        return (
            f"{name}, {_day(period.begin_ns)} to {_day(period.end_ns)}",
            str(all_runs.runs),
            digits.significant(period.runs_per_day, 3),
            energy_text(all_runs.per_run),
            energy_text(period.energy_per_day, spread=False),
        )

    rows = [row("before", change.before), row("after", change.after)]
    return Table(("period", ">runs", ">a day", ">per run", ">energy a day"), rows, "change")


def _day(when_ns: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(when_ns // 1_000_000_000))


def _change_sentence(change: EnergyChange) -> str:
    if change.difference_j is None or change.by_energy_j is None or change.by_runs_j is None:
        return "The change cannot be split: one of the periods has no run whose energy is known."
    parts = [f"{_signed(change.difference_j)} a day", f"{_signed(change.by_energy_j)} by the energy per run"]
    text = f"{parts[0]}: {parts[1]}, {_signed(change.by_runs_j)} by the number of runs."
    if change.rebound is None:
        return text
    low, best, high = (digits.percent(value) for value in change.rebound)
    return f"{text} Rebound: more runs used up {best} ({low} to {high}) of what a run saves."


def _signed(joules: float) -> str:
    return ("+" if joules >= 0 else "−") + digits.energy(abs(joules))


def list_page(runs: Sequence[LedgerRun], count: int) -> Page:
    """One line a run."""
    rows = [
        (
            run.run_id,
            run.project,
            (run.started_at or "").replace("T", " ").rstrip("Z"),
            digits.duration(run.duration_s),
            run.fate,
            run.stage or "–",
            energy_text(run.energy),
            ", ".join(f"{name} {value:g}" for name, value in run.metrics.items() if value is not None),
            run.person or "–",
        )
        for run in runs
    ]
    columns = ("run", "project", "began (UTC)", ">lasted", "fate", "stage", ">energy", "metrics", "person")
    more = [f"the {len(runs)} newest of {count}: --all shows the others"] if count > len(runs) else []
    return Page(f"{count} run{'' if count == 1 else 's'}", [Table(columns, rows)], more)


def best_page(best: BestRun) -> Page:
    """The best run and how it was chosen."""
    run = best.run
    headline = (
        f"{run.run_id}: {best.metric} {best.value:g}, the {best.goal}imum of {best.candidates} finished training runs, "
        f"for {energy_text(run.energy)}"
    )
    details = [f"{name}: {text}" for name, text in run.tags.items()]
    return Page(headline, caveats=_of_best(best), details=[*details, run.origin] if run.origin else details)


def overview_page(sums: Sequence[NamedSum], frequencies: Sequence[Frequency], findings: Sequence[str]) -> Page:
    """Of a ledger with several projects."""
    runs = sum(line.sum.runs for line in sums)
    headline = f"{len(sums)} projects, {runs} runs; `impact-tracker ledger report PROJECT` shows one"
    return Page(headline, [_sums("", "project", sums), frequency_table(frequencies)], findings)
