"""A question through the API as a program asks it, and what the program knows of it as far as the stream came."""

from __future__ import annotations

import json
from dataclasses import dataclass

import httpx


@dataclass
class Asked:
    """What a client knows of one question: that it was stored, and the whole answer once it came."""

    question: str
    turn_id: str = ""
    """Empty until the server named the turn: only then is it promised to be stored."""
    answer: str = ""
    ended: bool = False
    release_id: str = ""
    error: str = ""
    """Why there is no answer, as far as it is known."""


def ask(asked: Asked, address: str, secret: str, timeout: httpx.Timeout, **fields: str) -> None:
    """Ask, and keep what comes; an ``httpx.HTTPError`` where the server goes away. ``fields`` name the model, and who asks."""
    body = {"stream": True, "messages": [{"role": "user", "content": asked.question}], **fields}
    headers = {"Authorization": f"Bearer {secret}"}
    url = f"{address}/v1/chat/completions"
    with httpx.stream("POST", url, json=body, headers=headers, timeout=timeout) as response:
        if response.status_code != httpx.codes.OK:
            asked.error = f"{response.status_code} {response.read()[:200]!r}"
        for line in response.iter_lines():
            note(asked, line)


def note(asked: Asked, line: str) -> None:
    """Keep what one line of the stream says."""
    if not line.startswith("data: {"):
        return
    chunk = json.loads(line.removeprefix("data: "))
    asked.turn_id = asked.turn_id or chunk.get("id", "")
    if "error" in chunk:
        asked.error = str(chunk["error"])[:200]
    told = chunk.get("inhouse") or {}
    asked.release_id = told.get("release") or asked.release_id
    for choice in chunk.get("choices", ()):
        asked.answer += choice["delta"].get("content") or ""
        asked.ended = asked.ended or choice["finish_reason"] is not None
