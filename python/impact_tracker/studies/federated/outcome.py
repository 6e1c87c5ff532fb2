"""What a study's folder holds, read again: who learned how well, with which energy, over which bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...factors import Factor
from ...record import Record, read_record
from ...result import Result
from ...values import Energy, quality_of, total, total_if_known
from .plan import (
    CENTRALISED,
    CENTRE_FOLDER,
    END_FILE,
    MACHINE_FOLDER,
    RECORD_FOLDER,
    ROUNDS_FILE,
    SERVER_FOLDER,
    STUDY_FILE,
    EvaluatedRound,
    FederatedSettings,
    LocalTraining,
    RunEnd,
    TrainingRound,
    client_folder,
    read_json,
    read_lines,
)
from .split import DataSplit, parse_split


@dataclass(frozen=True)
class RoundUse:
    """Energy of one program in a round. `evaluation`: `None` of a round without one. `handling`: all of it beside
    training and evaluation, which is the models' way in and out, and the waiting; missing where one of them is."""

    energy: Energy
    training: Energy
    evaluation: Energy | None

    @property
    def handling(self) -> Energy:
        rest = self.energy.minus(self.training, same_sensors=True)
        return rest if self.evaluation is None else rest.minus(self.evaluation, same_sensors=True)


@dataclass(frozen=True)
class ActorUse:
    """One program of a run. `total`: from the start of its tracker to its end, or to its last flush where it was
    killed; `code`: how it ended; `complete`: whether its record was closed."""

    role: str
    number: int
    code: int
    images: int
    data_bytes: int
    local: tuple[LocalTraining, ...]
    rounds: Mapping[int, RoundUse]
    start: Energy
    total: Energy
    cpu_s: float | None
    complete: bool

    @property
    def lost(self) -> Energy:
        """What is in no closed round: of a client that was killed, the work that nobody received. Missing where the
        energy of a closed round is, which would be in it."""
        if not self.rounds and self.start.is_missing:
            return self.total
        known = total_if_known([self.start, *(use.energy for use in self.rounds.values())])
        return self.total.minus(known, same_sensors=True)

    def batches(self, rounds: Sequence[int]) -> int:
        """Of the rounds that it finished."""
        return sum(row.batches for row in self.local if row.round in rounds)

    def part(self, name: str, rounds: Sequence[int] | None = None) -> Energy:
        """The sum of `training`, `evaluation`, `handling` or `energy` over rounds (default: all), partial where that of
        a round is missing."""
        uses = [use for number, use in self.rounds.items() if rounds is None or number in rounds]
        energies = [getattr(use, name) for use in uses]
        return total(energy for energy in energies if energy is not None)

    def untold(self, rounds: Sequence[int]) -> list[int]:
        """The rounds of which it is not known how much was training."""
        return [number for number, use in self.rounds.items() if number in rounds and use.handling.is_missing]


@dataclass(frozen=True)
class MachineUse:
    """The machine while a run took place. `study`: of the run with all of its programs; `others`: everybody else's."""

    energy: Energy
    study: Energy
    others_j: float | None
    idle_j: float | None
    unattributed_j: float | None
    duration_s: float
    intensity: Factor


@dataclass(frozen=True)
class RunOutcome:
    """One run, federated or centralised. `leader`: the server, or the centre; `split`: `None` in the centre."""

    name: str
    split: DataSplit | None
    settings: FederatedSettings
    end: RunEnd
    leader: ActorUse
    clients: tuple[ActorUse, ...]
    trained: tuple[TrainingRound, ...]
    tested: tuple[EvaluatedRound, ...]
    machine: MachineUse

    @property
    def title(self) -> str:
        return "centralised" if self.split is None else self.split.title

    @property
    def rounds(self) -> list[int]:
        """Those in which a model came back."""
        return [row.round for row in self.trained if row.delivered or self.split is None]

    @property
    def reached(self) -> int | None:
        """The first round whose model has the target accuracy; `None` where none has: the number is censored."""
        target = self.settings.target
        return next((row.round for row in self.tested if (row.accuracy or 0.0) >= target), None)

    @property
    def accuracy(self) -> float | None:
        """Of the last model."""
        return self.tested[-1].accuracy if self.tested else None

    @property
    def learners(self) -> tuple[ActorUse, ...]:
        """Who trains: the clients, or the centre."""
        return self.clients or (self.leader,)

    def killed(self) -> list[ActorUse]:
        """Clients that did not end by themselves."""
        return [client for client in self.clients if client.code != 0]

    def model_bytes(self) -> int | None:
        """One model as Flower serialises it."""
        return next((row.model_down for line in self.trained for row in line.traffic), None)

    def wire_bytes(self, way: str) -> float | None:
        """TCP's payload `down` or `up` for one client and round of training, on average; `None` where not counted."""
        counts = [getattr(row, way) for line in self.trained for row in line.traffic if row.client in line.delivered]
        return sum(counts) / len(counts) if counts and None not in counts else None


@dataclass(frozen=True)
class StudyOutcome:
    """All runs of a folder that came to an end."""

    folder: Path
    settings: FederatedSettings
    federated: tuple[RunOutcome, ...]
    centralised: tuple[RunOutcome, ...]
    notes: tuple[str, ...] = field(default=())


def read_study(folder: Path) -> StudyOutcome:
    """FileNotFoundError where the folder holds no study, or no run of it has ended."""
    if not (folder / STUDY_FILE).exists():
        raise FileNotFoundError(f"{folder} holds no federated study: there is no {STUDY_FILE} in it")
    runs = [
        read_run(place)
        for place in sorted(folder.iterdir())
        if (place / END_FILE).exists() and ".interrupted" not in place.name
    ]
    if not runs:
        raise FileNotFoundError(f"no run of the study in {folder} has come to its end yet")
    aside = sorted(place.name for place in folder.iterdir() if ".interrupted" in place.name)
    notes = tuple(f"{name}: a run that was interrupted; it is not counted" for name in aside)
    return StudyOutcome(
        folder,
        read_json(folder / STUDY_FILE, FederatedSettings),
        tuple(run for run in runs if run.split is not None),
        tuple(run for run in runs if run.split is None),
        notes,
    )


def read_run(folder: Path) -> RunOutcome:
    """The run of a folder."""
    end = read_json(folder / END_FILE, RunEnd)
    kind = folder.name.rsplit("-seed", 1)[0]
    split = None if kind == CENTRALISED else parse_split(kind.replace("-", ":", 1))
    codes = {(row.role, row.number): row.code for row in end.ends}
    leader_folder = CENTRE_FOLDER if split is None else SERVER_FOLDER
    lines = folder / leader_folder / ROUNDS_FILE
    clients = () if split is None else tuple(
        _actor(folder / client_folder(number), "client", number, codes, end) for number in range(len(end.images))
    )  # fmt: skip
    from .plan import ACTOR_FILE, ActorPlan

    return RunOutcome(
        folder.name,
        split,
        read_json(folder / leader_folder / ACTOR_FILE, ActorPlan).settings,
        end,
        _actor(folder / leader_folder, leader_folder, 0, codes, end),
        clients,
        tuple(read_lines(lines, TrainingRound)),
        tuple(read_lines(lines, EvaluatedRound)),
        _machine(read_record(folder / MACHINE_FOLDER)),
    )


def share_of(result: Result) -> Energy:
    """The tracked program's part of a result."""
    share = result.measured.share
    if share is None or share.share_j is None:
        return Energy.missing()
    return Energy(share.share_j, share.half_width_j, share.bias_j, quality=quality_of(share.quality))


def _actor(folder: Path, role: str, number: int, codes: Mapping[tuple[str, int], int], end: RunEnd) -> ActorUse:
    record = read_record(folder / RECORD_FOLDER)
    regions = {region.name: share_of(region) for region in record.regions}
    rounds = {
        int(name.split()[1]): RoundUse(
            energy,
            regions.get(name.replace("round", "training"), Energy.missing()),
            regions.get(name.replace("round", "evaluation")),
        )
        for name, energy in regions.items()
        if name.startswith("round ")
    }
    learns = role != SERVER_FOLDER
    share = record.result.measured.share
    return ActorUse(
        role,
        number,
        codes[role, number],
        end.images[number] if learns else 0,
        end.data_bytes[number] if learns else 0,
        tuple(read_lines(folder / ROUNDS_FILE, LocalTraining)),
        rounds,
        regions.get("start", Energy.missing()),
        share_of(record.result),
        None if share is None else share.cpu_s,
        record.complete,
    )


def _machine(record: Record) -> MachineUse:
    result = record.result
    share = result.measured.share
    return MachineUse(
        result.energy,
        share_of(result),
        None if share is None else share.others_j,
        None if share is None else share.machine_idle_j,
        None if share is None else share.unattributed_j,
        result.duration_s,
        record.weighing.intensity,
    )
