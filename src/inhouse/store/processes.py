"""Names of processes: who holds a piece of work, and whether it still lives."""

from __future__ import annotations

import os
import socket

import psutil


def this_process() -> str:
    """This process's name, ``host/pid@start``: a pid that is used again does not look like it."""
    return f"{socket.gethostname()}/{os.getpid()}@{psutil.Process().create_time():.2f}"


def is_gone(name: str) -> bool:
    """Whether the process ran on this machine and has ended. A process of another machine is never known to be gone."""
    host, _, process = name.partition("/")
    return host == socket.gethostname() and not _is_alive(process)


def _is_alive(process: str) -> bool:
    pid, _, started = process.partition("@")
    try:
        return f"{psutil.Process(int(pid)).create_time():.2f}" == started
    except (psutil.Error, ValueError):
        return False
