"""In which spelling a target takes its key (E47): judged by whether it lets in, not by what it answers then."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.drive.parcel import Parcel
from conformance.drive.wire import spellings
from conformance.evidence import Departure, Dimension, Label
from conformance.evidence.admission import refuses
from conformance.target import CredentialsRefused, TargetUnreachable
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.drive.asking import Asking
    from conformance.drive.wire import Heard, Spelling

#: An id of the shape of §6.2 that nobody was given.
_MADE_UP = "ses_0000000000nobodysown"
#: What every service has to refuse, once it has let the caller in.
_NO_ORDER = json.dumps({}).encode()


@dataclass(frozen=True)
class _Door:
    """An operation at which a key can be tried without anything coming of it."""

    operation: Operation
    method: str
    url: str
    content: bytes = b""


def _doors(base: str) -> Iterable[_Door]:
    return (
        _Door(Operation.TEMPLATES, "GET", f"{base}/templates"),
        _Door(Operation.GET, "GET", f"{base}/sessions/{_MADE_UP}"),
        _Door(Operation.CREATE, "POST", f"{base}/sessions", _NO_ORDER),
    )


def lets_in(heard: Heard) -> bool:
    """Whether whoever asked was let in, whatever the operation had to say after that."""
    return heard.answer is not None and not refuses(heard.exchange)


async def sign_in(asking: Asking, base: str) -> None:
    """Go on with the first spelling that is let in at every door that tells spellings apart.

    A door that answers all spellings alike says nothing: it may be open to everybody, or broken. Raises
    CredentialsRefused when no spelling is let in anywhere, TargetUnreachable when nothing answers.
    """
    usual = spellings()[0]
    heard: dict[Spelling, list[Heard]] = {spelling: [] for spelling in spellings()}
    opened = None
    for door in _doors(base):
        for spelling in spellings():
            heard[spelling].append(await _try(asking, door, Credential.RIGHT, spelling))
        outcomes = {lets_in(tried[-1]) for tried in heard.values()}
        # where all are let in, somebody with a made-up key must not be, or the door is open to everybody
        tells = len(outcomes) > 1 or (
            True in outcomes and not lets_in(await _try(asking, door, Credential.WRONG, usual))
        )
        if tells:
            opened = door
            break
    everything = [each for tried in heard.values() for each in tried]
    if all(each.answer is None for each in everything):
        raise TargetUnreachable(f"{base} gives no answer ({everything[0].exchange.trouble})")
    if not any(lets_in(each) for each in everything):
        said = ", ".join(f"{spelling}: {tried[0].exchange.status}" for spelling, tried in heard.items())
        raise CredentialsRefused(
            f"{base} refuses the key in every spelling ({said}); check {asking.wire.options.named('api-key')}"
        )
    works = [spelling for spelling, tried in heard.items() if lets_in(tried[-1])]
    asking.wire.spelling = works[0] if works else usual
    if opened is not None:
        typed = {"Content-Type": "application/json"} if opened.content else {}
        asking.wire.course.door = Parcel(opened.method, opened.url, typed, opened.content)
    first = heard[usual][-1]
    if asking.wire.spelling != usual:
        text = f"The key is taken as {asking.wire.spelling!r} and refused as {usual!r}."
        asking.wire.recorder.depart(
            Departure(
                Dimension.CREDENTIAL,
                text,
                asking.wire.spelling,
                usual,
                first.exchange.status,
                first.exchange.number,
            )
        )


async def sign_in_second(asking: Asking, base: str) -> None:
    """Make sure that the second client is one: a key nobody knows would show that everybody is kept out.

    Raises CredentialsRefused.
    """
    if asking.wire.options.second_api_key is None:
        return
    tried: list[Heard] = []
    for door in _doors(base):
        right = await _try(asking, door, Credential.RIGHT, asking.wire.spelling)
        wrong = await _try(asking, door, Credential.WRONG, asking.wire.spelling)
        tried.append(await _try(asking, door, Credential.SECOND, asking.wire.spelling))
        if lets_in(right) and not lets_in(wrong):  # this door tells a key that is known from one that is not
            break
    if not lets_in(tried[-1]):
        raise CredentialsRefused(
            f"{base} refuses the key of the second client ({tried[-1].exchange.status}); check"
            f" {asking.wire.options.named('second-api-key')}, or"
            " leave it out: then it stays open whether clients are kept apart"
        )


async def _try(asking: Asking, door: _Door, credential: Credential, spelling: Spelling) -> Heard:
    headers = asking.wire.credentials(door.url, credential, spelling)
    if door.content:
        headers["Content-Type"] = "application/json"
    spelled = door.operation == Operation.TEMPLATES and credential == Credential.RIGHT
    label = Label(
        door.operation,
        JourneyName.PREPARATION,
        probe=Probe.SPELLING.of(spelling),
        credential=credential,
        graded=spelled,
    )
    return await asking.ask(label, door.url, method=door.method, headers=headers, content=door.content)
