"""How an AI answers from passages, where that is not left to its generation: a part of its release."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, field_validator

from inhouse.content import plain
from inhouse.core.errors import UsageError
from inhouse.runtime import prompts
from inhouse.runtime.cascade.cascade import Cascade
from inhouse.runtime.profile import Method, Profile

MOST_PASSAGES = 8
LONGEST_PROMPT = 500


class Answering(BaseModel):
    """What an owner laid down about it; ``None``: as the generation's profile says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    passages: int | None = None
    """How many passages the model reads."""
    prompt: str | None = None
    """The instruction that stands before them, on one line."""
    cascade: Cascade | None = None
    """The giant that is asked where this generation's answer looks wrong."""

    @field_validator("passages")
    @classmethod
    def _few(cls, passages: int | None) -> int | None:
        if passages is not None and not 1 <= passages <= MOST_PASSAGES:
            raise UsageError(reason="A model reads 1 to 8 passages.")
        return passages

    @field_validator("prompt")
    @classmethod
    def _short(cls, prompt: str | None) -> str | None:
        """One line that can't end the message which it stands in."""
        line = prompts.defuse(plain.one_line(prompt or ""))
        if len(line) > LONGEST_PROMPT:
            raise UsageError(reason="A prompt has at most 500 characters.")
        return line or None

    def but(self, passages: int | None = None, prompt: str | None = None) -> Answering:
        """The same with what is said here; with 0 passages, or an empty prompt, as the generation says again."""
        return Answering(
            passages=self.passages if passages is None else passages or None,
            prompt=self.prompt if prompt is None else prompt,
            cascade=self.cascade,
        )

    def on(self, generation: str | None) -> Answering:
        """The same on this generation: a giant whose router was learnt on another one is left behind."""
        stays = self.cascade is None or self.cascade.generation == generation
        return self if stays else self.behind(None)

    def behind(self, cascade: Cascade | None) -> Answering:
        """The same with this giant behind it, or with none."""
        return self.model_copy(update={"cascade": cascade})

    def reads(self, profile: Profile) -> int:
        """How many passages a model of this profile reads."""
        return self.passages or profile.passages

    def instruction(self, profile: Profile) -> str:
        """What a model of this profile is told before it reads them."""
        return self.prompt or (
            prompts.GROUNDED_SYSTEM if profile.method is Method.TRAINED else prompts.PROMPTED_SYSTEM
        )


#: Nothing laid down: all as the generation says.
BY_GENERATION = Answering()
