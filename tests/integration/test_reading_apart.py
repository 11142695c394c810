"""Reading what strangers give in a program of its own: the same words, and an end to what takes too long."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from inhouse.content.reading import Unreadable, read
from inhouse.content.reading_apart import ReadingApart
from inhouse.core.errors import TooLarge

POLICY = "# Returns\n\nYou may return a mug within 30 days.\n"


def test_the_program_reads_what_the_importers_read_and_says_why_it_does_not(tmp_path: Path) -> None:
    path = tmp_path / "policy.md"
    path.write_text(POLICY)
    assert ReadingApart()(path, "policy.md", "https://a.example/p") == read(
        path, "policy.md", "https://a.example/p"
    )
    with pytest.raises(Unreadable, match="not a PDF file"):
        ReadingApart()(path, "policy.pdf")
    path.write_text("".join(f"Row {n}: {'-'.join(map(str, range(n, n + 40)))}\n\n" for n in range(4_000)))
    with pytest.raises(TooLarge):
        ReadingApart()(path, "lines.txt")


def test_what_takes_too_long_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "policy.md"
    path.write_text(POLICY)
    with pytest.raises(Unreadable, match="too long"):
        ReadingApart(seconds=0.01)(path, "policy.md")


def test_the_program_is_told_nothing_that_may_be_secret(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("INHOUSE_ENGINE_KEY", "OTEL_EXPORTER_OTLP_HEADERS", "PGPASSWORD"):
        monkeypatch.setenv(name, "hunter2")
    told: dict[str, str] = {}
    run = subprocess.run

    def watched(*command: Any, env: dict[str, str], **rest: Any) -> Any:
        told.update(env)
        return run(*command, env=env, **rest)

    monkeypatch.setattr(subprocess, "run", watched)
    path = tmp_path / "policy.md"
    path.write_text(POLICY)
    assert ReadingApart()(path, "policy.md").cuts
    assert "PATH" in told and "hunter2" not in told.values()
