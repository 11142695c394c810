"""A promotion for the tests of pages: two AIs checked, one of them left behind, the other one waiting to move."""

from __future__ import annotations

from typing import Any

from inhouse.accounts.ais import Ai
from inhouse.conversations.tables import conversations, fans, turns
from inhouse.core import clock, ids
from inhouse.core.events import Ended, Timing
from inhouse.lab.promoting import shelf
from inhouse.lab.promoting.promotion import Promotion, Rules
from inhouse.releases import releases as release_rows
from inhouse.releases import routing
from inhouse.releases.release import Candidate, Gate
from inhouse.runtime.profile import Method, Profile, write_current
from inhouse.tuning import generations
from web_home import Home

OLD, NEW = "gen_0126dcf91564909a", "gen_77aa31c09be2d415"


def promotion(home: Home, ai: Ai, behind: Ai | None = None) -> Promotion:
    """Checked and not moved yet; what is live is said to be on the old generation."""
    gate = Gate(passed=True, verdict="as good", reason="It is as good as the live release in every check.")
    folder = home.settings.models_folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{OLD}.gguf").write_bytes(b"weights")
    write_current(folder, OLD, f"{OLD}.gguf", Profile(method=Method.TRAINED), "d" * 64)
    with home.db.write() as tx:
        for name, generation in (("inhouse-2", OLD), ("inhouse-3", NEW)):
            generations.add(
                tx,
                generation,
                name=name,
                parent=None,
                recipe={},
                data_hashes={},
                scores={},
                file_hash="f" * 64,
                quantisation="Q8_0",
            )
        made = shelf.add(tx, NEW, OLD, Rules(), {}, by=None)
        shelf.add_moves(tx, made, [one.id for one in (ai, behind) if one])
        live = routing.get(tx, ai.id)
        assert live is not None
        candidate = Candidate(generation_id=NEW, adapter_hash=None, brief_version=1, index_revision=1)
        new = release_rows.add(tx, ai.id, candidate, gate, job_id=None, by=None)
        for move in shelf.moves_of(tx, made.id):
            if move.ai_id == ai.id:
                passed: dict[str, Any] = {
                    "way": "kept",
                    "reason": gate.reason,
                    "old_release_id": live.shares[0].release_id,
                    "new_release_id": new.id,
                    "found": {"old": _heard(OLD, 1.871), "new": _heard(NEW, 1.874)},
                    "seconds": 48.0,
                }
                shelf.set_move(tx, move, "passed", **passed)
            else:
                reason = "Not better: it gets fewer cases right. The live release stays."
                shelf.set_move(tx, move, "left", reason=reason, seconds=131.0)
    return made


def _heard(generation: str, worth: float) -> dict[str, Any]:
    voice = {"none": 2.104, "adapter": worth, "interval": [-0.27, -0.19], "n": 40}
    return {"generation": generation, "voice": voice, "picks": None}


def come(home: Home, ai: Ai, made: Promotion, count: int) -> None:
    """Fans with a turn each, by the release that they are routed to; the new one knows less often."""
    now, rows = clock.now(), []
    with home.db.write() as tx:
        live = routing.get(tx, ai.id)
        move = shelf.move_of(tx, made.id, ai.id)
        assert live is not None and move is not None
        for number in range(count):
            fan = f"fan_{number}"
            release_id = routing.release_of(live, fan)
            is_new = release_id == move.new_release_id
            ended = Ended(
                answer="…",
                abstained=number % 10 < (4 if is_new else 2),
                timing=Timing(total_ms=900 + number, prompt_tokens=120 if is_new else 210),
            )
            rows.append(_turn(ai.id, fan, release_id, now, ended))
        fans_and_threads = [(row["fan_id"], row["conversation_id"]) for row in rows]
        tx.execute(
            fans.insert(),
            [
                {"id": fan, "ai_id": ai.id, "token_hash": ids.digest(fan), "created_at": now, "seen_at": now}
                for fan, _thread in fans_and_threads
            ],
        )
        tx.execute(
            conversations.insert(),
            [
                {
                    "id": thread,
                    "ai_id": ai.id,
                    "fan_id": fan,
                    "origin": "page",
                    "created_at": now,
                    "changed_at": now,
                }
                for fan, thread in fans_and_threads
            ],
        )
        tx.execute(turns.insert(), rows)


def _turn(ai_id: str, fan: str, release_id: str, at: Any, ended: Ended) -> dict[str, Any]:
    return {
        "id": ids.new_id("turn"), "ai_id": ai_id, "conversation_id": f"con_{fan}", "fan_id": fan, "number": 1,
        "author": "ai", "state": "done", "question": "?", "answer": "…", "ended": ended.model_dump(mode="json"),
        "seq": 3, "release_id": release_id, "amendment": 0, "index_revision": 0, "attempts": 1, "thumb": None,
        "stop_requested": False, "created_at": at, "asked_at": at, "ended_at": at,
    }  # fmt: skip
