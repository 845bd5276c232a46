"""One thing at a time changed in a create body that the target was seen to take."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conformance.evidence import Layer
from conformance.fuzz.case import Case
from conformance.fuzz.sending import Sending
from conformance.journeys.registry import journey
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session
from scribe_data.nesting import loads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.drive.driver import Driver

#: JSON type -> values of it; of the first of each, servers tell different kinds apart.
_VALUES: Mapping[str, tuple[Any, ...]] = {
    "null": (None,),
    "boolean": (True, False),
    "integer": (0, -1, 2**63),
    "number": (0.5,),
    "string": ("", "0"),
    "array": ([], [None]),
    "object": ({}, {"0": 0}),
}
#: Text that programs trip over, and no attack that something in front of a service would stop: a NUL, what turns the
#: direction of writing, an unpaired accent, characters beyond the first plane, letters that look like others, a line
#: break.
_TEXTS = (
    ("a NUL", "\u0000"),
    ("a right-to-left override", "\u202e"),
    ("a combining accent", "e\u0301"),
    ("an emoji", "\U0001f9d1\u200d\u2695\ufe0f"),
    ("a full-width letter", "\uff53"),
    ("a line break", "\r\n"),
)
#: Times over the bound that a schema sets, where it sets one, and where it sets none.
_OVER, _LONG = 1, 2_000


def mutations(
    schema: Mapping[str, Any], body: Mapping[str, Any], *, passes: bool = True
) -> Iterator[tuple[str, str, bytes]]:
    """Where, what, and the changed body, for each change of one thing; `body` is one that is taken.

    `passes` says whether a create has a member that comes back unchanged.
    """
    for where, how, changed in (*_changes(schema, dict(body)), *(_passed(body) if passes else ())):
        yield where, how, json.dumps(changed).encode()
    yield from _repeated(body)


def _changes(schema: Mapping[str, Any], body: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for kind, values in _VALUES.items():
        if kind != "object":
            yield from (("", f"{kind} {json.dumps(value)}", value) for value in values)
    for name, member in schema.get("properties", {}).items():
        if name in body:
            yield f"/{name}", "missing", {key: value for key, value in body.items() if key != name}
        for place, how, value in _of_member(member, body.get(name)):
            yield f"/{name}{place}", how, {**body, name: value}
    yield "", "an unknown member", {**body, "x_member_nobody_knows": {"a": 1}}
    for name in body:
        yield "", f"{name} in capitals", {key.upper() if key == name else key: value for key, value in body.items()}


def _passed(body: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Odd text in what comes back."""
    for how, text in _TEXTS:
        yield "/additional_data", f"a value with {how}", {**body, "additional_data": {"x": text}}
        yield "/additional_data", f"a name with {how}", {**body, "additional_data": {text: 0}}


def _of_member(member: Mapping[str, Any], usual: Any) -> Iterator[tuple[str, str, Any]]:
    """What may become of a member, and of the items it has."""
    yield from (("", how, value) for how, value in _of_value(member, usual))
    if not isinstance(member.get("items"), dict):
        return
    items = usual if isinstance(usual, list) else []
    for how, value in _of_value(member["items"], items[0] if items else None):
        yield "/0", how, [value, *items[1:]]
        if items and not how.startswith("with "):
            yield f"/{len(items)}", f"one more: {how}", [*items, value]


def _of_value(member: Mapping[str, Any], usual: Any) -> Iterator[tuple[str, Any]]:
    """What may become of one value: another type, over its bounds, none of its list, odd text."""
    told = member.get("type", "object")
    own = {told} if isinstance(told, str) else set(told)
    for kind, values in _VALUES.items():
        if kind not in own and not (kind == "integer" and "number" in own):
            for value in values:
                yield f"{kind} {json.dumps(value)}", value
    if "string" in own:
        yield from _of_text(member, usual if isinstance(usual, str) else "")
    if "array" in own:
        kept = usual if isinstance(usual, list) and usual else ["0"]
        yield "empty", []
        yield "an item twice", [*kept, kept[0]]
        yield "nested once more", [kept]
        yield "too many items", [f"{kept[0]}{place or ''}" for place in range(member.get("maxItems", _LONG) + _OVER)]
    if "object" in own:
        yield "nested", {"x": {"x": {"x": [{"x": None}]}}}
        yield "very many members", {f"x{place}": place for place in range(_LONG)}


def _of_text(member: Mapping[str, Any], usual: str) -> Iterator[tuple[str, str]]:
    yield "empty", ""
    yield "over its length", "x" * (member.get("maxLength", _LONG) + _OVER)
    if "enum" in member or usual:
        yield "in capitals", usual.upper()
        yield "with a space behind it", f"{usual} "
        yield "of no list", f"{usual}-of-no-list"
    for how, text in _TEXTS:
        yield f"with {how}", f"{usual}{text}"


def _repeated(body: Mapping[str, Any]) -> Iterator[tuple[str, str, bytes]]:
    """The body with a member written twice: the same, and another value first or last."""
    whole = json.dumps(dict(body))
    for name, value in body.items():
        same, other = (json.dumps({name: each})[1:-1] for each in (value, None))
        for how, text in (("twice", same), ("twice, once null", other)):
            yield f"/{name}", how, f"{{{text}, {whole[1:]}".encode()
        yield f"/{name}", "twice, null last", f"{whole[:-1]}, {other}}}".encode()


@journey(JourneyName.FUZZ_MUTATIONS, phase="alone", layer=Layer.MUTATION, profiles=())
async def change(drive: Driver) -> None:
    """(6.2, 11.2) A create body that is taken, with one thing about it changed at a time."""
    text = drive.options.text
    create = text.protocol.endpoints[Operation.CREATE]
    if not drive.options.examples or create.takes is None:
        return
    schema, body = text.schemas[create.takes], drive.worded(drive.body())
    control = await drive.create(Session.MUTATION_CONTROL)
    if control is None:
        return  # A refusal proves something only where the valid request works (rule 6).
    await drive.close(control.session_id, 0)
    typed = (("Content-Type", "application/json"),)
    cases = {
        Case(
            Operation.CREATE,
            create.method,
            create.path,
            typed,
            body=content,
            odd=Probe.ODD_BODY,
            where=where,
            how=how,
            phase="mutation",
        )
        for where, how, content in mutations(schema, body, passes=bool(text.printed.passed))
        if json_or_none(content) != body
    }
    await Sending(drive).all(sorted(cases, key=lambda case: (case.where, case.how)))


def json_or_none(content: bytes) -> Any:
    """The value of a JSON text; None for one that is none."""
    try:
        return loads(content)
    except ValueError:
        return None
