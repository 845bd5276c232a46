"""The hands of journeys through research sessions: work is ordered, watched, stopped, read, shared and remarked on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.drive.addressed import Addressed
from conformance.drive.driver import posting
from conformance.drive.handle import Handle
from conformance.drive.hands import REMOVE
from conformance.drive.parcel import Parcel
from conformance.evidence import Label
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.drive.wire import Heard


class Inquiries(Addressed):
    """One journey's hands, and the steps of a research session."""

    def body(self, **changes: Any) -> dict[str, Any]:
        """An order of the members that the text has an example of, with changes; REMOVE deletes a member."""
        takes = self.options.text.protocol.endpoints[Operation.CREATE].takes
        members = self.options.text.schemas[takes or ""]["properties"]
        usual = {name: member["examples"][0] for name, member in members.items() if member.get("examples")}
        told = usual | dict(self.target.order) | changes
        return {name: value for name, value in told.items() if value is not REMOVE}

    async def close(self, session_id: str, sent: int) -> None:  # noqa: ARG002 - nothing is counted
        """Cancel a session that nobody needs any more: never graded, and no part of its story."""
        label = Label(Operation.CANCEL, self.journey, None, Probe.CLOSING, graded=False)
        await self._sender.follow(label, Parcel("POST", self.at(Operation.CANCEL, session_id), {}, b""))

    def _creating(self, body: Mapping[str, Any]) -> Parcel:
        return posting(self.at(Operation.CREATE), dict(body))

    def _handle(self, session: str, heard: Heard, asked: Mapping[str, Any]) -> Handle | None:  # noqa: ARG002
        session_id = self._session_id(heard)
        if session_id is None:
            return None
        handle = Handle(session, session_id, "", heard.exchange, {})
        self._wire.made.append(handle)
        return handle
