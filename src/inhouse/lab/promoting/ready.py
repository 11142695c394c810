"""Whether a generation may serve anybody: its file is whole and described, and it passed what it was measured by."""

from __future__ import annotations

from inhouse.core.settings import Settings
from inhouse.lab.internalising import report
from inhouse.runtime.profile import description
from inhouse.tuning.files import sha256
from inhouse.tuning.generations import Generation

_SERVER = "A model server answers here, so there is no base model of ours to move."
_NONE = "No model was fetched yet. Run: inhouse models fetch"
_FILE = "Its file or its description is not in the folder of models, or not whole."
_DAMAGED = "Its file is not what it was when it was made."
_OTHER_PARENT = (
    "It was measured beside another generation than what is current now. Build it again on what is current."
)
_UNMEASURED = "Nobody measured it yet. Run: inhouse lab internalise"


def refusal(settings: Settings, generation: Generation, serving: str | None) -> str:
    """Why not, in a sentence; empty where it may. What new releases start on already needs no verdict any more."""
    if settings.engine != "embedded":
        return _SERVER
    if serving is None:
        return _NONE
    found = description(settings.models_folder, generation.id)
    if found is None:
        return _FILE
    if sha256(found.file) != generation.file_hash:
        return _DAMAGED
    if generation.id == serving:
        return ""
    measured = report.of(generation.scores)
    if measured is None:
        return _UNMEASURED
    if not measured.verdict.passed:
        return measured.verdict.reason
    return "" if generation.parent == serving else _OTHER_PARENT
