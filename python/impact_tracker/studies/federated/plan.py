"""What is asked of a federated study, what each of its programs is told, and what these write: types, files, names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TypeVar

from ...typed import built

STUDY_FILE = "study.json"
ACTOR_FILE = "actor.json"
END_FILE = "end.json"
ROUNDS_FILE = "rounds.jsonl"
ERRORS_FILE = "stderr.txt"
INITIAL_FILE = "initial.safetensors"
LISTENING_FILE = "listening"
RECORD_FOLDER = "record"
DATA_FOLDER = "data"
SERVER_FOLDER = "server"
CENTRE_FOLDER = "centre"
MACHINE_FOLDER = "machine"
CENTRALISED = "centralised"

_Class = TypeVar("_Class")


@dataclass(frozen=True)
class FederatedSettings:
    """What is asked. `images`, `test_images`: `None` for all. `passes`: batches of a client in a round; `None`: its
    `epochs` over its own images. `threads`: of each client; `None`: its part of the processors. `target`: an accuracy.
    """

    clients: int = 10
    active: int = 10
    rounds: int = 20
    target: float = 0.85
    epochs: int = 1
    passes: int | None = None
    batch: int = 32
    network: str = "small-cnn"
    optimizer: str = "sgd"
    lr: float = 0.05
    images: int | None = None
    test_images: int | None = None
    data_folder: str | None = None
    device: str = "cpu"
    threads: int | None = None
    seed: int = 1
    all_rounds: bool = False
    interval_s: float = 0.2
    round_timeout_s: float = 3600.0

    def __post_init__(self) -> None:
        """ValueError for what cannot be."""
        for name in ("clients", "active", "rounds", "epochs", "batch", "passes", "images", "test_images", "threads"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} is a whole number of at least 1, not {value}")
        if self.active > self.clients:
            raise ValueError(f"active is {self.active}, more than the {self.clients} clients")
        if not 0 < self.target <= 1:
            raise ValueError(f"target is an accuracy above 0 and at most 1, as in 0.85, not {self.target:g}")
        if not self.lr > 0:
            raise ValueError(f"lr is above 0, not {self.lr:g}")
        if self.seed < 0:
            raise ValueError(f"seed is 0 or more, not {self.seed}")

    def differences(self, other: FederatedSettings) -> list[str]:
        """The names of the settings in which two studies differ."""
        return [item.name for item in fields(self) if getattr(self, item.name) != getattr(other, item.name)]


@dataclass(frozen=True)
class ActorPlan:
    """What one program of a run is told. `role`: server, client or centre; `number`: of the client."""

    role: str
    number: int
    port: int
    threads: int
    settings: FederatedSettings


@dataclass(frozen=True)
class Traffic:
    """What one client received and sent in a phase of a round. `down`, `up`: TCP's payload, `None` where the system
    does not count it; `model_down`, `model_up`: the model as Flower serialises it."""

    client: int
    down: int | None
    up: int | None
    model_down: int
    model_up: int


@dataclass(frozen=True)
class ClientAccuracy:
    """The global model on the test images of one client."""

    client: int
    images: int
    correct: int

    @property
    def accuracy(self) -> float:
        return self.correct / self.images


@dataclass(frozen=True)
class TrainingRound:
    """A line of the server (who was asked, who delivered, what went over the wire) or of the centre."""

    round: int
    begin_ns: int
    end_ns: int
    chosen: tuple[int, ...] = ()
    delivered: tuple[int, ...] = ()
    traffic: tuple[Traffic, ...] = ()


@dataclass(frozen=True)
class EvaluatedRound:
    """The model after a round, on the test images of the clients that answered: of all of them in the centre."""

    round: int
    clients: tuple[ClientAccuracy, ...]
    traffic: tuple[Traffic, ...] = ()

    @property
    def images(self) -> int:
        return sum(row.images for row in self.clients)

    @property
    def accuracy(self) -> float | None:
        """Over all of their test images together."""
        return sum(row.correct for row in self.clients) / self.images if self.images else None


@dataclass(frozen=True)
class LocalTraining:
    """A line of a client or of the centre: its own training in a round."""

    round: int
    batches: int
    images: int
    duration_s: float
    loss: float | None
    accuracy: float | None


@dataclass(frozen=True)
class ActorEnd:
    """How a program of a run ended: `code` 0, another exit code, or minus the signal that ended it."""

    role: str
    number: int
    code: int


@dataclass(frozen=True)
class RunEnd:
    """Written when a run is over: how its programs ended, how large the clients' parts are."""

    ends: tuple[ActorEnd, ...]
    images: tuple[int, ...]
    test_images: tuple[int, ...]
    data_bytes: tuple[int, ...]
    parameters: int
    flower: str


def write_json(path: Path, content: object) -> None:
    """A dataclass as a file, whole or not at all."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(json.dumps(asdict(content), indent=2) + "\n", encoding="utf-8")  # type: ignore[call-overload]
    partial.replace(path)


def read_json(path: Path, kind: type[_Class]) -> _Class:
    """What `write_json` wrote. FileNotFoundError; ValueError where it is damaged."""
    try:
        return built(kind, json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise ValueError(f"{path} cannot be read: {error}") from error


def append_line(path: Path, line: object) -> None:
    """A dataclass as one more line, with the name of its class."""
    text = json.dumps({"line": type(line).__name__, **asdict(line)}) + "\n"  # type: ignore[call-overload]
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def read_lines(path: Path, kind: type[_Class]) -> Iterator[_Class]:
    """The lines of one class. A last line that is not whole is passed over: its program was killed."""
    if not path.exists():
        return
    for text in path.read_text(encoding="utf-8").split("\n")[:-1]:
        fields_of_line = json.loads(text)
        if fields_of_line.pop("line", None) == kind.__name__:
            yield built(kind, fields_of_line)


def run_name(split: str, seed: int) -> str:
    """The folder of a run: `dirichlet-0.3-seed1`."""
    return f"{split.replace(':', '-')}-seed{seed}"


def client_folder(number: int) -> str:
    """The folder of a client within its run."""
    return f"client-{number:02d}"
