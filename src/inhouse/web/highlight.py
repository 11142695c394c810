"""The quoted words marked in their passage."""

from __future__ import annotations

from markupsafe import Markup, escape


def highlighted(text: str, quote: str) -> Markup:
    """``text`` escaped, its first ``quote`` marked; all of it where the quote isn't in it word for word."""
    start = text.find(quote) if quote else -1
    if start < 0:
        return Markup('<mark id="quote">{}</mark>').format(text)
    end = start + len(quote)
    marked = Markup('<mark id="quote">{}</mark>').format(text[start:end])
    return escape(text[:start]) + marked + escape(text[end:])
