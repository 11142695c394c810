"""An owner's own table, such as the products of a shop, that their AI looks things up in: by words and conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from inhouse.runtime.bridge import in_thread
from inhouse.runtime.extensions.base import Context, Reading, Result, Tool
from inhouse.runtime.extensions.table.answers import Answers
from inhouse.runtime.extensions.table.query import Items
from inhouse.runtime.extensions.table.reading import read_sheet, read_text


class TableSettings(BaseModel):
    """A table as its owner hands it over."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1, max_length=60)
    """What the table holds, in the plural: "products"."""
    csv: str | bytes = Field(repr=False)
    """The file: a line that names the columns, then at most 20,000 rows, at most 10 MB."""
    language: str = Field("und", max_length=20)
    """What its texts are written in, by which plurals are told; "und" has it guessed, which a short table may defy."""

    @field_validator("csv")
    @classmethod
    def _as_text(cls, csv: str | bytes) -> str:
        """Text, so that the settings can be stored as JSON. Raises ``BadTable`` or ``NotText`` for bytes."""
        return csv if isinstance(csv, str) else read_text(csv)


class Table:
    """The tools of one table. It is read when the object is built, which takes a large file some seconds."""

    def __init__(self, settings: TableSettings) -> None:
        """Raises ``BadTable`` or ``NotText`` with a sentence for the owner."""
        sheet = read_sheet(settings.csv, settings.language)
        self._answers = Answers(settings.title, sheet, Items(sheet))

    async def tools(self) -> Sequence[Tool]:
        """``look_up`` and ``count``."""
        return self._answers.tools

    def understood(self, tool: str, request: str, today: date) -> Reading | None:
        """The call, where every word of the request is a name, a column or a condition of this table."""
        return self._answers.understood(tool, request)

    async def call(self, tool: str, arguments: Mapping[str, Any], context: Context) -> Result:
        """Look something up, or count."""
        return await in_thread(self._answers.call, tool, arguments)

    async def aclose(self) -> None:
        """Forget the rows."""
        await in_thread(self._answers.close)
