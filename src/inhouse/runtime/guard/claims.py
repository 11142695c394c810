"""What an answer may not say whoever its rivals are: that it is human, a topic to avoid, advice it may not give, its orders."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import yaml

from inhouse.brief.rules import Rules
from inhouse.runtime.guard.findings import Finding, Kind
from inhouse.runtime.guard.folding import plain, skeleton
from inhouse.runtime.guard.names import Names
from inhouse.runtime.guard.statements import clauses, refuses

#: So many letters in a row of a private text are no coincidence.
_LEAK_LETTERS = 48


class Claims:
    """The rules that are checked sentence by sentence. ``private`` texts, such as the prompt, may not be quoted."""

    def __init__(self, rules: Rules, private: Sequence[str] = ()) -> None:
        self.topics = Names([(term, topic.topic, True) for topic in rules.topics for term in topic.terms])
        self._subjects = [(subject, _patterns("subjects", subject)) for subject in rules.subjects]
        self._private = _shingles(private)

    def check(self, raw: str) -> Finding | None:
        """The first rule that a sentence breaks, if any."""
        text = plain(raw)
        return (
            _search("human", "human", _patterns("human"), text)
            or _search("leak", "prompt marks", _patterns("leak"), text)
            or self._topic(raw)
            or self._subject(text)
            or self._quotes_private(raw)
        )

    def _topic(self, raw: str) -> Finding | None:
        """A term of a topic to avoid, unless its clause declines to speak of it."""
        if not self.topics:
            return None
        for clause in clauses(raw):
            mentions = [m for m in self.topics.find(clause) if m.strong]
            if mentions and not refuses(clause):
                return Finding("topic", mentions[0].of, clause[mentions[0].start : mentions[0].end])
        return None

    def _subject(self, text: str) -> Finding | None:
        found = (_search("limit", subject, pattern, text) for subject, pattern in self._subjects)
        return next((finding for finding in found if finding is not None), None)

    def _quotes_private(self, raw: str) -> Finding | None:
        if not self._private:
            return None
        letters = skeleton(raw).letters
        windows = (letters[i : i + _LEAK_LETTERS] for i in range(len(letters) - _LEAK_LETTERS + 1))
        quoted = next((window for window in windows if window in self._private), None)
        return Finding("leak", "private text", quoted) if quoted else None


def _search(kind: Kind, rule: str, pattern: re.Pattern[str], text: str) -> Finding | None:
    found = pattern.search(text)
    return Finding(kind, rule, found.group()) if found else None


@cache
def _patterns(*path: str) -> re.Pattern[str]:
    node = yaml.safe_load((Path(__file__).parent / "lexicon" / "claims.yaml").read_text(encoding="utf-8"))
    for key in path:
        node = node[key]
    return re.compile("|".join(f"(?:{line})" for line in node))


def _shingles(texts: Sequence[str]) -> frozenset[str]:
    bones = (skeleton(text).letters for text in texts)
    return frozenset(b[i : i + _LEAK_LETTERS] for b in bones for i in range(len(b) - _LEAK_LETTERS + 1))
