"""Campaigns that may not be read: it is said what helps."""

from __future__ import annotations

from pathlib import Path

import pytest

from impact_tracker.bench import Settings
from impact_tracker.bench.row.storage import Storage
from impact_tracker.cli import main
from python.bench import made


@pytest.mark.parametrize("name", ["campaign.json", "rows.jsonl"])
@pytest.mark.parametrize("command", [["bench", "report"], ["bench", "--resume"]])
def test_a_campaign_that_may_not_be_read_says_what_helps(
    name: str, command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made.campaign(tmp_path / "a", Settings(suite="ai-benchmark", models=("vgg-16",), repeats=1)).storage.folder
    read_bytes = Path.read_bytes

    def refused(path: Path) -> bytes:
        if path.name == name:
            raise PermissionError(13, "Permission denied", str(path))
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", refused)
    assert main([*command, str(folder)]) == 2
    err = capsys.readouterr().err
    assert f"{name} cannot be read: permission denied" in err
    assert "chmod" in err


def test_a_folder_that_may_not_be_looked_into_says_what_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", refused)
    with pytest.raises(PermissionError, match="chmod"):
        Storage(tmp_path / "a").exists()
