"""Which model an installation serves: fetched, merged and described in one place."""

from __future__ import annotations

from inhouse.core.errors import UsageError
from inhouse.core.settings import Settings
from inhouse.runtime.profile import Installed, Method, Profile, installed, write_current
from inhouse.tuning import models
from inhouse.tuning.models import Fetched, Report


def fetch_shipped(settings: Settings, report: Report) -> Installed:
    """The generation that ships with Inhouse, with the profile that was measured for it."""
    folder = settings.models_folder
    made, file = models.prepare(folder, report)
    profile = Profile.model_validate(made.profile)
    write_current(folder, f"{made.name}-{made.delta[:12]}", file.name, profile)
    return installed(settings)


def fetch_url(settings: Settings, url: str, sha256: str, report: Report) -> Installed:
    """Any GGUF file: it is told what to do, since nobody trained it for this."""
    if len(sha256) != 64:
        raise UsageError(reason="Name the file's SHA-256 too (64 hexadecimal digits), so that it can be checked.")
    name = url.rsplit("/", 1)[-1].partition("?")[0]
    if not name.endswith(".gguf"):
        raise UsageError(reason="The address must end in a file name with .gguf.")
    wanted = Fetched(name=name.removesuffix(".gguf"), file=name, sha256=sha256, url=url)
    models.fetch(wanted, settings.models_folder, report)
    write_current(settings.models_folder, wanted.name, name, Profile(method=Method.PROMPTED))
    return installed(settings)
