"""What making a generation needs of the installation it is made in. ``app`` fills it in; tests hand over something smaller."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from inhouse.lab.internalising import building
from inhouse.lab.internalising.dataset import Dataset
from inhouse.lab.making import Making, Say, Train
from inhouse.lab.skills.grounded import Embed
from inhouse.runtime.engines.base import Engine
from inhouse.runtime.extensions.base import Extension
from inhouse.runtime.profile import Installed
from inhouse.runtime.request import Retriever


class Build(Protocol):
    """``building.build``, or something that takes no hour."""

    def __call__(
        self, making: Making, dataset: Dataset, rehearsal: Iterable[str], say: Say, train: Train | None = None
    ) -> Path:
        """Makes the file that can be served, and leaves the delta in ``making.shipped``."""
        ...


@dataclass(frozen=True)
class Workshop:
    """An installation, as far as a new generation is made out of it."""

    folder: Path
    """For what is being made, a folder for each job."""
    models: Path
    """Where model files lie."""
    current: Callable[[], Installed | None]
    """What new releases start on; nothing where a model server answers, which can't be taught here."""
    engine: Callable[[Path], Engine]
    """A model file at work, apart from what fans ask."""
    retriever: Retriever
    embed: Embed
    handler: Callable[[str, str], Extension]
    """An extension at work: by the AI's id and the version's entry."""
    threads: int
    build: Build = building.build
