"""Examples of what a table is asked, out of its own columns and values; every one of them finds something there."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from inhouse.runtime.extensions.base import Example, Json
from inhouse.runtime.extensions.table.columns import Column, Kind
from inhouse.runtime.extensions.table.reading import Sheet

Rows = Sequence[tuple[str, ...]]

_FEWEST, _MOST = 6, 10
_MOST_CATEGORY = 30
_MOST_NAME = 80
#: Shorter words, such as "of", say nothing of what is sold.
_SHORTEST_WORD = 3


@dataclass(frozen=True)
class _Phrases:
    """Requests as a person says them."""

    about: str
    cost: str
    equal: str
    under: str
    both: str
    worded: str
    lowest: str
    highest: str
    true: str
    how_many: str
    how_many_equal: str
    how_many_under: str
    how_many_both: str
    how_many_true: str
    how_many_worded: str
    range: str
    average: str


_ENGLISH = _Phrases(
    about="Tell me about the {name}.",
    cost="How much is the {name}?",
    equal="Which {title} have the {category} {value}?",
    under="Which {title} have a {number} under {amount}?",
    both="Do you have {title} with the {category} {value} and a {number} under {amount}?",
    worded="Do you have a {word} with a {number} under {amount}?",
    lowest="Which {title} have the lowest {number}?",
    highest="Which {title} have the highest {number}?",
    true="Which {title} are {truth}?",
    how_many="How many {title} are there?",
    how_many_equal="How many {title} have the {category} {value}?",
    how_many_under="How many {title} have a {number} under {amount}?",
    how_many_both="How many {title} have the {category} {value} and a {number} under {amount}?",
    how_many_true="How many {title} are {truth}?",
    how_many_worded="How many {title} are there for “{word}”?",
    range="What is the range of the {number} of your {title}?",
    average="What is the average {number} of your {title}?",
)
_JAPANESE = _Phrases(
    about="{name}について教えてください。",
    cost="{name}はいくらですか？",
    equal="{category}が{value}の{title}はどれですか？",
    under="{number}が{amount}未満の{title}はありますか？",
    both="{category}が{value}で、{number}が{amount}未満の{title}はありますか？",
    worded="{number}が{amount}未満の{word}はありますか？",
    lowest="{number}が一番低い{title}はどれですか？",
    highest="{number}が一番高い{title}はどれですか？",
    true="{truth}が「{yes}」の{title}はどれですか？",
    how_many="{title}は全部でいくつありますか？",
    how_many_equal="{category}が{value}の{title}はいくつありますか？",
    how_many_under="{number}が{amount}未満の{title}はいくつありますか？",
    how_many_both="{category}が{value}で、{number}が{amount}未満の{title}はいくつありますか？",
    how_many_true="{truth}が「{yes}」の{title}はいくつありますか？",
    how_many_worded="「{word}」の{title}はいくつありますか？",
    range="{title}の{number}の範囲は？",
    average="{title}の{number}の平均は？",
)


@dataclass(frozen=True)
class _Bound:
    """A round number under which a good part of the rows lie, and these rows."""

    column: Column
    most: float
    rows: Rows

    @property
    def condition(self) -> Json:
        return {"column": self.column.name, "is": "<", "value": _whole(self.most)}

    @property
    def told(self) -> dict[str, str]:
        amount = self.column.written(self.most, 0 if self.most.is_integer() else None)
        return {"number": self.column.label, "amount": amount}


class Examples:
    """Examples for the two tools of a table of, say, "products"."""

    def __init__(self, title: str, sheet: Sheet) -> None:
        self._title = title
        self._sheet = sheet
        self._phrases = _JAPANESE if sheet.language == "ja" else _ENGLISH
        self._names = list(_names(sheet))
        self._number = _number(sheet)
        self._bound = _bound(sheet, self._number)

    def of_look_up(self) -> tuple[Example, ...]:
        """Six to ten where the table has so many different things to ask."""
        phrases = self._phrases
        return _chosen(
            [
                *self._named(self._names[:1]),
                *self._equal(phrases.equal),
                *self._under(phrases.under, phrases.both),
                *self._worded_under(),
                *self._true(phrases.true),
                *self._sorted(),
                *self._named(self._names[1:_FEWEST]),
            ]
        )

    def of_count(self) -> tuple[Example, ...]:
        """Six to ten where the table has so many different things to ask."""
        phrases = self._phrases
        return _chosen(
            [
                self._example(phrases.how_many, {}),
                *self._equal(phrases.how_many_equal),
                *self._under(phrases.how_many_under, phrases.how_many_both),
                *self._true(phrases.how_many_true),
                *self._measured(),
                *self._worded([*self._words(self._sheet.rows)[:2], *self._names[:_FEWEST]]),
            ]
        )

    def _named(self, names: Sequence[str]) -> Iterator[Example]:
        phrase = self._phrases.cost if self._number and self._number.is_money else self._phrases.about
        return (self._example(phrase, {"name": name}, words=name) for name in names)

    def _equal(self, phrase: str) -> Iterator[Example]:
        for column, value in self._categories(self._sheet.rows):
            yield self._example(phrase, {"category": column.label, "value": value}, [_is(column, value)])

    def _under(self, alone: str, both: str) -> Iterator[Example]:
        """Examples with a number under a round one: alone, and with a category."""
        if self._bound is None:
            return
        yield self._example(alone, self._bound.told, [self._bound.condition])
        for column, value in self._categories(self._bound.rows)[:1]:
            told = {"category": column.label, "value": value, **self._bound.told}
            yield self._example(both, told, [_is(column, value), self._bound.condition])

    def _worded_under(self) -> Iterator[Example]:
        if self._bound:
            for word in self._words(self._bound.rows)[:1]:
                told = {"word": word, **self._bound.told}
                yield self._example(self._phrases.worded, told, [self._bound.condition], words=word)

    def _true(self, phrase: str) -> Iterator[Example]:
        for column, yes in self._truths():
            yield self._example(phrase, {"truth": column.label, "yes": yes}, [_is(column, True)])

    def _sorted(self) -> Iterator[Example]:
        if self._number:
            for phrase, descending in ((self._phrases.lowest, False), (self._phrases.highest, True)):
                sort = {"column": self._number.name, "descending": descending}
                yield self._example(phrase, {"number": self._number.label}, sort=sort)

    def _measured(self) -> Iterator[Example]:
        if self._number:
            for phrase, what in ((self._phrases.range, "min"), (self._phrases.average, "average")):
                of = {"column": self._number.name, "what": what}
                yield self._example(phrase, {"number": self._number.label}, of=of)

    def _worded(self, words: Sequence[str]) -> Iterator[Example]:
        return (self._example(self._phrases.how_many_worded, {"word": word}, words=word) for word in words)

    def _example(
        self,
        phrase: str,
        told: Mapping[str, str],
        where: Sequence[Json] = (),
        *,
        words: str = "",
        sort: Json | None = None,
        of: Json | None = None,
    ) -> Example:
        given = {"words": words, "where": list(where), "sort": sort, "of": of}
        request = phrase.format(title=self._title, **told)
        return Example(request=request, arguments={name: value for name, value in given.items() if value})

    def _categories(self, rows: Rows) -> list[tuple[Column, str]]:
        """Columns whose short texts come again and again, each with its commonest one; two at most."""
        found = []
        for at, column in enumerate(self._sheet.columns):
            if column.kind is Kind.TEXT and at not in (self._sheet.name_at, self._sheet.link_at):
                cells = Counter(row[at] for row in rows if row[at])
                value, times = cells.most_common(1)[0] if cells else ("", 0)
                if times > 1 and len(value) <= _MOST_CATEGORY:
                    found.append((column, value))
        return found[:2]

    def _truths(self) -> list[tuple[Column, str]]:
        """Columns of yes and no in which some row says yes, with the word for it; two at most."""
        columns = [(at, each) for at, each in enumerate(self._sheet.columns) if each.kind is Kind.YES_NO]
        said = (
            (column, next((row[at] for row in self._sheet.rows if column.value(row[at]) == 1.0), ""))
            for at, column in columns
        )
        return [(column, yes) for column, yes in said if yes][:2]

    def _words(self, rows: Rows) -> list[str]:
        """Last words of names, such as "mug", the commonest first: mostly what sort of thing it is."""
        names = (row[self._sheet.name_at].split() for row in rows if self._names)
        words = Counter(name[-1].lower() for name in names if len(name) > 1)
        return [
            word
            for word, _ in words.most_common()
            if word.isalpha() and _SHORTEST_WORD <= len(word) <= _MOST_NAME
        ]


def _chosen(examples: Iterable[Example]) -> tuple[Example, ...]:
    different: dict[str, Example] = {}
    for example in examples:
        different.setdefault(example.request, example)
    return tuple(different.values())[:_MOST]


def _is(column: Column, value: str | bool) -> Json:
    return {"column": column.name, "is": "=", "value": value}


def _names(sheet: Sheet) -> dict[str, None]:
    """The different names of rows that words can find."""
    if sheet.columns[sheet.name_at].kind is not Kind.TEXT:
        return {}
    names = (row[sheet.name_at] for row in sheet.rows)
    return {name: None for name in names if len(name) <= _MOST_NAME and any(map(str.isalnum, name))}


def _number(sheet: Sheet) -> Column | None:
    """The column of prices where there is one, else the first of numbers."""
    numbers = [column for column in sheet.columns if column.kind is Kind.NUMBER]
    return next((column for column in numbers if column.is_money), numbers[0] if numbers else None)


def _bound(sheet: Sheet, column: Column | None) -> _Bound | None:
    """The next round number above what half of the rows have; ``None`` where that is nought or less."""
    if column is None:
        return None
    at = sheet.columns.index(column)
    told = [(value, row) for row in sheet.rows if isinstance(value := column.value(row[at]), float)]
    median = statistics.median_low([value for value, _ in told])
    if median <= 0:
        return None
    most = _rounded_up(median)
    return _Bound(column, most, [row for value, row in told if value < most])


def _rounded_up(number: float) -> float:
    """The next number above with one digit other than nought, such as 40 for 32."""
    size = 10.0 ** math.floor(math.log10(number))
    return round((math.floor(number / size) + 1) * size, 6)


def _whole(number: float) -> int | float:
    return int(number) if number.is_integer() else number
