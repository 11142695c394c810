"""Agreeing to what an AI proposes to do, or declining it; and the team's view of what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from inhouse.accounts import audit
from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.conversations import actions, fans, quotas
from inhouse.conversations.actions import Deed, State
from inhouse.conversations.fans import Fan
from inhouse.core import clock
from inhouse.core.errors import InhouseError, NotFound
from inhouse.releases import extensions
from inhouse.releases.release import NotLive
from inhouse.releases.releases import Releases
from inhouse.runtime.extensions.base import Context
from inhouse.store.database import Database, Tx

Decision = Literal["agree", "decline"]


class TooLate(InhouseError):
    """The time to agree is over, and nothing was sent. Ask again."""

    status = 409


class DecidedAlready(InhouseError):
    """This was decided already. Reload the page to see what came of it."""

    status = 409


class NotAsShown(InhouseError):
    """What you agree to is not what would be sent. Reload the page and look at it again."""

    status = 409


class SwitchedOff(InhouseError):
    """Meanwhile {title} was switched off or changed, and nothing was sent. Ask again."""

    status = 409


class Actions:
    """Consent and the journal. Nothing is performed here: that is a program of its own."""

    def __init__(self, db: Database, releases: Releases) -> None:
        self._db = db
        self._releases = releases

    def get(self, fan: Fan, action_id: str) -> Deed:
        """One of this fan's, with what came of it so far."""
        with self._db.read() as tx:
            return actions.of_fan(tx, fan, action_id)

    def of_turns(self, fan: Fan, turn_ids: Sequence[str]) -> dict[str, Deed]:
        """What turns of this fan proposed, by turn."""
        with self._db.read() as tx:
            found = actions.of_turns(tx, fan.ai_id, turn_ids)
        return {turn: deed for turn, deed in found.items() if deed.fan_id == fan.id}

    def agree(self, fan: Fan, action_id: str, shown: str) -> Deed:
        """Agree to just what was shown (its hash). Agreeing twice is agreeing once. Raises ``TooLate``, ``NotAsShown``,
        ``DecidedAlready``, ``SwitchedOff`` and ``UsedUp``; then nothing is sent."""
        with self._db.write() as tx:
            fans.lock(tx, fan)
            deed = actions.of_fan(tx, fan, action_id)
            if deed.agreed_at is not None and deed.hash == shown:
                return deed
            self._check(tx, fan, deed, shown)
            if not actions.agree(tx, deed):
                raise TooLate()
            return actions.of_fan(tx, fan, action_id)

    def decline(self, fan: Fan, action_id: str) -> Deed:
        """Say no; said twice it stays so. Raises ``DecidedAlready`` after agreeing."""
        with self._db.write() as tx:
            deed = actions.of_fan(tx, fan, action_id)
            if deed.agreed_at is not None:
                raise DecidedAlready()
            if deed.state == "proposed":
                actions.decline(tx, deed)
            return actions.of_fan(tx, fan, action_id)

    def listing(
        self,
        actor: Actor,
        ai_id: str,
        states: Sequence[State] = (),
        *,
        before: str | None = None,
        limit: int = 50,
    ) -> list[Deed]:
        """The AI's journal for its team, the newest first."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.REVIEW, ai_id=ai_id)
            return actions.listing(tx, ai_id, states, before=before, limit=limit)

    def of_ai(self, actor: Actor, ai_id: str, turn_ids: Sequence[str]) -> dict[str, Deed]:
        """What turns proposed, by turn, for the AI's team."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.REVIEW, ai_id=ai_id)
            return actions.of_turns(tx, ai_id, turn_ids)

    def unseen(self, tx: Tx, ai_id: str) -> int:
        """How many of this AI's are unknown, and nobody has looked into them."""
        return actions.unseen(tx, ai_id)

    def look_into(self, actor: Actor, ai_id: str, action_id: str) -> Deed:
        """Note that somebody found out what became of one that is unknown; noted twice it stays as it was."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.RELEASE, ai_id=ai_id)
            if actions.see(tx, actions.of_ai(tx, ai_id, action_id), actor.id):
                audit.record(tx, actor, "looked into action", ai_id=ai_id, subject=action_id)
            return actions.of_ai(tx, ai_id, action_id)

    def _check(self, tx: Tx, fan: Fan, deed: Deed, shown: str) -> None:
        if deed.state == "expired":
            raise TooLate()
        if deed.state != "proposed":
            raise DecidedAlready()
        if deed.hash != shown:
            raise NotAsShown()
        if not is_on(tx, self._releases, deed):
            raise SwitchedOff(title=deed.title)
        version = extensions.version(tx, fan.ai_id, deed.extension)
        tool = next((one for one in version.tools if one.name == deed.tool), None)
        if tool is None:
            raise SwitchedOff(title=deed.title)
        context = Context(ai_id=fan.ai_id, fan_id=fan.id, call_id=deed.key, now=clock.now())
        if quotas.take(tx, context, version.name, tool, version.limits):
            raise quotas.UsedUp(title=deed.title)


def is_on(tx: Tx, releases: Releases, deed: Deed) -> bool:
    """Whether the very version that was proposed is still what this fan is served with."""
    try:
        route = releases.route(tx, deed.ai_id, deed.fan_id)
    except (NotFound, NotLive):
        return False
    return route.ai.archived_at is None and deed.extension in route.extensions
