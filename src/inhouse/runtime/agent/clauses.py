"""Where a request comes apart: its sentences, and the parts of a sentence that ask for something of their own."""

from __future__ import annotations

import regex

from inhouse.content.followup import content_words
from inhouse.content.sentences import sentences
from inhouse.runtime import smalltalk

_AUXILIARY = r"(?:is|are|was|were|does|do|did|can|could|will|would|should|has|have|had|may|might)"
_ORDER = (
    r"(?:tell\s+me|find|look\s+up|work\s+out|calculate|compute|convert|compare|count|give\s+me|add|divide|multiply|put|show|list|search"
    r"|ask|check|split|share|make\s+(?:me\s+)?an?|summari[sz]e)\b"
)
_PREPOSITION = r"(?:at|in|on|by|to|for|from|with|of|after|until|since)"
#: How a question begins. "Which gave" and "when it" go on with what was said: they begin none after a comma.
_QUESTION = rf"(?:{_PREPOSITION}\s+)?(?:what|how|why|who|whose|which|where|when)\b"
_SURE = (
    rf"(?:what|how|why)\b|(?:{_PREPOSITION}\s+)what\b|(?:who|which|where|when)(?:\s+one|\s+of\s+\p{{L}}+|\s+date|\s+day)?\s+{_AUXILIARY}\b"
    rf"|{_AUXILIARY}\s+(?:it|they|he|she|you|i|we|there|the|a|an|this|that|these|those|my|your|one)\b"
)
_CUT = regex.compile(
    rf"\s*;\s*(?:and\s+)?(?:then\s+)?"
    rf"|\s*,?\s*\b(?:and\s+then|and\s+also|and\s+after\s+that|after\s+that|then)\b\s*,?\s*(?=(?:{_QUESTION}|{_ORDER}|{_SURE}))"
    rf"|\s*,\s*(?:and\s+)?(?=(?:{_SURE}|{_ORDER}))|\s*,\s*and\s+(?={_QUESTION})|\s+and\s+(?=(?:{_QUESTION}|{_SURE}|{_ORDER}))"
    r"|(?<=[？?])\s*|\s*(?:、|。)\s*(?:そして|それから|次に|その後|また|さらに|あと)\s*、?|(?<=[かい])、(?=(?:それ|その|合計|一番|全部))",
    regex.I,
)
#: "What is and how is", "is it and are they": a question may begin inside of another one.
_INSIDE = regex.compile(
    r"\b(?:whether|if|that|which|who|when|where|because|what|how|between|both)\s*$", regex.I
)
_LEAD = regex.compile(
    r"^(?:(?:and|then|also|so|ok|okay|please|next|now|first|finally|second(?:ly)?|after\s+that|そして|それから|次に|また|あと)\b?[\s,、:]*)+",
    regex.I,
)
_ORDERS = regex.compile(
    rf"^(?:{_PREPOSITION}\s+(?:what|which|whom|whose|how)\b|(?:please\s+)?{_ORDER})"
    r"|(?:比較して|比べて|表にして|計算して|調べて|探して|まとめて)",
    regex.I,
)
_POLITE = regex.compile(
    rf"^(?:(?:can|could|would|will)\s+you\s+(?:please\s+)?(?={_ORDER}))?(?:please\s+)?"
    r"(?:(?:tell\s+me|find\s+out|let\s+me\s+know|do\s+you\s+know|give\s+me)\s+(?=(?:what|how|when|which|who|where|the)\b))?",
    regex.I,
)
_TABLED = regex.compile(r"^put\s+(?:it|them|that|this)\b", regex.I)
#: "When it is cold, do you heat?": what comes first asks for nothing.
_SUBORDINATE = regex.compile(
    rf"^(?:(?:when|where|whenever|wherever)\s+(?!{_AUXILIARY}\b)|if\s|(?:which|what)\s+(?:i|it|you|we|they)\b(?!.*[?？]\s*$))",
    regex.I,
)
_MOST_CHARS = 1200


def clauses(request: str) -> list[str]:
    """The parts that each ask for something, in order, each with the statements before it; one where it is one thing."""
    if len(request) > _MOST_CHARS:
        return [request]
    parts = [part for sentence in sentences(" ".join(request.split())) for part in _parts(sentence)]
    found: list[str] = []
    before = ""
    for part in parts:
        if asks(part):
            found.append(_whole(f"{before} {part}"))
            before = ""
        else:
            before = f"{before} {part}".strip()
    if before and found:
        found[-1] = f"{found[-1]} {before}"
    return found if len(found) > 1 else [request.strip()]


def plain(part: str) -> str:
    """A part without what is only polite: "Could you tell me how tall it is?" asks how tall it is."""
    bare = _POLITE.sub("", part)
    return f"{bare[:1].upper()}{bare[1:]}"


def asks(part: str) -> bool:
    """Whether a part of a request wants something."""
    bare = _bare(part)
    if _SUBORDINATE.search(bare):
        return False
    return smalltalk.asks(bare) or _ORDERS.search(bare) is not None


def _parts(sentence: str) -> list[str]:
    """A sentence cut where another question or order begins; a piece that says too little goes with the one before."""
    pieces: list[str] = []
    at = 0
    for cut in _CUT.finditer(sentence):
        if _INSIDE.search(sentence[at : cut.start()]) or not cut[0]:
            continue
        pieces.append(sentence[at : cut.start()])
        at = cut.end()
    pieces.append(sentence[at:])
    joined: list[str] = []
    for piece in filter(str.strip, pieces):
        if joined and not _are_two(joined[-1], piece):
            joined[-1] = f"{joined[-1]}, {piece.strip()}"
        else:
            joined.append(piece.strip())
    return joined


def _are_two(first: str, second: str) -> bool:
    """Whether each asks for something of its own. An order follows an order: "Who took a plea and put …" is one question."""
    if not all(asks(one) and _says_enough(one) for one in (first, second)):
        return False
    return (
        not _is_order(second) or _ORDERS.match(_bare(first)) is not None or _TABLED.match(second) is not None
    )


def _is_order(part: str) -> bool:
    return _ORDERS.match(part) is not None and regex.match(rf"{_PREPOSITION}\b", part, regex.I) is None


def _says_enough(piece: str) -> bool:
    """ "And why?" goes with what was asked before; "how many days until then" is asked by itself."""
    return bool(content_words(piece)) or bool(
        regex.search(r"\d|\b(?:total|together|cheapest|cheaper)\b", piece, regex.I)
    )


def _bare(part: str) -> str:
    return _LEAD.sub("", part.strip()).strip(" ,")


def _whole(part: str) -> str:
    """A part as a sentence of its own."""
    text = _bare(part)
    asked = asks(text) and not _is_order(text) and text[-1:] not in "?？.!。"
    return f"{text[:1].upper()}{text[1:]}{'?' if asked and text.isascii() else ''}"
