"""llama.cpp's C functions, as the pinned ``xllamacpp`` wheel exports them.

The wheel brings no header and promises none of this, so everything that we rely on is checked before use: the version
of the wheel, the symbols, and the struct layouts (by the default values that the library itself returns in them).
"""

from __future__ import annotations

import ctypes as c
import importlib.metadata
import importlib.util
from pathlib import Path
from typing import Any

from inhouse.core.errors import InhouseError

#: The only release whose header these layouts were taken from.
VERSION = "2026.10.11549"

Pointer = c.c_void_p


class LibraryMismatch(InhouseError):
    """The embedded engine cannot start: {reason}. Install xllamacpp=={version}."""

    status = 503


class ModelParams(c.Structure):
    """``struct llama_model_params``."""

    _fields_ = (
        ("devices", Pointer),
        ("tensor_buft_overrides", Pointer),
        ("n_gpu_layers", c.c_int32),
        ("split_mode", c.c_int32),
        ("load_mode", c.c_int32),
        ("lazy_mode", c.c_int32),
        ("main_gpu", c.c_int32),
        ("tensor_split", Pointer),
        ("progress_callback", Pointer),
        ("progress_callback_user_data", Pointer),
        ("kv_overrides", Pointer),
        ("vocab_only", c.c_bool),
        ("check_tensors", c.c_bool),
        ("use_extra_bufts", c.c_bool),
        ("no_host", c.c_bool),
        ("no_alloc", c.c_bool),
        ("load_mtp", c.c_bool),
    )


class ContextParams(c.Structure):
    """``struct llama_context_params``."""

    _fields_ = (
        ("n_ctx", c.c_uint32),
        ("n_batch", c.c_uint32),
        ("n_ubatch", c.c_uint32),
        ("n_seq_max", c.c_uint32),
        ("n_rs_seq", c.c_uint32),
        ("n_outputs_max", c.c_uint32),
        ("n_outputs_max_per_seq", c.c_uint32),
        ("n_threads", c.c_int32),
        ("n_threads_batch", c.c_int32),
        ("ctx_type", c.c_int32),
        ("rope_scaling_type", c.c_int32),
        ("pooling_type", c.c_int32),
        ("attention_type", c.c_int32),
        ("flash_attn_type", c.c_int32),
        ("rope_freq_base", c.c_float),
        ("rope_freq_scale", c.c_float),
        ("yarn_ext_factor", c.c_float),
        ("yarn_attn_factor", c.c_float),
        ("yarn_beta_fast", c.c_float),
        ("yarn_beta_slow", c.c_float),
        ("yarn_orig_ctx", c.c_uint32),
        ("defrag_thold", c.c_float),
        ("cb_eval", Pointer),
        ("cb_eval_user_data", Pointer),
        ("type_k", c.c_int32),
        ("type_v", c.c_int32),
        ("moe_cache_size", c.c_size_t),
        ("abort_callback", Pointer),
        ("abort_callback_data", Pointer),
        ("embeddings", c.c_bool),
        ("offload_kqv", c.c_bool),
        ("no_perf", c.c_bool),
        ("op_offload", c.c_bool),
        ("swa_full", c.c_bool),
        ("kv_unified", c.c_bool),
        ("samplers", Pointer),
        ("n_samplers", c.c_size_t),
        ("ctx_other", Pointer),
    )


class Batch(c.Structure):
    """``struct llama_batch``."""

    _fields_ = (
        ("n_tokens", c.c_int32),
        ("token", Pointer),
        ("embd", Pointer),
        ("pos", Pointer),
        ("n_seq_id", Pointer),
        ("seq_id", Pointer),
        ("logits", Pointer),
    )


class TokenDataArray(c.Structure):
    """``struct llama_token_data_array``; ``data`` holds (int32 id, float32 logit, float32 p) triples."""

    _fields_ = (("data", Pointer), ("size", c.c_size_t), ("selected", c.c_int64), ("sorted", c.c_bool))


LogCallback = c.CFUNCTYPE(None, c.c_int, c.c_char_p, c.c_void_p)

_I, _U, _B, _F, _S, _Z = c.c_int32, c.c_uint32, c.c_bool, c.c_float, c.c_char_p, c.c_size_t

#: llama.cpp's C++ function around llguidance, which the wheel is built with; plain pointers go in and out.
INIT_LLGUIDANCE = "_Z22llama_sampler_init_llgPK11llama_vocabPKcS3_"

#: name: (result, arguments)
_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "llama_backend_init": (None, ()),
    "llama_log_set": (None, (LogCallback, Pointer)),
    "llama_model_default_params": (ModelParams, ()),
    "llama_context_default_params": (ContextParams, ()),
    "llama_model_load_from_file": (Pointer, (_S, ModelParams)),
    "llama_model_free": (None, (Pointer,)),
    "llama_model_get_vocab": (Pointer, (Pointer,)),
    "llama_model_chat_template": (_S, (Pointer, _S)),
    "llama_model_n_ctx_train": (_I, (Pointer,)),
    "llama_model_is_recurrent": (_B, (Pointer,)),
    "llama_model_is_hybrid": (_B, (Pointer,)),
    "llama_model_has_encoder": (_B, (Pointer,)),
    "llama_init_from_model": (Pointer, (Pointer, ContextParams)),
    "llama_free": (None, (Pointer,)),
    "llama_set_n_threads": (None, (Pointer, _I, _I)),
    "llama_get_memory": (Pointer, (Pointer,)),
    "llama_memory_seq_rm": (_B, (Pointer, _I, _I, _I)),
    "llama_state_seq_get_size_ext": (_Z, (Pointer, _I, _U)),
    "llama_state_seq_get_data_ext": (_Z, (Pointer, Pointer, _Z, _I, _U)),
    "llama_state_seq_set_data_ext": (_Z, (Pointer, Pointer, _Z, _I, _U)),
    "llama_decode": (_I, (Pointer, Batch)),
    "llama_get_logits": (Pointer, (Pointer,)),
    "llama_set_embeddings": (None, (Pointer, _B)),
    "llama_get_embeddings": (Pointer, (Pointer,)),
    "llama_model_n_embd_out": (_I, (Pointer,)),
    "llama_vocab_n_tokens": (_I, (Pointer,)),
    "llama_vocab_is_eog": (_B, (Pointer, _I)),
    "llama_vocab_bos": (_I, (Pointer,)),
    "llama_vocab_eos": (_I, (Pointer,)),
    "llama_vocab_get_text": (_S, (Pointer, _I)),
    "llama_vocab_get_attr": (_I, (Pointer, _I)),
    "llama_tokenize": (_I, (Pointer, _S, _I, Pointer, _I, _B, _B)),
    "llama_token_to_piece": (_I, (Pointer, _I, Pointer, _I, _I, _B)),
    "llama_adapter_lora_init": (Pointer, (Pointer, _S)),
    "llama_adapter_lora_free": (None, (Pointer,)),
    "llama_set_adapters_lora": (_I, (Pointer, Pointer, _Z, Pointer)),
    "llama_sampler_init_grammar": (Pointer, (Pointer, _S, _S)),
    INIT_LLGUIDANCE: (Pointer, (Pointer, _S, _S)),
    "llama_sampler_apply": (None, (Pointer, Pointer)),
    "llama_sampler_accept": (None, (Pointer, _I)),
    "llama_sampler_free": (None, (Pointer,)),
}


def load(path: Path | None = None) -> Any:
    """The verified library. Raises ``LibraryMismatch``, never crashes on a foreign one."""
    _check_version()
    try:
        library = c.CDLL(str(path or _find()))
    except OSError as error:
        raise _mismatch(f"its library does not load ({error})") from error
    _bind(library)
    _check_layouts(library)
    return library


def _check_version() -> None:
    try:
        found = importlib.metadata.version("xllamacpp")
    except importlib.metadata.PackageNotFoundError as error:
        raise _mismatch("the package xllamacpp is not installed") from error
    if found != VERSION:
        raise _mismatch(f"xllamacpp {found} is installed")


def _find() -> Path:
    spec = importlib.util.find_spec("xllamacpp")
    folders = spec.submodule_search_locations if spec else None
    for folder in folders or ():
        for name in sorted(Path(folder).glob("xllamacpp.abi3.*")):
            return name
    raise _mismatch("the package xllamacpp holds no library")


def _bind(library: c.CDLL) -> None:
    for name, (result, arguments) in _SIGNATURES.items():
        try:
            function = getattr(library, name)
        except AttributeError as error:
            raise _mismatch(f"its library has no function {name}") from error
        function.restype, function.argtypes = result, arguments


def _check_layouts(library: Any) -> None:
    """A field that moved shows in the defaults: these values are spread over both structs, to their ends."""
    context = _defaults(library.llama_context_default_params, ContextParams)
    model = _defaults(library.llama_model_default_params, ModelParams)
    wrong = [
        f"{type(struct).__name__}.{field}"
        for struct, expected in ((model, _MODEL_DEFAULTS), (context, _CONTEXT_DEFAULTS))
        for field, value in expected.items()
        if getattr(struct, field) != value
    ]
    if wrong:
        raise _mismatch(f"its structs are laid out differently ({', '.join(wrong[:3])})")


def _defaults(function: Any, layout: Any) -> Any:
    """What the function returns, read with room behind it: a library whose struct is larger writes there."""

    class Padded(c.Structure):
        _fields_ = (("struct", layout), ("room", c.c_char * 512))

    function.restype = Padded
    try:
        return function().struct
    finally:
        function.restype = layout


def _mismatch(reason: str) -> LibraryMismatch:
    return LibraryMismatch(reason=reason, version=VERSION)


_MODEL_DEFAULTS = {
    "devices": None,
    "n_gpu_layers": -1,
    "split_mode": 1,
    "load_mode": -1,
    "main_gpu": 0,
    "kv_overrides": None,
    "vocab_only": False,
    "check_tensors": False,
    "use_extra_bufts": True,
    "no_host": False,
    "no_alloc": False,
}
_CONTEXT_DEFAULTS = {
    "n_ctx": 512,
    "n_batch": 2048,
    "n_ubatch": 512,
    "n_seq_max": 1,
    "n_outputs_max": 0,
    "n_outputs_max_per_seq": 1,
    "n_threads": 4,
    "n_threads_batch": 4,
    "rope_scaling_type": -1,
    "pooling_type": -1,
    "attention_type": -1,
    "flash_attn_type": -1,
    "yarn_ext_factor": -1.0,
    "yarn_beta_slow": -1.0,
    "defrag_thold": -1.0,
    "type_k": 1,
    "type_v": 1,
    "abort_callback": None,
    "embeddings": False,
    "offload_kqv": True,
    "no_perf": True,
    "op_offload": True,
    "swa_full": True,
    "kv_unified": False,
    "samplers": None,
    "n_samplers": 0,
    "ctx_other": None,
}
