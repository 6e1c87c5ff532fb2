"""Small trainings in Lightning, Hugging Face's Trainer, Accelerate and Keras; runs of MLflow and Weights & Biases."""

from __future__ import annotations

from pathlib import Path

import pytest

from impact_tracker import ImpactTracker, Record, find_records, read_record

MODELS = ("modelled", "estimated")  # a run shorter than a tick leans on the power before it


def names(folder: Path) -> list[str]:
    return [region.name for region in read_record(folder).regions]


def adds_up(folder: Path, run_name: str, part: str) -> None:
    """The parts' energies are no more than the whole's."""
    regions = read_record(folder).regions
    energies = [region.energy_j or 0.0 for region in regions if region.name == part]
    (total,) = [region.energy_j for region in regions if region.name == run_name]
    assert len(energies) > 1 and all(energy > 0 for energy in energies)
    assert total is not None and sum(energies) <= total * (1 + 1e-9)


def test_lightning(tmp_path: Path) -> None:
    lightning = pytest.importorskip("lightning.pytorch")
    import torch
    from lightning.pytorch.loggers import CSVLogger

    from impact_tracker.hooks.lightning import LightningEnergy

    class Line(lightning.LightningModule):  # type: ignore[misc,name-defined]
        def __init__(self, fails: bool = False) -> None:
            super().__init__()
            self.layer, self.fails = torch.nn.Linear(4, 1), fails

        def training_step(self, batch: list[torch.Tensor], number: int) -> torch.Tensor:
            if self.fails:
                raise RuntimeError("the training fails")
            return torch.nn.functional.mse_loss(self.layer(batch[0]), batch[1])

        validation_step = training_step

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), lr=0.01)

    data = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.rand(64, 4), torch.rand(64, 1)), batch_size=8
    )

    def trainer(callback: LightningEnergy) -> lightning.Trainer:  # type: ignore[name-defined]
        return lightning.Trainer(
            max_epochs=3, callbacks=[callback], logger=CSVLogger(tmp_path / "logs"), enable_progress_bar=False,
            enable_model_summary=False, accelerator="cpu",
        )  # fmt: skip

    callback = LightningEnergy(tmp_path / "run")
    trainer(callback).fit(Line(), data, data)
    assert names(tmp_path / "run").count("epoch") == 3 and "sanity check" in names(tmp_path / "run")
    adds_up(tmp_path / "run", "fit", "epoch")
    (table,) = (tmp_path / "logs").rglob("metrics.csv")
    assert "impact/epoch_energy_j" in table.read_text()
    assert callback.result is not None and not callback.tracker.running

    failing = LightningEnergy(tmp_path / "failed")
    with pytest.raises(RuntimeError, match="the training fails"):
        trainer(failing).fit(Line(fails=True), data)
    assert not failing.tracker.running and failing.result is not None


def test_hugging_face_trainer(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    import torch

    from impact_tracker.hooks.transformers import TransformersEnergy

    configuration = transformers.BertConfig(
        vocab_size=30, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, num_labels=2
    )
    model = transformers.BertForSequenceClassification(configuration)
    rows = [
        {"input_ids": torch.randint(0, 30, (6,)), "labels": torch.tensor(number % 2), "attention_mask": torch.ones(6)}
        for number in range(16)
    ]
    callback = TransformersEnergy(tmp_path / "run")
    trainer = transformers.Trainer(
        model,
        transformers.TrainingArguments(
            str(tmp_path / "out"), num_train_epochs=2, report_to=[], save_strategy="no", logging_steps=1, use_cpu=True,
            disable_tqdm=True,
        ),
        train_dataset=rows,
        callbacks=[callback],
    )  # fmt: skip
    trainer.train()
    assert names(tmp_path / "run") == ["epoch", "epoch", "train"]
    adds_up(tmp_path / "run", "train", "epoch")
    history = trainer.state.log_history
    assert len([entry for entry in history if "impact/epoch_energy_j" in entry]) == 2
    assert history[-1]["impact/run_energy_j"] == callback.result.energy_j


def test_accelerate(tmp_path: Path) -> None:
    accelerate = pytest.importorskip("accelerate")
    from impact_tracker.hooks.accelerate import AccelerateEnergy

    tracker = AccelerateEnergy(tmp_path / "run")
    accelerator = accelerate.Accelerator(log_with=tracker, cpu=True)
    accelerator.init_trackers("example", config={"rate": 0.1})
    for step in range(3):
        accelerator.log({"loss": 1.0 / (step + 1)}, step=step)
    accelerator.end_training()
    assert [step for step, _ in tracker.history] == [0, 1, 2]
    energies = [values["impact/energy_j"] for _, values in tracker.history]
    assert energies == sorted(energies)
    assert tracker.configuration == {"rate": 0.1}
    assert tracker.result is not None and not tracker.tracker.running


def test_keras(tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    import numpy as np

    from impact_tracker.hooks.keras import KerasEnergy

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    callback = KerasEnergy(tmp_path / "run")
    x, y = np.random.default_rng(1).random((64, 4)), np.ones((64, 1))
    history = model.fit(x, y, epochs=3, validation_data=(x, y), callbacks=[callback], verbose=0)
    adds_up(tmp_path / "run", "fit", "epoch")
    assert names(tmp_path / "run").count("evaluate") == 3
    assert all(energy > 0 for energy in history.history["impact_energy_j"])
    assert not callback.tracker.running
    model.predict(x, callbacks=[callback], verbose=0)
    records = [Record(path) for path in find_records(tmp_path / "run")]
    assert sorted(region.name for record in records for region in record.regions).count("predict") == 1


def test_mlflow(tmp_path: Path) -> None:
    mlflow = pytest.importorskip("mlflow")
    from impact_tracker.hooks.mlflow import log_energy, tracked_run

    mlflow.set_experiment("energy")
    with mlflow.start_run() as run, pytest.raises(ZeroDivisionError), tracked_run(tmp_path / "run"):
        sum(range(10**5))
        raise ZeroDivisionError
    kept = mlflow.get_run(run.info.run_id).data
    assert kept.metrics["impact.energy_j"] > 0 and kept.tags["impact.quality"] in MODELS
    assert [file.path for file in mlflow.artifacts.list_artifacts(run_id=run.info.run_id)] == ["impact"]
    with ImpactTracker(tmp_path / "blind", sources=["cpu_state"]) as tracker:
        pass
    with mlflow.start_run() as blind:
        log_energy(tracker.result)
    assert not mlflow.get_run(blind.info.run_id).data.metrics


def test_weights_and_biases(tmp_path: Path) -> None:
    wandb = pytest.importorskip("wandb")
    from impact_tracker.hooks.wandb import log_energy, tracked_run

    with pytest.raises(RuntimeError, match="no run"):
        log_energy(None)
    with wandb.init(project="energy", mode="offline") as run:
        with tracked_run(tmp_path / "run"):
            sum(range(10**5))
        assert run.summary["impact/energy_j"] > 0 and run.summary["impact/quality"] in MODELS
