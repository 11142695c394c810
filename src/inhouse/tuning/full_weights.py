"""A generation's weights in Hugging Face's form, made from its GGUF file by a process of its own: torch stays out of this one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from inhouse.core.errors import InhouseError
from inhouse.tuning.trainer.surroundings import environment

_PROGRAM = (sys.executable, "-m", "inhouse.tuning.trainer.conversion")
_LONGEST_REASON = 300


class NotConverted(InhouseError):
    """The weights of {model} could not be converted: {reason} It needs what trains: pip install "inhouse[train]"."""


def folder(model: Path, cache: Path, threads: int) -> Path:
    """``config.json``, tokenizer and ``model.safetensors`` in bfloat16, whose rounding is below that of the file's 4 or 8 bits.

    Kept in the cache, where a training on this generation finds them too.
    """
    cache.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [*_PROGRAM, str(model), str(cache)],
        env=environment(threads),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        said = done.stderr.strip().splitlines() or ["it ended without a word."]
        raise NotConverted(model=model.name, reason=f"{said[-1][:_LONGEST_REASON].rstrip('.')}.")
    return Path(lines[-1])
