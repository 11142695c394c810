"""A promotion in plain words, for its page and the command line: how it stands, how each AI does, what the canary shows."""

from __future__ import annotations

from collections.abc import Mapping

from inhouse.lab.promoting.promotion import MOVABLE, Move, MoveState, Standing, State, Way
from inhouse.lab.promoting.watching import Watched
from inhouse.web.i18n import N_, Translate
from inhouse.web.pages import experiment_words

STATES: Mapping[State, str] = {
    "refused": N_("refused"),
    "checking": N_("being checked"),
    "canary": N_("canary"),
    "live": N_("live"),
    "rolled back": N_("moved back"),
}
MOVES: Mapping[MoveState, str] = {
    "waiting": N_("waits for its check"),
    "checking": N_("is being checked"),
    "passed": N_("passed"),
    "left": N_("stays on the old generation"),
    "skipped": N_("asked again later"),
    "there": N_("there already"),
    "canary": N_("canary"),
    "live": N_("live"),
    "rolled back": N_("moved back"),
    "departed": N_("went its own way"),
}
WAYS: Mapping[Way, str] = {
    "straight": N_("has no adapter"),
    "kept": N_("adapter kept"),
    "retrained": N_("adapter trained anew"),
}
#: What the checks give as reasons, besides what a gate says: named here so that the catalogues hold them.
REASONS = (
    N_("Nothing is released."),
    N_("Its fans are split between releases, so it is asked again later."),
    N_("Its adapter rests on what was taken back and is being trained anew, so it is asked again later."),
    N_("It is on this generation already."),
    N_("It released something else while it was checked, so it is asked again later."),
    N_("It released something else meanwhile, so it is checked again."),
    N_("Content that its adapter rests on was taken back, so it is checked again."),
    N_("It released something else since, so it is left as it is."),
    N_("Its check broke off unexpectedly, so it stays on the old generation. The log says why."),
    N_("Its check was stopped by hand, so it is asked again later."),
    N_("A model server answers here, so there is no base model of ours to move."),
    N_("No model was fetched yet. Run: inhouse models fetch"),
    N_("Its file or its description is not in the folder of models, or not whole."),
    N_("Its file is not what it was when it was made."),
    N_(
        "It was measured beside another generation than what is current now. Build it again on what is current."
    ),
    N_("Nobody measured it yet. Run: inhouse lab internalise"),
)
#: States of a move that a promotion's sentence counts: an AI that is on the generation with all its fans is no canary.
_MOVED: Mapping[State, tuple[MoveState, ...]] = {"canary": ("canary",), "live": ("live", "there")}
_CHECKING = N_("%(done)s of %(all)s AIs are checked. No fan sees anything of it yet.")
_CHECKED = N_("All %(all)s AIs are checked: %(passed)s may move. No fan sees anything of it yet.")
_CANARY = N_("At %(moved)s of %(all)s AIs, %(share)s of the fans are answered by the new generation.")
_LIVE = N_("%(moved)s of %(all)s AIs are on it. New releases and trainings start on it.")
_BACK = N_("Every AI that moved is back on the release that it had.")
_BACK_BUT = N_("Rolled back, but %(departed)s AIs released something else since and are left as they are.")
_NOTHING = N_("Nothing is counted yet: no fan of these AIs has asked since the share was set.")
_NOTHING_WORSE = N_("Nothing is clearly worse so far.")
_WORSE = N_("Clearly worse with the new generation: %(metrics)s.")
_BROKEN = N_("Worse by more than was allowed beforehand: %(metrics)s. Roll back.")


def sentence(standing: Standing, translate: Translate) -> str:
    """How it stands."""
    promotion, moves = standing.promotion, standing.moves
    passed = [move for move in moves if move.state in MOVABLE]
    moved = [move for move in moves if move.state in _MOVED.get(promotion.state, ())]
    departed = sum(move.state == "departed" for move in moves)
    words = {
        "all": len(moves),
        "done": len(moves) - standing.unsettled,
        "passed": len(passed),
        "moved": len(moved),
        "departed": departed,
        "share": f"{promotion.share or 0:.0%}",
    }
    match promotion.state:
        case "refused":
            return translate(promotion.reason)
        case "checking":
            return translate(_CHECKING if standing.unsettled else _CHECKED) % words
        case "canary":
            return translate(_CANARY) % words
        case "live":
            return translate(_LIVE) % words
        case _:
            return translate(_BACK_BUT if departed else _BACK) % words


def of_canary(watched: Watched, translate: Translate) -> str:
    """Whether something is worse."""
    if not sum(watched.fans):
        return translate(_NOTHING)
    for found, template in ((watched.broken, _BROKEN), (watched.worse, _WORSE)):
        if found:
            names = ", ".join(translate(experiment_words.METRICS[metric]) for metric in found)
            return translate(template) % {"metrics": names}
    return translate(_NOTHING_WORSE)


def of_move(move: Move, translate: Translate) -> str:
    """How one AI stands, and by which way it came."""
    stands, way = translate(MOVES[move.state]), way_of(move)
    return f"{stands} ({translate(way)})" if way else stands


def way_of(move: Move) -> str:
    """What became of its adapter; empty for one that doesn't come along."""
    came = move.state in (*MOVABLE, "rolled back")
    return WAYS[move.way] if move.way and came else ""
