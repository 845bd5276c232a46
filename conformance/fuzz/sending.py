"""Sends what was drawn: labelled, side by side within the run's places, and again at once where the service fell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.drive.hands import UNSET
from conformance.drive.parcel import below
from conformance.evidence import Layer
from conformance.fuzz.case import NAMED, SESSION, UPLOAD
from conformance.fuzz.drawn import drawn
from conformance.fuzz.offer import narrowed
from conformance.journeys.registry import journey
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.drive.driver import Driver, Handle
    from conformance.evidence import Exchange
    from conformance.fuzz.case import Case

#: Requests on their way at a time: half the run's places, so that a service feels no more than a busy client.
_SIDE_BY_SIDE = 4
#: A service that leaves so many requests without an answer is asked no more: each of them takes a minute.
_MOST_SILENT = 3
#: The name of a file where it is a part of the address.
_FILE = "audio_0.wav"
#: The outsider of the lifecycle's table that a well-formed id nobody gave out belongs to.
_UNKNOWN = "unknown"


class Sending:
    """Sends cases with one journey's hands; `session` and `ending` stand for a valid id where a case asks for one."""

    def __init__(self, drive: Driver, session: Handle | None = None, ending: Handle | None = None) -> None:
        self._drive = drive
        self._session = session
        self._ending = ending
        self._silent = 0
        self._made = 0

    async def all(self, cases: Iterable[Case]) -> None:
        """Send every case that this target has a place for."""
        left = iter(cases)

        async def work() -> None:
            for case in left:
                if self._silent >= _MOST_SILENT:
                    return
                await self.send(case)

        await self._drive.together(*(work() for _ in range(_SIDE_BY_SIDE)))
        if self._silent >= _MOST_SILENT:
            told = f"{self._silent} generated requests got no answer, twice each: the rest of them were not sent."
            self._drive.note("no_answer", told)

    async def send(self, case: Case) -> None:
        """Send a case, once more where it got a server error or no answer, and close the session it made."""
        handle = self._ending if case.operation is Operation.END else self._session
        url = self._url(case, handle)
        if url is None or case.operation in self._drive.target.absent:
            return
        for _ in range(2):
            x = await self._once(case, url, handle)
            if x.response is not None and x.status < 500:
                break
        else:
            self._silent += x.response is None
        session_id = x.document.get("session_id")
        if case.operation is Operation.CREATE and x.accepted and isinstance(session_id, str) and session_id:
            await self._close(x, session_id)

    async def _once(self, case: Case, url: str, handle: Handle | None) -> Exchange:
        drive, named = self._drive, SESSION in case.path or case.path in (UPLOAD, NAMED)
        probe = case.probe
        if case.operation in (Operation.GET, Operation.END) and case.valid and not named:
            drive, probe = drive.foretelling(_UNKNOWN), Probe.ODD_SESSION
        if case.operation is Operation.CREATE:
            self._made += 1
            session: str | None = Session.GENERATED.of(f"{self._drive.journey} {self._made}")
        else:
            session = handle.key if handle and named and case.operation is not Operation.OTHER else None
        # The document has no body for an end; where the target wants one, that is another finding.
        told = drive.end_body() if case.operation is Operation.END and not case.body else UNSET
        return await drive.send(
            case.operation,
            case.method,
            url,
            session=session,
            probe=probe,
            headers=dict(case.headers),
            json=told,
            content=case.body,
        )

    def _url(self, case: Case, handle: Handle | None) -> str | None:
        """Where a case goes; None where this target gave no session, or takes audio in another way."""
        query = f"?{case.query}" if case.query else ""
        if case.path in (UPLOAD, NAMED):
            return self._audio(case, handle)
        if case.operation is Operation.DISCOVERY:
            at = self._drive.target.discovery_url
            return at + query if case.valid and at else None
        if SESSION in case.path and handle is None:
            return None
        path = case.path.replace(SESSION, handle.session_id if handle else "")
        return self._drive.url(*path.strip("/").split("/")) + query

    def _audio(self, case: Case, handle: Handle | None) -> str | None:
        """Where audio goes in the way this target takes it; None for another way."""
        # An address that is signed, or a storage's, takes what its provider says (rule 8, AUD-002).
        if handle is None or handle.fields is not None or not self._drive.owns(handle.upload_url):
            return None
        form = self._drive.target.upload_form or ""
        if case.path == UPLOAD:
            return None if form.startswith("named-") else handle.upload_url
        fits = form.startswith("named-") and (form == "named-put") == (case.method == "PUT")
        return below(handle.upload_url, _FILE) if fits else None

    async def _close(self, x: Exchange, session_id: str) -> None:
        """Read a session that a case made, once, and end it."""
        named = x.label.session
        # What was taken has to be there, and to be shown without a server error.
        if Operation.GET not in self._drive.target.absent:
            await self._drive.send(Operation.GET, "GET", self._drive.address(session_id), session=named)
        await self._drive.close(session_id, 0)


@journey(JourneyName.FUZZ_DRAWING, long=True, layer=Layer.FUZZ, profiles=())
async def drawing(drive: Driver) -> None:
    """(11.2, 11.3) Cases are drawn while the other journeys wait for their results; nothing is sent."""
    await _cases(drive)


@journey(JourneyName.FUZZ, phase="alone", layer=Layer.FUZZ, profiles=())
async def fuzz(drive: Driver) -> None:
    """(11.2, 11.3) What Schemathesis draws from the OpenAPI document: valid requests, and ones that are not."""
    cases = await _cases(drive)
    if not cases:
        return
    session = await drive.create(Session.DRAWN_OPEN, graded=False)
    ending = await drive.create(Session.DRAWN_ENDED, graded=False)
    if ending is not None and drive.target.upload_form is not None:
        await drive.upload(ending, "short", name="audio_0.wav", graded=False)
    await Sending(drive, session, ending).all(cases)
    for handle in (session, ending):
        if handle is not None:
            await drive.close(handle.session_id, len(handle.sent))


async def _cases(drive: Driver) -> tuple[Case, ...]:
    """The cases of this run, drawn once; none where the operator wants none."""
    if not drive.options.examples:
        return ()
    document = narrowed(drive.options.text, drive.target)
    left = drive.options.budget - drive.elapsed()
    return await drawn(document, seed=drive.seed, examples=drive.options.examples, within=max(left, 0.0))
