"""Which model is served, after an update of Inhouse."""

from __future__ import annotations

from pathlib import Path

from inhouse.app.models import fetch_shipped
from inhouse.core.settings import Settings
from inhouse.runtime.profile import Method, Profile, write_current
from inhouse.tuning import models


def test_an_update_brings_new_thresholds_without_making_the_model_again(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", models=tmp_path)
    made = models.shipped()
    (tmp_path / "gen_1.gguf").write_bytes(b"made already")
    write_current(
        tmp_path, "gen_1", "gen_1.gguf", Profile(method=Method.TRAINED, abstain_above=0.1), made.delta
    )
    served = fetch_shipped(settings, lambda _line: None)
    assert served.profile == Profile.model_validate(made.profile)
    assert (served.generation, served.file) == ("gen_1", tmp_path / "gen_1.gguf")
