"""The server of a federated run: Flower's FedAvg, with what each round brought written down beside it."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ...tracker import ImpactTracker
from .flower import silence_flower
from .plan import (
    INITIAL_FILE,
    LISTENING_FILE,
    RECORD_FOLDER,
    ROUNDS_FILE,
    ActorPlan,
    ClientAccuracy,
    EvaluatedRound,
    Traffic,
    TrainingRound,
    append_line,
)
from .weights import read_weights
from .wire import ConnectionBytes, connections

if TYPE_CHECKING:
    from flwr.common import EvaluateIns, EvaluateRes, FitIns, FitRes, Parameters, Scalar
    from flwr.server import ClientManager
    from flwr.server.client_proxy import ClientProxy
    from flwr.server.strategy import FedAvg, Strategy

    from ...region import Region

    Metrics = dict[str, Scalar]
    Failures = list[tuple[ClientProxy, FitRes] | BaseException]
    FailedTests = list[tuple[ClientProxy, EvaluateRes] | BaseException]

_JOINING_S = 600
_UNKNOWN = ConnectionBytes(None, None)


def run_server(plan: ActorPlan, folder: Path) -> None:
    """Serves all rounds."""
    tracker = ImpactTracker(folder / RECORD_FOLDER, scope="process", interval_s=plan.settings.interval_s)
    with tracker:
        with tracker.region("start"):
            silence_flower()
            from flwr.server import Server, ServerConfig, SimpleClientManager, start_server
            from flwr.server.strategy import FedAvg

            settings = plan.settings
            averaging = FedAvg(min_fit_clients=1, min_evaluate_clients=1, min_available_clients=1)
            keeper = RoundKeeper(averaging, plan, folder, tracker)
            server = Server(client_manager=SimpleClientManager(), strategy=cast("Strategy", keeper))
            server.set_max_workers(settings.clients)  # or a round of many clients would be served in turns
        start_server(
            server_address=f"127.0.0.1:{plan.port}",
            server=server,
            config=ServerConfig(num_rounds=settings.rounds, round_timeout=settings.round_timeout_s),
        )
        keeper.end_round()


class RoundKeeper:
    """Flower's strategy in all that concerns the model. It chooses the active clients by the seed, ends at the target,
    and keeps what went over the wire, who delivered and how good the model was."""

    def __init__(self, averaging: FedAvg, plan: ActorPlan, folder: Path, tracker: ImpactTracker) -> None:
        self._averaging, self._plan, self._folder, self._tracker = averaging, plan, folder, tracker
        self._numbers: dict[str, int] = {}  # by Flower's name of a client
        self._ports: dict[int, int] = {}
        self._round: Region | None = None
        self._chosen: tuple[int, ...] = ()
        self._model_bytes = 0
        self._begin_ns = 0
        self._before: dict[int, ConnectionBytes] = {}
        self._reached = False

    def initialize_parameters(self, client_manager: ClientManager) -> Parameters:
        """Waits until all clients have come, learns which is which, and gives the first model."""
        from flwr.common import GetPropertiesIns, ndarrays_to_parameters

        (self._folder / LISTENING_FILE).write_text("", encoding="utf-8")
        wanted = self._plan.settings.clients
        manager = cast("object", client_manager)
        if not manager.wait_for(wanted, timeout=_JOINING_S):  # type: ignore[attr-defined]
            raise TimeoutError(f"of {wanted} clients {client_manager.num_available()} came within {_JOINING_S} s")
        for name, proxy in client_manager.all().items():
            answer = proxy.get_properties(GetPropertiesIns(config={}), timeout=_JOINING_S, group_id=0)
            self._numbers[name] = int(cast(int, answer.properties["client"]))
            self._ports[int(cast(int, answer.properties["port"]))] = self._numbers[name]
        (self._folder / "joined").write_text("", encoding="utf-8")
        return ndarrays_to_parameters(list(read_weights(self._folder.parent / INITIAL_FILE).values()))

    def configure_fit(
        self, server_round: int, parameters: Parameters, client_manager: ClientManager
    ) -> list[tuple[ClientProxy, FitIns]]:
        """The active clients of a round, drawn by seed and round; none once the target is reached."""
        from flwr.common import FitIns

        self.end_round()
        present = self._present(client_manager)
        if self._reached or not present:
            return []
        self._round = self._tracker.region(f"round {server_round}")
        self._round.__enter__()
        settings = self._plan.settings
        draw = random.Random(f"{settings.seed}/{server_round}")
        chosen = sorted(draw.sample(sorted(present), min(settings.active, len(present))))
        self._begin(chosen, parameters)
        order = FitIns(parameters, {"round": server_round})
        return [(present[number], order) for number in chosen]

    def aggregate_fit(
        self, server_round: int, results: list[tuple[ClientProxy, FitRes]], failures: Failures
    ) -> tuple[Parameters | None, Metrics]:
        """Flower's average, of the models in the clients' order: sums depend on it in their last digits."""
        results = sorted(results, key=lambda result: self._numbers[result[0].cid])
        sizes = {self._numbers[proxy.cid]: _model_bytes(result.parameters) for proxy, result in results}
        delivered = tuple(sizes)
        line = TrainingRound(
            server_round, self._begin_ns, time.monotonic_ns(), self._chosen, delivered, self._traffic(sizes)
        )
        append_line(self._folder / ROUNDS_FILE, line)
        return self._averaging.aggregate_fit(server_round, results, failures)

    def configure_evaluate(
        self, server_round: int, parameters: Parameters, client_manager: ClientManager
    ) -> list[tuple[ClientProxy, EvaluateIns]]:
        """All clients that are there test the new model."""
        from flwr.common import EvaluateIns

        if self._round is None:
            return []
        present = self._present(client_manager)
        self._begin(sorted(present), parameters)
        order = EvaluateIns(parameters, {"round": server_round})
        return [(present[number], order) for number in self._chosen]

    def aggregate_evaluate(
        self, server_round: int, results: list[tuple[ClientProxy, EvaluateRes]], failures: FailedTests
    ) -> tuple[float | None, Metrics]:
        """Flower's average, and each client's part of it."""
        results = sorted(results, key=lambda result: self._numbers[result[0].cid])
        tests = tuple(
            ClientAccuracy(self._numbers[proxy.cid], result.num_examples, int(cast(int, result.metrics["correct"])))
            for proxy, result in results
        )
        line = EvaluatedRound(server_round, tests, self._traffic({}))
        append_line(self._folder / ROUNDS_FILE, line)
        settings = self._plan.settings
        accuracy = line.accuracy
        self._reached = accuracy is not None and accuracy >= settings.target and not settings.all_rounds
        return self._averaging.aggregate_evaluate(server_round, results, failures) if line.images else (None, {})

    def evaluate(self, server_round: int, parameters: Parameters) -> None:
        """The server has no images of its own."""

    def end_round(self) -> None:
        """Ends the round that runs, if any."""
        if self._round is not None:
            self._round.__exit__(None, None, None)
            self._round = None

    def _present(self, client_manager: ClientManager) -> dict[int, ClientProxy]:
        # A client that died takes itself off the list, from another thread.
        return {
            self._numbers[name]: proxy for name, proxy in dict(client_manager.all()).items() if name in self._numbers
        }

    def _begin(self, chosen: Sequence[int], parameters: Parameters) -> None:
        self._chosen = tuple(chosen)
        self._model_bytes = _model_bytes(parameters)
        self._before = self._counted()
        self._begin_ns = time.monotonic_ns()

    def _counted(self) -> dict[int, ConnectionBytes]:
        """What each client's connection has carried up to now."""
        return {
            self._ports[port]: bytes_ for port, bytes_ in connections(self._plan.port).items() if port in self._ports
        }

    def _traffic(self, sent_back: dict[int, int]) -> tuple[Traffic, ...]:
        after = self._counted()
        rows = []
        for number in self._chosen:
            # A client that died has no connection any more.
            before, now = (counts.get(number, _UNKNOWN) for counts in (self._before, after))
            down, up = _grown(before.sent, now.sent), _grown(before.received, now.received)
            rows.append(Traffic(number, down, up, self._model_bytes, sent_back.get(number, 0)))
        return tuple(rows)


def _grown(before: int | None, now: int | None) -> int | None:
    return None if before is None or now is None else now - before


def _model_bytes(parameters: Parameters) -> int:
    return sum(len(tensor) for tensor in parameters.tensors)
