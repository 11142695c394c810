"""Generations that cost no training, for measuring how the base moves: children of the served one that are as good as it is.

One is written in another number of bits; in more of them every adapter should go on being worth what it was. In the other the attention
heads stand in another order: the weights are the same and so is what it computes, up to rounding, but an adapter of its parent changes the
wrong heads and has to be trained anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf

from inhouse.bench.report import Say
from inhouse.core.settings import Settings
from inhouse.lab.internalising import report
from inhouse.lab.internalising.report import Data, Report, Verdict
from inhouse.runtime.profile import Installed, describe, installed
from inhouse.store.database import Database
from inhouse.tuning import generations, merging, models
from inhouse.tuning.files import sha256
from inhouse.tuning.merging import Quantisation


def own_models(folder: Path) -> Path:
    """A folder of models that a benchmark may change: the file is this machine's, what is current is its own."""
    here = installed(Settings())
    folder.mkdir(parents=True)
    (folder / here.file.name).symlink_to(here.file.absolute())
    current = here.model_copy(update={"file": Path(here.file.name)})
    (folder / "current.json").write_text(current.model_dump_json(indent=1), encoding="utf-8")
    return folder


def requantised(db: Database, settings: Settings, quantisation: Quantisation, say: Say) -> str:
    """What is current in another number of bits; returns its id."""
    parent = installed(settings)
    say(f"writing a child in {quantisation}")
    aside = merging.merge(parent.file, None, settings.models_folder / ".child.gguf", quantisation)
    return _added(db, settings, parent, aside, quantisation)


def shuffled(db: Database, settings: Settings, say: Say) -> str:
    """What is current with its attention heads in another order; returns its id."""
    parent = installed(settings)
    say("writing a child with its heads in another order")
    reader = gguf.GGUFReader(parent.file)
    groups = int(reader.get_field("llama.attention.head_count_kv").contents())
    aside = settings.models_folder / ".child.gguf"
    writer = gguf.GGUFWriter(aside, "llama")
    merging.copy_metadata(reader, writer, "keep")
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, _turned(tensor, groups), raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return _added(db, settings, parent, aside, "as its parent")


def _turned(tensor: Any, groups: int) -> Any:
    """The tensor with each group of heads (a key's, a value's and its queries') one place further."""
    name, data = tensor.name, tensor.data
    if name.endswith(("attn_q.weight", "attn_k.weight", "attn_v.weight")):
        return data.reshape(groups, -1, data.shape[-1])[_order(groups)].reshape(data.shape)
    if name.endswith("attn_output.weight"):
        return data.reshape(data.shape[0], groups, -1)[:, _order(groups)].reshape(data.shape)
    return data


def _order(groups: int) -> list[int]:
    return [(place + 1) % groups for place in range(groups)]


def _added(db: Database, settings: Settings, parent: Installed, aside: Path, quantisation: str) -> str:
    """Name the file by its content, describe it as its parent is, and register it with a verdict, as the lab does."""
    file_hash = sha256(aside)
    made, folder = models.generation_id(file_hash), settings.models_folder
    aside.rename(folder / f"{made}.gguf")
    describe(folder, made, f"{made}.gguf", parent.profile, file_hash)
    with db.write() as tx:
        generations.add(
            tx,
            made,
            name=made,
            parent=parent.generation,
            recipe={"made by": "bench moving"},
            data_hashes={},
            scores=_verdict(folder / f"{made}.gguf", parent),
            file_hash=file_hash,
            quantisation=quantisation[:10],
        )
    return made


def _verdict(file: Path, parent: Installed) -> Mapping[str, Any]:
    """A report of nothing, passed: nothing was taught, so that there is nothing to measure."""
    empty = Report(
        tools=(),
        arms=(),
        primary=(),
        guards=(),
        data=Data(sha256="", uses=0, sources={}),
        margins_sha256="",
        verdict=Verdict(passed=True, reason="Nothing was taught: it computes what its parent does."),
        file_bytes=file.stat().st_size,
        parent_bytes=parent.file.stat().st_size,
        delta_bytes=0,
        seconds=0.0,
    )
    return report.stored(empty)
