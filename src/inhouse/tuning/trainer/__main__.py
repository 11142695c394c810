"""``python -m inhouse.tuning.trainer JOB.json``: prepare the process, then become the trainer.

OpenMP reads its settings when torch is loaded, so they are set here and the program is replaced by the real one.
Threads that spin at barriers are what makes a busy machine crawl: they sleep instead (measured: 2 to 4 times faster
beside other work, 2% slower alone).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from inhouse.core.errors import InhouseError
from inhouse.tuning import jobfile


def main() -> None:
    """Read the job file, set threads and niceness, and exec the trainer."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m inhouse.tuning.trainer JOB.json")
    try:
        job = jobfile.read(Path(sys.argv[1]))
    except InhouseError as error:
        sys.exit(error.message)
    os.nice(job.niceness)
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": str(job.threads),
        "OMP_WAIT_POLICY": "PASSIVE",
        "GOMP_SPINCOUNT": "0",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_VERBOSITY": "error",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    command = [sys.executable, "-m", "inhouse.tuning.trainer.program", sys.argv[1]]
    os.execve(sys.executable, command, environment)


if __name__ == "__main__":
    main()
