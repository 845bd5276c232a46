"""What journeys send and what checks select by is one vocabulary: each name stands once, and both sides use it."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import conformance
from conformance.vocabulary import probe as probes
from conformance.vocabulary import session as sessions
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.name import Name, repeat_of
from conformance.vocabulary.operation import PROTOCOL, Credential, Operation
from conformance.vocabulary.probe import UNGRADED, UNSELECTED, Probe
from conformance.vocabulary.session import Session
from conformance.ways import all_ways
from scribe_data import load, profiles
from tests.conformance.checks.test_honest_run import evidence

if TYPE_CHECKING:
    from collections.abc import Iterator

KIT = Path(conformance.__file__).parent
MEMBERS = [*Probe, *Session, *JourneyName]
FAMILIES = [member for member in MEMBERS if member.joint]
#: What a run does beside its journeys.
BESIDE = {JourneyName.PREPARATION, JourneyName.CLOCK, JourneyName.CLOSING, JourneyName.RUN}
SENDERS = ("journeys", "drive", "stateful", "fuzz")
READERS = ("checks", "grading", "evidence")
#: Constants of the vocabulary that stand for several names.
SETS = {
    name: value
    for module in (probes, sessions)
    for name, value in vars(module).items()
    if name.isupper() and not isinstance(value, str | bool)
}


def modules(*rooms: str) -> Iterator[tuple[Path, ast.Module]]:
    for room in rooms:
        for path in sorted((KIT / room).rglob("*.py")):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def used(kind: type[Name], *rooms: str) -> set[Name]:
    """The members that modules of these rooms name, by themselves or in one of the sets."""
    found: set[Name] = set()
    for _, tree in modules(*rooms):
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == kind.__name__:
                found |= {member for member in kind if member.name == node.attr}
            elif isinstance(node, ast.Name) and node.id in SETS:
                held = SETS[node.id]
                told = {*held, *held.values()} if hasattr(held, "values") else set(held)
                found |= {each for each in told if isinstance(each, kind)}
    return found


def test_each_probe_a_check_selects_by_is_sent_by_somebody():
    assert used(Probe, *READERS) - used(Probe, *SENDERS) == set()


def test_each_session_a_check_selects_by_is_made_by_some_journey():
    assert used(Session, *READERS) - used(Session, *SENDERS) == set()


def test_each_probe_that_is_sent_is_read_by_some_check_or_is_said_to_be_for_the_text_alone():
    assert used(Probe, *SENDERS) - used(Probe, *READERS) == UNSELECTED | UNGRADED


def test_there_is_no_name_that_nobody_uses():
    assert set(Probe) == used(Probe, *SENDERS)
    assert set(Session) == used(Session, *SENDERS)


def test_the_journeys_are_those_of_the_vocabulary():
    everything = {each.name for profile in profiles() for each in all_ways(profile)}
    assert everything == set(JourneyName) - BESIDE


def test_the_operations_are_those_of_the_profiles():
    named = {name for profile in profiles() for name in load(profile).protocol.endpoints}
    assert set(PROTOCOL) == named
    assert Operation.OTHER not in named


def test_a_run_gives_no_name_that_the_vocabulary_does_not_have():
    for x in evidence().exchanges:
        label = x.label
        assert JourneyName.meant(label.journey) is not None, label
        assert label.session is None or Session.meant(label.session) is not None, label
        assert label.probe is None or Probe.meant(label.probe) is not None, label
        assert label.operation in set(Operation)
        assert label.credential in set(Credential)


def test_ungraded_probes_are_never_graded():
    seen = {Probe.meant(x.label.probe) for x in evidence().exchanges if x.label.graded}
    assert seen & UNGRADED == set()


def names_written(tree: ast.Module) -> Iterator[ast.expr]:
    """What stands where a name of the vocabulary belongs: a probe, a session, a journey, an operation, a credential."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from (word.value for word in node.keywords if word.arg in ("probe", "session", "credential"))
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("select", "send", "Label", "create", "consult", "attempt", "journey", "Case"):
                yield from node.args[:1]
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(
                isinstance(side, ast.Attribute) and side.attr in ("probe", "operation", "credential") for side in sides
            ):
                yield from sides


@pytest.mark.parametrize(
    "room", ["journeys", "stateful", "checks", "drive", "fuzz", "grading", "evidence", "report", "suite"]
)
def test_no_name_is_spelled_out_where_it_is_used(room):
    spelled = [
        f"{path.name}:{each.lineno}"
        for path, tree in modules(room)
        for name in names_written(tree)
        for each in ([*name.elts] if isinstance(name, ast.Tuple | ast.List | ast.Set) else [name])
        if isinstance(each, ast.JoinedStr) or (isinstance(each, ast.Constant) and isinstance(each.value, str))
    ]
    assert spelled == []


def test_each_name_of_more_than_a_word_stands_once():
    texts = {str(member) for member in MEMBERS if not member.isidentifier()}
    again = [
        f"{path.relative_to(KIT)}:{node.lineno} {node.value}"
        for path, tree in modules(".")
        if path.parent.name != "vocabulary"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in texts
    ]
    assert again == []


def test_nothing_is_judged_by_how_a_name_begins_or_ends():
    def names(node: ast.AST) -> bool:
        told = isinstance(node, ast.Attribute) and node.attr == "key" and getattr(node.value, "id", "") == "story"
        return told or (isinstance(node, ast.Attribute) and node.attr in ("probe", "session"))

    cut = ("startswith", "endswith", "removeprefix", "removesuffix", "partition", "split")
    found = [
        f"{path.name}:{node.lineno}"
        for path, tree in modules("checks", "fuzz", "grading", "journeys", "report", "suite")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in cut
        if any(map(names, ast.walk(node.func.value)))
    ]
    assert found == []


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: f"{type(member).__name__}.{member.name}")
def test_a_name_is_read_as_the_member_it_is(member):
    kind = type(member)
    assert kind.meant(str(member)) is member
    assert member.covers(str(member))
    assert member.sentence.endswith(".")
    assert kind.meant(repeat_of(member)) is member or repeat_of(member) in set(kind)


@pytest.mark.parametrize("member", FAMILIES, ids=lambda member: f"{type(member).__name__}.{member.name}")
@pytest.mark.parametrize("detail", ["x", "audio/ogg; codecs=opus", "again", "1.0", "éa/b: c"])
def test_a_family_is_known_by_each_of_its_names(member, detail):
    name = member.of(detail)
    assert type(member).meant(name) is member
    assert member.detail(name) == detail
    assert type(member).meant(repeat_of(name)) is member
    assert member.detail(repeat_of(name)) == detail


def test_the_closest_family_is_the_one_that_is_meant():
    assert Probe.meant(Probe.ODD_FILE_NAME.of(3)) is Probe.ODD_FILE_NAME
    assert Session.meant(Session.LEFT_OUT.of(Session.ORDER_OF_FOUR)) is Session.LEFT_OUT


@pytest.mark.parametrize("name", [None, "", "visits", "end", "nonsense", "templates/listedness", "expiry/"])
def test_a_name_nobody_gave_means_nothing(name):
    assert Session.meant(name) is None


def test_a_name_that_is_not_a_family_takes_no_detail():
    with pytest.raises(TypeError, match="VISIT"):
        Session.VISIT.of("again")
