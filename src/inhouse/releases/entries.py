"""How a release names a version of an extension: ``name@version``."""

from __future__ import annotations


def of(name: str, version: str) -> str:
    """The entry of a version."""
    return f"{name}@{version}"


def name(entry: str) -> str:
    """The extension of an entry."""
    return entry.partition("@")[0]


def version(entry: str) -> str:
    """The version of an entry."""
    return entry.partition("@")[2]
