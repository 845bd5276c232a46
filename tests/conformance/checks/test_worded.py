"""No message or expectation of the kit names a status or a state that the revision it judges by does not have."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import scribe_data
from conformance import finding
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session
from tests.conformance.checks.builders import FAIL, error, findings, verdicts
from tests.conformance.checks.test_revisions import Told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scribe_data import Spec

ROOT = Path(__file__).parents[3] / "conformance"
REVISIONS = scribe_data.revisions()
SPECS = {name: scribe_data.load("medscribe", name) for name in REVISIONS}
#: Who makes a finding.
TELLING = {
    name
    for name, made in vars(finding).items()
    if callable(made) and getattr(made, "__module__", "") == finding.__name__ and name.islower()
}
#: Said only where the text has what is said, as the code around it asks.
ASKED = {("templates", "_mixed", "partial")}


def words(spec: Spec) -> set[str]:
    """The states of a text, its other words for them, and the statuses that tell them and answer requests."""
    lifecycle = spec.lifecycle
    shown = {str(state.status) for state in lifecycle.states.values()}
    return {*lifecycle.states, *lifecycle.aliases, *shown} | {
        str(status) for each in spec.protocol.endpoints.values() for status in each.answers
    }


WORDS = {name: words(spec) for name, spec in SPECS.items()}
DIFFERING = {word for found in WORDS.values() for word in found if any(word not in each for each in WORDS.values())}


def said(tree: ast.AST) -> Iterator[str]:
    """The differing words among the literals below a node."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | int) and not isinstance(node.value, bool):
            yield from DIFFERING & set(re.findall(r"\w+", str(node.value)))


def judged(functions: dict[str, ast.FunctionDef]) -> dict[str, set[str]]:
    """Function of a module -> the requirements it judges, itself or for those in its module that call it."""
    found = {
        name: {
            word.value
            for decorator in each.decorator_list
            if isinstance(decorator, ast.Call)
            for word in decorator.args
            if isinstance(word, ast.Constant)
        }
        for name, each in functions.items()
    }
    calls = {
        name: {node.id for node in ast.walk(each) if isinstance(node, ast.Name) and node.id in functions}
        for name, each in functions.items()
    }
    for _ in functions:
        for name, called in calls.items():
            for other in called:
                found[other] |= found[name]
    return found


def test_the_texts_differ_in_such_words():
    assert {"202", "206", "partial", "initialized"} <= DIFFERING
    assert {"violates", "departs", "holds"} <= TELLING


@pytest.mark.parametrize("path", sorted(ROOT.glob("checks/*.py")), ids=lambda path: path.stem)
def test_a_check_says_only_words_of_the_revisions_that_have_its_requirement(path):
    functions = {node.name: node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}
    wrong = []
    for name, requirements in judged(functions).items():
        texts = [text for text, spec in SPECS.items() if requirements & spec.requirements.keys()]
        for node in ast.walk(functions[name]):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TELLING:
                for word in said(node):
                    lacking = [text for text in texts if word not in WORDS[text]]
                    if lacking and (path.stem, name, word) not in ASKED:
                        wrong.append(f"line {node.lineno}: {name} says {word}, which {lacking} lack")
    assert not wrong


@pytest.mark.parametrize("folder", ["journeys", "drive", "stateful", "fuzz", "grading"])
def test_whatever_drives_or_grades_says_none_of_them(folder):
    found = []
    for path in sorted((ROOT / folder).glob("*.py")):
        tree = ast.parse(path.read_text())
        documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        for node in ast.walk(tree):
            if isinstance(node, documented) and ast.get_docstring(node) is not None:
                del node.body[0]
        found += [f"{path.name}: {word}" for word in said(tree)]
    assert not found


def unended(revision):
    """A session with audio whose ends are refused."""
    tape = Told(revision)
    (tape.made if revision == REVISIONS[0] else lambda: tape.created("s"))()
    (tape.spoke if revision == REVISIONS[0] else lambda: tape.uploaded("s", "audio_0.wav"))()
    for _ in range(2):
        tape.heard("end", 404, error("session_not_found"), session="s")
    return tape


@pytest.mark.parametrize(
    ("revision", "requirement"),
    [(text, name) for text in REVISIONS for name in ("SES-END-001", "SES-END-009") if name in SPECS[text].requirements],
)
def test_a_refused_end_is_told_the_status_that_the_text_has_for_one_that_is_taken(revision, requirement):
    (told,) = [each for each in findings(requirement, unended(revision)) if each.kind == "violates"]
    taken = min(SPECS[revision].protocol.endpoints["end"].answers)
    assert str(told.expected) == str(taken)


@pytest.mark.parametrize("revision", REVISIONS)
def test_another_word_for_a_state_is_disputed_only_where_the_text_has_it(revision):
    tape = Told(revision)
    tape.heard("create", 201, tape.shown("s", "created") | {"status": "initialized"}, session="s", asked={})
    disputed = verdicts("SES-STATE-003", tape) != FAIL
    assert disputed == ("initialized" in SPECS[revision].lifecycle.aliases)


@pytest.mark.parametrize("revision", REVISIONS)
def test_what_was_passed_to_a_session_is_shown_to_no_other_client_in_any_revision(revision):
    secret = "nobody-else-may-read-this"
    tape = Told(revision)
    tape.facts = replace(tape.facts, second_key=True)
    asked = {SPECS[revision].printed.passed: {"whose": secret}}
    tape.heard("create", 201, tape.shown(Session.FOREIGN, "created"), session=Session.FOREIGN, asked=asked)
    refusal = error("session_not_found", f"{secret} is not yours.")
    tape.heard("get", 404, refusal, session=Session.FOREIGN, credential="second", probe=Probe.FOREIGN)
    assert verdicts("AUTH-026", tape) == FAIL
