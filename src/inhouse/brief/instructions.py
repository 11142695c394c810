"""Neutral questions to which an owner's text is the answer, so that a model learns the voice as answers."""

from __future__ import annotations

import re

from inhouse.core.ids import digest

_TITLED = {
    "en": (
        'What do you have to say about "{title}"?',
        'Write a post with the title "{title}".',
        "Tell me about {title}.",
        'In your own words: "{title}".',
        "What would you write under the heading {title}?",
    ),
    "ja": (
        "「{title}」について、どうお考えですか?",
        "「{title}」という題で書いてください。",
        "{title}について教えてください。",
        "「{title}」をご自身の言葉でお願いします。",
    ),
}
_BEGUN = {
    "en": (
        'Write a post that begins with "{words}".',
        'How does the text go that starts "{words}"?',
        'Go on in your own words: "{words}"',
    ),
    "ja": (
        "「{words}」で始まる投稿を書いてください。",
        "「{words}」と始まる文章をお願いします。",
        "次の書き出しで書いてください:「{words}」",
    ),
}
_CONTINUED = {
    "en": ('Go on about "{title}", from "{words}".', 'And then? Continue "{title}" at "{words}".'),
    "ja": ("「{title}」の続きを「{words}」から書いてください。",),
}
_WORDS = 6
_SIGNS = 14
_LONGEST_TITLE = 120


def instruction(title: str, text: str, language: str, *, first: bool) -> str:
    """A question in the text's language; which one follows from the text, so it is always the same one."""
    tongue = "ja" if language.startswith("ja") else "en"
    title = " ".join(title.split())[:_LONGEST_TITLE]
    ways = (_TITLED if first else _CONTINUED) if title else _BEGUN
    choice = ways[tongue][int(digest(text)[:8], 16) % len(ways[tongue])]
    return choice.replace("{title}", title).replace("{words}", _first_words(text))


def _first_words(text: str) -> str:
    line = text.strip().split("\n", 1)[0]
    if re.search(r"[\u3040-\u9fff]", line):
        return line[:_SIGNS]
    return " ".join(line.split()[:_WORDS])
