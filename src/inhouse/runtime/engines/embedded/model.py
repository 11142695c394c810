"""One model file and one context of it, as plain operations. Knows nothing of requests, tenants or fairness."""

from __future__ import annotations

import ctypes as c
import itertools
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from inhouse.core.errors import InhouseError, UsageError
from inhouse.runtime.engines.embedded.library import INIT_LLGUIDANCE, Batch, LogCallback, TokenDataArray, load
from inhouse.runtime.engines.embedded.mixing import Mixing
from inhouse.runtime.engines.embedded.prefixes import State

#: (outputs, vocabulary) logits, or (outputs, width) hidden states.
Outputs = npt.NDArray[np.float32]
_log = logging.getLogger(__name__)
_TOKEN_DATA = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
_CONTROL, _USER_DEFINED = 1 << 3, 1 << 4


class ModelUnusable(InhouseError):
    """The model file {path} cannot be used: {reason}."""

    status = 503


class Row(NamedTuple):
    """One token of a batch: which token, at which position of which sequence, whether its logits are wanted, and under
    which adapter it is computed (a handle, or nothing for the base)."""

    token: int
    position: int
    sequence: int
    output: bool
    adapter: int | None = None


@dataclass(frozen=True)
class Shape:
    """How large the context is: tokens in each sequence, sequences, tokens in one batch."""

    context: int
    sequences: int
    batch: int


class NativeModel:
    """A loaded model. Not thread-safe: one thread owns it. ``close`` frees it, adapters included."""

    def __init__(self, path: Path, shape: Shape, threads: int) -> None:
        self._lib = load()
        self._log_callback = LogCallback(_relay_log)  # kept: the library calls it as long as it lives
        self._lib.llama_log_set(self._log_callback, None)
        self._lib.llama_backend_init()
        self.shape = shape
        self._mixing = Mixing()
        self._model = self._load(path)
        self._context = self._open(path, threads)
        self._memory = self._lib.llama_get_memory(self._context)
        self._vocab = self._lib.llama_model_get_vocab(self._model)
        self.vocab_size: int = self._lib.llama_vocab_n_tokens(self._vocab)
        self._width: int = self._lib.llama_model_n_embd_out(self._model)
        self.train_context: int = self._lib.llama_model_n_ctx_train(self._model)
        self._batch = _BatchArrays(shape.batch)
        self._pieces: dict[int, bytes] = {}
        self._active: tuple[int, ...] = ()
        self._hidden = False
        self._mixing.check(lambda: self._pass([Row(0, 0, 0, True)]))
        self.keep(0, 0)

    # -- text -------------------------------------------------------------------------------------------------

    def tokenize(self, text: str) -> list[int]:
        """Tokens of a text; names of special tokens in it become those tokens."""
        raw = text.encode()
        room = len(raw) + 8
        tokens = (c.c_int32 * room)()
        count = self._lib.llama_tokenize(self._vocab, raw, len(raw), tokens, room, True, True)
        if count < 0:
            raise UsageError(reason="The text cannot be turned into tokens of this model.")
        return tokens[:count]

    def piece(self, token: int) -> bytes:
        """The bytes that a token stands for: nothing for a control token, possibly half a character."""
        known = self._pieces.get(token)
        if known is None:
            buffer = c.create_string_buffer(512)
            size = self._lib.llama_token_to_piece(self._vocab, token, buffer, len(buffer), 0, False)
            known = self._pieces[token] = buffer.raw[: max(0, size)]
        return known

    def is_end(self, token: int) -> bool:
        """Whether the model ends its answer with this token."""
        return bool(self._lib.llama_vocab_is_eog(self._vocab, token))

    def special_texts(self) -> list[str]:
        """How the special tokens are written; a user's words must not hold them."""
        return [
            self._token_text(token)
            for token in range(self.vocab_size)
            if self._lib.llama_vocab_get_attr(self._vocab, token) & (_CONTROL | _USER_DEFINED)
        ]

    def chat_template(self) -> str | None:
        """The Jinja template of the model file."""
        template: bytes | None = self._lib.llama_model_chat_template(self._model, None)
        return template.decode() if template else None

    def edge_tokens(self) -> tuple[str, str]:
        """How the beginning-of-text and end-of-text tokens are written."""
        return (
            self._token_text(self._lib.llama_vocab_bos(self._vocab)),
            self._token_text(self._lib.llama_vocab_eos(self._vocab)),
        )

    # -- computing --------------------------------------------------------------------------------------------

    def decode(self, rows: Sequence[Row], hidden: bool = False) -> Outputs:
        """Compute a batch: one sequence's next tokens, or one token of each of several sequences, in rising order.

        Returns the outputs' logits in the rows' order, or their last ``hidden`` states: a view that the next call reuses.
        """
        self._want(hidden)
        runs = self._runs(rows)
        if len(runs) == 1:
            return self._compute(runs[0])
        return np.concatenate([self._compute(run).copy() for run in runs])

    def _runs(self, rows: Sequence[Row]) -> list[list[Row]]:
        """What llama.cpp computes in one pass: neighbouring sequences, and adapters that can be mixed."""
        runs = [[rows[0]]]
        for last, row in itertools.pairwise(rows):
            first = runs[-1][0].sequence
            if row.sequence == last.sequence:
                together = first == row.sequence and row.adapter == last.adapter
            else:
                one_each = first + len(runs[-1]) == row.sequence
                together = one_each and self._mixable(last.adapter, row.adapter)
            if together:
                runs[-1].append(row)
            else:
                runs.append([row])
        return runs

    def _mixable(self, one: int | None, other: int | None) -> bool:
        return one == other or (self._mixing.knows(one) and self._mixing.knows(other))

    def _compute(self, run: Sequence[Row]) -> Outputs:
        adapters = [row.adapter for row in run]
        wanted = [row.output for row in run]
        used = tuple(sorted({handle for handle in adapters if handle is not None}))
        self._use(used)
        if len(set(adapters)) > 1:
            self._mixing.mix(adapters, wanted, lambda: self._pass(run))
        elif used and self._mixing.is_new(used[0]):
            self._mixing.learn(used[0], len(run), sum(wanted), lambda: self._pass(run))
        else:
            self._pass(run)
        return self._outputs(sum(wanted))

    def _pass(self, rows: Sequence[Row]) -> None:
        if status := self._lib.llama_decode(self._context, self._batch.fill(rows)):
            raise RuntimeError(f"llama_decode ended with {status}")

    def _outputs(self, count: int) -> Outputs:
        width = self._width if self._hidden else self.vocab_size
        if not count:
            return np.empty((0, width), np.float32)
        get = self._lib.llama_get_embeddings if self._hidden else self._lib.llama_get_logits
        flat = (c.c_float * (count * width)).from_address(get(self._context))
        return np.frombuffer(memoryview(flat), np.float32).reshape(count, width)

    def _want(self, hidden: bool) -> None:
        if hidden != self._hidden:
            self._lib.llama_set_embeddings(self._context, hidden)
            self._hidden = hidden

    def set_threads(self, count: int) -> None:
        """Compute with so many threads from the next batch on."""
        self._lib.llama_set_n_threads(self._context, count, count)

    # -- sequences --------------------------------------------------------------------------------------------

    def keep(self, sequence: int, tokens: int) -> None:
        """Forget all of a sequence but its first ``tokens``."""
        self._lib.llama_memory_seq_rm(self._memory, sequence, tokens, -1)

    def save(self, sequence: int) -> State:
        """A copy of a sequence's state: some 23 kB a token for the default model."""
        state = np.empty(self._lib.llama_state_seq_get_size_ext(self._context, sequence, 0), np.uint8)
        self._lib.llama_state_seq_get_data_ext(self._context, state.ctypes.data, state.nbytes, sequence, 0)
        return state

    def restore(self, sequence: int, state: State) -> None:
        """Put a state into an empty sequence."""
        if not self._lib.llama_state_seq_set_data_ext(
            self._context, state.ctypes.data, state.nbytes, sequence, 0
        ):
            raise RuntimeError("a saved state does not fit into its sequence")

    # -- adapters ---------------------------------------------------------------------------------------------

    def load_adapter(self, path: Path) -> int:
        """Load a LoRA file and return its handle. Raises ``UsageError`` where it does not fit the model."""
        handle = self._lib.llama_adapter_lora_init(self._model, str(path).encode())
        if not handle:
            raise UsageError(
                reason="The adapter cannot be loaded: its file is damaged or made for another model."
            )
        return int(handle)

    def free_adapter(self, handle: int) -> None:
        """Free an adapter. One that is in use is taken off first: its address may be given to the next one."""
        if handle in self._active:
            self._use(())
        self._mixing.forget(handle)
        self._lib.llama_adapter_lora_free(handle)

    def _use(self, handles: tuple[int, ...]) -> None:
        """Compute with these adapters, all of them for every row: some 6 ms, in which the graph is laid out anew."""
        if handles == self._active:
            return
        count = len(handles)
        room = max(1, count)
        scales = (c.c_float * room)(*[1.0] * count)
        self._lib.llama_set_adapters_lora(self._context, (c.c_void_p * room)(*handles), count, scales)
        self._active = handles

    # -- grammars ---------------------------------------------------------------------------------------------

    def grammar(self, gbnf: str) -> Grammar:
        """A grammar that stands at its root. Raises ``UsageError`` where it cannot be read."""
        handle = self._lib.llama_sampler_init_grammar(self._vocab, gbnf.encode(), b"root")
        if not handle:
            raise UsageError(
                reason="The grammar cannot be read: check its rules, and that one is named root."
            )
        return Grammar(self._lib, handle)

    def schema(self, schema: dict[str, Any]) -> Grammar:
        """A grammar of the JSON values of a schema. Raises ``UsageError`` where it cannot be read."""
        compact = {
            "x-guidance": {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
        }
        init = getattr(self._lib, INIT_LLGUIDANCE)
        grammar = Grammar(self._lib, init(self._vocab, b"json_schema", json.dumps(schema | compact).encode()))
        # The library says nothing about a schema that it cannot read, and then allows everything.
        if grammar.allows(np.arange(self.vocab_size, dtype=np.int32)).all():
            grammar.close()
            raise UsageError(
                reason="The JSON schema cannot be used: it is not valid, or uses what is not supported."
            )
        return grammar

    def close(self) -> None:
        """Free everything."""
        self._lib.llama_free(self._context)
        self._lib.llama_model_free(self._model)

    def _load(self, path: Path) -> int:
        if not path.is_file():
            raise ModelUnusable(path=path, reason="there is no such file")
        model = self._lib.llama_model_load_from_file(
            str(path).encode(), self._lib.llama_model_default_params()
        )
        if not model:
            raise ModelUnusable(path=path, reason="it is damaged or of an unknown architecture")
        if self._lib.llama_model_is_recurrent(model) or self._lib.llama_model_is_hybrid(model):
            raise ModelUnusable(path=path, reason="prefixes of its architecture cannot be reused (recurrent)")
        if self._lib.llama_model_has_encoder(model):
            raise ModelUnusable(path=path, reason="it has an encoder")
        return int(model)

    def _open(self, path: Path, threads: int) -> int:
        params = self._lib.llama_context_default_params()
        params.n_ctx = self.shape.context * self.shape.sequences
        params.n_seq_max = self.shape.sequences
        params.n_batch = params.n_ubatch = self.shape.batch
        params.n_outputs_max_per_seq = 0  # as many as the batch: scores want the logits of every token
        params.n_threads = params.n_threads_batch = threads
        # Each sequence has cells of its own: what others do changes no bit of its logits (in one pool the order of
        # sums depends on where the others' tokens lie, and a quantised model turns that into 0.5 of a logit).
        params.kv_unified = False
        params.cb_eval, params.cb_eval_user_data = self._mixing.callback, self._mixing.data
        context = self._lib.llama_init_from_model(self._model, params)
        if not context:
            raise ModelUnusable(path=path, reason="there is not enough memory for its context")
        return int(context)

    def _token_text(self, token: int) -> str:
        text: bytes | None = self._lib.llama_vocab_get_text(self._vocab, token) if token >= 0 else None
        return text.decode(errors="replace") if text else ""


class Grammar:
    """Says which tokens may come next. ``close`` frees it."""

    def __init__(self, lib: Any, handle: int) -> None:
        self._lib = lib
        self._handle: int | None = handle

    def allows(self, tokens: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
        """For each candidate token: may it come next? A whole vocabulary takes milliseconds, a few tokens do not."""
        data = np.zeros(len(tokens), dtype=_TOKEN_DATA)
        data["id"] = tokens
        array = TokenDataArray(data.ctypes.data, len(tokens), -1, False)
        self._lib.llama_sampler_apply(self._handle, c.byref(array))
        allowed: npt.NDArray[np.bool_] = data["logit"] == 0.0
        return allowed

    def accept(self, token: int) -> None:
        """The token was taken."""
        self._lib.llama_sampler_accept(self._handle, token)

    def close(self) -> None:
        """Free it; twice does no harm."""
        if self._handle is not None:
            self._lib.llama_sampler_free(self._handle)
            self._handle = None


class _BatchArrays:
    """The arrays behind ``llama_batch``, allocated once. Every row belongs to one sequence."""

    def __init__(self, size: int) -> None:
        self._token = np.zeros(size, np.int32)
        self._position = np.zeros(size, np.int32)
        self._counts = np.ones(size, np.int32)
        self._sequence = np.zeros(size, np.int32)
        self._pointers = self._sequence.ctypes.data + 4 * np.arange(size + 1, dtype=np.uintp)
        self._output = np.zeros(size, np.int8)
        self._struct = Batch(
            n_tokens=0,
            token=self._token.ctypes.data,
            embd=None,
            pos=self._position.ctypes.data,
            n_seq_id=self._counts.ctypes.data,
            seq_id=self._pointers.ctypes.data,
            logits=self._output.ctypes.data,
        )

    def fill(self, rows: Sequence[Row]) -> Batch:
        count = len(rows)
        tokens, positions, sequences, outputs, _ = zip(*rows, strict=True)
        self._token[:count] = tokens
        self._position[:count] = positions
        self._sequence[:count] = sequences
        self._output[:count] = outputs
        self._struct.n_tokens = count
        return self._struct


def _relay_log(level: int, text: bytes, _: Any) -> None:
    if level == 4:  # errors; the rest is chatter
        _log.error("llama.cpp: %s", text.decode(errors="replace").rstrip())
