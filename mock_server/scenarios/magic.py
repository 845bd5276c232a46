"""Template ids and file names that ask for a scenario, for clients that can send nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mock_server.scenarios.armed import Armed, known
from mock_server.scenarios.catalogue import catalogue
from mock_server.scenarios.courses import MAGIC

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mock_server.scenarios.scenario import Scenario

#: What clients put behind a name: the number of a chunk.
_NUMBER = re.compile(r"[_-][0-9]{1,9}\Z")


def template_words() -> dict[str, Scenario]:
    """The template ids that mean something, in the order of the catalogue."""
    return {
        f"{MAGIC}{word}": scenario
        for scenario in catalogue().values()
        if scenario.of_sessions or ("create" in scenario.operations and scenario.refusal is not None)
        for word in (*scenario.aliases, scenario.name)
    }


def file_words() -> dict[str, Scenario]:
    """What the names of files begin with that mean something; an ending such as _3.wav may follow."""
    return {
        f"{MAGIC}{scenario.name}": scenario
        for scenario in catalogue().values()
        if "upload" in scenario.operations or any(parameter.name == "file" for parameter in scenario.parameters)
    }


def of_template(template: str) -> Armed | None:
    """What a template id asks for; None for one that asks for nothing, 400 for what is no scenario."""
    if not template.startswith(MAGIC):
        return None
    words = template_words()
    scenario = words[known("template", template, words, "templates")]
    return _armed(scenario, {"template": template})


def of_file(name: str) -> Armed | None:
    """What a file's name asks for; None for one that asks for nothing, 400 for what is no scenario."""
    if not name.startswith(MAGIC):
        return None
    words, word = file_words(), name
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
