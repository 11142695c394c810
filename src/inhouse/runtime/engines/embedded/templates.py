"""A conversation as the prompt text that the model was trained on, by the Jinja template of its file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NoReturn

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from inhouse.core.errors import UsageError
from inhouse.runtime.engines.base import Message

#: For a model file without a template: the one that most small models know.
_CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_WORD_JOINER = "\u2060"


class ChatTemplate:
    """Renders messages. Names of special tokens in them are broken up: words from outside stay words."""

    def __init__(self, source: str | None, edges: tuple[str, str], special: Iterable[str]) -> None:
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        environment.globals["raise_exception"] = _refuse
        self._template = environment.from_string(source or _CHATML)
        self._bos, self._eos = edges
        names = sorted((name for name in special if len(name) > 2), key=len, reverse=True)
        self._special = re.compile("|".join(map(re.escape, names))) if names else None

    def render(self, messages: Sequence[Message]) -> str:
        """The prompt, ending where the assistant begins to speak. Raises ``UsageError`` where the template refuses."""
        turns = [{"role": message.role, "content": self._harmless(message.content)} for message in messages]
        try:
            return self._template.render(
                messages=turns, add_generation_prompt=True, bos_token=self._bos, eos_token=self._eos
            )
        except TemplateError as error:
            raise UsageError(reason=f"The model's chat template refuses the conversation: {error}") from error

    def _harmless(self, text: str) -> str:
        if self._special is None:
            return text
        return self._special.sub(lambda found: found[0][0] + _WORD_JOINER + found[0][1:], text)


def _refuse(message: str) -> NoReturn:
    raise TemplateError(message)
