"""In which spelling a target takes its key (E47): judged by whether it lets in, not by what it answers then."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.drive.parcel import Parcel
from conformance.drive.wire import spellings
from conformance.evidence import Departure, Dimension, Label
from conformance.evidence.admission import alike, is_page, refuses
from conformance.target import CredentialsRefused, TargetUnreachable
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conformance.drive.asking import Asking
    from conformance.drive.wire import Heard, Spelling
    from conformance.evidence import Exchange
    from scribe_data import Spec

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


def _doors(text: Spec, base: str) -> Iterable[_Door]:
    known, read = text.protocol.endpoints, text.lifecycle.operations[Operation.GET]
    if Operation.TEMPLATES in known:
        yield _Door(Operation.TEMPLATES, "GET", base + known[Operation.TEMPLATES].path)
    yield _Door(Operation.GET, "GET", base + read.request.split()[1].format(session_id=_MADE_UP))
    yield _Door(Operation.CREATE, "POST", base + known[Operation.CREATE].path, _NO_ORDER)


@dataclass(frozen=True)
class _Knock:
    """What became of a key at a door, and of a made-up one in the same spelling, where that was asked."""

    heard: Heard
    wrong: Heard | None = None

    @property
    def rank(self) -> int:
        """2: the door opened; 1: whoever asked was let in, as it seems; 0: nothing says so.

        A service may turn away with any 4xx who does not spell the key its way: what a made-up key gets, too, lets
        nobody in.
        """
        x = self.heard.exchange
        if x.accepted:
            # a page where a document belongs is one to log in
            return 0 if self.heard.answer is not None and is_page(self.heard.answer) else 2
        as_anybody = self.wrong is not None and alike(x, self.wrong.exchange)
        return 0 if x.response is None or refuses(x) or as_anybody else 1


async def _knock(asking: Asking, door: _Door, credential: Credential, spelling: Spelling) -> _Knock:
    """Try a key, and beside it a made-up one where that may say what the answer means."""
    heard = await _try(asking, door, credential, spelling)
    plain = heard.exchange.accepted or heard.answer is None or refuses(heard.exchange)
    return _Knock(heard, None if plain else await _try(asking, door, Credential.WRONG, spelling))


async def sign_in(asking: Asking, base: str) -> None:
    """Go on with the first spelling that is let in furthest at the first door that tells spellings apart.

    A door that answers whoever comes alike says nothing: it may be open to everybody, or broken. Raises
    CredentialsRefused when no spelling is let in anywhere, TargetUnreachable when nothing answers.
    """
    everything: list[_Knock] = []
    known = spellings(asking.wire.options.text)
    for door in _doors(asking.wire.options.text, base):
        knocks = {spelling: await _knock(asking, door, Credential.RIGHT, spelling) for spelling in known}
        everything += knocks.values()
        tells = await _tells(asking, door, [knock.rank for knock in knocks.values()])
        if tells:
            asking.wire.course.door = _as_parcel(door)
            break
    answers = [knock.heard for knock in everything]
    if all(heard.answer is None for heard in answers):
        raise TargetUnreachable(f"{base} gives no answer ({answers[0].exchange.trouble})")
    if all(heard.answer is None or refuses(heard.exchange) for heard in answers):
        said = ", ".join(
            f"{spelling}: {heard.exchange.status}" for spelling, heard in zip(known, answers, strict=False)
        )
        raise CredentialsRefused(
            f"{base} refuses the key in every spelling ({said}); check {asking.wire.options.named('api-key')}"
        )
    # All alike, a spelling that is not refused is as good as any.
    best = max(known, key=lambda spelling: (knocks[spelling].rank, not refuses(knocks[spelling].heard.exchange)))
    _go_by(asking, best, knocks[known[0]].heard.exchange)


async def _tells(asking: Asking, door: _Door, ranks: Sequence[int]) -> bool:
    """Whether a door tells who is let in: not where it answers alike whatever the key."""
    if len(set(ranks)) > 1 or ranks[0] == 1:
        return True
    # where it opens to all spellings, somebody with a made-up key must not be let in, or it is open to everybody
    usual = spellings(asking.wire.options.text)[0]
    return ranks[0] == 2 and not (await _try(asking, door, Credential.WRONG, usual)).exchange.accepted


def _as_parcel(door: _Door) -> Parcel:
    typed = {"Content-Type": "application/json"} if door.content else {}
    return Parcel(door.method, door.url, typed, door.content)


def _go_by(asking: Asking, spelling: Spelling, first: Exchange) -> None:
    """Use a spelling from now on, and say so where it is not the one that stands first."""
    asking.wire.spelling, usual = spelling, spellings(asking.wire.options.text)[0]
    if spelling != usual:
        text = f"The key is taken as {spelling!r} and refused as {usual!r}."
        asking.wire.recorder.depart(Departure(Dimension.CREDENTIAL, text, spelling, usual, first.status, first.number))


async def sign_in_second(asking: Asking, base: str) -> None:
    """Make sure that the second client is one: a key nobody knows would show that everybody is kept out.

    Raises CredentialsRefused.
    """
    if asking.wire.options.second_api_key is None:
        return
    spelling = asking.wire.spelling
    for door in _doors(asking.wire.options.text, base):
        right = await _try(asking, door, Credential.RIGHT, spelling)
        wrong = await _try(asking, door, Credential.WRONG, spelling)
        second = _Knock(await _try(asking, door, Credential.SECOND, spelling), wrong)
        if _Knock(right, wrong).rank and not wrong.exchange.accepted:
            break  # this door tells a key that is known from one that is not
    else:  # where no door does, the second key is wrong only where it is refused in so many words
        if second.heard.answer is not None and not refuses(second.heard.exchange):
            return
    if not second.rank:
        raise CredentialsRefused(
            f"{base} refuses the key of the second client ({second.heard.exchange.status}); check"
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
