"""Building uses of tools into a parent's child: what is found again, and what begins anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from inhouse.lab.internalising import building, dataset
from inhouse.lab.internalising.dataset import Sourced
from inhouse.lab.making import Making
from inhouse.lab.skills.tools import Use
from inhouse.runtime.agent.builtin import Call
from inhouse.tuning import recipes
from inhouse.tuning.files import read_json

USES = dataset.build(
    [Sourced(Use("play jazz", Call("play", {"what": "jazz"})), "an example: ada/player")], []
)
REHEARSED = ['{"messages": [], "split": "train", "kind": "texts"}']


@pytest.fixture
def making(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Making:
    """A making whose training leaves a mark."""

    def make(making: Making, say: object, train: object) -> None:
        with (making.folder / "trained").open("a", encoding="utf-8") as file:
            file.write("x")

    monkeypatch.setattr(building, "make", make)
    (tmp_path / "parent.gguf").write_bytes(b"parent")
    return Making(
        name="child",
        parent=tmp_path / "parent.gguf",
        rows=tmp_path / "child" / "rows.jsonl",
        folder=tmp_path / "child",
        cache=tmp_path,
        recipe=recipes.recipe("tools"),
        threads=1,
    )


def _trained(making: Making) -> int:
    return len((making.folder / "trained").read_text())


def test_what_was_begun_on_the_same_goes_on(making: Making) -> None:
    for _ in range(2):
        assert building.build(making, USES, REHEARSED, print) == making.model
    assert _trained(making) == 2
    assert making.rows.read_text("utf-8").splitlines()[-1] == REHEARSED[0]
    about = read_json(making.folder / "dataset.json")
    assert about["uses"] == 1 and about["recipe"]["name"] == "tools" and about["sources"] == {"an example": 1}


def test_other_rows_or_another_recipe_begin_anew(making: Making) -> None:
    building.build(making, USES, REHEARSED, print)
    building.build(making, USES, [], print)
    assert _trained(making) == 1
    other = replace(making, recipe=making.recipe.model_copy(update={"lr": 1e-5}))
    building.build(other, USES, [], print)
    assert _trained(making) == 1
    assert read_json(making.folder / "dataset.json")["recipe"]["lr"] == 1e-5
    making.parent.write_bytes(b"another parent")
    building.build(other, USES, [], print)
    assert _trained(making) == 1


def test_what_was_half_thrown_away_is_not_taken_for_whole(making: Making) -> None:
    building.build(making, USES, REHEARSED, print)
    (making.folder / "dataset.json").unlink()  # killed while the folder was emptied
    building.build(making, USES, REHEARSED, print)
    assert _trained(making) == 1
