"""What models cost: a table that the operator gives. Tokens of a hosted model are priced by the million, a machine of one's
own by the hour that it works.

    currency: USD
    models:
      gpt-4-1106-preview: {input: 10, output: 30}
      gen_0126dcf91564909a: {hour: 0.05}
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from inhouse.core.errors import UsageError
from inhouse.core.settings import Settings

#: Where an installation keeps its table.
FILE = "prices.yaml"
_MOST_BYTES = 100_000
_MILLION = 1_000_000

Amount = Annotated[float, Field(ge=0, le=1_000_000)]


class Price(BaseModel):
    """In the table's currency: a million prompt tokens, a million tokens of answers, an hour of work."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: Amount = 0.0
    output: Amount = 0.0
    hour: Amount = 0.0

    def of(self, prompt_tokens: float, completion_tokens: float, seconds: float) -> float:
        """What one question cost."""
        tokens = prompt_tokens * self.input + completion_tokens * self.output
        return tokens / _MILLION + seconds / 3600 * self.hour


class Prices(BaseModel):
    """Prices by the models' own names (`contenders.model_of`): an adapter is served by its model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    models: dict[Annotated[str, Field(min_length=1, max_length=200)], Price] = Field({}, max_length=200)


def read(file: Path) -> Prices:
    """A table from a file; ``UsageError`` says what is wrong with it."""
    if not file.is_file() or file.stat().st_size > _MOST_BYTES:
        raise UsageError(reason=f"{file} is no file of at most {_MOST_BYTES // 1000} kB.")
    try:
        return Prices.model_validate(yaml.safe_load(file.read_text("utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(reason=f"{file} is no YAML.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise UsageError(reason=f"{file}: {where}: {first['msg']}.") from error


def of_installation(settings: Settings) -> Prices:
    """The installation's own table; an empty one where there is none."""
    file = settings.home / FILE
    return read(file) if file.exists() else Prices()
