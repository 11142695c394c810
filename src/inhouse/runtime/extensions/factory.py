"""Every kind of extension that can be set up, under its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr, ValidationError

from inhouse.core.errors import UsageError
from inhouse.runtime.extensions.base import Extension
from inhouse.runtime.extensions.calculator.extension import Calculator
from inhouse.runtime.extensions.colleagues import AskColleagues, Colleagues
from inhouse.runtime.extensions.documents.extension import DocumentTools, Reader
from inhouse.runtime.extensions.mcp.servers import HttpServer, Server, StdioServer
from inhouse.runtime.extensions.search.brave import Brave
from inhouse.runtime.extensions.search.extension import SearchExtension
from inhouse.runtime.extensions.search.feeds import Feeds, FeedStore
from inhouse.runtime.extensions.search.searxng import SearXNG
from inhouse.runtime.extensions.specialist import Ask, Specialist, SpecialistSettings
from inhouse.runtime.extensions.table.database.extension import database_table
from inhouse.runtime.extensions.table.database.settings import DatabaseSettings
from inhouse.runtime.extensions.table.extension import Table, TableSettings


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NoSettings(_Settings):
    """Nothing to choose."""


class FeedSettings(_Settings):
    """Feeds that are read every hour."""

    feeds: tuple[HttpUrl, ...] = Field(min_length=1, max_length=20)
    """Addresses of RSS or Atom feeds."""


class SearXNGSettings(_Settings):
    """A SearXNG server of the operator's."""

    url: HttpUrl


class BraveSettings(_Settings):
    """An account at Brave Search."""

    key: SecretStr


@dataclass(frozen=True)
class Plugs:
    """What extensions need of the installation they run in."""

    feed_store: Callable[[str, str], FeedStore]
    """The items that were read for an AI's extension: by the AI's id and the extension's name."""
    ask: Ask
    """Asks another AI of the team, or one that is open to all."""
    colleagues: Colleagues
    """Knows which AIs may be asked now."""
    reader: Reader
    """Reads public addresses, and searches documents that a person gave."""


@dataclass(frozen=True)
class Place:
    """Which set-up of which AI an extension is made for."""

    ai_id: str
    name: str
    plugs: Plugs


@dataclass(frozen=True)
class Kind:
    """A kind of extension. What reaches into the operator's machine or network is theirs to set up."""

    title: str
    about: str
    settings: type[BaseModel]
    build: Callable[[Any, Place], Extension]
    operator_only: bool = False
    seconds: float = 10.0
    """What a call may take, where its owner says nothing else."""
    shows_own_data: bool = False
    """Whether its tools' examples are made of the owner's data, such as names in rows."""


def _mcp(settings: Server, place: Place) -> Extension:
    """The official client takes most of a second to import: only who has such a server waits for it."""
    made: Extension = import_module("inhouse.runtime.extensions.mcp.extension").McpExtension(settings)
    return made


KINDS: Mapping[str, Kind] = {
    "calculator": Kind(
        "Calculator",
        "Sums, percentages, units, money in one currency, and dates.",
        NoSettings,
        lambda settings, place: Calculator(),
    ),
    "table": Kind(
        "Table",
        "Looks things up in a table of yours, such as products and prices.",
        TableSettings,
        lambda settings, place: Table(settings),
        shows_own_data=True,
    ),
    "sql-table": Kind(
        "Table in a database",
        "Looks things up in a table, a view or a SELECT of your own database, SQLite or PostgreSQL. It only reads.",
        DatabaseSettings,
        lambda settings, place: database_table(settings),
        operator_only=True,
        shows_own_data=True,
    ),
    "feeds": Kind(
        "News from feeds",
        "Finds what is new in RSS and Atom feeds that you choose. They are read every hour.",
        FeedSettings,
        lambda settings, place: SearchExtension(Feeds(place.plugs.feed_store(place.ai_id, place.name))),
    ),
    "documents": Kind(
        "Documents and pages",
        "Compares and looks through documents that people give, and reads a page whose address they write.",
        NoSettings,
        lambda settings, place: DocumentTools(place.plugs.reader),
        seconds=45.0,
    ),
    "colleagues": Kind(
        "The other AIs here",
        "Asks whichever AI of your team, or open to all, knows about the question: those that there are at that moment.",
        NoSettings,
        lambda settings, place: AskColleagues(place.plugs.colleagues, place.plugs.ask),
        seconds=30.0,
    ),
    "specialist": Kind(
        "Another AI of yours",
        "Asks another AI of your team what it knows, and tells its answer.",
        SpecialistSettings,
        lambda settings, place: Specialist(settings, place.plugs.ask),
    ),
    "searxng": Kind(
        "Web search (SearXNG)",
        "Searches the web through a SearXNG server.",
        SearXNGSettings,
        lambda settings, place: SearchExtension(SearXNG(str(settings.url))),
        operator_only=True,
    ),
    "brave": Kind(
        "Web search (Brave)",
        "Searches the web with an account at Brave Search.",
        BraveSettings,
        lambda settings, place: SearchExtension(Brave(settings.key)),
        operator_only=True,
    ),
    "mcp": Kind(
        "MCP server",
        "The tools of any server on the web that speaks the Model Context Protocol.",
        HttpServer,
        _mcp,
        operator_only=True,
    ),
    "mcp-program": Kind(
        "MCP program",
        "The tools of a program on this machine that speaks the Model Context Protocol.",
        StdioServer,
        _mcp,
        operator_only=True,
    ),
}


def kind(name: str) -> Kind:
    """A kind by its name. Raises ``UsageError`` with the names there are."""
    if name not in KINDS:
        raise UsageError(
            reason=f'There is no kind of extension named "{name}": choose one of {", ".join(KINDS)}.'
        )
    return KINDS[name]


def examples_teach(name: str) -> bool:
    """Whether the examples of this kind's tools say how they are asked, and nothing of their owner's data. Of a kind that is not
    known here nothing is."""
    return name in KINDS and not KINDS[name].shows_own_data


def make(name: str, settings: Mapping[str, Any], place: Place) -> Extension:
    """An extension of this kind. Raises ``UsageError`` where the settings don't fit."""
    chosen = kind(name)
    return chosen.build(_checked(chosen, settings), place)


def shown(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings for showing: secrets are stars, and long texts are cut."""
    plain = _checked(kind(name), settings).model_dump(mode="json")
    return {
        key: f"{value[:80]}…" if isinstance(value, str) and len(value) > 80 else value
        for key, value in plain.items()
    }


def _checked(chosen: Kind, settings: Mapping[str, Any]) -> BaseModel:
    try:
        return chosen.settings.model_validate(dict(settings))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "settings"
        raise UsageError(reason=f"{chosen.title}: {where}: {first['msg']}.") from None
