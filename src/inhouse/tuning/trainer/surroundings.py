"""What a process that is to load torch must have in its environment before it does."""

from __future__ import annotations

import os


def environment(threads: int) -> dict[str, str]:
    """This process's environment with so many threads, which sleep at barriers, and nothing that is fetched.

    Threads that spin at barriers are what makes a busy machine crawl (measured: sleeping is 2 to 4 times faster beside other work,
    2% slower alone). OpenMP reads its settings when torch is loaded.
    """
    return {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "OMP_WAIT_POLICY": "PASSIVE",
        "GOMP_SPINCOUNT": "0",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_VERBOSITY": "error",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
