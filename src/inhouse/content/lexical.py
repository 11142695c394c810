"""The terms that a text is found by, in any script: stems of words, and pairs of characters where none are spaced."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Any

import regex
import snowballstemmer

#: Runs of scripts written without spaces (and Hangul, whose particles stick to the word) are cut into bigrams.
_SPACELESS = r"\p{Han}\p{Hiragana}\p{Katakana}ー々〆\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_TOKEN = regex.compile(
    rf"[{_SPACELESS}]+|(?:(?![{_SPACELESS}])[\p{{L}}\p{{N}}\p{{M}}])+(?:['’](?:(?![{_SPACELESS}])\p{{L}})+)?"
)
_IS_SPACELESS = regex.compile(rf"[{_SPACELESS}]")
_LONGEST_TERM = 40
_LANGUAGES = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "cs": "czech", "da": "danish",
    "nl": "dutch", "en": "english", "eo": "esperanto", "et": "estonian", "fi": "finnish", "fr": "french",
    "de": "german", "el": "greek", "hi": "hindi", "hu": "hungarian", "id": "indonesian", "ga": "irish",
    "it": "italian", "lt": "lithuanian", "ne": "nepali", "no": "norwegian", "nb": "norwegian", "nn": "norwegian",
    "fa": "persian", "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "es": "spanish", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip


def terms(text: str, language: str = "und") -> list[str]:
    """The text's terms in order, repeated as often as they stand there."""
    found: list[str] = []
    for token in _tokens(text):
        found.extend(_bigrams(token) if _IS_SPACELESS.match(token) else [stem(token, language)])
    return found


def query_words(text: str, languages: Sequence[str]) -> list[frozenset[str]]:
    """The query's different words in order, each with every form that passages in these languages would have.

    Nobody says in which language a short question is asked, so that each word is stemmed as all of them.
    """
    found: dict[frozenset[str], None] = {}
    for token in _tokens(text):
        if _IS_SPACELESS.match(token):
            found.update((frozenset([pair]), None) for pair in _bigrams(token))
        else:
            found[frozenset(stem(token, language) for language in languages or ("und",))] = None
    return list(found)


def stem(word: str, language: str) -> str:
    """The word's stem without accents; unknown languages are stemmed as English, which leaves most words alone."""
    return _stem(word, _LANGUAGES.get(language.partition("-")[0].casefold(), "english"))[:_LONGEST_TERM]


def _tokens(text: str) -> Iterator[str]:
    normal = unicodedata.normalize("NFKC", text).casefold()
    return (match[0] for match in _TOKEN.finditer(normal))


def _bigrams(run: str) -> list[str]:
    return [run] if len(run) == 1 else [run[at : at + 2] for at in range(len(run) - 1)]


@lru_cache(maxsize=100_000)
def _stem(word: str, algorithm: str) -> str:
    stemmed = _stemmer(algorithm).stemWord(word.replace("’", "'"))
    return "".join(mark for mark in unicodedata.normalize("NFD", stemmed) if not unicodedata.combining(mark))


@cache
def _stemmer(algorithm: str) -> Any:
    return snowballstemmer.stemmer(algorithm)
