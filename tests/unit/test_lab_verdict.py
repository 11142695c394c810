"""`inhouse lab verdict`: from a folder of questions to a file of weights that the runtime reads."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from inhouse.cli import lab
from inhouse.content.embedding.fake import FakeEmbedder
from inhouse.runtime.engines.fake import FakeEngine
from inhouse.runtime.research.deciding import VERDICTS, Weights

SAID = {
    "yes": "Slow cooling significantly reduced crazing (p<0.001).",
    "no": "Slow cooling did not reduce crazing (p = 0.81).",
    "maybe": "Whether slow cooling reduces crazing remains unclear.",
}


def _row(number: int) -> dict[str, Any]:
    verdict = VERDICTS[number % len(VERDICTS)]
    return {
        "QUESTION": f"Does slow cooling reduce crazing of glaze {number}?",
        "CONTEXTS": ["We asked about crazing.", SAID[verdict]],
        "LABELS": ["OBJECTIVE", "RESULTS"],
        "YEAR": "2019",
        "final_decision": verdict,
    }


def test_weights_are_fitted_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "data" / "pubmedqa"
    folder.mkdir(parents=True)
    rows = {str(number): _row(number) for number in range(120)}
    (folder / "pqal-even.json").write_text(json.dumps(rows), encoding="utf-8")
    engine = FakeEngine(["Yes"])
    monkeypatch.setenv("INHOUSE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(lab, "installed", lambda settings: SimpleNamespace(file=tmp_path / "model.gguf"))
    monkeypatch.setattr(lab, "make_engine", lambda settings, file: engine)
    monkeypatch.setattr(lab, "make_embedder", lambda settings: FakeEmbedder())
    file = tmp_path / "weights.json"
    ran = CliRunner().invoke(lab.app, ["verdict", str(file), "--data", str(tmp_path / "data"), "--json"])
    assert ran.exit_code == 0, ran.output
    said = json.loads(ran.stdout)
    assert said["questions"] == 60 and said["macro_f1"] > 0.9
    assert engine.closed and len(engine.requests) == 60
    weights = Weights.model_validate_json(file.read_bytes())
    assert set(weights.rows) == set(VERDICTS)
