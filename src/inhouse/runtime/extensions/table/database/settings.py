"""Which table of which database, as its operator set it up."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    field_validator,
    model_validator,
)
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from inhouse.core.errors import InhouseError
from inhouse.runtime.extensions.table.database import statement
from inhouse.runtime.extensions.table.database.statement import MOST_STATEMENT, Statement

_SCHEMES = {"sqlite": "sqlite", "postgresql": "postgresql", "postgres": "postgresql"}
#: What an address may say beside where the database is: nothing that changes what a session may do.
_OPTIONS = frozenset({"host", "sslmode", "sslrootcert"})
MOST_COLUMNS = 30

_Name = Annotated[str, StringConstraints(min_length=1, max_length=128)]
_Place = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
_Words = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Asked(BaseModel):
    """A request as a person would say it, and the values in it that a SELECT's places take."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    request: str = Field(min_length=1, max_length=500)
    values: dict[_Place, _Words] = Field(min_length=1)


class DatabaseSettings(BaseModel):
    """A table or a view with the columns that may be told, or a SELECT."""

    # A setting that is refused is not repeated in the error: the address holds a password.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    title: str = Field(min_length=1, max_length=60)
    """What the table holds, in the plural: "products"."""
    database: SecretStr
    """Its address: ``sqlite:////shop/shop.db`` or ``postgresql://reader:password@host/shop``."""
    table: str = Field("", max_length=200)
    """The name of a table or a view, with its schema where that isn't the usual one: "shop.products"."""
    columns: tuple[_Name, ...] = Field((), max_length=MOST_COLUMNS)
    """The table's columns that are told and may be asked for. No other is ever read."""
    search: tuple[_Name, ...] = Field((), max_length=MOST_COLUMNS)
    """The columns that words are looked for in, told or not; where none is named, those told that hold text."""
    select: str = Field("", max_length=MOST_STATEMENT)
    """In place of a table: one SELECT. With places for values, such as ``:order_no``, only what they name is found."""
    examples: tuple[Asked, ...] = Field((), max_length=20)
    """For a SELECT with places: requests as people say them. The first has to find something."""
    units: dict[_Name, Annotated[str, StringConstraints(min_length=1, max_length=12)]] = Field(
        {}, max_length=MOST_COLUMNS
    )
    """What the numbers of a column are in, such as {"price": "£"}."""
    language: str = Field("und", max_length=20)
    """What its texts are written in; "und" has it guessed."""
    seconds: float = Field(5.0, gt=0, le=30)
    """How long the database may take for one answer."""

    @field_validator("database")
    @classmethod
    def _is_an_address(cls, value: SecretStr) -> SecretStr:
        _url(value)
        return value

    @model_validator(mode="after")
    def _is_a_table_or_a_statement(self) -> DatabaseSettings:
        if bool(self.table) == bool(self.select):
            raise ValueError("name a table or write a SELECT, and not both")
        if self.table and not self.columns:
            raise ValueError("name the columns of the table that may be told")
        if self.select and (self.columns or (self.search and self.statement.places)):
            raise ValueError("a SELECT says itself which columns are told")
        places = set(self.statement.places) if self.select else set()
        if places and not self.examples:
            raise ValueError("a SELECT with places for values needs an example")
        if any(set(example.values) != places for example in self.examples):
            raise ValueError("every example has a value for each place of the SELECT, and no other")
        return self

    @cached_property
    def statement(self) -> Statement:
        """The SELECT, checked."""
        try:
            return statement.checked(self.select)
        except InhouseError as error:
            raise ValueError(error.message) from None

    @property
    def url(self) -> URL:
        """The address, with its password."""
        return _url(self.database)


def _url(value: SecretStr) -> URL:
    try:
        url = make_url(value.get_secret_value())
    except (ArgumentError, ValueError):
        raise ValueError("it is no address of a database") from None
    scheme = _SCHEMES.get(url.drivername.partition("+")[0])
    if scheme is None:
        raise ValueError("it begins with sqlite:/// or postgresql://")
    _check_options(scheme, dict(url.query))
    if scheme == "sqlite" and (not url.database or url.host or url.database.startswith((":", "file:"))):
        raise ValueError("name the SQLite file: sqlite:////shop/shop.db")
    if scheme == "postgresql" and not (url.database and (url.host or url.query.get("host"))):
        raise ValueError("name the server and the database: postgresql://reader:password@host/shop")
    return url.set(drivername=scheme)


def _check_options(scheme: str, options: dict[str, Any]) -> None:
    known = _OPTIONS if scheme == "postgresql" else frozenset[str]()
    if unknown := sorted(set(options) - known):
        raise ValueError(f"the address may not say {unknown[0]}")
