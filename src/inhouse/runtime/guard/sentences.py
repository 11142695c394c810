"""Cutting a stream into sentences, so that where it is cut does not depend on how the stream came in."""

from __future__ import annotations

import re

_CLOSERS = r"[\"'”’」』)\]】*_`]*"
_END = re.compile(
    rf"(?<!\d)[.…]+{_CLOSERS}(?=\s)"
    rf"|(?<=\d)(?<!\s\d)(?<!^\d)[.…]+{_CLOSERS}(?=\s)"
    rf"|[!?]+{_CLOSERS}(?=\s)"
    rf"|[!?]+(?=[\u3040-\u9fff])"
    rf"|[。！？]+[」』)）]*(?=[^。！？」』)）])"
    r"|\n",
    re.MULTILINE,
)
#: A sentence that never ends is cut here, in characters: looking at it again and again must stay cheap.
LONGEST = 500


def next_end(text: str, start: int) -> int | None:
    """Where the sentence that begins at ``start`` ends (exclusive), or ``None`` where that isn't known yet."""
    found = _END.search(text, start)
    while found is not None and not any(char.isalnum() for char in text[start : found.start()]):
        found = _END.search(text, found.end())
    if found is not None and found.end() - start <= LONGEST:
        return found.end()
    if len(text) - start <= LONGEST:
        return None
    blank = text.rfind(" ", start + 1, start + LONGEST)
    return blank + 1 if blank > 0 else start + LONGEST
