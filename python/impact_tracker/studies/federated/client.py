"""A client of a federated run: Flower's client around a worker with its own images."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from ...tracker import ImpactTracker
from .flower import silence_flower
from .learner import Learner
from .plan import INITIAL_FILE, LISTENING_FILE, RECORD_FOLDER, ROUNDS_FILE, SERVER_FOLDER, ActorPlan, append_line
from .weights import read_weights, shaped_as, write_weights
from .wire import own_port

if TYPE_CHECKING:
    from flwr.client import Client
    from flwr.common import NDArrays, Scalar

    Metrics = dict[str, Scalar]

_LOOK_S = 0.02


def run_client(plan: ActorPlan, folder: Path) -> None:
    """Takes part until the server says that it is over."""
    tracker = ImpactTracker(folder / RECORD_FOLDER, scope="process", interval_s=plan.settings.interval_s)
    with tracker:
        with tracker.region("start"):
            silence_flower()
            from flwr.client import start_client

            learner = Learner(plan, folder, tracker)
            part = LocalPart(plan, folder, learner)
            client = _flower_client(part)
            while not (folder.parent / SERVER_FOLDER / LISTENING_FILE).exists():
                time.sleep(_LOOK_S)
        try:
            start_client(server_address=f"127.0.0.1:{plan.port}", client=client)
        finally:
            learner.close()


class LocalPart:
    """What a client does when the server asks."""

    def __init__(self, plan: ActorPlan, folder: Path, learner: Learner) -> None:
        self._plan, self._folder, self._learner = plan, folder, learner
        self._template = read_weights(folder.parent / INITIAL_FILE)
        self._file = folder / "weights.safetensors"

    def properties(self) -> Metrics:
        """Which client it is, and by which port the server knows its connection."""
        return {"client": self._plan.number, "port": own_port(self._plan.port) or 0}

    def train(self, arrays: NDArrays, number: int) -> tuple[NDArrays, int, Metrics]:
        """The global model, trained on the client's images."""
        self._learner.begin_round(number)
        self._load(arrays)
        training = self._learner.train(number)
        self._learner.runner.save(self._file)
        append_line(self._folder / ROUNDS_FILE, training)
        return list(read_weights(self._file).values()), training.images, {}

    def test(self, arrays: NDArrays, number: int) -> tuple[float, int, Metrics]:
        """The global model on the client's test images."""
        self._load(arrays)
        tested, loss = self._learner.evaluate(number)
        return loss, tested.images, {"correct": tested.correct}

    def _load(self, arrays: NDArrays) -> None:
        write_weights(self._file, shaped_as(self._template, arrays))
        self._learner.runner.restore_weights(self._file)


def _flower_client(part: LocalPart) -> Client:
    from flwr.client import NumPyClient

    class FlowerClient(NumPyClient):  # type: ignore[misc, unused-ignore]
        """Flower's way to call the client."""

        def get_properties(self, config: Metrics) -> Metrics:
            return part.properties()

        def fit(self, parameters: NDArrays, config: Metrics) -> tuple[NDArrays, int, Metrics]:
            return part.train(parameters, int(config["round"]))

        def evaluate(self, parameters: NDArrays, config: Metrics) -> tuple[float, int, Metrics]:
            return part.test(parameters, int(config["round"]))

    return FlowerClient().to_client()
