"""Numbers that belong to one person: cards and accounts (by their checksums), orders, papers, birthdays."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from inhouse.conversations.personal.found import Found, groups

_CARD = regex.compile(r"(?<![\d.-])\d(?:[ -]?\d){12,18}(?![\d.-]*\d)")
#: Called a card, with or without a right checksum: people mistype.
_TOLD_CARD = regex.compile(
    r"(?:\b(?:card|visa|mastercard|maestro|amex|american express|debit|credit)\b|カ.ド)[^\d\n]{0,24}?(?P<it>\d(?:[ -]?\d){11,18})(?![\d-])",
    regex.I,
)
_IBAN = regex.compile(r"\b[A-Z]{2}\d{2}(?:[ ]?[A-Z\d]){11,30}\b")
_SHORTEST_IBAN = 15
_CODE = r"(?=[A-Z\d-]*\d)[A-Z\d](?:-?[A-Z\d]){2,}"
_ORDER = regex.compile(
    # called a number, a code or a reference
    r"\b(?:orders?|invoice|tracking|booking|reservation|ticket|case|customer|account|client|membership|member|parcel"
    r"|shipment|receipt|confirmation|purchase|return|delivery)\s?(?:number|nr|no|id|code|reference|ref)\b\.?\s?"
    rf"(?:is|was|[:=])?\s?\#?\s?(?P<it>{_CODE})"
    rf"|\b(?:ref|reference|tracking|invoice)\b\.?\s?(?:is|was|[:=])?\s?\#?\s?(?P<it>{_CODE})"
    # or plainly one
    r"|\b(?:order|ticket|invoice|booking|case|parcel)\s(?:is\s|was\s)?(?P<it>\#\s?[A-Z\d][A-Z\d-]{2,})"
    r"|\border\s(?P<it>(?:\d{5,}|\d{4,}-\d{3,}|[A-Z]{1,4}-?\d{3,}[A-Z\d-]*))(?!\s?(?:pieces|pcs|units|copies|tiles|mugs|bowls))"
    r"|(?<![\w&])(?P<it>\#\d{4,})\b"
    # parcels
    r"|\b(?P<it>1Z[A-Z\d]{16})\b|\b(?P<it>[A-Z]{2}\d{9}[A-Z]{2})\b"
    r"|(?:注文|予約|受注|伝票|追跡|送り状|お?問い?合わ?せ|会員|顧客|お客様|口座|領収書|請求書)\s?(?:番号|No\.?|ID|コード)?"
    rf"\s?(?:は|が|:|、)?\s?\#?(?P<it>{_CODE})",
    regex.I,
)
_ID = regex.compile(
    r"(?<![\d-])(?P<it>(?!000|666|9\d\d)\d{3}-(?!00)\d\d-(?!0000)\d{4})(?![\d-])"
    r"|\b(?:passport|social security|ssn|national id|id card|driving licen[cs]e|driver'?s licen[cs]e|tax id|vat id|nhs)\b"
    rf"\s?(?:number|no|nr|id)?\b\.?\s?(?:is|was|[:=])?\s?(?P<it>{_CODE})"
    rf"|(?:マイナンバ.|パスポ.ト|免許証|保険証)\s?(?:番号)?\s?(?:は|が|:|、)?\s?(?P<it>{_CODE})",
    regex.I,
)
_DAY = (
    r"(?:\d{1,2}(?:st|nd|rd|th)?(?: of)? (?:\p{L}{3,9})\.?,? \d{4}|\p{L}{3,9}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}"
    r"|\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4})"
)
_BIRTH = regex.compile(
    rf"\b(?:born|birth ?day|date of birth|dob)\b[^\d\n]{{0,16}}?(?P<it>{_DAY})"
    r"|(?:生年月日|誕生日)\s?(?:は|が|:|、)?\s?(?P<it>\d{2,4}[年/.-]\d{1,2}[月/.-]\d{1,2}日?)"
    r"|(?:明治|大正|昭和|平成|令和)?(?P<it>\d{1,4}年\d{1,2}月\d{1,2}日)生まれ",
    regex.I,
)


def cards(text: str) -> Iterator[Found]:
    """Numbers of payment cards."""
    for found in groups("CARD", _CARD, text):
        if is_luhn(text[found.start : found.end]):
            yield found
    yield from groups("CARD", _TOLD_CARD, text)


def accounts(text: str) -> Iterator[Found]:
    """International bank account numbers. What follows one in capitals is not of it: the longest that checks is."""
    for match in _IBAN.finditer(text):
        for end in range(match.end(), match.start() + _SHORTEST_IBAN - 1, -1):
            if is_iban(text[match.start() : end]):
                yield Found("IBAN", match.start(), end)
                break


def orders(text: str) -> Iterator[Found]:
    """Numbers of orders, parcels, customers and the like, where they are called that."""
    return groups("ORDER", _ORDER, text)


def papers(text: str) -> Iterator[Found]:
    """Numbers of passports and the like."""
    return groups("ID", _ID, text)


def birthdays(text: str) -> Iterator[Found]:
    """Days of birth, where they are called that."""
    return groups("BIRTH", _BIRTH, text)


def is_luhn(number: str) -> bool:
    """Whether the digits (13 to 19 of them) have the checksum of payment cards and begin like one."""
    digits = [int(mark) for mark in number if mark.isdigit()]
    if not 13 <= len(digits) <= 19 or digits[0] not in (2, 3, 4, 5, 6):
        return False
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def is_iban(text: str) -> bool:
    """Whether this has the checksum of an international bank account number (ISO 13616)."""
    letters = text.replace(" ", "")
    if not _SHORTEST_IBAN <= len(letters) <= 34 or not letters.isalnum():
        return False
    return int("".join(str(int(mark, 36)) for mark in letters[4:] + letters[:4])) % 97 == 1
