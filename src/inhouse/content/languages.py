"""Which language a text is in: by its script where that decides, else by a small classifier."""

from __future__ import annotations

from functools import cache

import regex
from py3langid.langid import MODEL_FILE, LanguageIdentifier

UNKNOWN = "und"
_ENOUGH_LETTERS = 12
#: A wrong language harms a search more than none: it stems words by the wrong rules.
_SURE = 0.9
_SAMPLE_CHARS = 2000

#: Scripts of one big language each. Han alone is Chinese; kana among it makes it Japanese, and so kana come first.
_SCRIPTS = (
    ("ja", regex.compile(r"[\p{Hiragana}\p{Katakana}]")),
    ("ko", regex.compile(r"\p{Hangul}")),
    ("zh", regex.compile(r"\p{Han}")),
    ("th", regex.compile(r"\p{Thai}")),
    ("el", regex.compile(r"\p{Greek}")),
    ("he", regex.compile(r"\p{Hebrew}")),
)
_LETTER = regex.compile(r"\p{L}")
_ADDRESS = regex.compile(r"https?://\S+|[@#]\w+")
#: What the classifier may answer: the rest of its 97 are guessed more often by mistake than rightly on short posts.
_LIKELY = [
    "ar",
    "az",
    "be",
    "bg",
    "bn",
    "bs",
    "ca",
    "cs",
    "da",
    "de",
    "en",
    "es",
    "et",
    "eu",
    "fa",
    "fi",
    "fr",
    "gl",
    "hi",
    "hr",
    "hu",
    "hy",
    "id",
    "is",
    "it",
    "ka",
    "kk",
    "lt",
    "lv",
    "mk",
    "ms",
    "nl",
    "no",
    "pl",
    "pt",
    "ro",
    "ru",
    "sk",
    "sl",
    "sq",
    "sr",
    "sv",
    "sw",
    "ta",
    "te",
    "tr",
    "uk",
    "ur",
    "vi",
]


def guess(text: str) -> str:
    """A language code such as ``en`` or ``ja``; ``und`` where there is too little to tell."""
    sample = _ADDRESS.sub(" ", text[:_SAMPLE_CHARS])
    letters = len(_LETTER.findall(sample))
    for language, script in _SCRIPTS:
        found = len(script.findall(sample))
        # Among Latin text a few foreign letters are a quotation; kana are enough at a lesser share, as kanji stand between.
        if found and found >= letters * (0.1 if language == "ja" else 0.3):
            return language
    if letters < _ENOUGH_LETTERS:
        return UNKNOWN
    language, confidence = _classifier().classify(sample)
    return str(language) if confidence >= _SURE else UNKNOWN


@cache
def _classifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(_LIKELY)
    return identifier
