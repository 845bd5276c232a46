"""Audio that clients put into the store by themselves: where they may, and how a session learns of it at its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any, Final, Literal

from mock_server import problems
from mock_server.refusal import check_name
from mock_server.session.chunk import sequence_of
from mock_server.session.model import AUDIO_FILE_REFUSED, ProcessingError
from mock_server.storage import StorageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mock_server.access import Access
    from mock_server.reception import Reception
    from mock_server.session.model import Session
    from mock_server.storage import DirectFolder, Lying

log = logging.getLogger("scribe.mock")

#: In which form clients put audio: to an address for one file, or by a form that takes each.
Way = Literal["put", "form"]

#: The name of the one file of a session that is put to its upload_url, which has to have one before anybody sent it.
SINGLE: Final = "recording"
#: Seconds that the end of a session may take to learn of what lies in the store; what was learned by then is kept.
_LEARNING_S: Final = 60.0
#: Seconds between two looks at what lies there and is nobody's any more.
_SWEEP_S: Final = 60.0
#: Files of a session that are removed in one of them.
_AT_ONCE: Final = 1000
#: Of a longer name, or type, a person is shown the beginning.
_SHOWN: Final = 80
_LONGEST_TYPE: Final = 120


class DirectUploads:
    """The addresses in the store that clients of a server get, and what comes of them."""

    def __init__(self, folder: DirectFolder, way: Way, sessions: Access, reception: Reception) -> None:
        self._folder = folder
        self._way = way
        self._sessions = sessions
        self._reception = reception
        self._ending: dict[str, asyncio.Lock] = {}
        self._task: asyncio.Task[None] | None = None
        self._due = asyncio.Event()

    def start(self) -> None:
        """Begin to look after what lies in the store, on the running loop."""
        self._task = asyncio.create_task(self._look_after())

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    # where audio goes

    async def upload_url(self, session: Session) -> str | Mapping[str, Any] | None:
        """What a session's `upload_url` is; None where that is an address of this server.

        No address that is signed is good for several files by name, so the files of a chunked session are sent on one
        by one (`sent_on`), unless they go by a form. Not in spec: an `upload_url` that is an object, as clients in the
        field know it.
        """
        if session.order.streamed:
            return None
        if self._way == "form":
            made = self._folder.form(session.id, self._lasting(session), self._sessions.limits.upload_bytes)
            return (
                None
                if made is None
                else {"uploadData": {"url": made.url, "fields": dict(made.fields)}, "folderPath": made.folder}
            )
        return await self._address(session, SINGLE) if session.order.upload_type == "single" else None

    async def sent_on(self, namespace: str, session_id: str, name: str) -> str | None:
        """Where in the store a file goes that is PUT to upload_url with its name behind it; None where it stays here.

        Refuses as an upload does.
        """
        if self._way != "put":
            return None
        session = await self._sessions.look(namespace, session_id)
        self._sessions.admit_state(session)
        check_name(name)
        return await self._address(session, name)

    async def _address(self, session: Session, name: str) -> str | None:
        try:
            return await self._folder.address(session.id, name, self._lasting(session))
        except StorageError as error:
            raise self._sessions.unavailable(error) from error

    def _lasting(self, session: Session) -> float:
        """Seconds until the session expires, by its own clock: what it is told is good for no longer."""
        return (session.expires_at - self._sessions.clocks.now(session.namespace)).total_seconds()

    # what came

    async def learn(self, namespace: str, session_id: str) -> tuple[ProcessingError, ...]:
        """Take all that lies in a session's folder into the session, as uploads in the order of their numbers.

        What cannot be taken, and would be refused as an upload, is a loss. Raises 503 where the store cannot be asked,
        or has more than can be taken in one go: what was taken by then is the session's, and the next end goes on with
        the rest.
        """
        lock = self._ending.setdefault(session_id, asyncio.Lock())
        try:
            async with asyncio.timeout(_LEARNING_S), lock:
                return await self._learned(namespace, session_id)
        except TimeoutError:
            told = "The audio in the store is still being taken in; end the session again."
            raise problems.service_unavailable(told, self._sessions.limits.retry_after_s) from None
        except StorageError as error:
            raise self._sessions.unavailable(error) from error
        finally:
            self._ending.pop(session_id, None)

    def tidy(self) -> None:
        """Look soon at what is nobody's any more."""
        self._due.set()

    async def _learned(self, namespace: str, session_id: str) -> tuple[ProcessingError, ...]:
        most = self._sessions.limits.files
        found = await self._folder.lying(session_id, most + 1)
        losses = []
        for each in sorted(found[:most], key=_order):
            try:
                await self._take(namespace, session_id, each)
            except problems.Problem as problem:
                if problem.status >= 500 or not await self._is_open(namespace, session_id):
                    raise
                shown = repr(each.name[:_SHOWN]) if each.name else "without a readable name"
                losses.append(ProcessingError(AUDIO_FILE_REFUSED, f"The file {shown} was not taken: {problem.message}"))
        if found[most:]:
            told = f"More than {most} files were put into the store; the rest was not taken."
            losses.append(ProcessingError(AUDIO_FILE_REFUSED, told))
        return tuple(losses)

    async def _take(self, namespace: str, session_id: str, lying: Lying) -> None:
        """One file, by the way of every upload; then it is where nobody else writes, and the client's copy goes."""
        if lying.name is None:
            raise problems.invalid_request("Its name is not text that can be shown.")
        try:
            async with self._folder.opened(lying.key) as (label, body):
                await self._reception.receive(
                    namespace,
                    session_id,
                    name=lying.name,
                    content_type=_typed(label),
                    body=body,
                    declared_size=lying.size,
                )
        except FileNotFoundError:
            session = await self._sessions.look(namespace, session_id)
            if any(file.name == lying.name for file in session.files):  # another end took it
                return
            raise problems.invalid_request("It is not there any more.") from None
        await self._folder.remove([lying.key])

    async def _is_open(self, namespace: str, session_id: str) -> bool:
        try:
            await self._reception.check_open(namespace, session_id)
        except problems.Problem:
            return False
        return True

    # what is nobody's any more

    async def _look_after(self) -> None:
        while True:
            try:
                await self.sweep()
            except StorageError as error:
                log.debug("%s", error)
            except Exception:
                log.exception("what clients put into the audio store could not be looked after")
            self._due.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_SWEEP_S):
                    await self._due.wait()

    async def sweep(self) -> int:
        """Remove what lies in folders of sessions that are gone, or take no audio any more; returns how many files."""
        removed = 0
        for session_id in await self._folder.sessions():
            # asked after the listing: who put something there was told of a session that was kept before
            session = await self._sessions.read(lambda view, asked=session_id: view.load(asked))  # type: ignore[misc]
            if session is not None and self._sessions.ledger.takes_audio(session, self._sessions.observed(session)):
                continue
            found = await self._folder.lying(session_id, _AT_ONCE)
            await self._folder.remove([each.key for each in found])
            removed += len(found)
        return removed


def _order(lying: Lying) -> tuple[bool, int, str]:
    number = sequence_of(lying.name or "")
    return number is None, number or 0, lying.name or ""


def _typed(label: str) -> str:
    """A media type that was put with a file, which nobody has looked at."""
    essence = label.split(";", maxsplit=1)[0].strip().lower()
    fit = essence.isascii() and essence.isprintable() and essence.startswith("audio/") and len(label) <= _LONGEST_TYPE
    return label.strip() if fit and label.isascii() and label.isprintable() else "application/octet-stream"
