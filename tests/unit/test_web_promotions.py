"""The operator's page of a promotion: what it shows, and that its buttons move the fans and bring them back."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_web_pages import client, home, owner, post

from generationkit import LOST, NEWEST, SHIPPED, family
from inhouse.accounts.actors import Actor
from inhouse.accounts.ais import Ai
from inhouse.releases import routing
from inhouse.web.pages import operator_promotions
from promotion_home import NEW, promotion
from web_home import EMAIL, Home

__all__ = ["client", "home", "owner"]

pytestmark = pytest.mark.anyio


def other(home: Home) -> Ai:
    mara = home.accounts.actor_of(EMAIL)
    team = home.accounts.teams.listing(mara)[0]
    return home.ais.create(Actor.local_operator(), team.id, "sealing-wax", "Sealing Wax")


def shares(home: Home, ai: Ai) -> list[float]:
    with home.db.read() as tx:
        live = routing.get(tx, ai.id)
    assert live is not None
    return [share.share for share in live.shares]


async def test_a_promotion_is_seen_moved_and_taken_back(home: Home, owner, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    ai = home.ais.public("quill")
    made = promotion(home, ai, other(home))
    page = f"/operator/promotions/{made.id}"
    shown = (await owner.get(page)).text
    assert "All 2 AIs are checked: 1 may move" in shown and "adapter kept" in shown
    assert "fewer cases right" in shown and "1.871 → 1.874" in shown and made.hash[:16] in shown
    assert "number of percent" in (await post(owner, page, f"{page}/canary", percent="many")).text
    assert "between 0 and 1" in (await post(owner, page, f"{page}/canary", percent="100")).text

    await post(owner, page, f"{page}/canary", percent="20")
    assert shares(home, ai) == [0.8, 0.2]
    shown = (await owner.get(page)).text
    assert "At 1 of 2 AIs, 20% of the fans" in shown and "Nothing is counted yet" in shown

    await post(owner, page, f"{page}/all")
    assert shares(home, ai) == [1.0] and "1 of 2 AIs are on it" in (await owner.get(page)).text
    assert "live already" in (await post(owner, page, f"{page}/all")).text

    await post(owner, page, f"{page}/again")
    assert "waits for its check" in (await owner.get(page)).text
    await post(owner, page, f"{page}/back")
    shown = (await owner.get(page)).text
    assert "back on the release that it had" in shown and f"{page}/back" not in shown
    assert "is not being promoted" in (await post(owner, page, f"{page}/back")).text
    with home.db.read() as tx:
        served = home.releases.current(tx, ai.id)
    assert served is not None and served.generation_id != NEW


async def test_it_reads_japanese_and_strangers_are_kept_out(home: Home, owner) -> None:  # type: ignore[no-untyped-def]
    made = promotion(home, home.ais.public("quill"), other(home))
    page = f"/operator/promotions/{made.id}"
    await post(owner, page, "/language", language="ja", next=page)
    shown = (await owner.get(page)).text
    assert "アダプター" in shown and "adapter kept" not in shown
    assert (await owner.get("/operator/promotions/prm_none")).status_code == 404
    assert (await owner.get("/operator/promotions")).headers["location"] == "/operator/generations"
    await post(owner, page, "/sign-out")
    assert (await owner.get(page)).status_code in (303, 401, 403)


async def test_a_generation_that_passed_is_offered_and_one_that_did_not_is_not(home: Home, owner) -> None:  # type: ignore[no-untyped-def]
    family(home.db, home.settings.models_folder)
    (home.settings.models_folder / f"{NEWEST}.gguf").write_bytes(b"weights")
    for generation, offered in ((NEWEST, True), (LOST, False), (SHIPPED, False)):
        shown = (await owner.get(f"/operator/generations/{generation}")).text
        assert ("Check every AI on it" in shown) is offered
    page = f"/operator/generations/{LOST}"
    refused = await post(owner, page, "/operator/promotions", generation=LOST)
    assert refused.status_code == 409 and "can&#39;t be promoted" in refused.text.replace("'", "&#39;")
    assert "refused" in (await owner.get(page)).text


async def test_of_many_ais_those_that_stayed_behind_come_first(home: Home, owner, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(operator_promotions, "_SHOWN", 1)
    made = promotion(home, home.ais.public("quill"), other(home))
    shown = (await owner.get(f"/operator/promotions/{made.id}")).text
    assert "1 of 2 are shown" in shown and f"inhouse lab promotion {NEW}" in shown
    assert "fewer cases right" in shown and "1.871 → 1.874" not in shown
