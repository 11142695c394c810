"""What a model can be trusted with: how answers are grounded on it, and in which languages it writes."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from inhouse.core.errors import InhouseError
from inhouse.core.settings import Settings

#: Written by ``inhouse models fetch`` beside the model files, last: what it names is complete.
CURRENT = "current.json"


class NoModel(InhouseError):
    """There is no model in {folder}. Run: inhouse models fetch"""

    status = 503


class Method(StrEnum):
    """How an answer is got out of passages."""

    TRAINED = "trained"
    """By a generation that was trained for it: `prompts.grounded`, with the probability of "not in the notes"."""
    PROMPTED = "prompted"
    """By instructions alone, for a model that nobody trained for it."""
    EXTRACTIVE = "extractive"
    """Without the model: the passage's own sentence."""


class Profile(BaseModel):
    """A model's profile. The thresholds are chosen on tuning data (``docs/lab-log.md``), and ship with the generation."""

    model_config = ConfigDict(frozen=True)

    method: Method
    languages: frozenset[str] = frozenset({"en"})
    """Languages that the model writes. In every other one the AI quotes its passages."""
    passages: int = 3
    """How many passages the model reads."""
    abstain_above: float = 0.5
    """`TRAINED`: abstain where the model gives "not in the notes" more than this probability."""
    least_support: float = 0.2
    """Abstain where the search gives an answer less than this probability to be there at all."""
    extract_support: float = 0.5
    """`EXTRACTIVE`: the same, where no model reads the passages after the search."""

    def writes(self, language: str) -> bool:
        """Whether the model writes this language well enough to answer in it."""
        return "*" in self.languages or language in self.languages


class Installed(BaseModel):
    """The model that an installation serves."""

    model_config = ConfigDict(frozen=True)

    generation: str
    """Its id, which follows from the file's content."""
    file: Path
    source: str
    """SHA-256 of what it was made from: the delta that ships, or the file itself."""
    profile: Profile


def installed(settings: Settings) -> Installed:
    """The generation that the embedded engine serves; raises ``NoModel`` where none was fetched."""
    folder = settings.models_folder
    try:
        found = Installed.model_validate_json((folder / CURRENT).read_bytes())
    except (OSError, ValidationError) as error:
        raise NoModel(folder=folder) from error
    return found.model_copy(update={"file": folder / found.file})


def profile_of(settings: Settings) -> Profile:
    """What the configured engine's model can be trusted with: one that we don't know is told what to do, in any language."""
    return of_server() if settings.engine == "openai" else installed(settings).profile


def of_server() -> Profile:
    """What a model server's model can be trusted with."""
    return Profile(method=Method.PROMPTED, languages=frozenset({"*"}))


def write_current(folder: Path, generation: str, file: str, profile: Profile, source: str) -> None:
    """Make a model file of the folder the one that is served."""
    made = Installed(generation=generation, file=Path(file), source=source, profile=profile)
    aside = folder / f".{CURRENT}"
    aside.write_text(made.model_dump_json(indent=1), encoding="utf-8")
    aside.rename(folder / CURRENT)
