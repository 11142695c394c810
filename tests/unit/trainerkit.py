"""A model of two tiny layers with a tokenizer of bytes: enough to run the whole trainer in a second."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from inhouse.tuning.jobfile import JobFile
from inhouse.tuning.recipes import ALL_LINEAR, Preference, Recipe

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def make_base(folder: Path) -> Path:
    """Write the tiny base in Hugging Face's form."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    raw = Tokenizer(models.BPE(vocab={char: at for at, char in enumerate(alphabet)}, merges=[]))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw,
        eos_token="<|im_end|>",
        pad_token="<|im_end|>",
        additional_special_tokens=["<|im_start|>"],
    )
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    torch.manual_seed(5)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=True,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def recipe(**change: Any) -> Recipe:
    """Two short epochs and one of picks."""
    values: dict[str, Any] = {
        "name": "tiny",
        "rank": 4,
        "alpha": 8,
        "targets": ALL_LINEAR,
        "lr": 5e-3,
        "epochs": 2,
        "batch_tokens": 128,
        "max_row_tokens": 128,
        "max_seconds": 120,
        "preference": Preference(epochs=2, lr=1e-3, batch_pairs=2),
    }
    return Recipe(**{**values, **change})


def rows(count: int = 12) -> list[dict[str, Any]]:
    """Short dialogues, each third one held out."""
    return [
        {
            "messages": [
                {"role": "user", "content": f"What about {number}?"},
                {"role": "assistant", "content": f"Number {number} is fine by me, friend."},
            ],
            "split": "held_out" if number % 3 == 0 else "train",
            "kind": "voice",
            "source_ids": [f"doc_{number // 2}"],
        }
        for number in range(count)
    ]


def picks(count: int = 6) -> list[dict[str, Any]]:
    """Picks of a friendly answer over a curt one."""
    return [
        {
            "messages": [{"role": "user", "content": f"Is {number} good?"}],
            "chosen": "It is, friend.",
            "rejected": "Obviously yes.",
            "split": "held_out" if number % 3 == 0 else "train",
        }
        for number in range(count)
    ]


def write_lines(path: Path, values: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(value) + "\n" for value in values))
    return path


def make_job(folder: Path, base: Path, name: str = "one", **change: Any) -> JobFile:
    """A job in its own folder."""
    home = folder / name
    home.mkdir(parents=True, exist_ok=True)
    values: dict[str, Any] = {
        "base": base,
        "cache": folder / "cache",
        "corpus": write_lines(home / "rows.jsonl", rows()),
        "out": home / "out",
        "work": home / "work",
        "recipe": recipe(),
        "threads": 1,
        "niceness": 0,
    }
    return JobFile(**{**values, **change})
