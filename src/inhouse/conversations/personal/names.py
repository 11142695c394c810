"""Names of persons, where the words say that one is told: "my name is …", "… here", "…と申します"."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import regex

from inhouse.conversations.personal.found import Found, groups

_HERE = Path(__file__).parent
_WORD = r"(?<![\p{L}\d])\p{Lu}[\p{L}\p{M}]{0,30}(?:['’-]\p{L}[\p{L}\p{M}]{0,30}){0,3}"
_SMALL = r"(?:de|da|del|der|di|du|dos|la|le|van|von|zu|bin|ibn|al|el)"
#: One to four words in capitals; small ones of nobility between them.
_NAME = rf"(?:(?:{_WORD}|\p{{Lu}}\.)(?: (?:{_SMALL} )?(?:{_WORD}|\p{{Lu}}\.)){{0,3}})"
#: The same however it is written: only after words that leave no doubt.
_ANY = rf"(?:{_NAME}|\p{{Ll}}[\p{{L}}'’-]{{1,30}}(?: \p{{Ll}}[\p{{L}}'’-]{{1,30}})?)"
_TITLE = r"(?:mr|mrs|ms|miss|mx|dr|prof|professor|sir|madam|frau|herr|señora?|madame|monsieur|mme)"
_KIN = (
    r"(?:wife|husband|partner|daughter|son|mother|mum|mom|father|dad|sister|brother|friend|colleague|neighbou?r|boss"
    r"|grand(?:mother|father|son|daughter)|niece|nephew|aunt|uncle|cousin|fianc[ée]e?|girlfriend|boyfriend|baby|child|cat|dog)"
)

#: What says plainly that a name follows.
_STRONG = regex.compile(
    rf"\b(?i:my (?:full |first |last |real |maiden )?name(?:['’]s| is| was)|(?:the|whose|her|his|their) names?(?:['’]s| is| was)"
    rf"|(?:sur|first ?|last ?|full ?|given ?|family ?)?name ?[:=]|(?:recipient|addressee|contact|guest|buyer)(?:['’]s name)?(?: is| will be| ?[:=])|i go by"
    rf"|{_KIN}['’]s name is|i(?:['’]m| am) called|under the names?(?: of)?|in the names? of) (?P<it>{_ANY})"
    rf"|\b(?i:call me) (?P<it>{_NAME})"
    rf"|\b(?i:(?:send|sent|ship|shipped|deliver|delivered|give|go|goes|address|addressed|made out|written)(?: (?:it|them|this|that|the \w+))?(?: be)?(?: addressed)? to) (?P<it>{_WORD} {_WORD})"
    rf"|\b(?i:{_TITLE})\.? (?P<it>{_NAME})"
    rf"|\b(?i:my {_KIN}(?:,| is| called| named)?) (?P<it>{_NAME})"
    rf"|\b(?i:happy (?:birthday|anniversary|wedding|christmas|easter|mother['’]s day|father['’]s day),?|engraved?|it['’]s) [\"“]?(?P<it>{_NAME})(?=[\"”!]| (?i:from|here|again)\b)"
    rf"|[\"“](?i:for|to|dear|love,?|from) (?P<it>{_NAME})[\"”!,]"
    rf"|\b(?i:attention|attn|c/o|f\.?a\.?o\.?|addressed to|signed by)\b[.:]? (?P<it>{_NAME})"
)
#: What may say so, if a name follows.
_WEAK = regex.compile(
    rf"\b(?i:i(?:['’]m| am)|this is) (?P<it>{_ANY})"
    rf"|\b(?i:for|to|dear) (?P<it>{_NAME})"
    # a signature: the last line, and nothing else in it
    rf"|\n[ \n]*(?P<it>{_NAME})[.!]?\s*$"
    rf"|(?:^|[.!?\n] ?)(?P<it>{_NAME}) (?:here|speaking|again)\b"
    rf"|(?i:\b(?:regards|wishes|cheers|thanks|thank you|thx|sincerely|yours|love|best|greetings|faithfully|truly|bye)\b[^\n.!?\p{{L}}]{{0,4}}"
    rf"(?:,|\n|-|–|—)|\n[-–—]|sent from my \w+ ?[-–—,]?)[ \n]*(?P<it>{_NAME})[.!]?\s*(?:$|\n)"
)
#: After these a sentence goes on that is about no person.
_VERBS = frozenset(("is", "are", "was", "will", "has", "can", "does", "do", "did", "would"))

_JA_NAME = r"[\p{Han}\p{Hiragana}\p{Katakana}々ヶ・-]"
_JA = regex.compile(
    rf"(?:お?名前|氏名|宛名|本名)(?:は|が|:|、| )+ ?(?P<it>{_JA_NAME}{{1,10}}?(?: {_JA_NAME}{{1,6}})?|\p{{Lu}}[\p{{L}} '-]{{1,30}}?)"
    r"(?=です|でした|で(?:お願い|予約|注文|送)|と(?:申|言|い|も|呼)|[。、\n]|$)"
    rf"|(?:(?<=^|[。、!?\n ])|(?<=私は|わたしは|僕は|ぼくは))(?P<it>{_JA_NAME}{{1,10}}?(?: {_JA_NAME}{{1,6}})?)と(?:申します|申す|言います|いいます|もうします)"
)
_JA_TITLE = regex.compile(
    r"(?P<it>[\p{Han}\p{Katakana}々ヶ・-]{2,8}|(?<=の)\p{Hiragana}{2,4}?)(?:様|さま|さん|氏|くん|君|ちゃん)(?!子|式)"
)
_JA_SELF = r"(?P<it>(?:{names})(?: ?[\p{{Han}}々]{{1,3}}| [\p{{Hiragana}}\p{{Katakana}}-]{{1,6}})?)(?:です|でございます|だ|様|さま|さん|氏)(?!か)"
#: Ends of words that a polite form follows, and that name no person.
_JA_NO_NAMES = tuple("客皆屋店員者家父母兄姉妹弟奥嫁婿神仏王社")
_JA_KIN = regex.compile(r"^(?:お?子|赤|お?孫|お?嬢|旦那|医者|先生|業者|患者|何|誰|色々|様々|沢山)$")


def names(text: str) -> Iterator[Found]:
    """Names of persons that are told as such. Who is merely spoken of ("Who is Bernard Leach?") is not looked for."""
    for match in _STRONG.finditer(text, overlapped=True):
        yield from _as_name(text, *match.span("it"), sure=True)
    for match in _WEAK.finditer(text, overlapped=True):
        yield from _as_name(text, *match.span("it"), sure=False)
    yield from groups("NAME", _JA, text)
    yield from groups("NAME", _ja_self(), text)
    for found in groups("NAME", _JA_TITLE, text):
        said = text[found.start : found.end]
        if not said.endswith(_JA_NO_NAMES) and not _JA_KIN.match(said):
            yield found


def _as_name(text: str, start: int, end: int, *, sure: bool) -> Iterator[Found]:
    """What of the words there is a name: up to the first that can't be of one."""
    kept = end = _end_of_name(text, start, end, sure)
    if kept <= start or regex.split("[ '’-]", text[start:end])[0].lower() in listed("places_begin"):
        return
    words = text[start:end].split()
    known = words[0].lower().rstrip(".") in listed("given_names")
    is_capital = words[0][:1].isupper()
    after = text[end:].split(maxsplit=1)
    goes_on = bool(after) and after[0].lower() in _VERBS
    if sure or (known and (is_capital or _introduces(text, start))):
        yield Found("NAME", start, end if is_capital else start + len(words[0]))
    elif is_capital and not goes_on and _introduces(text, start):
        yield Found("NAME", start, end)


def _introduces(text: str, start: int) -> bool:
    """Whether the words before are somebody's who says who they are, or who signs."""
    before = text[max(0, start - 24) : start].rstrip(" \n").lower()
    signs = text[:start].rstrip(" ").endswith("\n")
    return (
        signs
        or start == 0
        or before.endswith(("i'm", "i’m", "i am", "this is"))
        or before.endswith((",", "-", "–", "—", "."))
    )


def _end_of_name(text: str, start: int, end: int, sure: bool) -> int:
    at = start
    for match in regex.finditer(r"\S+", text[start:end]):
        word = match.group().strip(".,!?'’").lower()
        if sure and match.start() == 0 and match.group()[0].isupper() and word in listed("given_names"):
            at = start + match.end()  # "My name is Will"
            continue
        if not listed("no_names").isdisjoint((word, regex.split("['’]", word)[0])):
            break
        at = start + match.end()
    said = text[start:at].rstrip(" .")
    while said and said.split()[-1].lower() in {
        "de",
        "da",
        "van",
        "von",
        "la",
        "le",
        "bin",
        "al",
        "el",
        "di",
        "du",
    }:
        said = said.rsplit(maxsplit=1)[0] if " " in said else ""
    return start + len(said)


@cache
def listed(name: str) -> frozenset[str]:
    """The words of a list that lies here: ``given_names`` of many countries, ``family_names_ja``, ``no_names`` (words that
    stand where a name could, and are none), ``places_begin`` (first words of places that have two). In small letters."""
    return frozenset((_HERE / f"{name}.txt").read_text(encoding="utf-8").split())


@cache
def _ja_self() -> regex.Pattern[str]:
    families = sorted(listed("family_names_ja"), key=len, reverse=True)
    return regex.compile(_JA_SELF.format(names="|".join(families)))
