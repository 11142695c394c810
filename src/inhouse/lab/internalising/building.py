"""Building uses of tools into a parent's child: rows, training, merging."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from inhouse.lab.internalising.dataset import Dataset
from inhouse.lab.making import Making, Say, Train, make
from inhouse.lab.skills import tools
from inhouse.tuning.files import read_json, write_json

_SEED = 11


def build(
    making: Making, dataset: Dataset, rehearsal: Iterable[str], say: Say, train: Train | None = None
) -> Path:
    """Train on the data set and on what is rehearsed (rows as JSON), once; the file that can be served.

    What was begun on other data is thrown away.
    """
    about = making.folder / "dataset.json"
    if about.exists() and read_json(about)["sha256"] != dataset.sha256:
        shutil.rmtree(making.folder)
    making.folder.mkdir(parents=True, exist_ok=True)
    if not about.exists():
        with making.rows.open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in (*_lines(dataset), *rehearsal))
        facts = {"uses": len(dataset.uses), "sha256": dataset.sha256, "sources": dataset.sources()}
        write_json(about, facts | {"left out": dict(dataset.left_out)})
    make(making, say, train)
    return making.model


def _lines(dataset: Dataset) -> Iterator[str]:
    rows = tools.rows([one.use for one in dataset.uses], seed=_SEED)
    for number, row in enumerate(rows):
        yield json.dumps(
            {"messages": row.said(), "split": "train", "kind": "tools", "unit": f"tools/{number}"},
            ensure_ascii=False,
        )
