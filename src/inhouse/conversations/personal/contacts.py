"""Where somebody is reached on the net and by phone: addresses of e-mail, links to people, handles, phone numbers."""

from __future__ import annotations

from collections.abc import Iterator

import phonenumbers
import regex
from phonenumbers import Leniency, PhoneNumberMatcher

from inhouse.conversations.personal.found import Found, groups

_EMAIL = regex.compile(
    r"(?<![\w.])[\p{L}\d][\w.+%'’-]{0,63}@[\p{L}\d-]{1,63}(?:\.[\p{L}\d-]{1,63}){1,6}"
    r"|(?<![\w.])[\w.+-]{1,64}\s?[(\[]\s?at\s?[)\]]\s?[\w-]{1,63}(?:\s?(?:[(\[]\s?dot\s?[)\]]|\.)\s?[\w-]{1,63}){1,6}"
    r"|(?<![\w.])[\w.+-]{1,64} at [\w-]{1,63}(?: dot [a-z]{2,8}){1,6}",
    regex.I,
)
_URL = regex.compile(r"(?:https?://|\bwww\.)[^\s<>「」『』（）、。]+", regex.I)
_AFTER = ".,;:!?)]}'\"”’"
#: Sites whose paths name people.
_SOCIAL = regex.compile(
    r"^(?:https?://)?(?:[\w-]+\.)*(?:instagram|facebook|twitter|tiktok|linkedin|threads|pinterest|github|gitlab"
    r"|youtube|reddit|snapchat|flickr|tumblr|medium|patreon|ko-fi|etsy|vk|weibo|bsky)\.\w+/\S"
    r"|^(?:https?://)?(?:[\w-]+\.)?(?:x\.com|t\.me|note\.com|lin\.ee|wa\.me)/\S",
    regex.I,
)
_PERSONAL_PATH = regex.compile(
    r"://[^/\s]*@|/[~@]\w|[?&#;][^=\s]*(?:mail|user|name|phone|token|key|id|order|auth|sig|session|account)[^=\s]*="
    r"|%40|/(?:u|users?|profiles?|people|members?|accounts?|customers?|orders?|invoices?|track(?:ing)?|bookings?"
    r"|tickets?)/[^/\s]+",
    regex.I,
)
_HANDLE = regex.compile(
    r"(?<![\w@/.])@(?P<it>[\p{L}_][\w.]*\w)(?!\.\w)",
)
_TOLD_HANDLE = regex.compile(
    r"\b(?:instagram|insta|ig|twitter|tiktok|discord|telegram|snapchat|mastodon|bluesky|threads|skype|line id|wechat"
    r"|username|user name|handle|gamertag)\b(?: (?:handle|name|account|id|user))?(?:'s| is| was|\s?[:=])\s*"
    r"(?P<it>@?[\p{L}\d_][\w.#-]{2,30}[\p{L}\d_])"
    r"|\b(?:i['’]m|i am|as|called|me:?) (?P<it>@?[\p{L}\d_][\w.-]{2,30}[\p{L}\d_]) on (?:instagram|insta|ig|twitter|x|tiktok|discord|telegram"
    r"|mastodon|bluesky|threads|snapchat|reddit|github|etsy|facebook)\b"
    r"|(?:インスタ(?:グラム)?|ツイッタ.|\bLINE|ライン|ディスコ.ド)\s?(?:の)?\s?(?:(?:ID|アカウント)\s?(?:は|が|:|\s)|は|が|:)\s?"
    r"(?P<it>@?[A-Za-z\d_][A-Za-z\d_.#-]{2,30})",
    regex.I,
)
_NOT_A_HANDLE = frozenset(
    ("not", "the", "down", "closed", "public", "private", "open", "broken", "there", "still")
)
_NUMBER = r"\+?\(?\d[\d\s().-]{5,18}\d(?: ?(?:x|ext\.?) ?\d{1,6})?"
#: Said to be a phone number, whatever its form.
_TOLD_PHONE = regex.compile(
    r"(?:\b(?:phone|tel|telephone|mobile|cell|call(?: me)?|text|ring|whatsapp|sms|fax|reach me|my number)\b|電話|携帯|連絡先|TEL)"
    rf"[^\d\n]{{0,24}}?(?P<it>{_NUMBER})(?![\d.,-]*\d)"
    rf"|(?P<it>{_NUMBER}) (?:is|=|[(]) ?(?:my|the|her|his|our) (?:phone|mobile|cell|tel|number|landline|whatsapp|office|home)"
    rf"|(?P<it>{_NUMBER})(?:に|へ|まで)お?電話",
    regex.I,
)
#: Written as only phone numbers are.
_WRITTEN_PHONE = regex.compile(
    r"(?<![\d+-])(?P<it>\+\d(?:[\s().-]{0,2}\d){7,13}|(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[-.])\d{3}[-.]\d{4}(?: ?(?:x|ext\.?) ?\d{1,6})?"
    r"|0\d{1,4}-\d{1,4}-\d{3,4})(?![\d-])",
    regex.I,
)
#: Where numbers without a country are looked for, by the language of the text.
_REGIONS = {"ja": ("JP",), "en": ("US", "GB", "AU")}
_LEAST_DIGITS, _LEAST_TOLD, _MOST_DIGITS = 8, 7, 15


def emails(text: str) -> Iterator[Found]:
    """Addresses of e-mail, also those that are spelled out."""
    return groups("EMAIL", _EMAIL, text)


def links(text: str) -> Iterator[Found]:
    """Addresses of pages that name a person or belong to one: whole, as any part of them may tell who."""
    for match in _URL.finditer(text):
        address = match.group().rstrip(_AFTER)
        if _SOCIAL.search(address) or _PERSONAL_PATH.search(address):
            yield Found("URL", match.start(), match.start() + len(address))


def handles(text: str) -> Iterator[Found]:
    """Names in social networks."""
    for match in _HANDLE.finditer(text):
        yield Found("HANDLE", match.start(), match.end())
    for found in groups("HANDLE", _TOLD_HANDLE, text):
        if text[found.start : found.end].lower() not in _NOT_A_HANDLE:
            yield found


def phones(text: str, language: str) -> Iterator[Found]:
    """Phone numbers: those that exist in the language's countries or have a country, and what is said to be one."""
    if sum(mark.isdigit() for mark in text) < _LEAST_TOLD:
        return
    for region in _REGIONS.get(language, _REGIONS["en"]):
        for match in PhoneNumberMatcher(text, region, leniency=Leniency.VALID):
            number = phonenumbers.national_significant_number(match.number)
            if len(number) >= _LEAST_DIGITS:
                yield Found("PHONE", match.start, match.end)
    yield from groups("PHONE", _WRITTEN_PHONE, text)
    for found in groups("PHONE", _TOLD_PHONE, text):
        if _LEAST_TOLD <= sum(mark.isdigit() for mark in text[found.start : found.end]) <= _MOST_DIGITS:
            yield found
