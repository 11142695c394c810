"""Greetings, thanks and their kin: what a person says to be friendly, and what is left to answer besides.

Only what is certain is named here; everything else goes on to the search, which knows whether there is an answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import regex

from inhouse.brief.brief import Brief, Lines

Kind = Literal["greeting", "thanks", "small_talk", "farewell"]

_EDGE = r"[\s,.!?;:~…、。！？ー〜♪)(\p{Emoji_Presentation}❤️🙏-]*"
_NAME = r"(?:\s+(?:there|all|everyone|folks|team|guys|again|friend|you two))?"

#: Tried in order at the head of the message; what follows a match is looked at again.
_WORDS: tuple[tuple[Kind, str], ...] = (
    (
        "small_talk",
        r"(?:so |and )?how(?:'s| is| are)(?: you| things| it going| your day| everything| life)(?: doing| going)?(?: today| tonight| this morning)?"
        r"|what'?s up|(?:are )?you (?:ok|okay|all right|alright)"
        r"|(?:nice|good|great|lovely|pleased) to (?:meet|see) you"
        r"|お?元気です?(?:か)?|調子はどう(?:ですか)?|ご機嫌いかがですか|はじめまして|初めまして",
    ),
    (
        "greeting",
        rf"(?:hello|hi|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening|day)|welcome back){_NAME}"
        rf"|(?:morning|afternoon|evening){_NAME}(?=\s*(?:$|[,.!;:…]))"
        r"|(?:is )?(?:any|some)(?:body|one) (?:there|here|home|around)|are you there"
        r"|こんにちは|こんにちわ|こんばんは|おはよう(?:ございます)?|やあ|どうも|もしもし|お世話になっております|お世話になります",
    ),
    (
        "thanks",
        r"(?:(?:ok|okay|oh|ah|great|perfect|cool|awesome|wonderful|brilliant|lovely|super|wow|amazing|got it)[,.! ]+)*"
        r"(?:(?:i'?m |we'?re |all )?(?:(?:very )?(?:fine|good|well)|not (?:too )?bad)[, ]+)?"
        r"(?:thank(?:s| you)(?: (?:so|very) much| a lot| again| kindly| for (?:your|the|all)(?: \w+){1,3}| for that)?|cheers|many thanks|much appreciated"
        r"|that(?:'s| is| was) (?:really |very |so |super )?(?:helpful|great|perfect|lovely|wonderful|all|good to know|nice|kind(?: of you)?)"
        r"|you(?:'re| are) (?:really |very |so |the )?(?:helpful|great|kind|best|awesome|amazing|funny|sweet|lovely)"
        r"|(?:great|perfect|cool|awesome|wonderful|brilliant|lovely|nice|ok|okay|got it|good to know|i see|sounds (?:good|great|lovely)|makes sense"
        r"|(?:that'?s |how |very |so )?(?:interesting|fascinating|impressive|neat|funny|exciting)|fair enough|good (?:point|to hear)|(?:i )?love (?:it|that)"
        r"|no (?:problem|worries)|never ?mind|of course)"
        r"(?=\s*(?:$|[,.!;:…]))|wow|oh|aha?|ha(?:ha)+|lol|hm+)"
        r"|(?:本当に|どうも|大変)?ありがとう(?:ございます|ございました)?|助かりました|助かります|なるほど|わかりました|分かりました|了解(?:です|しました)?|すごい(?:ですね)?|いいですね|うれしいです|嬉しいです"
        r"|へえ+|面白い(?:です)?ね?|おもしろい(?:です)?ね?|さすが(?:です)?ね?|よかった(?:です)?|よろしく(?:お願いします|お願いいたします)?|大丈夫です",
    ),
    (
        "farewell",
        r"(?:ok[,! ]+)?(?:good ?bye|bye(?: bye)?|see (?:you|ya)(?: then| there)?(?: later| soon| around| tomorrow| tonight| next \w+|(?: on)? (?:mon|tues|wednes|thurs|fri|satur|sun)day)?|farewell|take care|good ?night"
        r"|have a (?:nice|good|great|lovely) (?:day|evening|weekend|one|night))"
        r"|さようなら|さよなら|またね|また来ます|ではまた|それでは(?:失礼します)?|失礼します|おやすみ(?:なさい)?|バイバイ",
    ),
)
_PATTERNS = [
    (
        kind,
        regex.compile(
            rf"{_EDGE}(?:{words}){_EDGE}(?=$|(?<=[^\p{{L}}\p{{N}}])|[\u3040-\u30ff\u4e00-\u9fff])", regex.I
        ),
    )
    for kind, words in _WORDS
]
#: Thanks at the end of something else: "That's reassuring, thank you."
_THANKS = regex.compile(r"\b(?:thanks|thank you)\b|ありがとう", regex.I)
_MOST_EXCLAIMED = 8


@dataclass(frozen=True)
class SmallTalk:
    """What kind of friendliness a message begins with, and the rest of it (empty where that was all)."""

    kind: Kind
    rest: str


def recognise(message: str) -> SmallTalk | None:
    """Take friendly words off the head of a message; ``None`` where there are none.

    The last kind before the rest counts: "Hi! How are you?" is small talk. A rest without a letter is dropped.
    """
    kind: Kind | None = None
    rest = message.strip()
    while rest and (found := _head(rest)) is not None:
        kind, rest = found
    if kind is None and _THANKS.search(message) and not asks(message):
        return SmallTalk("thanks", "")
    return None if kind is None else SmallTalk(kind, rest)


def lines(brief: Brief, kind: Kind) -> Lines:
    """The brief's lines for that kind."""
    voice = brief.voice
    return {
        "greeting": voice.greeting,
        "thanks": voice.thanks,
        "small_talk": voice.small_talk,
        "farewell": voice.farewell,
    }[kind]


_ASKS = regex.compile(
    r"[?？]\s*$"
    r"|^\W*(?:who|what(?! an? [^?]*!)|whats|when|where|why|which|whose|whom|how|is|are|was|were|do|does|did|can|could|will|would|should|"
    r"may|have|has|had|tell me|explain|describe|define|give me|show me|list|name|find|compare|recommend|suggest|"
    r"work out|calculate|compute|convert|add up|look up|search for|summari[sz]e|make (?:me )?an? (?:table|list|summary)|"
    r"i (?:need|want|would like|'d like) to know|i(?:'m| am) (?:looking for|wondering|curious)|any)\b"
    r"|[,:;.] (?:please )?(?:tell|give|show) me\b|(?:\S+\s+){3,}\S+[?？](?:\s|$)"
    r"|(?:ですか|ますか|でしょうか|ませんか|かな|の)[。?？]*$|教えて|知りたい|って何|とは[。?？]*$"
    r"|(?:何|誰|いつ|どこ|なぜ|どう|どの|どれ|いくら|いくつ)",
    regex.I,
)


def asks(message: str) -> bool:
    """Whether a message wants to know something, rather than only says something."""
    return _ASKS.search(message) is not None


def exclaims(message: str) -> bool:
    """Whether a message is an outcry that nothing has to be looked up for: "Oh no!", "What a story!"."""
    return (
        message.rstrip().endswith(("!", "！"))
        and len(message.split()) <= _MOST_EXCLAIMED
        and not asks(message)
    )


def _head(message: str) -> tuple[Kind, str] | None:
    for kind, pattern in _PATTERNS:
        match = pattern.match(message)
        if match is not None and match.end() > 0:
            rest = message[match.end() :].strip()
            return kind, rest if regex.search(r"[\p{L}\p{N}]", rest) else ""
    return None
