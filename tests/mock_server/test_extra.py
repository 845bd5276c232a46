"""Whoever lacks an extra is told a command that works: the distribution is on no index."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from mock_server.extra import install
from mock_server.speech.weights import _PACKAGES

ROOT = Path(__file__).parents[2]
EXTRAS = set(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"])
SOURCES = [path for room in ("mock_server", "conformance", "scribe_pytest") for path in (ROOT / room).rglob("*.py")]


def test_a_hint_installs_from_the_checkout_or_the_wheel() -> None:
    assert install("whisper").startswith("pip install '.[whisper]' in a checkout")
    assert install("whisper", again=True).startswith("pip install --force-reinstall '.[whisper]' in a checkout")


def test_every_hint_names_an_extra_there_is() -> None:
    named = [
        name for path in SOURCES for name in re.findall(r"""\binstall\(["']([\w-]+)["']""", path.read_text("utf-8"))
    ]
    assert len(named) >= 4
    assert {*named, *(package.extra for package in _PACKAGES)} <= EXTRAS


def test_no_message_tells_to_install_from_an_index() -> None:
    told = re.compile(r"""install[^\n]{0,40}scribe[-_]conformance\[""")
    assert [path for path in SOURCES if told.search(path.read_text("utf-8"))] == []
