"""The ledger in plain words, for pages and the command line."""

from __future__ import annotations

from collections.abc import Mapping

from inhouse.lab.comparing.intervals import Interval
from inhouse.lab.experiments.metrics import MEASURES
from inhouse.lab.ledger import stability
from inhouse.lab.ledger.lifts import Lift
from inhouse.lab.ledger.notices import Kind
from inhouse.lab.ledger.stability import Stability, Verdict
from inhouse.lab.ledger.worth import ENOUGH, Line, Ranked, Reason, Standing
from inhouse.web.i18n import N_, Translate
from inhouse.web.pages import experiment_words

STANDINGS: Mapping[Standing, str] = {
    "worth building in": N_("worth building in"),
    "not known enough": N_("not known enough"),
    "not worth it": N_("not worth it"),
    "built in": N_("built in"),
}
VERDICTS: Mapping[Verdict, str] = {
    "stable": N_("answers hold"),
    "changes": N_("answers change"),
    "not known yet": N_("not known yet"),
}
KINDS: Mapping[Kind, str] = {
    "candidate": N_("candidate"),
    "built in": N_("built in"),
    "generalised away": N_("not needed any more"),
}
_REASONS: Mapping[Reason, str] = {
    "seldom": N_("it is seldom called"),
    "unmeasured": N_("what it adds was never measured"),
    "unclear": N_("what it adds is not clear of nothing"),
    "chance": N_("what it adds could be chance among all that was ever measured"),
    "needless": N_("answers are as good without it"),
    "harmful": N_("answers are worse with it"),
    "wrong": N_("most of the answers with it were called wrong"),
    "few": N_("there are fewer than %(enough)s examples and shared turns to learn from"),
}
_FACTS: Mapping[Verdict, str] = {
    "stable": N_("Its facts held and could move in too."),
    "changes": N_("Only the skill can move in: its facts stay outside, because they change."),
    "not known yet": N_("Only the skill can move in: whether its facts hold is not known yet."),
}
_CLEAR: Mapping[Standing, str] = {
    "worth building in": N_(
        "Worth building in: it is called often, what it adds is clear, and there is enough to learn from."
    ),
    "not known enough": "",
    "not worth it": "",
    "built in": N_("The base model in use calls it by itself."),
}
_NOTICES: Mapping[Kind, str] = {
    "candidate": N_(
        "“%(extension)s” of %(ai)s may be built into the base model from %(date)s on: models would then know by themselves when and how to call it. The calls still go to your extension."
    ),
    "built in": N_(
        "“%(extension)s” of %(ai)s is built in: the base model in use calls it by itself. The calls still go to your extension, with its limits."
    ),
    "generalised away": N_(
        "“%(extension)s” of %(ai)s is not needed any more: the base model in use answers as well without it. Nothing was switched off."
    ),
}


def sentence(ranked: Ranked, translate: Translate) -> str:
    """Why an extension stands where it does, in plain words: the verdict, and what it rests on."""
    said = (reasons(ranked, translate), evidence(ranked.line, translate), facts(ranked.line, translate))
    return " ".join(part for part in said if part)


def facts(line: Line, translate: Translate) -> str:
    """What of it could move in: the skill always, facts only where they hold."""
    holding = [name for name, found in line.held.items() if found.verdict == "stable"]
    if 0 < len(holding) < len(line.held):
        names = translate(N_(", ")).join(holding)
        return translate(
            N_("Facts that held, and could move in too: %(tools)s. Of the other tools only the skill.")
        ) % {"tools": names}
    return translate(_FACTS[line.stability.verdict])


def evidence(line: Line, translate: Translate) -> str:
    """What was measured, in one sentence."""
    parts = [
        translate(N_("Called in %(turns)s turns in 90 days")) % {"turns": f"{line.turns:,}"},
        _rightly(line.rightly, translate),
        _lift(line.lift, translate),
        _cost(line, translate),
        translate(N_("%(n)s examples and shared turns to learn from")) % {"n": f"{line.learnable:,}"},
    ]
    return translate(N_("%(parts)s.")) % {"parts": translate(N_("; ")).join(parts)}


def reasons(ranked: Ranked, translate: Translate) -> str:
    """What is wanting, or speaks against it, or that nothing does."""
    if not ranked.reasons:
        return translate(_CLEAR[ranked.standing])
    words = [translate(_REASONS[reason]) % {"enough": ENOUGH} for reason in ranked.reasons]
    head = (
        N_("Not yet, because %(why)s.")
        if ranked.standing == "not known enough"
        else N_("Against it: %(why)s.")
    )
    return translate(head) % {"why": translate(N_("; ")).join(words)}


def held(found: Stability, translate: Translate) -> str:
    """What repeated calls say, with numbers."""
    if found.calls == 0 and found.answers:
        said = N_("%(answers)s calls were made once so far; the next time shows whether their answers hold.")
        return translate(said) % {"answers": found.answers}
    if found.calls == 0:
        return translate(N_("No call was repeated yet."))
    low, high = found.interval or (0.0, 1.0)
    said = translate(
        N_(
            "%(changed)s of %(calls)s repeated calls got another answer [%(low)s–%(high)s%%], %(answers)s repeats."
        )
    ) % {
        "changed": found.changed,
        "calls": found.calls,
        "low": f"{100 * low:.0f}",
        "high": f"{100 * high:.0f}",
        "answers": f"{found.answers:,}",
    }
    return " ".join(part for part in (said, _bound(found, translate)) if part)


def gain(lift: Lift, translate: Translate) -> str:
    """A lift with its interval and what it rests on."""
    low, high = (
        experiment_words.signed(lift.metric, end, translate)
        for end in (
            (lift.low, lift.high) if MEASURES[lift.metric].higher_is_better else (lift.high, lift.low)
        )
    )
    return translate(N_("%(gain)s in %(metric)s [%(low)s to %(high)s, n=%(n)s]")) % {
        "gain": experiment_words.signed(lift.metric, lift.effect, translate),
        "metric": translate(experiment_words.METRICS[lift.metric]),
        "low": low,
        "high": high,
        "n": f"{lift.n:,}",
    }


def spent(lift: Lift, translate: Translate) -> str:
    """What it costs over all that was counted, called or not."""
    return translate(N_(", ")).join(
        f"{experiment_words.signed(one.metric, one.effect, translate)} "
        f"[{' – '.join(experiment_words.interval(one, translate).values())}]"
        for one in lift.costs
    )


def figure(found: Interval | None, translate: Translate, unit: str = "") -> str:
    """A mean with its interval; that it is not known, where it isn't."""
    if found is None:
        return translate(N_("not known"))
    return f"{found.value:,.0f}{unit} [{found.low:,.0f}–{found.high:,.0f}] n={found.n:,}"


def notice(kind: Kind, extension: str, ai: str, date: str, translate: Translate) -> str:
    """What an author is told."""
    return translate(_NOTICES[kind]) % {"extension": extension, "ai": ai, "date": date}


def _rightly(found: Interval | None, translate: Translate) -> str:
    if found is None:
        return translate(N_("nobody has judged them"))
    return translate(N_("called right by %(share)s%% of %(n)s fans and their team [%(low)s–%(high)s%%]")) % {
        "share": f"{100 * found.value:.0f}",
        "n": f"{found.n:,}",
        "low": f"{100 * found.low:.0f}",
        "high": f"{100 * found.high:.0f}",
    }


def _lift(lift: Lift | None, translate: Translate) -> str:
    if lift is None:
        return translate(N_("what it adds was never measured"))
    if lift.runs == len(lift.experiments):
        return gain(lift, translate)
    again = N_("%(gain)s (%(runs)s measurements of it were begun; only the newest of each AI counts)")
    return translate(again) % {"gain": gain(lift, translate), "runs": f"{lift.runs:,}"}


def _cost(line: Line, translate: Translate) -> str:
    if line.deciding_tokens is None or line.deciding_ms is None:
        return translate(N_("what deciding on a call costs is not known"))
    return translate(
        N_("deciding on a call costs %(tokens)s tokens and %(ms)s ms a turn outside (n=%(n)s)")
    ) % {
        "tokens": f"{line.deciding_tokens.value:,.0f}",
        "ms": f"{line.deciding_ms.value:,.0f}",
        "n": f"{line.deciding_tokens.n:,}",
    }


def _bound(found: Stability, translate: Translate) -> str:
    if found.calls < stability.FEWEST_CALLS:
        return translate(N_("At least %(least)s different calls are needed.")) % {
            "least": stability.FEWEST_CALLS
        }
    if found.most_a_month is None:
        return ""
    return translate(
        N_(
            "Watched for %(days)s days: more than %(most)s changes a month are ruled out (%(bar)s is the most that may be)."
        )
    ) % {
        "days": f"{found.days:.0f}",
        "most": f"{found.most_a_month:.1f}",
        "bar": f"{30 / stability.HOLDS_DAYS:.1f}",
    }
