"""Template ids, file names and keys that ask for a scenario, for clients that can send nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from mock_server import problems
from mock_server.api.wording import wording
from mock_server.auth import KEYED
from mock_server.scenarios.armed import Armed, known, refuse_absent
from mock_server.scenarios.catalogue import absent, catalogue
from mock_server.scenarios.courses import MAGIC
from mock_server.suggestion import nearest
from scribe_data import PROFILE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mock_server.scenarios.scenario import Scenario
    from mock_server.served import Served

#: What a key ends with that asks: sk_test_<namespace>[_<user>]_mock-<scenario>, with - for the dots of its name.
_KEY: Final = re.compile(rf"sk_test_[A-Za-z0-9]+_(?:[A-Za-z0-9_-]*?_)??({KEYED}[A-Za-z0-9_-]*)\Z")
#: What clients put behind a name: the number of a chunk.
_NUMBER = re.compile(r"[_-][0-9]{1,9}\Z")


def template_words(served: Served) -> dict[str, Scenario]:
    """The template ids that mean something, in the order of the catalogue."""
    if PROFILE not in served.profiles:
        return {}
    return {
        f"{MAGIC}{word}": scenario
        for scenario in catalogue(*served).values()
        if PROFILE in scenario.profiles
        and (scenario.of_sessions or ("create" in scenario.operations and scenario.refusal is not None))
        for word in (*scenario.aliases, scenario.name)
    }


def file_words(served: Served) -> dict[str, Scenario]:
    """What the names of files begin with that mean something; an ending such as _3.wav may follow."""
    if PROFILE not in served.profiles or wording(served.revision).numbered:
        return {}  # audio has no names there
    return {
        f"{MAGIC}{scenario.name}": scenario
        for scenario in catalogue(*served).values()
        if "upload" in scenario.operations or any(parameter.name == "file" for parameter in scenario.parameters)
    }


def key_words(served: Served) -> dict[str, Scenario]:
    """What a key may end with, behind the underscore that ends its namespace."""
    return {_keyed(name): scenario for name, scenario in catalogue(*served).items()}


def _keyed(name: str) -> str:
    return f"{KEYED}{name.replace('.', '-')}"


def of_keys(credentials: Collection[str], served: Served) -> list[Armed]:
    """What the key of a request asks for, if anything; raises 400 for what is no scenario, without telling the key."""
    found = [asked[1] for key in credentials if KEYED in key and (asked := _KEY.match(key))]
    if not found:
        return []
    words = key_words(served)
    scenario = words.get(found[0])
    if scenario is None:
        refuse_absent(served, {_keyed(name): name for name in absent(*served)}.get(found[0]), "key", _keyed)
        near = nearest(found[0], words)
        hint = f" Did you mean one that ends with {near!r}?" if near else ""
        told = f"A key that ends with {KEYED}… asks for a scenario, and this one's does not exist.{hint}"
        details: dict[str, Any] = {"nearest": near} if near else {}
        raise problems.invalid_request(told, field="key", known=list(words), **details)
    return [_armed(scenario, {})]


def of_template(template: str, served: Served) -> Armed | None:
    """What a template id asks for; None for one that asks for nothing, 400 for what is no scenario."""
    if not template.startswith(MAGIC):
        return None
    refuse_absent(served, template.removeprefix(MAGIC), "templates", lambda name: f"{MAGIC}{name}")
    words = template_words(served)
    scenario = words[known("template", template, words, "templates")]
    return _armed(scenario, {"template": template})


def of_document(document: object, served: Served) -> list[Armed]:
    """What the template ids of a body ask for; 400 for one that begins so and is no scenario."""
    templates = document.get("templates") if isinstance(document, dict) else None
    if not isinstance(templates, list):
        return []
    magical = dict.fromkeys(name for name in templates if isinstance(name, str) and name.startswith(MAGIC))
    return [found for name in magical if (found := of_template(name, served)) is not None]


def of_file(name: str, served: Served) -> Armed | None:
    """What a file's name asks for; None for one that asks for nothing, 400 for what is no scenario."""
    if not name.startswith(MAGIC):
        return None
    words, word = file_words(served), name
    while word not in words:
        shorter = _NUMBER.sub("", word)
        if shorter == word:
            shorter = word.rpartition(".")[0]
        if len(shorter) < len(MAGIC):
            known("file name", name, words, "filename")
        word = shorter
    return _armed(words[word], {"file": name})


def _armed(scenario: Scenario, about: Mapping[str, str]) -> Armed:
    named = {parameter.name for parameter in scenario.parameters}
    return Armed(scenario, scenario.values({name: value for name, value in about.items() if name in named}))
