"""A generation in the field's formats: a folder each, with its card, and a manifest that is written last.

A folder with a manifest is complete. What is half done lies in ``.FORM.part`` beside it, is found and made anew.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from inhouse.core.errors import InhouseError
from inhouse.tuning import full_weights
from inhouse.tuning.files import read_json, sha256, write_json

Form = Literal["gguf", "peft", "safetensors"]
FORMS: tuple[Form, ...] = ("gguf", "peft", "safetensors")

MANIFEST, CARD = "manifest.json", "README.md"
_CONFIG = "adapter_config.json"
#: What transformers notes of where it found a tokenizer.
_ONLY_HERE = ("backend", "is_local", "local_files_only")


class NoFile(InhouseError):
    """The model file of {name} is not in {folder}. Bring {file} back there, or export it where it was made."""

    status = 404


class DamagedFile(InhouseError):
    """{file} is damaged: its SHA-256 is not that of {name}. Fetch it or make it again."""


class NoDelta(InhouseError):
    """{name} was not made from a delta, so there is none to export. Choose gguf or safetensors."""

    status = 409


class NotAnExport(InhouseError):
    """{folder} holds something else. Name another folder."""

    status = 409


class Manifest(BaseModel):
    """What a folder holds, and of which generation."""

    model_config = ConfigDict(frozen=True)

    version: int = 1
    generation: str
    name: str
    form: Form
    files: dict[str, str]
    """SHA-256 by name."""


@dataclass(frozen=True)
class Artifact:
    """A generation as its files lie here."""

    id: str
    name: str
    model: Path
    file_hash: str
    delta: Mapping[str, Path] | None
    """The delta's files by name."""
    base: str
    """What a reader of the delta must load first: a repository, or the parent's id."""
    cache: Path
    threads: int

    @property
    def forms(self) -> tuple[Form, ...]:
        """The forms that it can be written in."""
        return tuple(form for form in FORMS if form != "peft" or self.delta is not None)


def write(artifact: Artifact, form: Form, folder: Path, card: str) -> tuple[Path, bool]:
    """Write one form into a folder of its name; returns that folder, and whether it was written now or was there already."""
    target, aside = folder / form, folder / f".{form}.part"
    ours = _ours(target, artifact, form)
    if ours is not None and _is_whole(target, ours):
        shutil.rmtree(aside, ignore_errors=True)
        return target, False
    if target.exists() and not aside.exists() and ours is None:
        raise NotAnExport(folder=target)
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    _WRITERS[form](artifact, aside)
    (aside / CARD).write_text(card, encoding="utf-8")
    _move(artifact, form, aside, target)
    return target, True


def _move(artifact: Artifact, form: Form, aside: Path, target: Path) -> None:
    """Put the files in their place, the manifest last; until then ``aside`` says that they are not whole."""
    target.mkdir(exist_ok=True)
    (target / MANIFEST).unlink(missing_ok=True)
    names = sorted(path.name for path in aside.iterdir())
    made = Manifest(
        generation=artifact.id,
        name=artifact.name,
        form=form,
        files={name: sha256(aside / name) for name in names},
    )
    for name in names:
        (aside / name).replace(target / name)
    write_json(target / MANIFEST, made.model_dump(mode="json"))
    aside.rmdir()


def _ours(target: Path, artifact: Artifact, form: Form) -> Manifest | None:
    """The manifest of an export of this generation, damaged perhaps; nothing where it is something else."""
    try:
        found = Manifest.model_validate_json((target / MANIFEST).read_bytes())
    except (OSError, ValidationError):
        return None
    return found if (found.generation, found.form) == (artifact.id, form) else None


def _is_whole(target: Path, manifest: Manifest) -> bool:
    files = {target / name: expected for name, expected in manifest.files.items()}
    return all(path.is_file() and sha256(path) == expected for path, expected in files.items())


def _model(artifact: Artifact) -> Path:
    """The model file, checked."""
    if not artifact.model.is_file():
        raise NoFile(name=artifact.name, folder=artifact.model.parent, file=artifact.model.name)
    if sha256(artifact.model) != artifact.file_hash:
        raise DamagedFile(name=artifact.name, file=artifact.model)
    return artifact.model


def _write_gguf(artifact: Artifact, folder: Path) -> None:
    shutil.copyfile(_model(artifact), folder / f"{artifact.id}.gguf")


def _write_peft(artifact: Artifact, folder: Path) -> None:
    """As it was merged, but for the name of its base: the trainer knew the parent by the path of a file."""
    if artifact.delta is None:
        raise NoDelta(name=artifact.name)
    for name, path in artifact.delta.items():
        if not path.is_file():
            raise NoFile(name=artifact.name, folder=path.parent, file=path.name)
        shutil.copyfile(path, folder / name)
    config = read_json(folder / _CONFIG)
    write_json(folder / _CONFIG, config | {"base_model_name_or_path": artifact.base})


def _write_safetensors(artifact: Artifact, folder: Path) -> None:
    made = full_weights.folder(_model(artifact), artifact.cache, artifact.threads)
    for path in sorted(made.iterdir()):
        shutil.copyfile(path, folder / path.name)
    _make_readable(folder, artifact.name)


def _make_readable(folder: Path, name: str) -> None:
    """Say in the older words too what this transformers wrote in its own: readers before 5 take another rotation without a word."""
    config = read_json(folder / "config.json")
    theta = config.get("rope_parameters", {}).get("rope_theta")
    older = {"rope_theta": theta} if theta is not None else {}
    write_json(folder / "config.json", config | older | {"_name_or_path": name})
    tokenizer = read_json(folder / "tokenizer_config.json")
    kept = {key: value for key, value in tokenizer.items() if key not in _ONLY_HERE}
    length = config.get("max_position_embeddings", tokenizer.get("model_max_length"))
    older = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": length}
    write_json(folder / "tokenizer_config.json", kept | older)


_WRITERS: Mapping[Form, Callable[[Artifact, Path], None]] = {
    "gguf": _write_gguf,
    "peft": _write_peft,
    "safetensors": _write_safetensors,
}
