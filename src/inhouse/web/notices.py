"""What a page says after something was done. The address carries only the name, never the words."""

from __future__ import annotations

from inhouse.web.i18n import N_

_NOTICES = {
    "saved": N_("Saved."),
    "created": N_("Your AI is ready. Give it something to read next."),
    "furnished": N_("Your AI has its brief and its tools. It opens by itself once its first gate is passed."),
    "import-started": N_("The import has started. You can leave this page; it goes on by itself."),
    "revoked": N_("Revoked. Its passages are out of every answer from now on."),
    "training-started": N_("Training has started. You can leave this page; it goes on by itself."),
    "stop-asked": N_("It stops at the next safe point."),
    "resumed": N_("It goes on where it was."),
    "gate-started": N_("The gate is being run. The old release stays live until you decide."),
    "live": N_("This release is live now."),
    "rolled-back": N_("Rolled back. The earlier release is live again."),
    "picked": N_("Kept. It counts in the next training."),
    "undone": N_("Taken back."),
    "corrected": N_(
        "Kept: the answer is pinned from the next question on, checked by the gate and learnt in training."
    ),
    "replied": N_("Sent. Your reply stands in the fan's thread."),
    "closed": N_("Closed."),
    "case-added": N_("The case is added. Every gate checks it from now on."),
    "retired": N_("Retired. No gate checks it any more."),
    "member-changed": N_("The team is changed."),
    "archived": N_("Archived. Nobody can chat with this AI until you restore it."),
    "restored": N_("Restored."),
    "signed-out": N_("You are signed out."),
    "password-changed": N_("Your password is changed."),
    "password-set": N_("Your password is set. Sign in with it."),
    "asked-person": N_("Passed on. The reply will appear here in this thread."),
    "erased": N_("Erased."),
    "extension-attached": N_("Attached. Fans get it with the next release."),
    "drafted": N_("Written down. Nothing is registered before you start it."),
    "comparing": N_("The models are being asked. That takes a while; the page shows how far it is."),
    "cascade-started": N_(
        "The gate is being run. What is live stays, until somebody lets the new release go live."
    ),
    "building-in": N_("It is in the queue. It takes an hour or more; the page shows how far it is."),
    "experiment-started": N_("Registered and started."),
    "experiment-stopped": N_("Stopped. Fans are back on the old way."),
    "look-queued": N_("It is being counted. Load this page again in a moment."),
    "promotion-begun": N_("Every AI is being checked on it. No fan sees anything of it yet."),
    "canary-begun": N_("The share is set, from the fans' next question on."),
    "promotion-live": N_("All fans are answered by it from their next question on."),
    "promotion-back": N_("Rolled back, from the fans' next question on."),
    "asked-again": N_("They are being checked again. You can leave this page; it goes on by itself."),
    "document-given": N_("I have read it. Ask away."),
    "document-removed": N_("Removed. Nothing of it is kept."),
    "extension-off": N_("Switched off."),
    "repeats-queued": N_("The calls that are due are being made again."),
    "measuring": N_(
        "The cases are being asked with and without it. That takes a while; the ledger shows what came out."
    ),
    "announced": N_("The authors are told. It may be built in 30 days from now, or as soon as they agree."),
    "agreed": N_("Thank you. It may be built in from now on."),
    "repeats-on": N_("Calls are repeated again from now on."),
    "repeats-off": N_("No calls are repeated any more."),
    "sharing-on": N_("Thank you. You can switch it off here at any time."),
}


def said(name: str) -> str:
    """The notice of that name; empty for a name that we never gave."""
    return _NOTICES.get(name, "")
