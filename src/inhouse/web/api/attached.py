"""Documents in a program's message: named, or sent along."""

from __future__ import annotations

import base64
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from inhouse.core.errors import UsageError


class GivenFile(BaseModel):
    """A document to be read: one that was given to `/v1/files`, or the file itself, as base64."""

    model_config = ConfigDict(extra="ignore")

    file_id: Annotated[str | None, Field(max_length=60)] = None
    filename: Annotated[str, Field(max_length=300)] = "document.txt"
    file_data: Annotated[
        str | None,
        Field(description="`data:application/pdf;base64,…`. Kept no longer than the request takes."),
    ] = None

    @property
    def content(self) -> bytes:
        """The file that was sent along."""
        try:
            return base64.b64decode((self.file_data or "").rpartition(",")[2], validate=True)
        except ValueError:
            raise UsageError(
                reason="file_data must be base64, as in data:application/pdf;base64,…."
            ) from None
