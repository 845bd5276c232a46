"""The hands of journeys through the session manager: windows of interaction are started, read and ended."""

from __future__ import annotations

import hashlib
import re
import uuid
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from conformance.drive.driver import Driver, posting
from conformance.drive.handle import Handle
from conformance.drive.hands import REMOVE, UNSET
from conformance.drive.restart import restart
from conformance.evidence import Label
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.drive.parcel import Parcel
    from conformance.drive.wire import Heard
    from conformance.evidence import Exchange
    from conformance.target import EndForm

#: The version of the schema reference that the text follows.
SCHEMA_VERSION = "1.1.0"
#: Numbers of users that have a session of their own.
_TURNS = count(1)
#: Characters that tell an id from others.
_TELLING = 8
#: Who asks in the name of somebody else.
_OTHER = "somebody else"


def stamp(moment: datetime) -> str:
    """A moment as the text has it: UTC, three digits of a second, Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


class Windows(Driver):
    """One journey's hands, and the steps of a window."""

    def user(self, name: str = "") -> str:
        """A user nobody had before this run: a log is read by its user, and goes on from one run to the next."""
        told = re.sub(r"[^a-z0-9]+", "-", f"{self.journey} {name}".lower()).strip("-")
        return f"kit-{self._wire.trace_id[:12]}-{told}"

    def base(self, *, earlier: float = 0.0) -> dict[str, Any]:
        """What every input has, `user_id` aside; its clock is so many seconds slow."""
        return {
            "schema_version": SCHEMA_VERSION,
            "record_id": str(uuid.uuid4()),
            "timestamp": stamp(datetime.now(UTC) - timedelta(seconds=earlier)),
        }

    def body(self, **changes: Any) -> dict[str, Any]:
        """A start by a system, for a user of its own, with changes; REMOVE deletes a member.

        Where every start of a user answered one id (E2), sessions of one user would get into each other's way.
        """
        made = {**self.base(), "user_id": self.user(str(next(_TURNS))), "source": "system"} | changes
        return {name: value for name, value in made.items() if value is not REMOVE}

    def worded(self, body: Any) -> Any:
        """As it is: every revision has the same words."""
        return body

    def ending(self, handle: Handle, **changes: Any) -> dict[str, Any]:
        """The input of an end by its user, in the form this target takes, with changes; REMOVE deletes a member."""
        made = self._end_input(handle.session_id, user_of(handle), self.target.end_form) | changes
        return {name: value for name, value in made.items() if value is not REMOVE}

    def at(self, operation: Operation) -> str:
        """Where an operation is served."""
        return self.target.base_url.rstrip("/") + self.options.text.protocol.endpoints[operation].path

    def address(self, session_id: str) -> str:
        """Where the timeline of a session is read."""
        return f"{self.at(Operation.GET)}?session_id={quote(session_id, safe='')}"

    async def end_with(
        self, handle: Handle, body: Any, *, probe: str | None = None, credential: Credential = Credential.RIGHT
    ) -> Exchange:
        """One end with a body of its own."""
        return await self.send(
            Operation.END,
            "POST",
            self.at(Operation.END),
            session=handle.key,
            probe=probe,
            credential=credential,
            json=body,
        )

    async def export(self, user: str, *, session: str | None = None) -> Exchange | None:
        """The log of a user; None where the target exports none."""
        if Operation.EXPORT in self.target.absent:
            return None
        url = f"{self.at(Operation.EXPORT)}?user_id={quote(user, safe='')}"
        return await self.send(Operation.EXPORT, "GET", url, session=session)

    async def replay(self, handle: Handle) -> Exchange | None:
        """The timeline of a session; None where the target replays none."""
        return None if Operation.GET in self.target.absent else await self.get(handle)

    async def message(
        self,
        handle: Handle,
        *,
        probe: str | None = None,
        credential: Credential = Credential.RIGHT,
        named: bool = True,
        graded: bool = True,
    ) -> Exchange:
        """A message of a session to a worker; not `named`, without the session's id."""
        user = self.user(_OTHER) if credential == Credential.OTHER_USER else user_of(handle)
        told = {**self.base(), "user_id": user, "session_id": handle.session_id, "message": {"text": "Which of them?"}}
        body = told if named else {name: value for name, value in told.items() if name != "session_id"}
        return await self.send(
            Operation.MESSAGE,
            "POST",
            self.at(Operation.MESSAGE),
            session=handle.key,
            probe=probe,
            credential=credential,
            json=body,
            graded=graded,
        )

    async def own(
        self, operation: str, handle: Handle, *, probe: str | None = None, credential: Credential = Credential.RIGHT
    ) -> Exchange | None:
        """A message; None for every other operation."""
        if operation != Operation.MESSAGE:
            return None
        return await self.message(handle, probe=probe, credential=credential)

    async def finish(self, handle: Handle) -> Exchange | None:
        """One read: nothing is worked on that could be waited for."""
        return await self.get(handle)

    async def restart(self, url: str) -> None:
        """Have the service started again, and wait until an address answers; raises RestartFailed."""
        await restart(self._wire, self.journey, url)

    async def close(self, session_id: str, sent: int) -> None:
        """End a session that nobody needs any more: never graded, and no part of its story."""
        label = Label(Operation.END, self.journey, None, Probe.CLOSING, graded=False)
        await self._sender.follow(label, self._ending(session_id, sent, self.target.end_form))

    def end_body(self) -> Any:
        """Nothing: an end names its session, and there is none for nobody's."""
        return UNSET

    def stranger(self, handle: Handle) -> Handle | None:
        """A session nobody made, its id of the same shape."""
        prefix, mark, rest = handle.session_id.rpartition("_")
        if len(rest) < _TELLING:  # the sign is one of the id's own
            prefix, mark, rest = "", "", handle.session_id
        made_up = hashlib.sha256(handle.session_id.encode()).hexdigest()[: max(len(rest), _TELLING)]
        return Handle(Session.STRANGER.of(handle.key), f"{prefix}{mark}{made_up}", "", handle.created, {})

    def _creating(self, body: Mapping[str, Any]) -> Parcel:
        return posting(self.at(Operation.CREATE), dict(body))

    def _handle(self, session: str, heard: Heard, asked: Mapping[str, Any]) -> Handle | None:  # noqa: ARG002
        session_id = self._session_id(heard)
        if session_id is None:
            return None
        handle = Handle(session, session_id, "", heard.exchange, {})
        self._wire.made.append(handle)
        return handle

    def _ending_of(self, handle: Handle, credential: Credential) -> Parcel:
        changed = {"user_id": self.user(_OTHER)} if credential == Credential.OTHER_USER else {}
        return posting(self.at(Operation.END), self.ending(handle, **changed))

    def _ending(self, session_id: str, sent: int, form: EndForm) -> Parcel:  # noqa: ARG002 - nothing is counted
        """The end of a session that was made in this run, by whoever it was made for."""
        made = (x for x in self._wire.recorder.exchanges if x.accepted and x.document.get("session_id") == session_id)
        asked = next((x for x in made if x.label.operation == Operation.CREATE), None)
        user = _user(asked) if asked is not None else self.user()
        return posting(self.at(Operation.END), self._end_input(session_id, user, form))

    def _end_input(self, session_id: str, user: str, form: EndForm) -> dict[str, Any]:
        told = self.base()
        timed = {"end_time": told["timestamp"]} if form == "timed" else {}
        return {**told, "user_id": user, "session_id": session_id, "source": "system", **timed}


def user_of(handle: Handle) -> str:
    """Whose session it is."""
    return _user(handle.created)


def _user(created: Exchange) -> str:
    """For whom a start was sent, else for whom its answer says it was."""
    told = created.request.json.get("user_id") if isinstance(created.request.json, dict) else None
    return str(told or created.document.get("user_id"))
