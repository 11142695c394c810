"""Starts a program that outlives who started it: ``python -m inhouse.detached MODULE``.

It has a session of its own and no parent but the machine's first process, so that neither a closed terminal nor the end of
the server, of its process group or of all that descends from it takes it along. Nothing heavy is imported before that.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Leave, and become the module that is named."""
    if os.fork():
        os._exit(0)
    os.setsid()
    os.execv(sys.executable, [sys.executable, "-m", sys.argv[1]])


if __name__ == "__main__":
    main()
