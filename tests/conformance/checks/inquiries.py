"""Evidence of research sessions by hand, an exchange a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import scribe_data
from conformance.vocabulary.operation import Operation
from tests.conformance.checks import windows
from tests.conformance.checks.windows import stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.evidence import Exchange

TEXT = scribe_data.load("prsm")
STATUS = TEXT.examples["session_running"].value
COMPLETED = TEXT.examples["session_completed"].value


class Tape(windows.Tape):
    """What was heard of research sessions, each exchange under the name of its session."""

    text = TEXT

    def create(self, name: str, status: int = 201, **label: Any) -> Exchange:
        """A create, and the session whose id is as it is named here."""
        asked = label.pop("asked", {"prompt": "x", "session_type": "research"})
        told = label.pop("told", {})
        made = TEXT.examples["create_response"].value | {"session_id": name, "created_at": stamp(0)} | told
        document = made if status < 300 else refusal(status)
        return self.heard(Operation.CREATE, status, document, asked=asked, **{"session": name} | label)

    def get(self, session: str, shown: str = "running", **changes: Any) -> Exchange:
        """A read of a session that is accepted."""
        usual = COMPLETED if shown == "completed" else STATUS
        told = usual | {"session_id": session, "status": shown} | changes
        return self.heard(Operation.GET, 200, told, session=session)

    def asked(self, operation: Operation, session: str, status: int = 200, told: Any = None, **label: Any) -> Exchange:
        """Any other operation of a session."""
        return self.heard(operation, status, told, **{"session": session, "asked": label.pop("asked", {})} | label)

    def page(self, ids: Sequence[str], query: dict[str, Any], total: int | None = None, **label: Any) -> Exchange:
        """A page of a list, its entries running research sessions."""
        entries = [{"session_id": each, "status": "running", "session_type": "research"} for each in ids]
        entries = label.pop("entries", entries)
        told = {"sessions": entries, "total_count": len(entries) if total is None else total, "summary": {}}
        told["page"] = label.pop("page", query.get("page", 1))
        return self.heard(Operation.LIST, 200, told, query=query, **{"journey": "list/pages"} | label)


def refusal(status: int, word: str = "invalid_request", **changes: Any) -> dict[str, Any]:
    """The printed body of an error."""
    return {"error": word, "message": "No.", "code": status, "timestamp": stamp(0)} | changes
