"""The hands of whatever drives: one labelled exchange at a time, recorded, within the run's budget."""

from __future__ import annotations

import asyncio
import json as jsonlib
from copy import copy
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import quote

from conformance.drive.parcel import Parcel
from conformance.drive.sender import Sender
from conformance.evidence import Exchange, Label, Layer, Note
from conformance.vocabulary.operation import Credential, Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence
    from datetime import datetime

    from conformance.drive.clock import TestClock
    from conformance.drive.handle import Handle
    from conformance.drive.wire import Wire
    from conformance.evidence import Departure, Offer
    from conformance.evidence.recorder import Recorder
    from conformance.evidence.socket import Turn
    from conformance.target import Target
    from scribe_data.recordings import Fixture


class _Sentinel:
    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


#: `body(templates=REMOVE)` leaves the member out.
REMOVE: Final = _Sentinel("REMOVE")
#: No JSON body; distinct from a body of null.
UNSET: Final = _Sentinel("UNSET")


class Hands:
    """What a journey does that is about no session. Every exchange is labelled and recorded; nothing is judged here."""

    def __init__(
        self,
        journey: str,
        wire: Wire,
        target: Target,
        audio: Mapping[str, Fixture],
        *,
        clock: TestClock | None = None,
        tell: Callable[[str], None] | None = None,
        layer: Layer = Layer.JOURNEY,
    ) -> None:
        self.journey = journey
        self.layer = layer
        #: The rows of the lifecycle's table that apply to what is sent next; none where nobody foretells them.
        self.states: tuple[str, ...] = ()
        self.target = target
        self.audio = audio
        self.clock = clock
        self.options = wire.options
        self.seed = wire.options.seed
        self._wire = wire
        self._sender = Sender(wire)
        self._tell = tell or (lambda _: None)

    @property
    def key(self) -> str:
        """The tester's key as it is now: where a command gives it, it changes during a run."""
        return self._wire.key

    @property
    def recorder(self) -> Recorder:
        """Where what this driver sends is kept."""
        return self._wire.recorder

    def apart(self, recorder: Recorder) -> Self:
        """The same hands with a record of their own: what they send is no part of the run's evidence."""
        other = copy(self)
        other._wire = self._wire.apart(recorder)  # noqa: SLF001 - a copy of this very class
        other._sender = Sender(other._wire)  # noqa: SLF001
        return other

    @property
    def made(self) -> Sequence[Handle]:
        """Every session that was made over this driver's wire."""
        return self._wire.made

    @property
    def left(self) -> float:
        """Seconds that remain of the run."""
        return self._wire.budget.left

    @property
    def throttled(self) -> bool:
        """Whether any answer of the run so far was 429."""
        return self._wire.throttled

    def owns(self, url: str) -> bool:
        """Whether a URL lies on an origin of the service."""
        return self._wire.owns(url)

    @property
    def origins(self) -> list[str]:
        """The origins that count as the service's own, as text."""
        return self._wire.origins

    @property
    def networked(self) -> bool:
        """Whether the run goes over a network, and does not stay in one process."""
        return self.options.transport is None

    @property
    def upload_urls(self) -> tuple[str, ...]:
        """Where the sessions made so far take their audio."""
        return tuple(dict.fromkeys(handle.upload_url for handle in self._wire.made))

    def depart(self, departure: Departure) -> None:
        """Say where the target departs from the text in a way the run goes along with."""
        self._wire.recorder.depart(departure)

    def elapsed(self) -> float:
        """Seconds since the run began."""
        return self._wire.budget.elapsed

    def later(self, moment: datetime, since: float) -> datetime:
        """A moment of the target's, moved on by what has passed here since `elapsed()` showed `since`."""
        return moment + timedelta(seconds=self.elapsed() - since)

    def note(self, reason: str, text: str, *requirements: str, rows: tuple[str, ...] = ()) -> None:
        """Say why (part of) the journey could not be done, and what stays unobserved because of it."""
        self._wire.recorder.note(Note(self.journey, reason, text, requirements, rows))

    def url(self, *parts: str) -> str:
        """An address below base_url."""
        return "/".join((self.target.base_url.rstrip("/"), *(quote(part, safe="") for part in parts)))

    def body(self, **changes: Any) -> dict[str, Any]:
        """The create body in the form this target takes (rule 6), with changes; REMOVE deletes a member."""
        language = spoken_by(self.target.offer(changes.get("model")) or self.target.model)
        body = self.target.form.body(model=self.target.model, language=language)
        body.update(changes)
        return {name: value for name, value in body.items() if value is not REMOVE}

    def worded(self, body: Any) -> Any:
        """A create body in the words of the run's text; anything else as it is."""
        return self.target.form.worded(body) if isinstance(body, dict) else body

    def foretelling(self, *states: str) -> Self:
        """The same hands; their requests say in which states their session may be, or which outsider asks."""
        other = copy(self)
        other.states = states
        return other

    def _label(  # noqa: PLR0917 - in the order of Label
        self,
        operation: Operation,
        session: str | None,
        probe: str | None = None,
        credential: Credential = Credential.RIGHT,
        file: str | None = None,
        fixture: str | None = None,
        *,
        graded: bool = True,
    ) -> Label:
        return Label(
            operation,
            self.journey,
            session,
            probe,
            credential,
            file,
            fixture,
            graded=graded,
            layer=self.layer,
            states=self.states,
        )

    async def send(
        self,
        operation: Operation,
        method: str,
        url: str,
        *,
        session: str | None = None,
        probe: str | None = None,
        credential: Credential = Credential.RIGHT,
        headers: Mapping[str, str] | None = None,
        json: Any = UNSET,
        content: bytes | None = None,
        file: str | None = None,
        fixture: str | None = None,
        graded: bool = True,
    ) -> Exchange:
        """One labelled exchange; the last attempt, where rule 2 asks for more than one."""
        label = self._label(operation, session, probe, credential, file, fixture, graded=graded)
        typed = {} if json is UNSET else {"Content-Type": "application/json"}
        told = self.worded(json) if operation == Operation.CREATE else json
        data = (content or b"") if json is UNSET else jsonlib.dumps(told).encode()
        return (await self._sender.patiently(label, Parcel(method, url, typed | dict(headers or {}), data))).exchange

    async def look(self, url: str, probe: str, offer: Offer | None) -> Exchange:
        """See how an address is secured: a GET without anything secret, sent once and never graded.

        `offer` is what is offered of TLS; None for an address of plain HTTP.
        """
        return await self._wire.look(
            Label(Operation.OTHER, self.journey, None, probe, Credential.NONE, graded=False), url, offer
        )

    async def speak(
        self, session: str, url: str, turns: Sequence[Turn], samples: bytes, *, probe: str, apart: float = 0.0
    ) -> Exchange:
        """Say turns over a socket, in messages so many seconds apart; once, judged by what it is made for alone."""
        label = self._label(Operation.OTHER, session, probe, Credential.NONE, graded=False)
        messages = [message for turn in turns for message in turn.messages(samples)]
        return await self._wire.speak(label, url, messages, apart=apart, turns=turns)

    async def together(self, *walks: Coroutine[Any, Any, object]) -> None:
        """Side by side; what stops one of them stops all, and is raised as if it had been alone."""
        try:
            async with asyncio.TaskGroup() as group:
                for walk in walks:
                    group.create_task(walk)
        except BaseExceptionGroup as stopped:
            raise stopped.exceptions[0] from None

    async def pause(self, seconds: float) -> None:
        """Wait, within the run's budget."""
        await self._wire.budget.pause(seconds)


def spoken_by(model: Mapping[str, Any]) -> str:
    """English, which the kit's fixtures speak, else the model's first language (rule 6)."""
    spoken = [code for code in model.get("languages") or () if isinstance(code, str)]
    return "en" if "en" in spoken or not spoken else spoken[0]
