"""What the docs list is what the code has."""

from __future__ import annotations

from pathlib import Path

from inhouse.core.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"


def test_every_setting_is_documented_as_it_is() -> None:
    wanted = [
        f"| `INHOUSE_{name.upper()}` | {field.description} |" for name, field in Settings.model_fields.items()
    ]
    listed = [
        line for line in (DOCS / "settings.md").read_text("utf-8").splitlines() if line.startswith("| `")
    ]
    assert listed == wanted
