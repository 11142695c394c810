"""``python -m inhouse.tuning.trainer.conversion MODEL.gguf CACHE``: a model file in Hugging Face's form; prints its folder."""

from __future__ import annotations

import sys
from pathlib import Path

from inhouse.tuning.trainer import base_model


def main() -> None:
    """Convert, or find what was converted before."""
    if len(sys.argv) != 3:
        sys.exit("usage: python -m inhouse.tuning.trainer.conversion MODEL.gguf CACHE")
    sys.stdout.write(f"{base_model.folder(Path(sys.argv[1]), Path(sys.argv[2]))}\n")


if __name__ == "__main__":
    main()
