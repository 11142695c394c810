"""Building uses of tools into a parent's child: rows, training, merging."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from inhouse.lab import curriculum
from inhouse.lab.internalising.dataset import Dataset
from inhouse.lab.making import Making, Say, Train, make
from inhouse.lab.skills import tools
from inhouse.tuning.files import read_json, sha256, write_json

_KIND = "tools"
_SEED = 11


def build(
    making: Making, dataset: Dataset, rehearsal: Iterable[str], say: Say, train: Train | None = None
) -> Path:
    """Train on the data set and on what is rehearsed (rows as JSON), once; the file that can be served.

    What was begun on other data, other rows, another recipe or another parent is thrown away.
    """
    rows = "".join(f"{line}\n" for line in (*_lines(dataset), *rehearsal))
    facts = {
        "uses": len(dataset.uses),
        "sha256": dataset.sha256,
        "rows": hashlib.sha256(rows.encode()).hexdigest(),
        "recipe": making.recipe.model_dump(mode="json"),
        "parent": sha256(making.parent),
        "sources": dataset.sources(),
        "left out": dict(dataset.left_out),
    }
    about = making.folder / "dataset.json"
    # Its file is there before anything is begun, so a folder without it was being thrown away.
    if making.folder.exists() and (not about.exists() or read_json(about) != facts):
        shutil.rmtree(making.folder)
    making.folder.mkdir(parents=True, exist_ok=True)
    if not about.exists():
        making.rows.write_text(rows, encoding="utf-8")
        write_json(about, facts)
    make(making, say, train)
    return making.model


def _lines(dataset: Dataset) -> Iterator[str]:
    rows = tools.rows([one.use for one in dataset.uses], seed=_SEED)
    for number, row in enumerate(rows):
        yield curriculum.line(row.said(), _KIND, f"{_KIND}/{number}")
