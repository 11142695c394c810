"""Requests that a table answers without doubt: every word of them is a name in it, a column, a condition, or says nothing.

"How much is the Fold Mug?" and "Which bowls are under £40?" are read here by rules; what has a word left over is left to
a model.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import regex

from inhouse.content import lexical
from inhouse.runtime.extensions.base import Json
from inhouse.runtime.extensions.table.columns import Column, Kind
from inhouse.runtime.extensions.table.reading import Sheet

_MOST_CHARS = 300
_MOST_VALUES, _LONGEST_VALUE = 200, 40
_MOST_LISTED = 10
_WORD = regex.compile(r"[\p{L}\p{N}\p{M}]+(?:['’][\p{L}]+)?")
_SPACELESS = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}ー々〆]")
_AMOUNT = r"(?P<amount>(?:[£$€¥]\s?)?\d[\d.,]*(?:\s?(?:%|円|kg|mg|g|ml|cl|l|mm|cm|km|oz|lb|days?|weeks?)\b)?)"
#: What a number is compared by, the strictest words first.
_COMPARED = [
    (regex.compile(rf"\b(?:{words})\s+{_AMOUNT}", regex.I), operator)
    for words, operator in (
        (r"(?:no|not)\s+more\s+than|at\s+most|up\s+to|within", "<="),
        (r"(?:no|not)\s+less\s+than|at\s+least", ">="),
        (
            r"under|below|less\s+than|cheaper\s+than|lighter\s+than|smaller\s+than|fewer\s+than|faster\s+than",
            "<",
        ),
        (r"over|above|more\s+than|heavier\s+than|bigger\s+than|larger\s+than", ">"),
    )
]
_OR_LESS = regex.compile(rf"\b(?:in|for)\s+{_AMOUNT}\s+or\s+(?:less|fewer|under)\b", regex.I)
_FILLERS = frozenset(
    [
        "a",
        "all",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "can",
        "come",
        "comes",
        "could",
        "do",
        "does",
        "each",
        "find",
        "for",
        "from",
        "get",
        "give",
        "got",
        "had",
        "has",
        "have",
        "here",
        "i",
        "in",
        "is",
        "list",
        "look",
        "lookup",
        "many",
        "me",
        "much",
        "my",
        "of",
        "offer",
        "on",
        "one",
        "ones",
        "or",
        "our",
        "out",
        "please",
        "sell",
        "show",
        "some",
        "than",
        "that",
        "the",
        "then",
        "there",
        "to",
        "up",
        "us",
        "was",
        "we",
        "what",
        "what's",
        "whats",
        "which",
        "who",
        "will",
        "with",
        "would",
        "you",
        "your",
        "now",
        "there's",
    ]
)
_JAPANESE_FILLERS = regex.compile(
    r"について|教えて(?:ください)?|ください|ですか|ますか|でしょうか|ありますか|どれ|どの|いくつ|です|ます|は|が|の|を|に|で|と|か|も|[、。？?！\s]"
)


@dataclass(frozen=True)
class _Aspect:
    """Something that is asked of a thing in words of its own, and the columns that tell it."""

    asked: str
    labels: frozenset[str]
    units: frozenset[str] = frozenset()
    least: str = "(?!)"
    most: str = "(?!)"

    def fits(self, column: Column) -> bool:
        """Whether the column tells it."""
        if "price" in self.labels and column.is_money:
            return True
        return bool(self.labels & set(column.label.split())) or (
            column.kind is Kind.NUMBER and column.unit in self.units
        )


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_ASPECTS = (
    _Aspect(
        r"how\s+(?:long|many\s+days|fast|soon)\s+(?:does|do|will|would|can)(?=.*\b(?:ship|arrive|deliver|delivered|take|ready|dispatch)\b)"
        r"|\btakes?\s+to\s+(?:ship|arrive|deliver|be\s+(?:delivered|ready|dispatched))|\btakes?\b|\bships?\b|\bshipping\s+time\b|\bdelivery\s+time\b|\blead\s+time\b",
        _set("ships shipping delivery dispatch lead"),
        least="fastest|quickest|soonest",
        most="slowest",
    ),
    _Aspect(
        r"how\s+much\s+(?=.*\bholds?\b)|\bholds?\b|\bcapacity\b|\bvolume\b|容量",
        _set("capacity volume holds 容量"),
        _set("ml cl l"),
    ),
    _Aspect(
        r"how\s+heavy|\bweigh(?:s|t|ts)?\b|how\s+much\s+(?=.*\bweighs?\b)|重さ|重量",
        _set("weight mass 重さ 重量"),
        _set("kg g mg lb oz"),
        "lightest",
        "heaviest",
    ),
    _Aspect(
        r"how\s+(?:tall|high)|\bheights?\b|高さ",
        _set("height 高さ"),
        least="lowest|shortest",
        most="tallest|highest",
    ),
    _Aspect(r"how\s+wide|\bwidths?\b|幅", _set("width 幅"), least="narrowest", most="widest"),
    _Aspect(r"how\s+deep|\bdepths?\b|深さ", _set("depth 深さ"), least="shallowest", most="deepest"),
    _Aspect(r"how\s+long|\blengths?\b|長さ", _set("length 長さ"), least="shortest", most="longest"),
    _Aspect(
        r"how\s+(?:big|large)|\bsizes?\b|\bdiameters?\b|サイズ|直径|大きさ",
        _set("size diameter サイズ 直径 大きさ"),
        least="smallest",
        most="largest|biggest",
    ),
    _Aspect(
        r"\bcosts?\b|\bprices?\b|\bpriced\b|how\s+much\s+(?:is|are|for|do|does|would|will)|how\s+expensive|いくら|値段|価格",
        _set("price cost 価格 値段"),
        least=r"cheapest|least\s+expensive|一番安い|最も安い|最安",
        most=r"most\s+expensive|dearest|priciest|一番高い|最も高い",
    ),
)
_MANY = regex.compile(r"\bhow\s+many\s+(?!days)|いくつ", regex.I)
#: Words that ask for a list of rows: "to Calder Clay" alone asks for none.
_LISTED = regex.compile(
    r"\b(?:which|what|show|list|find|give|look|any|are\s+there|there\s+are|do\s+you\s+(?:have|sell)|have\s+you\s+got)\b"
    r"|どれ|どの|ありますか|教えて",
    regex.I,
)
_TOLD = regex.compile(r"\btell\s+me\s+(?:more\s+)?about\b|\bdo\s+you\s+(?:have|sell)\b", regex.I)


@dataclass
class _Look:
    """A request, and which of its characters are accounted for."""

    text: str
    taken: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.taken = [False] * len(self.text)

    def find(self, pattern: str | regex.Pattern[str]) -> regex.Match[str] | None:
        """The first match none of whose characters was taken before; it is taken."""
        compiled = regex.compile(pattern, regex.I) if isinstance(pattern, str) else pattern
        for found in compiled.finditer(self.text):
            if not any(self.taken[found.start() : found.end()]):
                self.take(found.start(), found.end())
                return found
        return None

    def take(self, start: int, end: int) -> None:
        """These characters are accounted for."""
        self.taken[start:end] = [True] * (end - start)

    @property
    def rest(self) -> str:
        """What nobody has accounted for."""
        return "".join(" " if gone else mark for mark, gone in zip(self.text, self.taken, strict=True))


@dataclass(frozen=True)
class _Phrase:
    """A name or a value of the table by its stems."""

    stems: tuple[str, ...]
    value: str
    column: int


class Requests:
    """Reads requests for one table of, say, "products"."""

    def __init__(self, title: str, sheet: Sheet) -> None:
        self._sheet = sheet
        names = dict.fromkeys(row[sheet.name_at] for row in sheet.rows)
        wide = sorted(filter(_SPACELESS.search, names), key=len, reverse=True)
        plain = {name: unicodedata.normalize("NFKC", name) for name in wide}
        self._wide = [(name, plain[name], plain[name].casefold()) for name in wide]
        self._phrases: defaultdict[str, list[_Phrase]] = defaultdict(list)
        for phrase in _phrases(sheet):
            self._phrases[phrase.stems[0]].append(phrase)
        self._sorts = {stems[-1] for stems in map(_stems, names) if len(stems) > 1}
        self._title = {
            *_stems(title),
            *(stem for name in ("products", "items", "things") for stem in _stems(name)),
        }

    def look_up(self, request: str) -> Json | None:
        """The arguments of a look-up, where every word is accounted for."""
        if _MANY.search(request):
            return None
        read = self._read(request)
        if read is None:
            return None
        names, asked, where, sort, words = read
        if len(names) > 1 or (names and (where or sort)) or not (names or where or sort):
            return None
        if not names and not sort and not _LISTED.search(request):
            return None
        if names:
            where = [_is(self._sheet.columns[self._sheet.name_at], names[0])]
        made: Json = {"where": where}
        if words and not names:
            made["words"] = words
        if sort is not None:
            made |= {"sort": sort, "limit": 1}
        elif not names:
            made["limit"] = _MOST_LISTED
        shown = list(dict.fromkeys([*asked, *([str(sort["column"])] if sort else [])]))
        return made | ({"show": shown} if shown else {})

    def count(self, request: str) -> Json | None:
        """The arguments of a count, where every word is accounted for."""
        if not _MANY.search(request):
            return None
        read = self._read(request)
        if read is None:
            return None
        names, _, where, sort, words = read
        if names or sort is not None or not (where or words or self._asks_for_all(request)):
            return None
        return {"where": where} | ({"words": words} if words else {})

    def _asks_for_all(self, request: str) -> bool:
        return bool(self._title & set(_stems(request)))

    def _read(self, request: str) -> tuple[list[str], list[str], list[Json], Json | None, str] | None:
        """Names, columns that are asked for, conditions, an order, and words such as "mugs"; nothing where a word is left."""
        if len(request) > _MOST_CHARS:
            return None
        look = _Look(unicodedata.normalize("NFKC", request))
        compared = list(_amounts(look))
        names, where = self._named(look)
        sort = self._sorted(look)
        asked = list(self._asked(look))
        for operator, amount in compared:
            column = self._measuring(amount, [*asked, *([sort["column"]] if sort else [])])
            if column is None:
                return None
            where.append({"column": column.name, "is": operator, "value": _plain_amount(amount)})
        if not names:
            named = map(self._column, asked)
            where += [_is(column, True) for column in named if column.kind is Kind.YES_NO]
        look.find(_TOLD)
        look.find(_MANY)
        words = self._left(look)
        return None if words is None else (names, asked, where, sort, words)

    def _named(self, look: _Look) -> tuple[list[str], list[Json]]:
        """The names of rows, and values of other columns as conditions, the longest phrases first."""
        names: list[str] = []
        where: list[Json] = []
        folded = look.text.casefold()
        for name, plain, plain_folded in self._wide:
            # A table has thousands of names: a pattern is made for those alone that stand here.
            if plain_folded in folded and look.find(regex.escape(plain)):
                names.append(name)
        words = [(found.start(), found.end(), _stems(found[0])) for found in _WORD.finditer(look.text)]
        stems = [stem[0] if len(stem) == 1 else "" for _, _, stem in words]
        found = [
            (at, phrase)
            for at, stem in enumerate(stems)
            for phrase in self._phrases.get(stem, ())
            if tuple(stems[at : at + len(phrase.stems)]) == phrase.stems
        ]
        for at, phrase in sorted(
            found, key=lambda pair: (-len(pair[1].stems), pair[1].column != self._sheet.name_at)
        ):
            start, end = words[at][0], words[at + len(phrase.stems) - 1][1]
            if any(look.taken[start:end]):
                continue
            look.take(start, end)
            if phrase.column == self._sheet.name_at:
                names.append(phrase.value)
            else:
                where.append(_is(self._sheet.columns[phrase.column], phrase.value))
        return names, where

    def _sorted(self, look: _Look) -> Json | None:
        for aspect in _ASPECTS:
            column = next((each for each in self._ordered() if aspect.fits(each)), None)
            if column is None:
                continue
            if look.find(rf"\b(?:{aspect.least})\b" if aspect.least.isascii() else aspect.least):
                return {"column": column.name, "descending": False}
            if look.find(rf"\b(?:{aspect.most})\b" if aspect.most.isascii() else aspect.most):
                return {"column": column.name, "descending": True}
        return None

    def _ordered(self) -> Iterator[Column]:
        return (column for column in self._sheet.columns if column.kind in (Kind.NUMBER, Kind.DATE))

    def _asked(self, look: _Look) -> Iterator[str]:
        """The columns that a request asks for, by their label or in words of their own."""
        for at, column in enumerate(self._sheet.columns):
            if at not in (self._sheet.name_at, self._sheet.link_at) and look.find(
                rf"\b{regex.escape(column.label)}\b"
            ):
                yield column.name
        for aspect in _ASPECTS:
            told = next((each for each in self._sheet.columns if aspect.fits(each)), None)
            if told is not None and look.find(aspect.asked):
                while look.find(aspect.asked):
                    pass
                yield told.name

    def _measuring(self, amount: str, asked: Sequence[str]) -> Column | None:
        """The column that an amount is compared with: one that was named, else the only one with its unit."""
        numbers = [column for column in self._sheet.columns if column.kind is Kind.NUMBER]
        named = [column for column in numbers if column.name in asked]
        days = regex.search(r"(days?|weeks?)$", amount, regex.I)
        if days:
            fitting = [
                column for column in numbers if "days" in column.label.split() or column.unit == "days"
            ]
        else:
            fitting = [column for column in numbers if column.value(amount) is not None and column.unit]
            fitting = [c for c in fitting if _unit(amount) == c.unit.casefold()] if _unit(amount) else []
        both = [column for column in fitting if column in named] or fitting or named
        return both[0] if len(both) == 1 else None

    def _left(self, look: _Look) -> str | None:
        """What is left and says what sort of thing is wanted; nothing where it says something that nobody knows."""
        rest = look.rest
        if _SPACELESS.search(rest):
            return "" if not _JAPANESE_FILLERS.sub("", rest).strip() else None
        sorts = []
        for found in _WORD.finditer(rest):
            word = found[0].casefold().replace("’", "'")
            stem = (_stems(word) or [""])[0]
            if stem in self._sorts:
                sorts.append(found[0])
            elif word not in _FILLERS and stem not in self._title:
                return None
        return " ".join(sorts)

    def _column(self, name: str) -> Column:
        return next(column for column in self._sheet.columns if column.name == name)


def _phrases(sheet: Sheet) -> Iterator[_Phrase]:
    """Every name, and the values of columns that have few."""
    for at, column in enumerate(sheet.columns):
        if column.kind is not Kind.TEXT or at == sheet.link_at:
            continue
        values = Counter(row[at] for row in sheet.rows if row[at])
        if at != sheet.name_at and (
            len(values) > _MOST_VALUES or max(map(len, values), default=0) > _LONGEST_VALUE
        ):
            continue
        for value in values:
            stems = _stems(value)
            if stems and not _SPACELESS.search(value):
                yield _Phrase(stems, value, at)


def _amounts(look: _Look) -> Iterator[tuple[str, str]]:
    """Every comparison with an amount: its sign, and the amount."""
    while (found := look.find(_OR_LESS)) is not None:
        yield "<=", found["amount"].rstrip(".,")
    for pattern, operator in _COMPARED:
        while (found := look.find(pattern)) is not None:
            yield operator, found["amount"].rstrip(".,")


def _plain_amount(amount: str) -> str | int:
    days = regex.fullmatch(r"(\d+)\s?(days?|weeks?)", amount, regex.I)
    if days is None:
        return amount
    return int(days[1]) * (7 if days[2].lower().startswith("week") else 1)


def _unit(amount: str) -> str:
    return regex.sub(r"[\d.,\s]", "", amount).casefold()


def _stems(text: str) -> tuple[str, ...]:
    return tuple(lexical.terms(text, "en"))


def _is(column: Column, value: str | bool) -> Json:
    return {"column": column.name, "is": "=", "value": value}
