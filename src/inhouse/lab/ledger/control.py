"""Which measurements of extensions are no chance among all that were ever begun: their family's false discovery rate.

Whoever measures a hundred extensions, or one a hundred times, finds some that are clear by their own 95%. So every measurement
takes a place in one family over the whole installation, the later the dearer, and it keeps it whatever comes of it. What is found
by 0.05 of the family is expected to be wrong in one of twenty at most.
"""

from __future__ import annotations

from inhouse.lab.experiments import discoveries, shelf
from inhouse.store.database import Tx

#: An experiment of one's own counts where it was registered in this family.
FAMILY = "ledger"
_ALPHA = 0.05


def found(tx: Tx) -> frozenset[str]:
    """The ids of the experiments whose difference is a discovery of the family now.

    Nobody knows how many there will be, so nobody's plan of a number is heard.
    """
    members = shelf.relatives(tx, FAMILY)
    logs = [one.evidence for one in members.values()]
    weights = [discoveries.weight(one.number) for one in members.values()]
    names = list(members)
    return frozenset(names[place] for place in discoveries.discovered(logs, weights, _ALPHA))
