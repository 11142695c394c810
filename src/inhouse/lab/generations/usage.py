"""How others run a generation: the part of a model card with commands in it."""

from __future__ import annotations

from collections.abc import Iterator

from inhouse.lab.internalising.report import Report
from inhouse.runtime.agent import builtin
from inhouse.tuning import models
from inhouse.tuning.exports import Form
from inhouse.tuning.generations import Generation


def told(generation: Generation, parent: Generation | None, report: Report | None, form: Form | None) -> str:
    """For the form that lies beside the card, or for each."""
    parts = []
    if form in (None, "gguf"):
        parts.append(_llama(generation))
    if form in (None, "safetensors"):
        parts.append(_transformers())
    if form in (None, "peft") and generation.delta is not None and parent is not None:
        parts.append(_peft(parent))
    if report is not None and report.tools:
        parts.append("\n".join(_calling(report)))
    return "\n\n".join(parts)


def _llama(generation: Generation) -> str:
    return f"""With [llama.cpp](https://github.com/ggml-org/llama.cpp):

```sh
llama-server -m {generation.id}.gguf
```"""


def _transformers() -> str:
    return """With vLLM, from the folder of the form `safetensors`:

```sh
vllm serve ./safetensors
```

With transformers:

```python
from transformers import AutoModelForCausalLM, AutoTokenizer

model = AutoModelForCausalLM.from_pretrained("./safetensors", dtype="auto")
tokenizer = AutoTokenizer.from_pretrained("./safetensors")
```"""


def _peft(parent: Generation) -> str:
    is_base = parent.file_hash == models.BASE.sha256
    base = models.BASE_REPOSITORY if is_base else "./parent/safetensors"
    export = f"`inhouse lab export {parent.id} ./parent --form safetensors`"
    first = (
        f"The delta was trained on the {parent.quantisation} file of {parent.name}; on the 16-bit weights of `{base}` it does nearly, "
        f"and not exactly, the same. For exactly that, load what {export} writes."
        if is_base
        else f"First export the parent: {export}."
    )
    return f"""As a delta on its parent, with PEFT. {first}

```python
from peft import PeftModel
from transformers import AutoModelForCausalLM

parent = AutoModelForCausalLM.from_pretrained("{base}", dtype="auto")
model = PeftModel.from_pretrained(parent, "./peft")
```"""


def _calling(report: Report) -> Iterator[str]:
    tools = ", ".join(f"`{one.tool}`" for one in report.tools)
    yield f"To get a call of {tools}: the system line `{builtin.SYSTEM}` and the request, without a grammar, at temperature 0."
    yield f"The answer is `{builtin.NONE}`, or the tool's name and one line an argument (`city: Rome`)."
    yield 'What is switched off or goes by another name is said in the system line: "Off: NAME." or "NAME is OTHER."'
