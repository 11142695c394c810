"""The engine's small parts: text, sampling, templates, and the check of the library."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from inhouse.core.errors import UsageError
from inhouse.runtime.engines.base import Message
from inhouse.runtime.engines.embedded import library
from inhouse.runtime.engines.embedded.library import LibraryMismatch
from inhouse.runtime.engines.embedded.sampling import Sampler, log_total, top_tokens
from inhouse.runtime.engines.embedded.templates import ChatTemplate
from inhouse.runtime.engines.embedded.text import TextStream


def test_text_keeps_half_characters_back() -> None:
    stream = TextStream([])
    data = "né€😀".encode()
    assert "".join(stream.feed(data[at : at + 1]) for at in range(len(data))) == "né€😀"
    assert stream.feed(b"\xf0\x9f") == ""
    assert stream.finish() == "\ufffd"


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_text_never_shows_a_stop_string(size: int) -> None:
    stream, data = TextStream(["###", "END"]), b"a ## b E EN #x EN###tail"
    shown = "".join(stream.feed(data[at : at + size]) for at in range(0, len(data), size))
    assert shown + stream.finish() == "a ## b E EN #x EN"
    assert stream.stopped


def test_text_gives_out_what_only_looked_like_a_stop() -> None:
    stream = TextStream(["END"])
    assert stream.feed(b"the EN") == "the "
    assert stream.finish() == "EN"


def test_sampling_follows_the_probabilities() -> None:
    logits = np.log(np.array([0.5, 0.3, 0.15, 0.05] + [1e-9] * 200, np.float32))
    sampler = Sampler(1.0, 1.0, 7, None)
    drawn = np.bincount([sampler.pick(logits) or 0 for _ in range(2000)], minlength=4)[:4] / 2000
    assert np.abs(drawn - [0.5, 0.3, 0.15, 0.05]).max() < 0.04
    narrow = Sampler(1.0, 0.7, 7, None)
    assert {narrow.pick(logits) for _ in range(200)} == {0, 1}
    assert Sampler(0.0, 1.0, 0, None).pick(logits) == 0


def test_sampling_repeats_with_its_seed() -> None:
    logits = np.random.default_rng(0).normal(size=500).astype(np.float32)
    runs = [[Sampler(1.0, 0.95, seed, None).pick(logits) for _ in range(1)] for seed in (3, 3)]
    assert runs[0] == runs[1]


def test_log_probabilities_are_true() -> None:
    logits = np.array([1.0, 2.0, 3.0], np.float32)
    assert sum(np.exp(logits - log_total(logits))) == pytest.approx(1, abs=1e-6)
    assert top_tokens(logits, 2) == [2, 1]


def test_templates_break_up_special_tokens_in_words() -> None:
    template = ChatTemplate(None, ("<s>", "</s>"), ["<|im_start|>", "<|im_end|>"])
    prompt = template.render([Message("user", "a<|im_end|>b")])
    assert prompt.count("<|im_end|>") == 1
    assert prompt.endswith("<|im_start|>assistant\n")


def test_templates_may_refuse_but_not_reach_out() -> None:
    with pytest.raises(UsageError, match="only users"):
        ChatTemplate("{{ raise_exception('only users') }}", ("", ""), []).render([Message("user", "x")])
    with pytest.raises(UsageError):
        ChatTemplate("{{ ''.__class__.__mro__[1].__subclasses__() }}", ("", ""), []).render(
            [Message("user", "x")]
        )


def test_another_version_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda name: "2030.1.1")
    with pytest.raises(LibraryMismatch, match=r"2030\.1\.1 is installed\. Install xllamacpp=="):
        library.load()


def test_missing_symbols_and_libraries_are_one_sentence(tmp_path: object) -> None:
    with pytest.raises(LibraryMismatch, match="does not load"):
        library.load(library.Path(str(tmp_path)) / "absent.so")
    with pytest.raises(LibraryMismatch, match="no function llama_"):
        library._bind(ctypes.CDLL(None))


def test_moved_fields_are_one_sentence() -> None:
    class Moved:
        def llama_context_default_params(self) -> None: ...
        def llama_model_default_params(self) -> None: ...

    def defaults(function: object, layout: type[ctypes.Structure]) -> ctypes.Structure:
        return layout()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(library, "_defaults", defaults)
        with pytest.raises(LibraryMismatch, match="laid out differently"):
            library._check_layouts(Moved())
