"""The tools around documents that a person gave, and how people ask for them."""

from __future__ import annotations

from inhouse.runtime.extensions.base import Example, Json, Tool

_ABOUT: Json = {
    "type": "string",
    "minLength": 1,
    "maxLength": 200,
    "description": "The subject, in the request's words.",
}


def _example(request: str, **arguments: str) -> Example:
    return Example(request=request, arguments=dict(arguments))


COMPARE = Tool(
    name="compare_documents",
    title="Compare the documents",
    description=(
        "Says what changed between two versions of a text that the person gave: what is new, gone or different, quoted "
        "from both."
    ),
    parameters={"type": "object", "properties": {"about": _ABOUT}, "additionalProperties": False},
    examples=(
        _example("What changed between these two documents?"),
        _example("What changed in this policy since March?"),
        _example("Compare the old and the new version"),
        _example("Compare it with the old version"),
        _example("What is different in the new contract?"),
        _example("What has been added or removed in the second version?"),
        _example("Show me the differences between the two files"),
        _example("What changed about cancellation between the versions?", about="cancellation"),
        _example("How do the two policies differ on delivery times?", about="delivery times"),
        _example("Did anything about refunds change in the new terms?", about="refunds"),
        _example("この二つの文書で何が変わりましたか?"),
        _example("新しい規約は前の版とどこが違いますか?"),
        _example("三月以降、この方針で変わったことは何ですか?"),
    ),
)
EACH = Tool(
    name="ask_documents",
    title="Look in the documents",
    description="Says what each of the documents that the person gave says about a subject, quoted from each.",
    parameters={
        "type": "object",
        "properties": {"about": _ABOUT},
        "required": ["about"],
        "additionalProperties": False,
    },
    examples=(
        _example("What do these three documents say about glazing?", about="glazing"),
        _example("What does each of the papers say about side effects?", about="side effects"),
        _example("What does this document say about penguins?", about="penguins"),
        _example("What does it say about minors?", about="minors"),
        _example("Does the file mention parking?", about="parking"),
        _example("Compare what the files say about delivery", about="delivery"),
        _example("How do the three makers handle returns, document by document?", about="returns"),
        _example("List what every document says about the warranty", about="the warranty"),
        _example("Put what each of them says about prices in a list", about="prices"),
        _example("それぞれの文書は保証について何と言っていますか?", about="保証"),
        _example("各資料の送料についての記述を並べてください", about="送料"),
        _example("この文書には返品について何と書いてありますか?", about="返品"),
    ),
)
OUTLINE = Tool(
    name="outline_document",
    title="Look through the document",
    description="Says what a document that the person gave is about: its parts, each with its first words.",
    parameters={"type": "object", "properties": {}, "additionalProperties": False},
    examples=(
        _example("What is this document about?"),
        _example("Summarize this file"),
        _example("Give me an overview of the attached paper"),
        _example("What are the main points of this text?"),
        _example("Sum up the page I gave you"),
        _example("What's in this PDF?"),
        _example("この文書の概要を教えてください"),
        _example("添付したファイルを要約してください"),
    ),
)
READ = Tool(
    name="read_page",
    title="Read the page",
    description="Reads a page or file at an address that stands in the request, and finds what it says about a subject.",
    parameters={
        "type": "object",
        "properties": {
            "address": {"type": "string", "minLength": 8, "maxLength": 2000},
            "about": _ABOUT,
        },
        "required": ["address"],
        "additionalProperties": False,
    },
    examples=(
        _example(
            "What does https://www.example.org/delivery say about Norway?",
            address="https://www.example.org/delivery",
            about="Norway",
        ),
        _example(
            "Read https://blog.example.com/2025/kiln-news", address="https://blog.example.com/2025/kiln-news"
        ),
        _example("Look at http://example.net/terms.pdf please", address="http://example.net/terms.pdf"),
        _example(
            "How much is a ticket according to https://fair.example/visit?",
            address="https://fair.example/visit",
            about="ticket",
        ),
        _example(
            "https://shop.example.jp/faq には返品について何と書いてありますか?",
            address="https://shop.example.jp/faq",
            about="返品",
        ),
        _example("https://news.example.jp/42 を読んでください", address="https://news.example.jp/42"),
    ),
)
ALL = (COMPARE, EACH, OUTLINE, READ)
