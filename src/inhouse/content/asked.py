"""What of a document somebody asks about: "what does this say about shipping?" is about shipping."""

from __future__ import annotations

import regex

from inhouse.content.followup import content_words
from inhouse.content.lexical import terms

_SAYS_ABOUT = regex.compile(
    r"^.*?\b(?:say|says|mention|mentions|state|states|tell us|tell me|read|reads|write|writes)\b\s*(?:anything |something )?(?:about|on|regarding|of)\s+(?P<about>.+?)[\s?.!]*$"
    r"|^(?:according to|in) (?:this|the|that|my) (?:\w+ )?\w+,?\s+(?P<rest>.{8,})$"
    r"|^(?:この|その|添付の?)[\p{Han}\p{Katakana}]+(?:には|では|は|に|で)、?(?P<wide>.+?)(?:について)?(?:何と|なんと|どう)?(?:書いて|述べて|言って).*$",
    regex.IGNORECASE,
)
#: Words that name a text or a change of it, and no subject.
_OF_ANY_TEXT = frozenset(
    terms(
        "document documents file files pdf page pages paper papers text texts article policy policies contract version versions terms "
        "change changes changed changing different difference differences differ compare comparison new old older newer since "
        "between added removed gone now then made anything everything each every all three several 文書 書類 資料 変更 違い 規約 方針"
    )
)


def subject(question: str) -> str:
    """The part of a question that says what it is about; the whole question where no part does."""
    found = _SAYS_ABOUT.match(question.strip())
    return next((part for part in found.groups() if part), question) if found else question


def names_a_subject(words: str) -> bool:
    """Whether words say what something is about, and not only that it is a text or changed."""
    return bool(set(terms(" ".join(content_words(words)))) - _OF_ANY_TEXT)
