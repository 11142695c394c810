"""The state of a training on disk: whole or not there, so that a kill at any moment loses seconds and nothing else."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from peft import get_peft_model_state_dict, set_peft_model_state_dict


@dataclass
class State:
    """Where the loop stands. ``seconds`` is the time spent in it over all starts.

    No random numbers are drawn in the loop: order and first weights follow from the seed, so step and epoch are the
    position in the data.
    """

    step: int = 0
    seconds: float = 0.0
    tokens: int = 0
    row_tokens: int = 0
    losses: list[tuple[int, float]] = field(default_factory=list)


def save(path: Path, model: Any, optimiser: torch.optim.Optimizer, state: State) -> None:
    """Keep adapter, optimiser and position."""
    aside = path.with_name(f".{path.name}.part")
    with aside.open("wb") as file:
        torch.save(
            {
                "adapter": get_peft_model_state_dict(model),
                "optimiser": optimiser.state_dict(),
                "state": vars(state),
            },
            file,
        )
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def load(path: Path, model: Any, optimiser: torch.optim.Optimizer) -> State:
    """Go back to what was kept; a fresh state where nothing was."""
    if not path.exists():
        return State()
    kept = torch.load(path, map_location=model.device, weights_only=True)
    set_peft_model_state_dict(model, kept["adapter"])
    optimiser.load_state_dict(kept["optimiser"])
    return State(**kept["state"])
