"""How an adapter is trained: named, frozen settings, so that a result can be repeated from its name and its data."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from inhouse.core.errors import NotFound

#: Every linear layer of a decoder block, by the names that Llama-like models give them.
ALL_LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


class Preference(BaseModel):
    """How picks (the better of two answers) are learnt, after the owner's words."""

    model_config = ConfigDict(frozen=True)

    method: Literal["dpo"] = "dpo"
    beta: float = Field(0.1, gt=0, description="How strongly the policy is held to what it was before.")
    lr: float = Field(3e-4, gt=0, le=1e-2)
    epochs: int = Field(3, ge=1, le=50)
    batch_pairs: int = Field(4, ge=1, le=64)
    max_seconds: float = Field(600, gt=0)


class Recipe(BaseModel):
    """Settings of one training. Tokens are counted after packing; seconds are wall clock, over restarts."""

    model_config = ConfigDict(frozen=True)

    name: str
    rank: int = Field(ge=1, le=256)
    alpha: float = Field(gt=0)
    targets: tuple[str, ...]
    lr: float = Field(gt=0, le=1e-2)
    epochs: float = Field(gt=0, le=100)
    batch_tokens: int = Field(1024, ge=64, le=65536)
    max_row_tokens: int = Field(1024, ge=32, le=8192)
    max_seconds: float = Field(gt=0)
    warmup: float = Field(
        0.05, ge=0, lt=1, description="Share of the steps in which the learning rate rises."
    )
    weight_decay: float = Field(0.0, ge=0)
    rehearsal_weight: float = Field(
        1.0,
        ge=0,
        description="Weight of the divergence from the base on rows that are rehearsed, beside 1 for learning.",
    )
    seed: int = 0
    preference: Preference = Preference()

    def within(self, seconds: float) -> Recipe:
        """The same, done after so many seconds at the latest: two thirds of them for the words, the rest for the taste."""
        taste = self.preference.model_copy(
            update={"max_seconds": min(self.preference.max_seconds, seconds / 3)}
        )
        return self.model_copy(
            update={"max_seconds": min(self.max_seconds, seconds * 2 / 3), "preference": taste}
        )


_VOICE_SMALL = Recipe(
    name="voice-small",
    rank=8,
    alpha=16,
    targets=("q_proj", "v_proj", "o_proj"),
    lr=1e-3,
    epochs=3,
    batch_tokens=768,
    max_row_tokens=512,
    max_seconds=150,
    preference=Preference(max_seconds=75),
)
_SKILL = Recipe(
    name="skill",
    rank=16,
    alpha=32,
    targets=ALL_LINEAR,
    lr=8e-4,
    epochs=2,
    batch_tokens=1536,
    max_seconds=3 * 3600,
)
_RECIPES = (
    _VOICE_SMALL,
    _VOICE_SMALL.within(60).model_copy(update={"name": "voice-quick"}),
    Recipe(
        name="voice",
        rank=16,
        alpha=32,
        targets=("q_proj", "v_proj", "o_proj"),
        lr=6e-4,
        epochs=3,
        max_seconds=3600,
    ),
    _SKILL,
    _SKILL.model_copy(update={"name": "tools", "epochs": 3, "batch_tokens": 1024, "rehearsal_weight": 24}),
)


def recipe(name: str) -> Recipe:
    """The recipe of this name; ``NotFound`` where there is none."""
    for one in _RECIPES:
        if one.name == name:
            return one
    raise NotFound(kind="recipe", name=name)


def names() -> list[str]:
    """The names of all recipes."""
    return [one.name for one in _RECIPES]
