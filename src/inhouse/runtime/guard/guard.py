"""The guard: holds a brief's rules on an answer while it streams. Its guarantee is in ``docs/design/guard.md``."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence

from inhouse.brief.rules import Rules
from inhouse.runtime.guard import statements
from inhouse.runtime.guard.claims import Claims
from inhouse.runtime.guard.findings import Finding, Violation
from inhouse.runtime.guard.names import Names
from inhouse.runtime.guard.sentences import next_end
from inhouse.runtime.guard.statements import Scope, Sentence

#: The most pieces of the stream that are held back at any time.
MOST_HELD = 16
#: From this many characters after a rival's name on, an unfinished English sentence is judged word by word.
_EARLY = 40
#: Claims are short: so many characters before a word hold all that it can complete.
_WINDOW = 200
_JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


class Guard:
    """A brief's rules, ready to check. ``private`` texts (the prompt's own words) may not be quoted in answers."""

    def __init__(self, rules: Rules, private: Sequence[str] = ()) -> None:
        self.rules = rules
        entries = [(name, rule.rival, True) for rule in rules.rivals for name in rule.names]
        hints = [(hint, rule.rival, False) for rule in rules.rivals for hint in rule.hints]
        self.rivals = Names(entries + hints)
        self.own = Names([(name, name, True) for name in rules.own])
        self.claims = Claims(rules, private)

    def stream(self) -> Stream:
        """Begin an answer."""
        return Stream(self)

    def check(self, text: str) -> Violation | None:
        """Check a whole text at once, such as an extractive answer or an owner's pinned one."""
        stream = self.stream()
        for outcome in (stream.feed(text), stream.finish()):
            if isinstance(outcome, Violation):
                return outcome
        return None


class Stream:
    """One answer on its way through the guard. After a violation, it takes nothing more."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._text = ""
        self._released = 0
        self._judged = 0  # where the open sentence begins
        self._looked = 0  # how far the open sentence has been judged early
        self._scope = Scope()
        self._pieces: deque[int] = deque()  # where each piece begins that isn't wholly released
        self._violation: Violation | None = None

    def feed(self, piece: str) -> str | Violation:
        """Take some more of the answer; returns what is cleared for the reader, which may be nothing."""
        return self._take(piece, last=False)

    def finish(self) -> str | Violation:
        """The answer is complete: returns what was still held back."""
        return self._take("", last=True)

    def _take(self, piece: str, *, last: bool) -> str | Violation:
        if self._violation is not None:
            return self._violation
        room = self._guard.rules.max_answer_chars - len(self._text)
        if piece:
            self._pieces.append(len(self._text))
            self._text += piece[: max(0, room)]
        finding = self._judge(last)
        if finding is None and len(piece) > room:
            finding = Finding("length", "max_answer_chars", str(self._guard.rules.max_answer_chars))
        if finding is not None:
            safe = self._text[: self._judged].rstrip()
            self._violation = Violation(finding.kind, finding.rule, finding.matched, safe)
            return self._violation
        return self._release(last)

    def _judge(self, last: bool) -> Finding | None:
        """Judge each sentence that has ended, then what there is of the next."""
        while (end := next_end(self._text, self._judged)) is not None:
            if (finding := self._judge_sentence(end)) is not None:
                return finding
        return self._judge_sentence(len(self._text)) if last else self._judge_early(len(self._text))

    def _judge_sentence(self, end: int) -> Finding | None:
        if (finding := self._judge_early(end)) is not None:  # first, so that a cut elsewhere finds the same
            return finding
        raw = self._text[self._judged : end]
        finding = self._guard.claims.check(raw)
        if finding is None and self._may_concern_rival(raw):
            sentence = self._read(raw)
            finding = statements.judge(sentence, self._scope)
            self._scope = statements.after(sentence, self._scope)
        if finding is None:
            self._judged = self._looked = end
        return finding

    def _judge_early(self, until: int) -> Finding | None:
        """Judge the open sentence at the ends of words before ``until``, so that a long one doesn't slip out before it is judged.

        Only where the words known can't turn neutral any more: in English, and well after the rival was named.
        """
        for boundary in re.finditer(r"[^\W_](?=[\s,;:])", self._text[self._judged : until]):
            end = self._judged + boundary.end()
            if end <= self._looked:
                continue
            self._looked = end
            raw = self._text[self._judged : end]
            if not _JAPANESE.search(raw) and (finding := self._early(raw)) is not None:
                return finding
        return None

    def _early(self, raw: str) -> Finding | None:
        finding = self._guard.claims.check(_end_of(raw))
        if finding is not None:
            return finding
        mentions = self._guard.rivals.find(raw)
        begun = mentions[0].start if mentions else 0
        if len(raw) - begun < _EARLY or not self._may_concern_rival(raw):
            return None
        return statements.judge(self._read(raw), self._scope, whole=False)

    def _may_concern_rival(self, raw: str) -> bool:
        return bool(self._guard.rivals) and (self._scope.is_open or bool(self._guard.rivals.find(raw)))

    def _read(self, raw: str) -> Sentence:
        return statements.read(raw, self._guard.rivals, self._guard.own)

    def _release(self, last: bool) -> str:
        """Clear what no rule can touch any more, and never hold more than ``MOST_HELD`` pieces."""
        clear = len(self._text) if last else max(self._released, self._hold_from())
        while self._pieces and len(self._pieces) > MOST_HELD:
            self._pieces.popleft()
            clear = max(clear, self._pieces[0])
        out = self._text[self._released : clear]
        self._released = clear
        while len(self._pieces) > 1 and self._pieces[1] <= clear:
            self._pieces.popleft()
        if self._pieces and clear == len(self._text):
            self._pieces.clear()
        return out

    def _hold_from(self) -> int:
        """From where on the open sentence must wait: its rival, or the beginning of what may become one."""
        raw = self._text[self._judged :]
        starts = [len(raw)]
        if self._scope.is_open:
            starts.append(0)
        for names in (self._guard.rivals, self._guard.claims.topics):
            starts.extend(mention.start for mention in names.find(raw)[:1])
            unfinished = names.unfinished(raw)
            if unfinished is not None:
                starts.append(unfinished)
        return self._judged + min(starts)


def _end_of(raw: str) -> str:
    """The last whole words of a text, at most ``_WINDOW`` characters."""
    return raw if len(raw) <= _WINDOW else raw[-_WINDOW:].partition(" ")[2]
