"""Scenarios of the session manager: what its log does not take, and sessions whose time is up early."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mock_server import problems
from mock_server.api.session_manager.address import END, START
from mock_server.scenarios.parameter import seconds, seconds_of
from mock_server.scenarios.scenario import Absent, Scenario, absentees

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def boundaries() -> Iterable[Scenario]:
    """What becomes of the start and the end of a session."""
    yield Scenario(
        "log_full",
        "The disk takes no line of the log: what would be recorded is refused, and what is recorded is still told.",
        "Session manager F5, E22: what is not acknowledged is not recorded, and may be sent again",
        (START, END),
        refusal=lambda _values: problems.log_unusable(),
    )
    yield Scenario(
        "expires_early",
        "A session of the session manager ends by timeout so many seconds after its start; its expires_at tells so.",
        "Session manager NF5, E8: an end that nobody asked for",
        parameters=(seconds("Seconds from its start, by the namespace's clock.", 1),),
        expires_s=seconds_of,
    )


def absent(others: Iterable[str], own: Mapping[str, Scenario]) -> Iterable[Absent]:
    """What other profiles have and the session manager does not, with the nearest that works there."""
    nearest = {
        "refused.token_expired": "refused.invalid_api_key",
        "refused.unauthorized": "refused.invalid_api_key",
        "refused.forbidden": "refused.session_not_found",
        "refused.session_not_accessible": "refused.session_not_found",
        "refused.not_found": "refused.session_not_found",
        "refused.session_expired": "refused.session_ended",
        "refused.session_quota_exceeded": "throttled",
        "refused.processing_failed": "refused.internal_error",
    }
    return absentees(others, own, nearest, _why)


def _why(name: str) -> tuple[str, str]:
    if name.startswith("refused."):
        return "its document has no such refusal", "refused.invalid_request"
    return "no work follows on its sessions that could be late, fail or be lost", "expires_early"
