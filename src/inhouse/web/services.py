"""What the pages call. ``app`` builds the objects; nothing here is made by the web layer itself."""

from __future__ import annotations

from typing import Protocol

from inhouse.accounts.accounts import Accounts
from inhouse.accounts.actors import Actor
from inhouse.accounts.ais import Ai, AIs
from inhouse.accounts.keys import Keys
from inhouse.brief.briefs import Briefs
from inhouse.content.library import Library
from inhouse.content.search import Search
from inhouse.conversations.consent import Actions
from inhouse.conversations.conversations import Conversations
from inhouse.conversations.documents import Documents
from inhouse.conversations.erasure import Erasure
from inhouse.conversations.fandata import FanData
from inhouse.conversations.fans import Fans
from inhouse.conversations.handovers import Handovers
from inhouse.conversations.picks import Picks
from inhouse.conversations.responses import Responses
from inhouse.conversations.sharing import Consents
from inhouse.conversations.trials import Trials
from inhouse.conversations.verdicts import Verdicts
from inhouse.core.settings import Settings
from inhouse.lab.comparing.cascades import Cascades
from inhouse.lab.comparing.comparing import Comparisons
from inhouse.lab.experiments.experiments import Experiments
from inhouse.lab.generations.registry import Generations
from inhouse.lab.internalising.internalising import Internalising
from inhouse.lab.ledger.notices import Notices
from inhouse.lab.ledger.repeats import RepeatSwitch
from inhouse.lab.ledger.worths import Worths
from inhouse.lab.promoting.promotions import Promotions
from inhouse.releases.amendments import Amendments
from inhouse.releases.cases import Cases
from inhouse.releases.extensions import Extensions
from inhouse.releases.releases import Releases
from inhouse.runtime.serving import Engines
from inhouse.store.database import Database
from inhouse.tuning.tuning import Tuning


class Services(Protocol):
    """An installation's objects, as far as the pages need them."""

    @property
    def settings(self) -> Settings: ...
    @property
    def db(self) -> Database: ...
    @property
    def accounts(self) -> Accounts: ...
    @property
    def ais(self) -> AIs: ...
    @property
    def keys(self) -> Keys: ...
    @property
    def releases(self) -> Releases: ...
    @property
    def library(self) -> Library: ...
    @property
    def briefs(self) -> Briefs: ...
    @property
    def cases(self) -> Cases: ...
    @property
    def amendments(self) -> Amendments: ...
    @property
    def extensions(self) -> Extensions: ...
    @property
    def experiments(self) -> Experiments: ...
    @property
    def comparisons(self) -> Comparisons: ...
    @property
    def cascades(self) -> Cascades: ...
    @property
    def generations(self) -> Generations: ...
    @property
    def promotions(self) -> Promotions: ...
    @property
    def internalising(self) -> Internalising: ...
    @property
    def worths(self) -> Worths: ...
    @property
    def notices(self) -> Notices: ...
    @property
    def repeat_switch(self) -> RepeatSwitch: ...
    @property
    def trials(self) -> Trials: ...
    @property
    def search(self) -> Search: ...
    @property
    def engines(self) -> Engines: ...
    @property
    def verdicts(self) -> Verdicts: ...
    @property
    def picks(self) -> Picks: ...
    @property
    def actions(self) -> Actions: ...
    @property
    def handovers(self) -> Handovers: ...
    @property
    def consents(self) -> Consents: ...
    @property
    def fan_data(self) -> FanData: ...
    @property
    def erasure(self) -> Erasure: ...
    @property
    def tuning(self) -> Tuning: ...
    @property
    def fans(self) -> Fans: ...
    @property
    def conversations(self) -> Conversations: ...
    @property
    def responses(self) -> Responses: ...
    @property
    def documents(self) -> Documents: ...
    def furnish(self, actor: Actor, ai: Ai) -> tuple[str, ...]:
        """Set up a new AI of a kind that ships configured; a sentence for each tool that could not be attached."""
        ...

    def export(self, actor: Actor, ai_id: str) -> bytes:
        """What an owner takes along, as JSON."""
        ...
