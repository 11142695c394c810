"""Which server an extension talks to, as its operator set it up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

#: A shorter value hides nothing worth hiding, and taking it out of a sentence would spoil the sentence.
_LEAST_SECRET = 6


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("it holds a NUL character")
    return text


def _web_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ValueError("it begins with http:// or https:// and holds no password")
    return url


def _header_value(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if len(text) > 8_000 or not text.isascii() or not text.isprintable():
        raise ValueError("a header is at most 8,000 printable ASCII characters")
    return value


def _variable_value(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) > 8_000:
        raise ValueError("a variable has at most 8,000 characters")
    _without_nul(value.get_secret_value())
    return value


_Argument = Annotated[str, Field(max_length=4_000), AfterValidator(_without_nul)]
_HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,100}$")]
_VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]


class _Server(BaseModel):
    # A setting that is refused is not repeated in the error: it may be a secret.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    reading: frozenset[str] = Field(frozenset(), max_length=64)
    """Tools, by the server's name or by ours, of which the operator knows that they change nothing."""

    repeatable: frozenset[str] = Field(frozenset(), max_length=64)
    """Tools, by the server's name or by ours, that do a call which comes twice with one key only once: after a crash
    such a call is made again. The key is in ``_meta`` as ``inhouse/idempotency-key``, over HTTP in ``Idempotency-Key``."""


class StdioServer(_Server):
    """A program on this machine, spoken to over its standard streams."""

    command: Annotated[str, Field(min_length=1, max_length=1_000), AfterValidator(_without_nul)]
    args: tuple[_Argument, ...] = Field((), max_length=64)
    env: dict[_VariableName, Annotated[SecretStr, AfterValidator(_variable_value)]] = Field({}, max_length=64)
    """What it gets beside PATH, HOME and LANG: keys of services are given here, so the values hide themselves."""

    def secrets(self) -> tuple[str, ...]:
        """Texts that must not be shown."""
        return _parts(self.env.values())


class HttpServer(_Server):
    """A server behind a web address, spoken to over streamable HTTP."""

    url: Annotated[str, Field(max_length=2_000), AfterValidator(_web_address)]
    headers: dict[_HeaderName, Annotated[SecretStr, AfterValidator(_header_value)]] = Field({}, max_length=32)
    allow_private: bool = False
    """Whether it may be in a private network, such as this machine."""

    def secrets(self) -> tuple[str, ...]:
        """Texts that must not be shown."""
        return _parts(self.headers.values())


Server = StdioServer | HttpServer


def _parts(values: Iterable[SecretStr]) -> tuple[str, ...]:
    """Whole values, and their last words: a server complains of ``abc`` where we sent ``Bearer abc``."""
    texts = [value.get_secret_value() for value in values]
    found = {part for text in texts for part in (text, *text.split()[-1:]) if len(part) >= _LEAST_SECRET}
    return tuple(sorted(found, key=len, reverse=True))
