"""Models that can be compared, as this installation has them: every model file of its folder, and its model server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from inhouse.core.errors import UsageError
from inhouse.core.ids import digest
from inhouse.lab.comparing.contenders import ADAPTER, Contender, Standing
from inhouse.runtime.cascade.listening import Listening
from inhouse.runtime.engines.base import Engine
from inhouse.runtime.engines.factory import embedded, server
from inhouse.runtime.profile import (
    ENDPOINT,
    Installed,
    Method,
    NoModel,
    Profile,
    description,
    installed,
    remote,
)
from inhouse.runtime.serving import Engines
from inhouse.store.database import Tx
from inhouse.tuning import shelf

if TYPE_CHECKING:
    from inhouse.app.services import Services

_MOST_NAME = 200


class HouseArena:
    """``lab.comparing.contenders.Arena`` over an installation."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._settings = services.settings

    def contenders(self, tx: Tx, ai_id: str) -> list[Contender]:
        """What is served now first, then the other model files, then the model server's model."""
        return [*self._generations(tx, ai_id), *self._endpoint()]

    def named(self, tx: Tx, ai_id: str, name: str) -> Contender:
        """One of them, or another model of the model server as ``endpoint:NAME``."""
        known = {one.name: one for one in self.contenders(tx, ai_id)}
        if name in known:
            return known[name]
        if (
            name.startswith(ENDPOINT)
            and len(ENDPOINT) < len(name) <= _MOST_NAME
            and self._settings.engine_url
        ):
            return Contender(name, "endpoint")
        raise UsageError(
            reason=f'There is no model "{name[:_MOST_NAME]}" here. There are: {", ".join(known) or "none"}.'
        )

    def serves(self, name: str) -> bool:
        """A generation needs its description; whether the model server has a model, only asking it would tell."""
        if name.startswith(ENDPOINT):
            return bool(self._settings.engine_url)
        return description(self._settings.models_folder, name) is not None

    async def stand(self, contender: Contender) -> Standing:
        """Start it: a generation in a child process of its own, so that it is timed apart from what fans ask."""
        engine, model = await self._engine(contender)
        ear = Listening(engine, asks=contender.kind == "generation")
        # Whom its tools ask answers on the same model: what that costs is this contender's.
        engines = Engines(lambda _: model, lambda _: ear)
        desk = self._services.open_desk(engines)
        replier = self._services.replier_on(ear, model.profile, desk)

        async def close() -> None:
            await desk.aclose()
            await engines.aclose()
            await ear.aclose()

        return Standing(replier, ear, close)

    async def _engine(self, contender: Contender) -> tuple[Engine, Installed]:
        settings = self._settings
        if contender.kind == "endpoint":
            return server(settings, contender.model), remote()
        model = self.model(contender.model)
        engine = embedded(settings, model.file, f"compare-{digest(contender.model)[:12]}")
        await engine.start()  # the first question must not pay for it
        return engine, model

    def _generations(self, tx: Tx, ai_id: str) -> Iterator[Contender]:
        served = self._served()
        files = {path.stem for path in self._settings.models_folder.glob("*.gguf")}
        adapters = self._adapters(tx, ai_id)
        for stem in sorted(files, key=lambda stem: (stem != served, stem)):
            yield Contender(stem, "generation")
            if stem in adapters:
                yield Contender(f"{stem}{ADAPTER}", "generation", adapters[stem])

    def _adapters(self, tx: Tx, ai_id: str) -> dict[str, str]:
        """By the generation that each was trained on: the one that is live, else the newest."""
        fit = [row for row in shelf.listing(tx, ai_id) if not row.tainted]
        newest = {row.generation_id: row.hash for row in reversed(fit)}
        live = self._services.releases.current(tx, ai_id)
        return newest | {row.generation_id: row.hash for row in fit if live and row.hash == live.adapter_hash}

    def _endpoint(self) -> Iterator[Contender]:
        if self._settings.engine_url and self._settings.engine_model:
            yield Contender(f"{ENDPOINT}{self._settings.engine_model}", "endpoint")

    def _served(self) -> str | None:
        try:
            return installed(self._settings).file.stem
        except NoModel:
            return None

    def model(self, stem: str) -> Installed:
        """A generation as it is described; a file without a description is told what to do, like any that we don't know."""
        folder = self._settings.models_folder
        unknown = Profile(method=Method.PROMPTED)
        return description(folder, stem) or Installed(
            generation=stem, file=folder / f"{stem}.gguf", source="", profile=unknown
        )
