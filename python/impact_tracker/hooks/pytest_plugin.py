"""pytest: `pytest --energy` shows what each test used; `--energy-save`, `--energy-compare` find regressions.

The module is imported by every pytest where the package is installed, so that it imports nothing of it before the
options ask.
"""

from __future__ import annotations

import json
import math
from collections.abc import Generator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ..result import Result
    from ..tracker import ImpactTracker

_PROPERTY = "impact"  # of a report, as xdist carries it from its workers
_SHOWN = 20
_VERSION = 2  # of 1 the intervals left out what the sensors and models may be off by


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of energy."""
    group = parser.getgroup("energy", "energy of tests (impact-tracker)")
    group.addoption("--energy", action="store_true", help="show what each test used in energy")
    group.addoption("--energy-save", metavar="FILE", help="keep each test's energy in a file")
    group.addoption(
        "--energy-compare", metavar="FILE", help="compare with a kept file; a regression fails the run, as a test does"
    )
    group.addoption(
        "--energy-limit",
        metavar="RATIO",
        type=float,
        default=1.5,
        help="with --energy-compare: a test is a regression where its 95%% interval lies above RATIO times the kept "
        "one's (%(default)g)",
    )
    group.addoption("--energy-record", metavar="DIR", help="where the record goes (pytest's cache directory)")


def pytest_configure(config: pytest.Config) -> None:
    """The marker always; the measuring where an option asks for it."""
    config.addinivalue_line(
        "markers", "energy(limit_j): with --energy, the test fails where it used more than so many joules for certain"
    )
    options = ("energy", "energy_save", "energy_compare")
    if any(config.getoption(option) for option in options):
        config.pluginmanager.register(EnergyOfTests(config), "impact-tracker-energy")


@dataclass(frozen=True)
class TestEnergy:
    """What one test's call used: joules of the machine with their 95 % interval, the sensors' and models' own error in
    it, and their quality."""

    __test__ = False

    energy_j: float
    low_j: float
    high_j: float
    seconds: float
    quality: str

    @classmethod
    def of_result(cls, result: Result | None) -> TestEnergy | None:
        """`None` where nothing was measured."""
        energy = None if result is None else result.energy
        ends = None if energy is None or energy.error_j is None else energy.range_j
        if result is None or energy is None or ends is None:
            return None
        return cls(ends.best, ends.low, ends.high, result.duration_s, str(energy.quality))

    @property
    def is_measured(self) -> bool:
        """Whether sensors measured it; else it follows time and load."""
        return self.quality == "measured"

    def in_words(self) -> str:
        """`3.2 J (3.1 to 3.4, measured)`."""
        from ..digits import span, within

        ends = span(self.energy_j, self.low_j, self.high_j)
        return f"{within(self.energy_j, self.low_j, self.high_j)} J ({ends}, {self.quality})"


def kept(path: Path) -> dict[str, TestEnergy]:
    """A file of `--energy-save`. pytest.UsageError where it is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["version"] != _VERSION:
            version = content["version"]
            raise ValueError(
                f"its version is {version}, and {_VERSION} is what this one reads: --energy-save FILE again"
            )
        return {name: TestEnergy(**energy) for name, energy in content["tests"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise pytest.UsageError(f"--energy-compare {path}: not a file of --energy-save: {error}") from None


class EnergyOfTests:
    """Measures the call of each test; set-up and tear-down are left out."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._energies: dict[str, TestEnergy] = {}
        self._unmeasured = 0
        self._regressions: list[str] = []
        self._blurred: list[float] = []  # how many times as much each compared energy that is modelled would have to be
        self._tracker: ImpactTracker | None = None
        self._is_controller = not hasattr(config, "workerinput")
        place = config.getoption("energy_compare")
        self._before = kept(Path(place)) if place else {}

    def pytest_sessionstart(self) -> None:
        """The tracker: of each worker where xdist has workers, else of this process."""
        from ..errors import complain
        from ..tracker import ImpactTracker

        if self._is_controller and self._config.getoption("numprocesses", None):
            return
        folder = self._config.getoption("energy_record") or self._folder()
        try:
            self._tracker = ImpactTracker(folder, interval_s=0.1).start()
        except (OSError, ValueError) as error:
            complain(f"tests are not measured: {error}")

    def _folder(self) -> str:
        cache = getattr(self._config, "cache", None)  # there is none with -p no:cacheprovider
        return "." if cache is None else str(cache.mkdir("impact-tracker"))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """The region around the test's own code."""
        if self._tracker is None:
            return (yield)
        region = self._tracker.region(item.nodeid)
        with region:
            answer = yield
        energy = TestEnergy.of_result(region.result)
        item.user_properties.append((_PROPERTY, None if energy is None else asdict(energy)))
        limit = item.get_closest_marker("energy")
        if limit is not None and energy is not None:
            _hold(energy, *limit.args, **limit.kwargs)
        return answer

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collects, also from workers."""
        if report.when != "call" or not self._is_controller:
            return
        for name, energy in report.user_properties:
            if name == _PROPERTY and isinstance(energy, Mapping):
                self._energies[report.nodeid] = TestEnergy(**energy)
            elif name == _PROPERTY:
                self._unmeasured += 1

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Keeps, compares, and fails a run that has a regression and no other failure."""
        if self._tracker is not None:
            self._tracker.stop()
        if not self._is_controller:
            return
        place = self._config.getoption("energy_save")
        if place:
            tests = {name: asdict(energy) for name, energy in sorted(self._energies.items())}
            text = json.dumps({"version": _VERSION, "tests": tests}, indent=1) + "\n"
            from ..whole_file import write_whole_text

            try:
                write_whole_text(place, text)
            except OSError as error:
                self._regressions.append(f"--energy-save: {error}")
        self._compare(float(self._config.getoption("energy_limit")))
        if self._regressions and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _compare(self, limit: float) -> None:
        for name, now in self._energies.items():
            then = self._before.get(name)
            if then is None:
                continue
            is_measured = now.is_measured and then.is_measured
            if now.low_j > limit * then.high_j:
                how = "" if is_measured else "; not by sensors: it took longer, or loaded the processors more"
                self._regressions.append(f"{name}: {now.in_words()} in place of {then.in_words()}{how}")
            elif not is_measured and then.energy_j > 0:
                part = now.low_j / now.energy_j if now.energy_j else 0.0
                self._blurred.append(limit * then.high_j / then.energy_j / part if part else math.inf)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The tests that used most, what all used, and the regressions."""
        from .. import digits

        write = terminalreporter.write_line
        terminalreporter.section("energy of tests")
        ranked = sorted(self._energies.items(), key=lambda pair: -pair[1].energy_j)
        for name, energy in ranked[:_SHOWN]:
            half = energy.high_j - energy.energy_j
            write(f"{digits.energy(energy.energy_j, half):>24}  {energy.quality:9}  {name}")
        if len(ranked) > _SHOWN:
            write(f"{'':24}  {'':9}  … and {len(ranked) - _SHOWN} more")
        if self._unmeasured:
            write(f"of {self._unmeasured} tests no energy was measured: `impact-tracker doctor` says why")
        if {energy.quality for energy in self._energies.values()} & {"modelled"}:
            write("modelled energies follow time and load: `impact-tracker doctor` says what would measure them")
        if self._blurred:
            least = min(self._blurred)
            seen = "no ratio shows" if math.isinf(least) else f"only {digits.significant(least, 2)} times as much shows"
            write(f"of {len(self._blurred)} compared tests an energy is not measured: within its error {seen}")
        for regression in self._regressions:
            write(f"REGRESSION {regression}", red=True)


def _hold(energy: TestEnergy, limit_j: float) -> None:
    if energy.low_j > limit_j:
        pytest.fail(f"the test used {energy.in_words()}, more than its limit of {limit_j:g} J", pytrace=False)
