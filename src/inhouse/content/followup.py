"""A follow-up question made whole: "and how much is it?" is searched with what "it" was.

Rules and no model: a question that points back (a pronoun, an ellipsis, hardly a word of its own) gets the content
words of what it points back to. Too many words cost little, because search counts rare ones most.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import regex

from inhouse.content.sentences import sentences

#: How far back a chain of follow-ups is walked, in exchanges.
_MOST_BACK = 4
_MOST_WORDS = 14
_MOST_NAMES = 6


class Exchange(Protocol):
    """An earlier question of the conversation with its answer."""

    @property
    def question(self) -> str: ...

    @property
    def answer(self) -> str: ...


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FUNCTION = _words(
    "a an the and or but so if then than as at by for from in into of off on onto out over to up with without about "
    "i me my mine you your yours he him his she her hers it its we us our ours they them their theirs this that these "
    "those there here one ones who whom whose what which when where why how is am are was were be been being do does "
    "did done doing have has had having can could will would shall should may might must not no nor yes please tell "
    "know want like get got give need let say said ask any some all both each more most much many very too also just "
    "only still even again else other another same such ok okay thanks thank hello hi hey well really actually "
    "it's that's what's who's where's how's i'm you're don't doesn't didn't isn't aren't can't there's mean think "
    "good great nice cool wow sure right yeah yep nope explain elaborate continue detail details different difference "
    "two both either"
)
_POINTERS = _words(
    "it its they them their theirs he him his she her hers this that these those one ones there then same it's "
    "that's next afterwards both either former latter other others two explain elaborate continue detail details"
)
#: "It" that points nowhere: "how long does it take to …", "is it true that …", "what time is it".
_EMPTY_IT = regex.compile(
    r"\b(?:does|will|would|did|can) it (?:take|cost) to\b|\bis it (?:true|possible|ok|okay|safe|better|normal|worth)\b"
    r"|\bwhat (?:time|day|date) is it\b|\bit (?:is|was) (?:\w+ )?(?:that|who)\b|\bis there\b|\bare there\b|\bthere (?:is|are)\b"
    r"|\bthat (?:you|i|we|the|a|an|is|are|was|were|has|have|had|can|will)\b"
    r"|\bthis (?:year|month|week|morning|evening|summer|winter|spring|autumn|site|shop|page)\b",
    regex.IGNORECASE,
)
_OPENERS = regex.compile(
    r"\s*(?:and|but|so|then|also|or|what about|how about|what if|what else|anything else|why not|how come|since when|until when"
    r"|which one|tell me more|more|go on|such as|like what|for example|really)\b",
    regex.IGNORECASE,
)
#: These ask about something that they mostly name: "how much is the Fold Mug?", but "how much for two?"
_MEASURING = regex.compile(r"\s*(?:why(?! not)|how much|how many|for how long)\b", regex.IGNORECASE)
#: "The kiln", "your mugs", "a Fold Mug": what is asked about is named.
_NAMED = regex.compile(r"\b(?:the|your|an?) \p{L}+\s*\?*\s*$", regex.IGNORECASE)
#: "How big?", "which size?"
_SHORT = regex.compile(
    r"\s*(?:how|which|what|whose|where|when|in|with|without|for) \w+\s*\?*\s*", regex.IGNORECASE
)
#: "Which is the biggest?", "is there anything cheaper?"
_COMPARED = regex.compile(
    r"\bthe (?:\w+est|most|least|best|worst)\s*\?*\s*$"
    r"|\b(?:cheap|bigg|small|larg|new|old|light|dark|long|short|bett|fast|heavi|thick|thinn)er\s*\?*\s*$",
    regex.IGNORECASE,
)
#: These may also point to a word of the same question: "what did the Normans give their name to?"
_POSSESSIVE = _words("its their theirs his her hers")
_INTERJECTION = regex.compile(
    r"\s*(?:(?:ok|okay|oh|ah|well|great|thanks|cool|nice|hm+|yes|no|so)\b[\s,.!]*)+", regex.IGNORECASE
)
_WIDE_POINTERS = regex.compile(
    r"それ|これ|あれ|その|この(?!ごろ|頃)|あの(?!う|ー)|そこ|そちら|こちら|そっち|こっち|そんな|そう(?:なん|です|いう)|彼|同じ|後者|前者|違い|ほか|他の|もっと|別の|両方"
)
_WIDE_OPENERS = regex.compile(
    r"\s*(?:じゃあ|じゃ|では|なら|で、|あと|ほかに|他に|もっと|なぜ|どうして|なんで|いつから|いくら|例えば|たとえば|詳しく)"
)
_WIDE_TOPIC = regex.compile(
    r"[\p{Han}\p{Katakana}\p{Latin}\p{N}ーんいりみめち](?:は|が|を|の|に|で|って|も|と)"
)
_WIDE_ASKING = regex.compile(r"何[\p{Han}々]*|誰|どこ|どれ|どの|どんな|いつ|いくら")
_IS_WIDE = regex.compile(r"[\p{Hiragana}\p{Katakana}\p{Han}]")
_WIDE_CONTENT = regex.compile(r"[\p{Han}々]+|[\p{Katakana}ー]{2,}|[\p{Latin}\p{N}]{2,}")
_WIDE_EMPTY = _words(
    "何 誰 私 僕 俺 今 方 教 時 事 物 前 後 中 彼 彼女 同 本当 他 例 詳 色々 以上 質問 回答 出来 少 言 思 知 下 上"
)
_WORD = regex.compile(r"[\p{L}\p{N}][\p{L}\p{N}'’-]*")
_NAME = regex.compile(r"(?<![.!?]\s)(?<!^)\b\p{Lu}[\p{L}\p{N}'’-]+(?:\s+\p{Lu}[\p{L}\p{N}'’-]+)*")
_QUOTED = regex.compile(r"[「『“\"]([^「」『』“”\"]{2,40})[」』”\"]")


def standalone(question: str, history: Sequence[Exchange]) -> str:
    """The question, with the words that it refers to where it points back; ``history`` is oldest first."""
    if not history or not points_back(question):
        return question
    own = {word.casefold() for word in content_words(question)}
    added = [word for word in _referent(history) if word.casefold() not in own]
    return " ".join([question.strip(), *added[:_MOST_WORDS]])


def points_back(question: str) -> bool:
    """Whether the question can't be understood without what came before."""
    # "Thanks for that! Do you sell teapots?" is its second sentence.
    parts = [part for part in sentences(question) if content_words(part)] or [question]
    asked = " ".join(parts)
    return _points_back_wide(asked) if _IS_WIDE.search(asked) else _points_back(asked)


def content_words(text: str) -> list[str]:
    """The words that say what the text is about, each once, in order."""
    if _IS_WIDE.search(text):
        found = (match[0] for match in _WIDE_CONTENT.finditer(text))
        return _once(word for word in found if word not in _WIDE_EMPTY)
    words = (match[0].removesuffix("'s").removesuffix("’s") for match in _WORD.finditer(text))
    return _once(word for word in words if _plain(word) not in _FUNCTION and len(word) > 1)


def _points_back(question: str) -> bool:
    own = content_words(question)
    if not own:
        return bool(_WORD.search(question))
    rest = _EMPTY_IT.sub(" ", question)
    if any(_is_pointer(match[0], rest[: match.start()]) for match in _WORD.finditer(rest)):
        return True
    question = question.removeprefix((_INTERJECTION.match(question) or [""])[0])
    if _SHORT.fullmatch(question) or (_COMPARED.search(question) and len(own) <= 2):
        return True
    if _MEASURING.match(question):
        return len(own) <= 1 and not _NAMED.search(question)
    return _OPENERS.match(question) is not None and len(own) <= 2


def _is_pointer(word: str, before: str) -> bool:
    plain = _plain(word)
    return plain in _POINTERS and not (plain in _POSSESSIVE and content_words(before))


def _points_back_wide(question: str) -> bool:
    rest = _WIDE_ASKING.sub(" ", question)
    own = content_words(rest)
    if not own or _WIDE_POINTERS.search(question):
        return True
    if _WIDE_OPENERS.match(question) and len(own) <= 3:
        return True
    # Japanese says what it is about with a particle; a short question without one goes on with the last subject.
    if len(own) == 1 and not _WIDE_TOPIC.search(rest):
        return True
    return len(own) == 1 and len(question.strip("？?。 　")) <= len(own[0]) + 2


def _referent(history: Sequence[Exchange]) -> list[str]:
    """Content words of the nearest question that stands by itself and of those after it, newest first, then names."""
    words: list[str] = []
    for exchange in reversed(history[-_MOST_BACK:]):
        words.extend(content_words(exchange.question))
        if content_words(exchange.question) and not points_back(exchange.question):
            break
    return _once([*words, *_names(history[-1].answer)])


def _names(answer: str) -> list[str]:
    """What the last answer brought up by name: "the Moon mug", 「月のマグ」."""
    found = [match[1] for match in _QUOTED.finditer(answer[:600])]
    if _IS_WIDE.search(answer):
        found += [match[0] for match in regex.finditer(r"[\p{Katakana}ー]{3,}", answer[:200])]
    else:
        found += [match[0] for match in _NAME.finditer(answer[:400]) if _plain(match[0]) not in _FUNCTION]
    return _once(found)[:_MOST_NAMES]


def _plain(word: str) -> str:
    return word.casefold().replace("’", "'")


def _once(words: Iterable[str]) -> list[str]:
    return list({word.casefold(): word for word in words}.values())
