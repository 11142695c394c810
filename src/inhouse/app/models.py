"""Which model an installation serves: fetched, merged and described in one place."""

from __future__ import annotations

from inhouse.core.errors import UsageError
from inhouse.core.settings import Settings
from inhouse.runtime.profile import (
    Installed,
    Method,
    NoModel,
    Profile,
    describe_current,
    descriptions,
    installed,
    see_described,
    write_current,
)
from inhouse.store.blobs import Blobs
from inhouse.store.database import Database
from inhouse.tuning import generations, models
from inhouse.tuning.files import sha256 as hash_of
from inhouse.tuning.models import BASE, Fetched, Report


def fetch_shipped(settings: Settings, report: Report) -> Installed:
    """The generation that ships with Inhouse, made where it isn't there yet, with the profile that was measured for it."""
    folder, made = settings.models_folder, models.shipped()
    # Written each time: a newer Inhouse may trust the same model differently.
    profile = Profile.model_validate(made.profile)
    describe_current(folder)
    there = next((one for one in descriptions(folder) if one.source == made.delta), None)
    if there is not None:
        write_current(folder, there.generation, there.file.name, profile, made.delta)
    else:
        file_hash, file = models.merged(made, folder, report)
        write_current(folder, models.generation_id(file_hash), file.name, profile, made.delta)
    return installed(settings)


def fetch_url(settings: Settings, url: str, sha256: str, report: Report) -> Installed:
    """Any GGUF file: it is told what to do, since nobody trained it for this."""
    if len(sha256) != 64:
        reason = "Name the file's SHA-256 too (64 hexadecimal digits), so that it can be checked."
        raise UsageError(reason=reason)
    name = url.rsplit("/", 1)[-1].partition("?")[0]
    if not name.endswith(".gguf"):
        raise UsageError(reason="The address must end in a file name with .gguf.")
    generation = models.generation_id(sha256)
    wanted = Fetched(name=name, file=f"{generation}.gguf", sha256=sha256, url=url)
    models.fetch(wanted, settings.models_folder, report)
    profile = Profile(method=Method.PROMPTED)
    write_current(settings.models_folder, generation, wanted.file, profile, sha256)
    return installed(settings)


def register(db: Database, settings: Settings, blobs: Blobs) -> None:
    """See that the current generation is described, and that the database knows it and what it came from."""
    if settings.engine != "embedded":
        return
    try:
        model = installed(settings)
    except NoModel:
        return  # commands that need no model work without one; the others say what to run
    see_described(settings.models_folder, model)
    with db.read() as tx:
        known = generations.known(tx, model.generation)
    if known is not None and known.name:
        return
    if model.source == models.shipped().delta:
        _add_shipped(db, model, blobs)
    else:
        _add_fetched(db, model)


def _add_shipped(db: Database, model: Installed, blobs: Blobs) -> None:
    """What ships, and the base model above it, so that the tree has a root."""
    made, base = models.shipped(), models.generation_id(BASE.sha256)
    delta = {name: blobs.put_file(models.SHIPPED / name) for name in models.DELTA_FILES}
    file_hash = hash_of(model.file)
    with db.write() as tx:
        generations.add(
            tx,
            base,
            name=BASE.name,
            parent=None,
            recipe={},
            data_hashes={},
            scores={},
            file_hash=BASE.sha256,
            quantisation=models.BASE_QUANTISATION,
        )
        generations.add(
            tx,
            model.generation,
            name=made.name,
            parent=base,
            recipe=made.recipe,
            data_hashes=made.data,
            scores=made.scores,
            file_hash=file_hash,
            quantisation=made.quantisation,
            delta=delta,
        )


def _add_fetched(db: Database, model: Installed) -> None:
    """A file from elsewhere, of which nothing is known but what it calls itself."""
    name, file_hash = models.own_name(model.file) or model.generation, hash_of(model.file)
    with db.write() as tx:
        generations.add(
            tx,
            model.generation,
            name=name,
            parent=None,
            recipe={},
            data_hashes={"source": model.source},
            scores={},
            file_hash=file_hash,
            quantisation="as fetched",
        )
