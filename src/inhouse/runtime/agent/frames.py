"""The forms in which people ask several things at once: prices of a list, the cheapest of some, a comparison.

Every form is a pattern with the list that it holds; what is made of it is a task for each item and one that joins them.
English and Japanese. A form only says what could be meant: ``planning.py`` asks the tools whether they understand the parts.
"""

from __future__ import annotations

from dataclasses import dataclass

import regex

_DO = r"(?:is|are|was|were|do|does|would|will|did)"
_TOGETHER = r"(?:together|altogether|all\s+together|in\s+total|in\s+all|combined)"
#: What is done to a price: taken off, put on, shared.
_TAIL = r"(?P<tail>(?:,\s*)?(?:with|at|after|less|plus|minus|split|shared|divided)\b.*?\d.*)?"
_END = r"\s*[?.!]*$"

COST = [
    regex.compile(pattern, regex.I)
    for pattern in (
        rf"^how\s+much\s+{_DO}\s+(?P<list>.+?)(?:\s+cost)?(?:\s+(?P<each>each))?(?:\s+(?P<together>{_TOGETHER}))?\s*{_TAIL}{_END}",
        rf"^what\s+(?:do|does|would|will)\s+(?P<list>.+?)\s+(?:cost|come\s+to|be)(?:\s+(?P<each>each))?(?:\s+(?P<together>{_TOGETHER}))?\s*{_TAIL}{_END}",
        rf"^(?:what(?:['’]s|\s+is|\s+are)|tell\s+me|give\s+me|find|look\s+up|work\s+out)\s+(?:the\s+)?(?P<together>total(?:\s+(?:price|cost))?|sum)\s+(?:of|for)\s+(?P<list>.+?)\s*{_TAIL}{_END}",
        rf"^(?P<together>add)(?:\s+up)?\s+the\s+(?:prices?|costs?)\s+of\s+(?P<list>.+?)\s*{_TAIL}{_END}",
        rf"^(?:what|how\s+much)\s+(?:do|would|will|must)\s+(?:i|we)\s+(?P<together>pay)\s+(?:in\s+all\s+)?for\s+(?P<list>.+?)\s*{_TAIL}{_END}",
        rf"^(?:what(?:['’]s|\s+is|\s+are)|tell\s+me|give\s+me|find|look\s+up|work\s+out|calculate)\s+(?:the\s+)?(?:prices?|costs?)\s+(?:of|for)\s+(?P<list>.+?)(?:\s+(?P<together>{_TOGETHER}))?\s*{_TAIL}{_END}",
        r"^(?:the\s+)?(?P<list>.+?)(?P<each>)(?:は|を)?(?P<together>合計(?:で)?|全部で|合わせて)(?:いくら|何円)(?:です|になります|します)?か?[？?。]*$",
        r"^(?P<list>.+?と.+?)(?:の(?:値段|価格))?は(?P<each>それぞれ)?(?P<together>(?!))?いくら(?:です|します)?か?(?P<tail>(?!))?[？?。]*$",
    )
]
#: An adjective, what is asked of each thing, and whether its greatest value is meant.
ADJECTIVES = {
    "cheapest cheaper": ("What is the price of the {name}?", False),
    "dearest dearer priciest": ("What is the price of the {name}?", True),
    "lightest lighter": ("How heavy is the {name}?", False),
    "heaviest heavier": ("How heavy is the {name}?", True),
    "tallest taller": ("How tall is the {name}?", True),
    "widest wider": ("How wide is the {name}?", True),
    "longest longer": ("How long is the {name}?", True),
    "smallest smaller": ("How big is the {name}?", False),
    "largest larger biggest bigger": ("How big is the {name}?", True),
    "fastest faster quickest quicker": ("How long does the {name} take to ship?", False),
    "一番安い 最も安い": ("{name}の値段はいくらですか？", False),
    "一番高い 最も高い": ("{name}の値段はいくらですか？", True),
}
_EXPENSIVE = {
    "most expensive": "dearest",
    "more expensive": "dearer",
    "least expensive": "cheapest",
    "less expensive": "cheaper",
}
_ADJECTIVE = r"(?:most|more|least|less)\s+expensive|" + "|".join(
    word for words in ADJECTIVES for word in words.split() if word.isascii()
)
_COSTS = r"costs?\s+(?:the\s+)?(?P<costs>least|less|most|more)|takes?\s+(?:the\s+)?(?P<takes>least|less)(?:\s+time)?"
PICK = [
    regex.compile(pattern, regex.I)
    for pattern in (
        rf"^(?:which|what)(?:\s+one)?\s+(?:(?:is|are|of\s+them\s+is)\s+(?:the\s+)?(?P<adjective>{_ADJECTIVE})|{_COSTS})(?:\s+one)?(?:\s+of|\s*:|\s*,|\s+out\s+of|\s+among|\s+between)\s+(?P<list>.+?){_END}",
        rf"^(?:which|what)\s+(?:one\s+)?(?:of|among|out\s+of)\s+(?P<list>.+?)\s+(?:(?:is|are)\s+(?:the\s+)?(?P<adjective>{_ADJECTIVE})|{_COSTS})(?:\s+one)?{_END}",
        rf"^(?:out\s+of|of|among|between)\s+(?P<list>.+?),\s*(?:which|what)(?:\s+one)?\s+(?:(?:is|are)\s+(?:the\s+)?(?P<adjective>{_ADJECTIVE})|{_COSTS})(?:\s+one)?{_END}",
        rf"^(?:(?:what|which)(?:['’]s|\s+is)|find|tell\s+me)\s+the\s+(?P<adjective>{_ADJECTIVE})(?:\s+one)?\s+(?:of|among|out\s+of|between)\s+(?P<list>.+?){_END}",
        rf"^(?:what|which)(?:['’]s|\s+is)\s+(?P<adjective>cheaper|lighter|heavier|taller|wider|longer|smaller|larger|bigger|faster|more\s+expensive|less\s+expensive)\s*[,:]?\s+(?P<list>.+?){_END}",
        r"^(?P<list>.+?)(?:の中で|のうち、?)(?P<adjective>一番安い|最も安い|一番高い|最も高い)のは(?:どれ|何)(?:です)?か?[？?。]*$",
    )
]
_SAY = r"(?:say|says|write|writes|tell|tells|think|thinks|have\s+to\s+say)"
_OF_WHAT = (
    r"(?:compare|make\s+(?:me\s+)?a\s+(?:table|comparison)\s+of|show\s+(?:me\s+)?(?:in\s+a\s+table\s+)?)"
)
_TABLE = r"(?P<table>[,\s]*(?:and\s+)?(?:(?:put|show|list|give)\s+(?:it|them|that|this|the\s+(?:result|answer)s?)?\s*(?:all\s+)?)?(?:in|into|as)\s+a\s+table)?"
COMPARE = [
    regex.compile(pattern, regex.I)
    for pattern in (
        rf"^{_OF_WHAT}\s+what\s+(?P<list>.+?)\s+(?:each\s+)?{_SAY}\s+(?:about|on|regarding|of)\s+(?P<topic>.+?){_TABLE}{_END}",
        rf"^(?:compare|show)\s+(?:the\s+)?(?P<column>[\p{{L}} ,-]+?)\s+of\s+(?P<list>.+?){_TABLE}{_END}",
        rf"^compare\s+(?P<list>.+?)\s+(?:on|by|for|in\s+terms\s+of|regarding|in)\s+(?!a\s+table)(?P<column>.+?){_TABLE}{_END}",
        rf"^what\s+(?:do|does|did)\s+(?P<list>.+?)\s+(?P<each>each\s+)?{_SAY}\s+(?:about|on|regarding)\s+(?P<topic>.+?){_TABLE}{_END}",
        r"^(?P<list>.+?)(?:を)(?P<column>.+?)(?:で|について)(?:比較して|比べて)(?:、?(?P<table>表にして))?(?:ください)?[。]*$",
        r"^(?P<list>.+?)(?:が|は)(?P<topic>.+?)について(?:何|なん)と(?:言って|書いて)いますか?(?P<table>(?!))?[？?。]*$",
    )
]
#: "What does A say about it?", after "what does B say about firing?".
SAME_TOPIC = regex.compile(r"(?:it|that|this|the\s+same)", regex.I)
SAYS = regex.compile(
    rf"^(?:what\s+(?!(?:does|do|did)\b)(?P<list>.+?)|what\s+(?:does|did|do)\s+(?P<list>.+?)|(?:tell\s+me\s+|find\s+(?:out\s+)?|look\s+up\s+)what\s+(?P<list>.+?))\s+{_SAY}\s+(?:about|on|regarding)\s+(?P<topic>.+?)"
    + _END,
    regex.I,
)
EACH = regex.compile(
    r"^for\s+each\s+of\s+(?P<list>.+?),\s*(?P<question>(?:tell\s+me\s+|find\s+|look\s+up\s+)?.+?)" + _END,
    regex.I,
)
TABLE = regex.compile(
    r"^(?:please\s+)?(?:put|show|list|give|make|write)\s+(?:me\s+)?(?:it|them|that|this|these|everything|the\s+\w+|a\s+table)?\s*(?:all\s+)?(?:(?:in|into|as)\s+a\s+table|of\s+(?:it|them|that))"
    + _END
    + r"|^(?:それを|これを)?表に(?:して|まとめて)(?:ください)?[。]*$",
    regex.I,
)
#: "What is that in inches?", "how tall is the jug in feet?"
CONVERT = regex.compile(
    r"^(?P<question>(?:how\s+(?:tall|high|wide|deep|long|big|large|heavy|much)|what|the\s+\p{L}+\s+of).+?)\s+(?:in|into|to)\s+(?P<unit>[a-z]+(?:\s[a-z]+)?)"
    + _END,
    regex.I,
)
EVENT = regex.compile(
    r"^how\s+(?:many\s+(?P<days>days)|long)(?:\s+(?:is\s+it|is\s+there|are\s+there|there\s+are|it\s+is|are\s+left|is\s+left))?\s+(?:until|till|to|before)\s+"
    r"(?P<event>(?:the|your|our|my|next)\b.+?|(?-i:\p{Lu}).+?)(?:\s+(?:begins?|starts?|opens?|is|comes|takes\s+place))?"
    + _END,
    regex.I,
)
AFTER_EVENT = regex.compile(
    r"^(?:what|which)\s+(?:date|day)\s+is\s+(?:it\s+)?(?P<step>\d+\s+(?:working\s+)?(?:day|week|month)s?\s+(?:after|before))\s+(?P<event>(?:the|your|our|next)\b.+?)"
    + _END,
    regex.I,
)
ARRIVES = regex.compile(
    r"^(?:when|how\s+soon|what\s+(?:date|day))\s+(?:would|will|does|do|can|could)\s+(?P<list>.+?)\s+(?:arrive|be\s+(?:here|ready|delivered|sent|shipped)|get\s+here|ship|come)"
    r"(?:\s+(?:if\s+(?:i|we)\s+order(?:\s+(?:it|one|them))?\s*(?:today|now)?|if\s+(?:it\s+is\s+|it['’]s\s+)?ordered\s*(?:today|now)?|from\s+today))?"
    + _END,
    regex.I,
)

#: "And what about Ash Clay?", after a question about another.
ALIKE = regex.compile(
    r"^(?:and\s+)?(?:what|how)\s+(?:about|by|of|at|with|for)\s+(?P<list>.+?)" + _END, regex.I
)

# What refers to tasks before.
TOTAL = regex.compile(
    rf"\badd(?:ed)?\s+(?:(?:it|them|these|those|all)\s+)+(?:up|together)\b|\b(?:the\s+|their\s+)?(?:total|sum)\b(?!\s+of\s+(?!them|both|all|these|those|the\s+(?:two|three|four)))|\b{_TOGETHER}\b|合計|全部で|合わせて",
    regex.I,
)
DIFFERENCE = regex.compile(
    r"\bdifference\b(?:\s+in\s+(?:price|weight|size|cost))?(?:\s+between\s+(?:them|the\s+two|both))?"
    + _END
    + r"|\bhow\s+much\s+(?:cheaper|more|less|dearer|heavier|lighter)\b",
    regex.I,
)
PICKED = regex.compile(
    rf"^(?:and\s+)?(?:which|what)(?:\s+one)?(?:\s+of\s+(?:them|these|those|the\s+(?:two|three|four)))?\s+(?:(?:is|are)\s+(?:the\s+)?(?P<adjective>{_ADJECTIVE})|{_COSTS})(?:\s+one)?(?:\s+of\s+(?:them|these|those|all))?{_END}"
    r"|^(?:どれが|どちらが)?(?P<adjective>一番安い|最も安い|一番高い|最も高い)(?:のは(?:どれ|どちら))?(?:です)?か?[？?。]*$",
    regex.I,
)
#: "What does the cheapest cost with 10% off?", of things that were asked about before.
THE_MOST = regex.compile(rf"\b(?:the|your)\s+(?P<adjective>{_ADJECTIVE})(?:\s+one|\s+of\s+them)?\b", regex.I)
#: Two names or more of two words or more: what is asked of them together can be asked of each.
FULL_NAME = regex.compile(r"(?<=\s)\p{Lu}[\p{L}'’&-]*(?:\s+\p{Lu}[\p{L}'’&-]*)+")
_FULL_NAME = r"(?-i:\p{Lu}[\p{L}'’&-]*(?:\s+\p{Lu}[\p{L}'’&-]*)+)"
NAMES = regex.compile(
    rf"(?P<verb>\b(?:do|are|were|have)\s+)(?:the\s+)?(?P<list>{_FULL_NAME}(?:\s*,\s*(?:the\s+)?{_FULL_NAME})*\s*,?\s+(?:and|or)\s+(?:the\s+)?{_FULL_NAME})",
    regex.I,
)
TOGETHER = regex.compile(
    r"\b(?:between|difference|versus|both|together|each\s+other|married|better|compared?)\b", regex.I
)
ONE = {"do": "does", "are": "is", "were": "was", "have": "has"}
OFF = regex.compile(
    r"(?P<part>\d+(?:\.\d+)?)\s?(?:%|percent|パーセント)\s*(?:off|discount|less|reduction|引き|オフ|割引)",
    regex.I,
)
ON_TOP = regex.compile(
    r"(?:with|plus|including|and|add(?:ing)?)\s+(?P<part>\d+(?:\.\d+)?)\s?(?:%|percent)\s+(?:vat|tax|sales\s+tax|tip|on\s+top|more|extra)",
    regex.I,
)
SHARED = regex.compile(
    r"\b(?:split|shared?|divided?)\s+(?:(?:it|them|that|this|the\s+\p{L}+)\s+)?(?:equally\s+)?(?:between|among|by)\s+(?:the\s+)?(?P<part>\d+|two|three|four|five|six|eight|ten)\b",
    regex.I,
)
TIMES = regex.compile(
    r"\b(?P<part>\d{1,3}|two|three|four|five|six|seven|eight|nine|ten|twelve)\s+of\s+(?:them|those|these|it)\b|\btimes\s+(?P<part>\d{1,3})\b",
    regex.I,
)
IN_UNIT = regex.compile(
    r"\b(?:it|that|this|the\s+result|which)\b.*?\b(?:in|into|to)\s+(?P<unit>[a-z]+(?:\s[a-z]+)?)"
    + _END
    + r"|\bhow\s+many\s+(?P<unit>[a-z]+(?:\s[a-z]+)?)\s+(?:is|are)\s+(?:it|that|this)\b",
    regex.I,
)
UNTIL_THEN = regex.compile(
    r"how\s+(?:many\s+days|long)\b.*\b(?:until|till|to|before)\s+(?:then|that(?:\s+(?:day|date))?|it|the\s+(?:day|date))"
    + _END
    + r"|how\s+many\s+days\s+away\s+is\s+(?:it|that)"
    + _END
    + r"|(?:それ|その日)まで(?:あと)?何日",
    regex.I,
)
STEP_AFTER = regex.compile(
    r"(?P<step>\d+\s+(?:working\s+)?(?:day|week|month)s?\s+(?:earlier|later))"
    + _END
    + r"|(?P<step>\d+\s+(?:working\s+)?(?:day|week|month)s?\s+(?:after|before|from))\s+(?:then|that(?:\s+(?:day|date))?|it|the\s+(?:day|date))"
    + _END,
    regex.I,
)
WEEKDAY = regex.compile(
    r"(?:what|which)\s+(?:day\s+of\s+the\s+week|weekday|day)\s+is\s+(?:that|it|then)" + _END, regex.I
)
ARRIVAL = regex.compile(
    r"(?:when|what\s+(?:date|day))\s+(?:would|will|is|does)\s+(?:it|that|one|they|the\s+(?:order|parcel))\b.*(?:\btoday\b|\barrive|\bhere\b|\bship)"
    r"|what\s+(?:date|day)\s+is\s+that,?\s+(?:counted\s+)?from\s+today",
    regex.I,
)
POINTER = regex.compile(
    r"\b(?:it|its|they|them|their|that\s+one|this\s+one|the\s+(?:cheapest|cheaper|dearest|lightest|heaviest|fastest)(?:\s+one)?|that|this)\b|それ|その(?=[\p{Han}\p{Hiragana}])",
    regex.I,
)


_WORKED_OUT = regex.compile(
    rf"\b{_TOGETHER}\b|\bthe\s+(?:total|sum|difference|average)\b|\b(?:split|shared|divided?)\b.*\b(?:between|among|by)\b|\d\s?%\s+(?:off|discount)"
    r"|\b(?:add|added)\b.*\bup\b|\bconvert\b|合計|合わせて|引き",
    regex.I,
)


def wants_working_out(question: str) -> bool:
    """Whether a question wants something that stands nowhere as it is: a total, a reduced price, a share."""
    return _WORKED_OUT.search(question) is not None


@dataclass(frozen=True)
class Adjective:
    """A comparison: in which word, what is asked of each thing, and which end is meant."""

    word: str
    question: str
    most: bool


def adjective(found: regex.Match[str]) -> Adjective | None:
    """The comparison that a match names."""
    groups = found.groupdict()
    word = " ".join((groups.get("adjective") or "").lower().split())
    if not word and (end := groups.get("costs")):
        word = "cheapest" if end.lower() in ("least", "less") else "most expensive"
    if not word and groups.get("takes"):
        word = "fastest"
    plain = _EXPENSIVE.get(word, word)
    for words, (question, most) in ADJECTIVES.items():
        if plain in words.split():
            return Adjective(word, question, most)
    return None
