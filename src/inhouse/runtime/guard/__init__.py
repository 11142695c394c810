"""Holds a brief's rules on every answer while it streams. See ``docs/design/guard.md``."""
