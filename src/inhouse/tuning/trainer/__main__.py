"""``python -m inhouse.tuning.trainer JOB.json``: prepare the process, then become the trainer."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from inhouse.core.errors import InhouseError
from inhouse.tuning import jobfile
from inhouse.tuning.trainer.surroundings import environment


def main() -> None:
    """Read the job file, set threads and niceness, and exec the trainer."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m inhouse.tuning.trainer JOB.json")
    try:
        job = jobfile.read(Path(sys.argv[1]))
    except InhouseError as error:
        sys.exit(error.message)
    os.nice(job.niceness)
    command = [sys.executable, "-m", "inhouse.tuning.trainer.program", sys.argv[1]]
    os.execve(sys.executable, command, environment(job.threads))


if __name__ == "__main__":
    main()
