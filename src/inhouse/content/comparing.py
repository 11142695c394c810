"""What changed from one text to another, statement by statement below headings that belong together.

Words only: what means the same in other words counts as changed, and a statement that only moved does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

import regex

from inhouse.content import lexical
from inhouse.content.given import Given
from inhouse.content.sentences import spans
from inhouse.core.passages import Passage

#: So much of their words two statements share, at least, to be one that changed.
_SAME_MATTER = 0.5
#: The same where they stand below headings that have nothing to do with each other.
_SAME_MATTER_ELSEWHERE = 0.7
_SAME_HEADING = 0.75
#: Statements that are compared each with each: what is beyond is told as removed and added.
_MOST_COMPARED = 300
_NUMBERING = regex.compile(
    r"^(?:(?:section|article|chapter|clause|part)\s+)?(?:\d+(?:\.\d+)*|[ivxlc]+|[a-z])[.):]?\s+|^第?[\d〇一二三四五六七八九十]+[条章節項]?[の.、\s]*",
    regex.IGNORECASE,
)
_FIGURE = regex.compile(r"\p{N}+(?:[.,]\p{N}+)*")


@dataclass(frozen=True)
class Statement:
    """A sentence, or a line that stands alone, with the passage that holds it letter by letter."""

    text: str
    passage: Passage
    heading: str

    @cached_property
    def folded(self) -> str:
        """Without what changes nothing: case, spacing, marks."""
        return " ".join(regex.findall(r"[\p{L}\p{N}%€$£¥.,]+", self.text.casefold())).strip(" .,")

    @cached_property
    def words(self) -> Counter[str]:
        return Counter(lexical.terms(self.text, self.passage.language))

    @cached_property
    def figures(self) -> Counter[str]:
        return Counter(_FIGURE.findall(self.text))


@dataclass(frozen=True)
class Change:
    """A statement that is new (no ``old``), gone (no ``new``), or says something else now."""

    old: Statement | None
    new: Statement | None

    @property
    def here(self) -> Statement:
        """Where it is told: in the new text if it stands there."""
        found = self.new or self.old
        assert found is not None
        return found

    @property
    def of_figures(self) -> bool:
        """Whether a number changed: what matters most in terms and prices."""
        return self.old is not None and self.new is not None and self.old.figures != self.new.figures


def compare(old: Given, new: Given) -> list[Change]:
    """What changed, in the new text's order; what is gone stands where it stood."""
    before, after = _sections(old), _sections(new)
    partner = _aligned([*before], [*after])
    changes: list[Change] = []
    for heading, statements in after.items():
        changes += _within(before.get(partner.get(heading, ""), ()), statements)
    taken = set(partner.values())
    for heading, statements in before.items():
        if heading not in taken:
            changes += [Change(one, None) for one in statements]
    return _joined(changes)


def _sections(document: Given) -> dict[str, list[Statement]]:
    """Statements by heading, each once; a first part that all headings share is the document's title."""
    headings = [(one.place.heading or "").split(" > ") for one in document.passages]
    shared = len({parts[0] for parts in headings}) == 1 and all(len(parts) > 1 for parts in headings)
    found: dict[str, list[Statement]] = {}
    for passage, parts in zip(document.passages, headings, strict=True):
        heading = " > ".join(parts[1:] if shared else parts)
        here = found.setdefault(heading, [])
        seen = {one.folded for one in here}
        for start, end in spans(passage.text):
            one = Statement(passage.text[start:end], passage, heading)
            if one.folded and one.folded not in seen:
                seen.add(one.folded)
                here.append(one)
    return found


def _aligned(before: Sequence[str], after: Sequence[str]) -> dict[str, str]:
    """New heading → the old one that it goes on from: the same words first, then the likest."""
    plain = {heading: _NUMBERING.sub("", heading.casefold()).strip() for heading in (*before, *after)}
    left = list(before)
    found: dict[str, str] = {}
    for heading in after:
        same = next((one for one in left if plain[one] == plain[heading]), None)
        if same is not None:
            found[heading] = same
            left.remove(same)
    for heading in after:
        if heading in found or not left:
            continue
        likest = max(left, key=lambda one: _ratio(plain[one], plain[heading]))
        if _ratio(plain[likest], plain[heading]) >= _SAME_HEADING:
            found[heading] = likest
            left.remove(likest)
    return found


def _within(old: Sequence[Statement], new: Sequence[Statement]) -> Iterator[Change]:
    """What changed below one heading."""
    matcher = SequenceMatcher(None, [one.folded for one in old], [one.folded for one in new], autojunk=False)
    for tag, begin, end, first, last in matcher.get_opcodes():
        if tag != "equal":
            yield from _paired(old[begin:end], new[first:last], _SAME_MATTER)


def _paired(old: Sequence[Statement], new: Sequence[Statement], least: float) -> Iterator[Change]:
    """Statements that are about the same as changes; the rest is gone or added."""
    likeness = sorted(
        (
            (share, i, j)
            for i, one in enumerate(old[:_MOST_COMPARED])
            for j, other in enumerate(new[:_MOST_COMPARED])
            if (share := _shared(one, other)) >= least
        ),
        key=lambda found: -found[0],
    )
    of_new: dict[int, int] = {}
    used: set[int] = set()
    for _, i, j in likeness:
        if i not in used and j not in of_new:
            of_new[j] = i
            used.add(i)
    yield from (Change(one, None) for i, one in enumerate(old) if i not in used)
    for j, other in enumerate(new):
        yield Change(old[of_new[j]] if j in of_new else None, other)


def _joined(changes: Sequence[Change]) -> list[Change]:
    """Without what only moved, and with what moved and changed told once."""
    gone = [change.old for change in changes if change.old is not None and change.new is None]
    come = [change.new for change in changes if change.new is not None and change.old is None]
    moved = {one.folded for one in gone} & {one.folded for one in come}
    gone = [one for one in gone if one.folded not in moved]
    come = [one for one in come if one.folded not in moved]
    partner = {
        change.new: change.old
        for change in _paired(gone, come, _SAME_MATTER_ELSEWHERE)
        if change.old is not None and change.new is not None
    }
    told = set(partner.values())
    kept: list[Change] = []
    for change in changes:
        if change.old is not None and change.new is not None:
            kept.append(change)
        elif change.new is not None and change.new.folded not in moved:
            kept.append(Change(partner.get(change.new), change.new))
        elif change.old is not None and change.old.folded not in moved and change.old not in told:
            kept.append(change)
    return kept


def most_telling(changes: Sequence[Change], about: Collection[str], most: int) -> list[Change]:
    """The ``most`` changes that matter most, in their order: of figures first, changed before added or gone.

    Where some are about the subject (``about`` are its terms), only those.
    """
    enough = len(about) - len(about) // 3
    on_subject = [one for one in changes if about and len({*about} & _terms(one)) >= enough] or changes

    def weight(at: int) -> tuple[bool, bool, int]:
        one = on_subject[at]
        return not one.of_figures, one.old is None or one.new is None, at

    best = sorted(range(len(on_subject)), key=weight)[:most]
    return [on_subject[at] for at in sorted(best)]


def _terms(change: Change) -> set[str]:
    sides = [one for one in (change.old, change.new) if one is not None]
    return {term for one in sides for term in (*one.words, *lexical.terms(one.heading))}


def _shared(one: Statement, other: Statement) -> float:
    """Share (0 to 1) of the words of both that both have."""
    whole = one.words.total() + other.words.total()
    return 2 * (one.words & other.words).total() / whole if whole else 0.0


def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio() if one and other else 0.0
