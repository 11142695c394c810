"""Which model an installation serves: fetched, merged and described in one place."""

from __future__ import annotations

from inhouse.core.errors import UsageError
from inhouse.core.settings import Settings
from inhouse.runtime.profile import Installed, Method, NoModel, Profile, installed, write_current
from inhouse.store.database import Database
from inhouse.tuning import generations, models
from inhouse.tuning.files import sha256 as hash_of
from inhouse.tuning.models import BASE, Fetched, Report


def fetch_shipped(settings: Settings, report: Report) -> Installed:
    """The generation that ships with Inhouse, with the profile that was measured for it; nothing where it is there."""
    folder, made = settings.models_folder, models.shipped()
    profile = Profile.model_validate(made.profile)
    if not _is_installed(settings, made.delta):
        file_hash, file = models.merged(made, folder, report)
        write_current(folder, models.generation_id(file_hash), file.name, profile, made.delta)
    now = installed(settings)
    if now.profile != profile:  # a newer Inhouse may trust the same model differently
        write_current(folder, now.generation, now.file.name, profile, made.delta)
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


def register(db: Database, settings: Settings) -> None:
    """See that the database knows the generation that the embedded engine serves: what is trained now fits it."""
    if settings.engine != "embedded":
        return
    try:
        model = installed(settings)
    except NoModel:
        return  # commands that need no model work without one; the others say what to run
    with db.read() as tx:
        if any(generation.id == model.generation for generation in generations.listing(tx)):
            return
    with db.write() as tx:
        generations.add(
            tx,
            model.generation,
            parent=BASE.sha256,
            recipe={},
            data_hashes={"source": model.source},
            scores={},
            file_hash=hash_of(model.file),
            quantisation="as fetched",
        )


def _is_installed(settings: Settings, source: str) -> bool:
    try:
        model = installed(settings)
    except NoModel:
        return False
    return model.source == source and model.file.exists()
