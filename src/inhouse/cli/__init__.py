"""The command line: thin, one file a group of commands."""

from inhouse.cli.main import main

__all__ = ["main"]
