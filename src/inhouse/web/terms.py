"""Words that the services use as codes and the pages show as they are: named here so that the catalogues hold them."""

from __future__ import annotations

from inhouse.web.i18n import N_

TERMS = (
    # kinds of answers
    N_("grounded"),
    N_("extractive"),
    N_("pinned"),
    N_("chat"),
    N_("abstained"),
    N_("guarded"),
    # verdicts and figures of a gate
    N_("first"),
    N_("better"),
    N_("as good"),
    N_("not better"),
    N_("new - old"),
    N_("adapter - none"),
    # rules of the guard
    N_("rival"),
    N_("human"),
    N_("topic"),
    N_("limit"),
    N_("length"),
    N_("leak"),
    # roles and scopes
    N_("owner"),
    N_("editor"),
    N_("reviewer"),
    N_("view"),
    N_("edit"),
    N_("review"),
    N_("release"),
    N_("manage"),
    # states of hand-overs, steps of a trace
    N_("open"),
    N_("answered"),
    N_("closed"),
    N_("begun"),
    N_("done"),
    N_("failed"),
    N_("search"),
    # where a conversation or a case came from, kinds of documents
    N_("page"),
    N_("widget"),
    N_("api"),
    N_("cli"),
    N_("studio"),
    N_("correction"),
    N_("import"),
    N_("post"),
    N_("video"),
    N_("faq"),
    N_("product"),
    N_("entry"),
    # what long work says that it does
    N_("loading the base model"),
    N_("learning the words"),
    N_("learning the taste"),
    N_("measuring on what was held out"),
    N_("writing the adapter"),
    N_("judging"),
    N_("reading"),
)
