"""Model cards, and generations written in the field's formats: whole, or found and made anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from generationkit import BASE, LOST, NEWEST, SHIPPED, family
from inhouse.accounts.actors import Actor
from inhouse.app.schema import metadata
from inhouse.cli import context, lab
from inhouse.core.errors import NotAllowed, NotFound
from inhouse.core.settings import Settings
from inhouse.lab.generations.registry import Generations
from inhouse.store.blobs import Blobs
from inhouse.store.database import Database
from inhouse.tuning import exports, full_weights, generations, models
from inhouse.tuning.exports import Artifact, DamagedFile, NoDelta, NoFile, NotAnExport
from inhouse.tuning.files import sha256

OPERATOR = Actor.local_operator()
STRANGER = Actor(kind="person", name="Sam", person_id="per_1")


@pytest.fixture
def lab_of(tmp_path: Path) -> Iterator[tuple[Database, Generations, Settings]]:
    db = Database(f"sqlite:///{tmp_path / 'inhouse.db'}")
    with db.write() as tx:
        metadata.create_all(tx)
    settings = Settings(home=tmp_path, models=tmp_path / "models")
    family(db, settings.models_folder)
    yield db, Generations(db, Blobs(tmp_path / "blobs"), settings), settings
    db.close()


@pytest.fixture
def artifact(tmp_path: Path) -> Artifact:
    """A made-up generation with a file and a delta."""
    model, delta = tmp_path / "models" / "gen_1.gguf", tmp_path / "delta"
    model.parent.mkdir()
    model.write_bytes(b"weights")
    delta.mkdir()
    (delta / "adapter_config.json").write_text(json.dumps({"r": 16, "base_model_name_or_path": "/x/y.gguf"}))
    (delta / "adapter_model.safetensors").write_bytes(b"delta")
    return Artifact(
        id="gen_1",
        name="one",
        model=model,
        file_hash=sha256(model),
        delta={path.name: path for path in delta.iterdir()},
        base="somebody/base",
        cache=tmp_path / "cache",
        threads=1,
    )


def manifest(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "manifest.json").read_text()))


def test_each_form_gets_a_folder_with_its_card_and_a_manifest(artifact: Artifact, tmp_path: Path) -> None:
    out = tmp_path / "out"
    target, is_new = exports.write(artifact, "gguf", out, "the card")
    assert is_new and (target / "gen_1.gguf").read_bytes() == b"weights"
    assert (target / "README.md").read_text() == "the card"
    assert set(manifest(target)["files"]) == {"gen_1.gguf", "README.md"}
    peft, _ = exports.write(artifact, "peft", out, "the card")
    config = json.loads((peft / "adapter_config.json").read_text())
    assert config == {"r": 16, "base_model_name_or_path": "somebody/base"}
    assert [path.name for path in sorted(out.iterdir())] == ["gguf", "peft"]


def test_what_is_complete_stays_and_what_is_damaged_is_made_anew(artifact: Artifact, tmp_path: Path) -> None:
    target, _ = exports.write(artifact, "gguf", tmp_path / "out", "the card")
    made = (target / "gen_1.gguf").stat().st_mtime_ns
    assert exports.write(artifact, "gguf", tmp_path / "out", "another card") == (target, False)
    assert (target / "gen_1.gguf").stat().st_mtime_ns == made
    (target / "gen_1.gguf").write_bytes(b"wei")
    assert exports.write(artifact, "gguf", tmp_path / "out", "another card") == (target, True)
    assert (target / "gen_1.gguf").read_bytes() == b"weights"


@pytest.mark.parametrize("files", [["README.md"], ["README.md", "gen_1.gguf"], []])
def test_a_half_export_is_found_and_made_anew(artifact: Artifact, tmp_path: Path, files: list[str]) -> None:
    target, aside = tmp_path / "out" / "gguf", tmp_path / "out" / ".gguf.part"
    aside.mkdir(parents=True)
    (aside / "gen_1.gguf").write_bytes(b"wei")
    if files:
        target.mkdir()
    for name in files:
        (target / name).write_bytes(b"moved before the kill")
    assert exports.write(artifact, "gguf", tmp_path / "out", "the card") == (target, True)
    assert (target / "gen_1.gguf").read_bytes() == b"weights" and not aside.exists()


def test_a_kill_at_any_moment_leaves_no_manifest_without_its_files(
    artifact: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, _ = exports.write(artifact, "gguf", tmp_path / "out", "the card")
    (target / "README.md").write_text("damaged")
    moved = Path.replace

    def killed(path: Path, to: Path) -> Path:
        if path.name == "gen_1.gguf":
            raise KeyboardInterrupt  # nothing catches it, as nothing catches kill -9
        return moved(path, to)

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        exports.write(artifact, "gguf", tmp_path / "out", "the card")
    assert not (target / "manifest.json").exists()
    monkeypatch.setattr(Path, "replace", moved)
    assert exports.write(artifact, "gguf", tmp_path / "out", "the card") == (target, True)


def test_what_is_somebody_elses_is_left_alone(artifact: Artifact, tmp_path: Path) -> None:
    mine = tmp_path / "out" / "gguf" / "thesis.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(NotAnExport):
        exports.write(artifact, "gguf", tmp_path / "out", "the card")
    exports.write(artifact, "peft", tmp_path / "out", "the card")
    with pytest.raises(NotAnExport):
        exports.write(replace(artifact, id="gen_2"), "peft", tmp_path / "out", "the card")
    assert mine.read_text() == "mine"


def test_what_is_missing_or_damaged_is_said(artifact: Artifact, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(NoDelta, match="one was not made from a delta"):
        exports.write(replace(artifact, delta=None), "peft", out, "")
    assert replace(artifact, delta=None).forms == ("gguf", "safetensors")
    artifact.model.write_bytes(b"other")
    with pytest.raises(DamagedFile):
        exports.write(artifact, "gguf", out, "")
    artifact.model.unlink()
    with pytest.raises(NoFile, match=r"gen_1\.gguf"):
        exports.write(artifact, "gguf", out, "")
    assert not (out / "gguf").exists()


def test_full_weights_say_the_rotation_in_the_older_words_too(
    artifact: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "converted"
    made.mkdir()
    config = {"rope_parameters": {"rope_theta": 100000.0}, "max_position_embeddings": 8192}
    (made / "config.json").write_text(json.dumps(config))
    (made / "tokenizer_config.json").write_text(json.dumps({"is_local": True, "eos_token": "<|im_end|>"}))
    (made / "model.safetensors").write_bytes(b"full")
    monkeypatch.setattr(full_weights, "folder", lambda *_: made)
    target, _ = exports.write(artifact, "safetensors", tmp_path / "out", "the card")
    written = json.loads((target / "config.json").read_text())
    assert written["rope_theta"] == 100000.0 and written["_name_or_path"] == "one"
    tokenizer = json.loads((target / "tokenizer_config.json").read_text())
    assert tokenizer == {
        "eos_token": "<|im_end|>",
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": 8192,
    }


def test_a_conversion_that_fails_says_why(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"no model")
    with pytest.raises(full_weights.NotConverted, match=r"broken\.gguf could not be converted"):
        full_weights.folder(broken, tmp_path / "cache", threads=1)


def head(card: str) -> dict[str, Any]:
    return dict(yaml.safe_load(card.split("---\n")[1]))


def test_a_card_says_what_it_is_how_it_was_made_and_what_it_scored(
    lab_of: tuple[Database, Generations, Settings],
) -> None:
    _db, lab, _settings = lab_of
    card = lab.get(OPERATOR, NEWEST).card()
    told = head(card)
    assert told["license"] == "apache-2.0" and told["base_model"] == models.BASE_REPOSITORY
    assert told["base_model_relation"] == "finetune" and "tool-calling" in told["tags"]
    [result] = told["model-index"][0]["results"]
    assert [one["value"] for one in result["metrics"]] == [0.9843, 0.7414]
    assert "out of inhouse-2" in card and "`get_weather`" in card
    assert "98.4% [97.2–99.1], n=700" in card and "shipped: 900 (Apache-2.0)" in card
    assert (
        "| Japanese (JSQuAD, bits per byte) | 60 | 1.902 | 1.906 | -0.012 to +0.004 | −0.05 | held |" in card
    )
    assert "llama-server" in card and "vllm serve" in card and "PeftModel" not in card
    assert "Japanese: may be worse by more than 0.05" in lab.get(OPERATOR, LOST).card()
    shipped = lab.get(OPERATOR, "inhouse-2").card()
    assert head(shipped)["datasets"] == ["xquad", "qed", "written"]
    assert head(shipped)["language"] == ["en"] and "token F1 where answerable: 0.51" in shipped
    base = lab.get(OPERATOR, BASE).card()
    assert "A base model as it came" in base and head(base)["base_model_relation"] == "quantized"


def test_a_file_of_unknown_licence_is_not_called_free(lab_of: tuple[Database, Generations, Settings]) -> None:
    db, lab, _settings = lab_of
    with db.write() as tx:
        row: dict[str, Any] = {"parent": None, "recipe": {}, "data_hashes": {}, "scores": {}}
        generations.add(tx, "gen_far", name="Far", file_hash="f", quantisation="as fetched", **row)
    told = head(lab.get(OPERATOR, "Far").card())
    assert told["license"] == "other" and "base_model" not in told


def test_the_delta_that_ships_is_exported_for_the_base_that_it_was_trained_on(
    lab_of: tuple[Database, Generations, Settings], tmp_path: Path
) -> None:
    db, lab, settings = lab_of
    blobs = Blobs(tmp_path / "blobs")
    delta = {name: blobs.put_file(models.SHIPPED / name) for name in models.DELTA_FILES}
    with db.write() as tx:
        row: dict[str, Any] = {"recipe": {}, "data_hashes": {}, "scores": {}, "quantisation": "Q8_0"}
        generations.add(tx, "gen_new", name="shipped", parent=BASE, file_hash="f", delta=delta, **row)
    [made] = lab.export(OPERATOR, "shipped", tmp_path / "out", ["peft"], lambda _words: None)
    config = json.loads((made.folder / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == models.BASE_REPOSITORY and config["r"] == 16
    weights = made.folder / "adapter_model.safetensors"
    assert sha256(weights) == models.shipped().delta
    card = (made.folder / "README.md").read_text()
    assert head(card)["library_name"] == "peft" and "PeftModel" in card and "llama-server" not in card
    assert settings.models_folder


def test_only_the_operator_sees_and_takes_generations(
    lab_of: tuple[Database, Generations, Settings], tmp_path: Path
) -> None:
    _db, lab, _settings = lab_of
    for ask in (
        lambda: lab.family(STRANGER),
        lambda: lab.get(STRANGER, NEWEST),
        lambda: lab.export(STRANGER, NEWEST, tmp_path / "out", [], print),
    ):
        with pytest.raises(NotAllowed):
            ask()
    with pytest.raises(NotFound):
        lab.get(OPERATOR, "gen_none")
    known = lab.get(OPERATOR, SHIPPED)
    assert [one.id for one in known.children] == [LOST, NEWEST]
    assert known.is_current and known.bytes == 700_000 and known.root.id == BASE


def test_the_commands_draw_the_tree_and_print_a_card(
    lab_of: tuple[Database, Generations, Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    _db, lab_services, _settings = lab_of

    class Here:
        generations = lab_services

    for module in (lab.generations,):
        monkeypatch.setattr(module, "services", Here)
        monkeypatch.setattr(module, "actor", lambda: OPERATOR)
    assert context
    run = CliRunner().invoke
    drawn = run(lab.app, ["generations"]).output
    assert "SmolLM2-135M-Instruct" in drawn and "└── inhouse-2" in drawn
    assert "not better" in drawn and "current" in drawn
    rows = json.loads(run(lab.app, ["generations", "--json"]).output)
    assert [row["id"] for row in rows] == [BASE, SHIPPED, LOST, NEWEST]
    assert rows[1]["current"] and not rows[2]["passed"] and rows[3]["passed"]
    assert run(lab.app, ["generation", NEWEST]).output.startswith("---\nlicense: apache-2.0")
    wrong = run(lab.app, ["export", NEWEST, "/tmp/nowhere", "--form", "onnx"])
    assert "There are: gguf, peft, safetensors" in str(wrong.exception)
