"""The stock server of the same wheel, in a process of its own: what the engine is measured against.

Prints its address and serves until standard input closes. ``python -m inhouse.bench.stock_server MODEL THREADS
SEQUENCES CONTEXT [ADAPTER…]``.
"""

from __future__ import annotations

import os
import sys

import xllamacpp


def main(model: str, threads: str, sequences: str, context: str, *adapters: str) -> None:
    """Serve. The prompt cache in host memory is off: it would hand one adapter's states to another."""
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.n_parallel = int(sequences)
    params.n_ctx = int(sequences) * int(context)
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = int(threads)
    params.cache_ram_mib = 0
    params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(path, 0.0) for path in adapters]
    server = xllamacpp.Server(params)
    sys.stdout.write(server.listening_address + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
