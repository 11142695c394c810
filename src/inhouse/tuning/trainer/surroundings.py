"""What a process that is to load torch must have in its environment before it does."""

from __future__ import annotations

import os

#: Rounds of a waiting thread before it sleeps. Sleeping at once leaves a third of the cores' time unused on a virtual machine,
#: where waking takes long; spinning for good keeps a core from others for nothing.
_SPINS = 20_000


def environment(threads: int) -> dict[str, str]:
    """This process's environment with so many threads at most, and nothing that is fetched.

    Threads spin at barriers for a millisecond or so and then sleep. That they don't spin where others compute is the governor's
    business: it leaves one thread, which waits for nobody. OpenMP reads its settings when torch is loaded.
    """
    return {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "OMP_WAIT_POLICY": "PASSIVE",
        "GOMP_SPINCOUNT": str(_SPINS),
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_VERBOSITY": "error",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
