"""What the document tools say around what they quote, in English and Japanese."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """Sentences of one language; ``{…}`` is filled in."""

    nothing_given: str
    one_given: str
    nothing_changed: str
    changed: str
    changed_one: str
    more: str
    was: str
    added: str
    removed: str
    says_nothing: str
    quote: str
    parts: str
    no_address: str


EN = Words(
    nothing_given="Give me a document first: attach a file, or paste its address.",
    one_given="I have only “{title}”. Attach the other version, and I'll compare the two.",
    nothing_changed="Nothing changed in the words from “{old}” to “{new}”.",
    changed="{count} statements changed from “{old}” to “{new}”:",
    changed_one="One statement changed from “{old}” to “{new}”:",
    more="And {count} more.",
    was="“{old}” [{a}] → “{new}” [{b}]",
    added="new: “{new}” [{b}]",
    removed="gone: “{old}” [{a}]",
    says_nothing="{title}: I found nothing on “{about}”.",
    quote="“{text}”",
    parts="“{title}” has these parts:",
    no_address="Write the address of the page in your message, and I'll read it.",
)
JA = Words(
    nothing_given="先に文書をください。ファイルを添付するか、アドレスを貼ってください。",
    one_given="手元にあるのは「{title}」だけです。もう一方の版を添付していただければ比べます。",
    nothing_changed="「{old}」から「{new}」で、文言に変わりはありません。",
    changed="「{old}」から「{new}」で、{count}か所が変わりました。",
    changed_one="「{old}」から「{new}」で、1か所が変わりました。",
    more="ほかに{count}か所あります。",
    was="「{old}」[{a}] → 「{new}」[{b}]",
    added="追加:「{new}」[{b}]",
    removed="削除:「{old}」[{a}]",
    says_nothing="{title}: 「{about}」についての記述は見つかりませんでした。",
    quote="「{text}」",
    parts="「{title}」の内容は次のとおりです。",
    no_address="読んでほしいページのアドレスをメッセージに書いてください。",
)


def of(language: str) -> Words:
    """Japanese for Japanese, else English."""
    return JA if language == "ja" else EN
