"""What our programs write to their logs."""

from __future__ import annotations

import logging


def begin(form: str) -> None:
    """Log from INFO on, each line in this form. What is fetched is not logged: addresses hold keys and people's words."""
    logging.basicConfig(level=logging.INFO, format=form)
    for name in ("httpx", "httpx2"):
        logging.getLogger(name).setLevel(logging.WARNING)
