"""Where somebody lives: streets with their numbers, and postcodes."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from inhouse.conversations.personal.found import Found, groups

_KIND = (
    r"(?:street|str|st|road|rd|avenue|ave|lane|ln|drive|dr|courts?|ct|place|pl|boulevard|blvd|way|square|sq|terrace|crescent"
    r"|close|highway|hwy|parkway|pkwy|grove|gardens|row|hill|mews|walk|quay|circle|cir|trail|alley)"
)
_POSTCODE = r"(?:(?-i:[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})|(?-i:[A-Z]{2}),? \d{5}(?:-\d{4})?)"
_FLAT = r"(?:flat|apt|apartment|unit|suite|room|floor)\.? ?\w{1,5}"
#: A part of an address after its street: a flat, a town, a postcode.
_MORE = rf"(?:,? \#?{_FLAT}|,? {_POSTCODE}|, (?-i:\p{{Lu}}[\p{{L}}'’.-]+)(?: (?-i:\p{{Lu}}[\p{{L}}'’.-]+)(?![\p{{L}}\d]))*|,? \d{{4,5}} (?-i:\p{{Lu}}[\p{{L}}-]+))"
_ADDRESS = regex.compile(
    rf"\b(?P<it>(?:{_FLAT}, )?\d{{1,5}}[a-z]?,? (?:[NSEW]\.? )?(?:[\p{{L}}\d'’.-]{{1,30}} ){{1,3}}{_KIND}\b\.?{_MORE}{{0,4}})"
    rf"|\b(?P<it>(?-i:\p{{Lu}})[\p{{L}}-]{{0,40}}(?:straße|strasse|str\.|weg|platz|allee|gasse|ufer|damm|ring) \d{{1,4}}(?:[/-]\d+)? ?[a-z]?\b{_MORE}{{0,3}})"
    rf"|\b(?P<it>\d{{1,4}}(?: ?bis)?,? (?:rue|avenue|boulevard|chemin|allée|impasse|quai|cours|via|calle|rua)"
    rf"(?: (?:de|du|des|la|le|les|l'|d'|del|della|di)){{0,2}} ?[\p{{L}}'’-]+(?: (?-i:\p{{Lu}})[\p{{L}}'’-]+)*{_MORE}{{0,3}})"
    # the way most of Europe writes it: street and number, postcode and town
    r"|\b(?P<it>(?-i:\p{Lu})[\p{L}'’.-]{1,30}(?: [\p{L}'’.-]{1,30}){0,3} \d{1,4} ?[a-z]?, (?:[A-Z]{1,2}-)?\d{4,5}(?: ?[A-Z]{2})? (?-i:\p{Lu})[\p{L}-]+)"
    r"|\b(?P<it>(?:ul\.|al\.|os\.|pl\.|ulica|plac|aleja|osiedle) [\p{L}'’. -]{2,40}? \d{1,4} ?[a-z]?\b(?:/\d+)?)"
    r"|\b(?P<it>P\.? ?O\.? ?Box \d+)"
    r"|(?P<it>(?-i:\b(?:GIR ?0AA|[A-PR-UWYZ][A-HK-Y]?\d[A-Z\d]? \d[ABD-HJLNP-UW-Z]{2})\b))"
    r"|\b(?:zip|post|postal)[ -]?codes?(?: is|:)? (?P<it>[A-Z\d][A-Z\d -]{2,8}[A-Z\d])\b"
    r"|郵便番号\s?(?:は|が|:|、)?\s?(?P<it>\d{3}-?\d{4})"
    # Japanese, from the largest to the smallest: only with a house number
    r"|(?P<it>〒 ?\d{3}-?\d{4}(?: ?(?=\p{Han})[\p{Han}\p{Hiragana}\p{Katakana}々ヶケ]{0,40}\d[\d丁目番地号の-]*)?)"
    r"|(?P<it>(?:[\p{Han}ヶケ々]{2,3}[都道府県])?[\p{Han}\p{Katakana}ヶケ々]{1,6}[市区郡町村][\p{Han}\p{Hiragana}\p{Katakana}ヶケ々]{0,24}?"
    r"[\d〇一二三四五六七八九十]+(?:丁目|番地?|号|条|-)[\d〇一二三四五六七八九十丁目番地号条西東南北の-]*)",
    regex.I,
)
#: Words of an address, as they are written in it: capitals, numbers, and the small words of names.
_TOKEN = (
    r"(?:\p{Lu}[\p{L}'’.-]{0,30}|\d[\d/-]{0,10}[a-zA-Z]?|de|la|las|los|el|del|di|da|du|des|le|les|of|the|sur|am|an|im|der|dem|und|y"
    r"|ul\.|al\.|pl\.|os\.|ulica|plac|aleja|osiedle|rue|avenue|boulevard|chemin|place|via|viale|piazza|calle|rua)"
)
_SEPARATOR = r"(?:\s?,\s?|[ \n])"
#: What ends one: a postcode, with its state before it or its town behind.
_END = (
    r"(?:[A-Z]{1,2}\d[A-Z\d]{0,2} ?\d[A-Z]{2}|[A-Z]{2,3},? \d{4,5}(?:-\d{4})?|\d{2}-\d{3} \p{Lu}[\p{L}-]+|\d{3} ?\d{2} \p{Lu}[\p{L}-]+"
    r"|\p{Lu}[\p{L}]+ ?- ?\d{6}|\p{Lu}[\p{L}' -]+, \d{5})"
)
_WRITTEN = regex.compile(
    rf"(?<![\p{{L}}\d]){_TOKEN}(?:{_SEPARATOR}{_TOKEN}){{0,14}}?{_SEPARATOR}{_END}(?:{_SEPARATOR}?\p{{Lu}}[\p{{L}}-]+)*(?![\p{{L}}\d])"
)
#: What is called an address, up to where the sentence goes on.
_TOLD = regex.compile(
    r"\b(?:(?:my|our|the|shipping|delivery|home|billing|postal|new|old|full) address(?: is(?: now)?| ?[:=])|address ?[:=]|(?:i|we) (?:now )?live (?:at|in))\s+"
    r"(?P<it>(?=[^\n?!]{0,60}\d)(?![^\n,]{0,12}\b(?:house|flat|apartment|town|village|city|place) (?:of|with|from))[\p{L}\d][^\n?!]{4,140}?)"
    r"(?=[.?!]?\s*(?:$|\n)|[.?!] \p{Lu}|,? (?:please|thanks|thank you|and (?:i|my|we|it|the)|is|are|can|could|how|what|do|does|will|but|so|if|when)\b)",
    regex.I,
)
#: What looks like a street with a number and is none.
_NOT_A_STREET = regex.compile(
    r"\b(?:january|february|march|april|may|june|july|august|september|october|november|december|days?|weeks?|hours?|minutes?|years?|times?|people|mugs?|bowls?|plates?|pieces|percent|more|different|of|in|on|at|for|and|to|by|with|from|want|the way)\b",
    regex.I,
)


def addresses(text: str) -> Iterator[Found]:
    """Addresses and postcodes."""
    yield from groups("ADDRESS", _TOLD, text)
    for match in _WRITTEN.finditer(text):
        if sum(word[:1].isdigit() for word in match.group().split()) > 1:
            yield Found("ADDRESS", match.start(), match.end())
    for found in groups("ADDRESS", _ADDRESS, text):
        if not _NOT_A_STREET.search(text[found.start : found.end]):
            yield found
