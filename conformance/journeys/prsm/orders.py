"""Orders: of each type and in each form that is valid, and with one thing about them wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from conformance.drive.hands import REMOVE
from conformance.journeys.prsm.way import way
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import BAD, Operation
from conformance.vocabulary.probe import UNCREDENTIALED, Probe
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.drive.inquiries import Inquiries

#: The member that tells what kind of work is wanted.
KIND: Final = "session_type"
#: Members that are objects, and a content nobody reads.
_OBJECTS: Final = {"budget": {}, "preferences": {"language": "en"}, "metadata": {"ticket": "T-17", "tags": ["a", None]}}
#: What is no object and no text.
_OTHERS: Final = {"a list": [], "a number": 7}


def kinds(drive: Inquiries) -> list[str]:
    """The types of sessions that the text has."""
    takes = drive.options.text.protocol.endpoints[Operation.CREATE].takes
    return [str(kind) for kind in drive.options.text.schemas[takes or ""]["properties"][KIND]["enum"]]


@way(JourneyName.ORDERS_FORMS)
async def forms(drive: Inquiries) -> None:
    """(Create Session) A create of each type and in each form that is valid, waited for and read."""
    wanted: dict[str, dict[str, Any]] = {kind: {KIND: kind} for kind in kinds(drive)}
    wanted |= {"with all members": dict(_OBJECTS)}

    async def one(name: str, changes: dict[str, Any]) -> None:
        handle = await drive.create(Session.ORDERED.of(name), drive.body(**changes))
        if handle is not None:
            await drive.finish(handle)

    await drive.together(*(one(name, changes) for name, changes in wanted.items()))
    # what comes of these is left open (E4, E24)
    left_open: dict[str, dict[str, Any]] = {"no type": {KIND: REMOVE}, "a member more": {"x_member_nobody_knows": 1}}
    for what, told in left_open.items():
        await drive.create(Session.ORDERED.of(what), drive.body(**told), probe=Probe.DEFECT.of(what))


def defects(drive: Inquiries) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is wrong with an order, and its body."""
    yield "no prompt", drive.body(prompt=REMOVE)
    yield "an empty prompt", drive.body(prompt="")
    yield "a blank prompt", drive.body(prompt=" \t")
    for what, value in {**_OTHERS, "null": None}.items():
        yield f"{what} for a prompt", drive.body(prompt=value)
    yield "an unknown type", drive.body(**{KIND: "divination"})
    yield "a number for a type", drive.body(**{KIND: 7})
    for name in _OBJECTS:
        for what, value in {**_OTHERS, "a text": "x"}.items():
            yield f"{what} for {name}", drive.body(**{name: value})


@way(JourneyName.ORDERS_DEFECTS)
async def defective(drive: Inquiries) -> None:
    """(Create Session) Creates with one thing about them wrong."""
    if await drive.create(Session.CONTROLLED) is None:
        return  # a refusal proves something only where the valid request works
    for what, body in defects(drive):
        await drive.create(Session.ORDERED.of(what), body, probe=Probe.DEFECT.of(what))


@way(JourneyName.DOORS)
async def doors(drive: Inquiries) -> None:
    """(Status Codes of every endpoint) Creates and lists without a credential that is known; the walk asks the rest."""
    url = drive.at(Operation.CREATE)
    for credential in BAD:
        probe = UNCREDENTIALED[credential].of("no state")
        await drive.send(Operation.CREATE, "POST", url, probe=probe, credential=credential, json=drive.body())
        await drive.list(probe=probe, credential=credential)
