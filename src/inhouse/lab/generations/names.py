"""What arms, guards and figures are called. Pages translate these (``web/terms.py`` has them for the catalogues)."""

from __future__ import annotations

from collections.abc import Mapping

from inhouse.lab.internalising.report import ArmKind, Figure, GuardKind

ARMS: Mapping[ArmKind, str] = {
    ArmKind.FLOOR: "Old model, nothing described",
    ArmKind.OUTSIDE: "Old model, tools outside (what fans have)",
    ArmKind.DESCRIBED: "Old model, all tools in the prompt",
    ArmKind.PROMPT: "Old model, best prompt",
    ArmKind.BUILT_IN: "New model, nothing described",
    ArmKind.STILL: "New model, tools outside",
    ArmKind.OFF: "New model, the tool switched off",
    ArmKind.RENAMED: "New model, the tool renamed",
}
GUARDS: Mapping[GuardKind, str] = {
    GuardKind.VOICE: "An author's voice",
    GuardKind.GROUNDED: "Grounded answers",
    GuardKind.ABSTENTION: "Saying that it does not know",
    GuardKind.REFUSALS: "Refusing what is unsafe, and nothing else",
    GuardKind.OTHER_TOOLS: "Other tools, outside",
    GuardKind.NO_TOOL: "Requests that need no tool",
    GuardKind.JAPANESE: "Japanese",
}
FIGURES: Mapping[Figure, str] = {
    "right tool": "Right tool",
    "exact": "Every argument right",
    "false calls": "False calls",
}
