"""What a job settled at its first start, as a file: what goes on after a kill goes on with the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inhouse.lab.internalising import dataset
from inhouse.lab.internalising.dataset import Dataset, Sourced
from inhouse.lab.internalising.material import Wanted
from inhouse.lab.skills.tools import Use
from inhouse.runtime.agent.builtin import Call
from inhouse.runtime.extensions.base import Tool
from inhouse.runtime.profile import Profile
from inhouse.tuning.files import read_json, write_json


@dataclass(frozen=True)
class Frozen:
    """``data_set`` names the export that says whose traces went in; empty where none did."""

    parent: str
    profile: Profile
    """The parent's."""
    wanted: tuple[Wanted, ...]
    taught: Dataset
    kept: Dataset
    before: Dataset
    """What was kept when the parent's own tools were built in: they must not be forgotten."""
    data_set: str = ""

    @property
    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "parent": self.parent,
            "profile": self.profile.model_dump(mode="json"),
            "wanted": [_wanted(one) for one in self.wanted],
            "taught": uses_json(self.taught),
            "kept": uses_json(self.kept),
            "before": uses_json(self.before),
            "data_set": self.data_set,
        }

    def write(self, file: Path) -> None:
        """Whole or not at all."""
        write_json(file, self.as_json)


def read(file: Path) -> Frozen:
    """What ``write`` wrote."""
    kept = read_json(file)
    return Frozen(
        parent=kept["parent"],
        profile=Profile.model_validate(kept["profile"]),
        wanted=tuple(
            Wanted(one["extension"], Tool.model_validate(one["tool"]), (), one["ai_id"], one["entry"])
            for one in kept["wanted"]
        ),
        taught=uses_of(kept["taught"]),
        kept=uses_of(kept["kept"]),
        before=uses_of(kept["before"]),
        data_set=kept["data_set"],
    )


def uses_json(data: Dataset) -> dict[str, Any]:
    """A data set as JSON holds it."""
    return {"uses": [_use(one) for one in data.uses], "left_out": dict(data.left_out)}


def uses_of(kept: Mapping[str, Any]) -> Dataset:
    """The data set in JSON."""
    found: Sequence[Mapping[str, Any]] = kept["uses"]
    return dataset.named([_sourced(one) for one in found], kept["left_out"])


def _use(one: Sourced) -> dict[str, Any]:
    call = one.use.call
    return {
        "request": one.use.request,
        "call": None if call is None else {"tool": call.tool, "arguments": call.arguments},
        "source": one.source,
    }


def _sourced(kept: Mapping[str, Any]) -> Sourced:
    call = kept["call"]
    made = None if call is None else Call(call["tool"], call["arguments"])
    return Sourced(Use(kept["request"], made), kept["source"])


def _wanted(one: Wanted) -> dict[str, Any]:
    tool = one.tool.model_dump(mode="json")
    return {"extension": one.extension, "tool": tool, "ai_id": one.ai_id, "entry": one.entry}
