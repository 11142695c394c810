"""The brief: what an owner lays down about their AI. A frozen value; every change of it is a new version."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Language = Literal["en", "ja"]
LANGUAGES: tuple[Language, ...] = ("en", "ja")

#: A ready-made limit: what the guard looks for is kept in ``brief.rules``.
Subject = Literal["prices", "medical", "legal", "financial"]

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Term = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=100)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
Url = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^(https?://\S+)?$")]
Domain = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, to_lower=True, max_length=253, pattern=r"^[^\s/:@.]+(\.[^\s/:@.]+)+$"
    ),
]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Wording(_Value):
    """One thing to say, in each language. ``{name}`` stands for whose AI it is."""

    en: Text = ""
    ja: Text = ""

    def of(self, language: str) -> str:
        """The text in that language, else in the other one; English for a language that has none."""
        return (self.ja or self.en) if language == "ja" else (self.en or self.ja)


class Lines(_Value):
    """Ways to say one thing, in each language; a different one may be used each time."""

    en: tuple[Line, ...] = Field((), max_length=12)
    ja: tuple[Line, ...] = Field((), max_length=12)

    def of(self, language: str) -> tuple[str, ...]:
        """The lines in that language, else in the other one; English for a language that has none."""
        return (self.ja or self.en) if language == "ja" else (self.en or self.ja)


_GREETING = Lines(
    en=("Hello, and welcome! What would you like to know?", "Hi there! Good to see you. How can I help?"),
    ja=(
        "こんにちは、ようこそ!何をお探しですか?",
        "こんにちは!来てくださってうれしいです。何でも聞いてくださいね。",
    ),
)
_THANKS = Lines(
    en=("You're very welcome! Ask me anything else whenever you like.", "My pleasure! I'm glad that helped."),
    ja=("どういたしまして!またいつでも聞いてくださいね。", "お役に立ててうれしいです!"),
)
_SMALL_TALK = Lines(
    en=("I'm doing well, thank you for asking! What brings you here today?",),
    ja=("おかげさまで元気です!今日はどうされましたか?",),
)
_FAREWELL = Lines(
    en=("Goodbye, and take care! Come back any time.",),
    ja=("ありがとうございました。またいつでもお越しくださいね!",),
)


class Exchange(_Value):
    """A friendly message as fans send them, and what the owner would answer: an example for the voice."""

    message: Line
    reply: Line


class Voice(_Value):
    """How the AI speaks: a description, lines that show it, and what it says where no facts are needed."""

    description: Text = ""
    samples: tuple[Line, ...] = Field((), max_length=20)
    exchanges: tuple[Exchange, ...] = Field((), max_length=200)
    greeting: Lines = _GREETING
    thanks: Lines = _THANKS
    small_talk: Lines = _SMALL_TALK
    farewell: Lines = _FAREWELL


class Product(_Value):
    """Something of the owner's own."""

    name: Name
    aliases: tuple[Term, ...] = Field((), max_length=30)
    url: Url = ""
    note: Line | Literal[""] = ""


class Rival(_Value):
    """Whom the AI neither praises nor runs down. ``scripts`` are the name as written in kana or another script."""

    name: Term
    aliases: tuple[Term, ...] = Field((), max_length=30)
    domains: tuple[Domain, ...] = Field((), max_length=30)
    scripts: tuple[Term, ...] = Field((), max_length=30)

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that names this rival, domains apart."""
        return (self.name, *self.aliases, *self.scripts)


class Topic(_Value):
    """What the AI doesn't talk about: the terms that show it, and what it says instead."""

    name: Name
    terms: tuple[Term, ...] = Field(min_length=1, max_length=60)
    instead: Wording = Wording()


class Limits(_Value):
    """How far an answer may go."""

    max_answer_chars: int = Field(1200, ge=50, le=8000)
    no: tuple[Subject, ...] = Field((), max_length=4)
    """Subjects on which it gives no advice or figures."""


_DISCLOSURE = Wording(
    en="I'm an AI that speaks for {name}, not a person. I answer from what they have written.",
    ja="私は{name}のAIです。人間ではありません。これまでに書かれたものをもとにお答えしています。",
)
_ABSTAIN = Wording(
    en="I don't know that one, I'm afraid: I couldn't find it in what I have to go on.",
    ja="申し訳ありません、手元の資料には見当たらず、わかりません。",
)
_HAND_OVER = Wording(
    en="Would you like me to pass your question on to a person?",
    ja="担当の者におつなぎしましょうか?",
)


class Brief(_Value):
    """What an owner lays down about their AI. ``Brief()`` is warm and neutral, so that a fresh AI can talk at once."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = ""
    """Whose AI it is, as fans know them."""
    languages: tuple[Language, ...] = Field(LANGUAGES, min_length=1, max_length=2)
    voice: Voice = Voice()
    facts: tuple[Line, ...] = Field((), max_length=200)
    products: tuple[Product, ...] = Field((), max_length=200)
    rivals: tuple[Rival, ...] = Field((), max_length=100)
    avoid: tuple[Topic, ...] = Field((), max_length=50)
    limits: Limits = Limits()
    disclosure: Wording = _DISCLOSURE
    abstain: Wording = _ABSTAIN
    hand_over: Wording = _HAND_OVER

    @model_validator(mode="after")
    def _no_name_is_both_own_and_rival(self) -> Self:
        own = {name.casefold(): name for p in self.products for name in (p.name, *p.aliases)}
        own[self.name.casefold()] = self.name
        for rival in self.rivals:
            for name in rival.names:
                if name.casefold() in own:
                    raise ValueError(f'"{name}" is named both as a rival and as your own')
        return self

    def say(self, wording: Wording, language: str) -> str:
        """A wording of this brief in a language, with whose AI it is filled in."""
        return self.fill(wording.of(language), language)

    def fill(self, text: str, language: str) -> str:
        """Put whose AI it is in place of ``{name}``."""
        return text.replace("{name}", self.name or ("このページ" if language == "ja" else "this page"))
