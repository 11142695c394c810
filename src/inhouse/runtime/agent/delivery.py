"""The answer of a plan: what each task found, with its sources numbered through, and what could not be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from inhouse.core.passages import Citation
from inhouse.runtime.agent.led import Said
from inhouse.runtime.agent.values import Finding

_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "missing": "I could not find an answer to this: {texts}",
        "unsure": "I could not work this out from what I found: {texts}",
        "failed": "{line} So this part is missing: {texts}",
        "left": "I did not get to this: {texts}",
        "acting": "I have not done this; ask me for it by itself: {texts}",
        "pick": "{name} is the {adjective}: {value}.",
        "nothing": "not found",
        "withheld": "I left out what I found in no source.",
        "open": "“",
        "close": "”",
        "join": "; ",
    },
    "ja": {
        "missing": "次のことは見つかりませんでした: {texts}",
        "unsure": "見つかったことからは、次のことを確かめられませんでした: {texts}",
        "failed": "{line} そのため、次のことは分かりませんでした: {texts}",
        "left": "次のことまでは進めませんでした: {texts}",
        "acting": "次のことはまだしていません。別に頼んでください: {texts}",
        "pick": "{adjective}のは{name}です: {value}。",
        "nothing": "見つかりません",
        "withheld": "どの資料にも見つからないことは省きました。",
        "open": "「",
        "close": "」",
        "join": "、",
    },
}
_LONGEST_PIECE, _SHORTEST_PIECE = 400, 60
#: Shares of an answer's room: for what was found, and for naming what was not.
_FOR_FOUND, _FOR_MISSING = 0.6, 0.25


@dataclass
class Delivery:
    """An answer being put together: its blocks of text and the sources that they number."""

    language: str
    longest: int = _LONGEST_PIECE
    """Characters of one thing found: more of them have to be shorter, so that the whole has room."""
    blocks: list[str] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)

    @property
    def words(self) -> Mapping[str, str]:
        return _WORDS.get(self.language, _WORDS["en"])

    @property
    def text(self) -> str:
        return "\n\n".join(self.blocks)

    def cut(self, text: str) -> str:
        """A text that is no longer than one may be."""
        return _cut(text, self.longest)

    def cite(self, citations: Sequence[Citation]) -> str:
        """Number sources through, each once; returns their marks."""
        return "".join(f"[{self._number(citation)}]" for citation in citations)

    def _number(self, citation: Citation) -> int:
        for known in self.citations:
            if (known.document, known.url, known.place, known.quote) == (
                citation.document,
                citation.url,
                citation.place,
                citation.quote,
            ):
                return known.number
        number = len(self.citations) + 1
        extension, mark, _ = citation.passage_id.rpartition(":")
        passage_id = f"{extension}:{number}" if mark else citation.passage_id
        self.citations.append(citation.model_copy(update={"number": number, "passage_id": passage_id}))
        return number


def deliver(findings: Sequence[Finding], language: str, room: int, proposed: int | None = None) -> Delivery:
    """Tell what was found in the plan's order, then what was not, in some ``room`` characters. The task that is ``proposed`` is told by whoever does."""
    found = sum(one.found for one in findings)
    made = Delivery(
        language, max(_SHORTEST_PIECE, min(_LONGEST_PIECE, int(_FOR_FOUND * room / max(1, found))))
    )
    tabled = {need for one in findings if one.task.kind == "table" and one.found for need in one.task.needs}
    lines = [
        _line(made, one)
        for one in findings
        if one.found and one.task.number not in tabled and one.task.kind != "table"
    ]
    if lines:
        made.blocks.append(lines[0] if len(lines) == 1 else "\n".join(f"- {line}" for line in lines))
    by_number = {one.task.number: one for one in findings}
    for one in findings:
        if one.task.kind == "table" and one.found:
            made.blocks.append(_table(made, [by_number[need] for need in one.task.needs]))
    missing = [
        one for one in findings if not one.found and one.task.kind != "table" and one.task.number != proposed
    ]
    made.blocks += _not_done(made.words, missing, int(_FOR_MISSING * room / max(1, len(missing))))
    return made


def spoken(said: Sequence[Said], withheld: Sequence[str], language: str) -> Delivery:
    """What a model said, with its sources; where something was left out, that it was."""
    made = Delivery(language)
    text = ""
    for one in said:
        marks = made.cite((one.support.citation(),)) if one.support else ""
        text += f"{one.text} {marks}" if marks else one.text
    made.blocks.append(text)
    if withheld:
        made.blocks.append(made.words["withheld"])
    return made


def _line(made: Delivery, one: Finding) -> str:
    """What one task found, with its sources."""
    text = one.text
    if one.task.kind == "pick":
        text = made.words["pick"].format(name=one.name, adjective=one.task.adjective, value=one.value)
    marks = made.cite(one.citations)
    return f"{made.cut(text)} {marks}" if marks else made.cut(text)


def _table(made: Delivery, cells: Sequence[Finding]) -> str:
    """Things down, what was asked of them across."""
    topics = list(dict.fromkeys(one.task.topic for one in cells))
    things = list(dict.fromkeys(one.task.about for one in cells))
    found = {(one.task.about, one.task.topic): one for one in cells}
    rows = [[thing, *(_cell(made, found.get((thing, topic))) for topic in topics)] for thing in things]
    head = ["", *(topic[:1].upper() + topic[1:] for topic in topics)]
    return "\n".join(_row(row) for row in (head, ["---"] * len(head), *rows))


def _cell(made: Delivery, one: Finding | None) -> str:
    if one is None or not one.found:
        return made.words["nothing"]
    text = one.value or one.text
    return f"{made.cut(text)} {made.cite(one.citations)}".strip()


def _row(cells: Sequence[str]) -> str:
    """Cells can't make a table larger than it is."""
    return "| " + " | ".join(" ".join(cell.replace("|", "/").split()) for cell in cells) + " |"


def _not_done(words: Mapping[str, str], missing: Sequence[Finding], longest: int) -> list[str]:
    """One line for each reason why something is missing; what is quoted of each has so many characters at most."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for one in missing:
        kind = "unsure" if one.state == "missing" and one.task.needs else one.state
        said = _cut((one.task.said or one.task.shown).rstrip(" ."), longest)
        reasons.setdefault((kind, one.line), []).append(f"{words['open']}{said}{words['close']}")
    return [
        words[kind].format(line=line, texts=words["join"].join(texts))
        for (kind, line), texts in reasons.items()
    ]


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest].rsplit(' ', 1)[0]}…"
