"""Scenarios of research sessions: how far their work is when a client looks, and what comes of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, cast

import scribe_data
from mock_server.conduct import Way
from mock_server.scenarios.parameter import Parameter, seconds, seconds_of
from mock_server.scenarios.scenario import Absent, Scenario, absentees
from mock_server.served import RESEARCH
from mock_server.session.prsm.model import Failure
from mock_server.session.prsm.table import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


#: The operations of the document by their names there, as the server calls them.
OPERATIONS: Final = {name: f"{RESEARCH}.{name}" for name in scribe_data.protocol(RESEARCH).endpoints}
#: The states in which work can be held.
_AT_WORK: Final = (State.RUNNING.value, State.INITIALIZING.value, State.QUEUED.value)
_LONGEST_TEXT: Final = 1_000
_QUICK: Final = Way(least_s=0.0)


def progress() -> Iterable[Scenario]:
    """How far the work on a session is when its client looks."""
    yield Scenario(
        "slow_processing",
        "The work on a research session begins late; until then it is queued.",
        "PRSM Session Status Values: queued",
        parameters=(seconds("Seconds by the namespace's clock.", 30),),
        holds_s=seconds_of,
        holds_in=lambda _values: State.QUEUED.value,
    )
    yield Scenario(
        "processes_for_ever",
        "A research session stays queued, initializing or running, until the namespace's scenarios are cleared.",
        "PRSM Session Status Values, E21: when a client gives up, pauses or cancels",
        parameters=(Parameter("state", "The state it stays in.", "choice", _AT_WORK[0], choices=_AT_WORK),),
        holds_s=lambda _values: math.inf,
        holds_in=lambda values: str(values["state"]),
    )
    yield Scenario(
        "ready_after_polls",
        "So many reads of a research session show it at work, and the next one shows what came of it.",
        "PRSM Get Session Status: a client asks until a final state, however often that takes",
        parameters=(Parameter("polls", "Reads that show it at work.", "integer", 3, 1, 1000),),
        holds_s=lambda _values: math.inf,
        holds_in=lambda _values: State.RUNNING.value,
        polls=lambda values: cast("int", values["polls"]),
        way=lambda _values: _QUICK,
    )
    yield Scenario(
        "ready_at_once",
        "The creation of a research session is answered when the work is over: the first read shows what came of it.",
        "PRSM Get Session Status: a client may find the final state at its first read",
        parameters=(seconds("Real seconds that the creation waits at most.", 30, 60),),
        waits_s=seconds_of,
        way=lambda _values: _QUICK,
    )


def results() -> Iterable[Scenario]:
    """What comes of a session."""
    yield Scenario(
        "nothing_found",
        "A research session is completed and has found nothing, whatever the corpus has.",
        "PRSM E36: results, citations and scores of a session without findings",
        way=lambda _values: Way(finds=False),
    )
    yield Scenario(
        "expires_early",
        "A research session times out after so many seconds of work, whatever its limit was.",
        "PRSM Session Status Values: timeout, E21, E22",
        parameters=(seconds("Seconds of work, by the namespace's clock.", 1),),
        expires_s=seconds_of,
    )


def failing(code: str, cited: str) -> Scenario:
    """A session that fails with a code, part of the way through its work."""
    return Scenario(
        f"failed.{code}",
        f"A research session fails with {code} in its error_details.",
        cited,
        parameters=(
            Parameter("percent", "How much of the work is done before it fails.", "number", 50, 0, 99),
            Parameter("message", "What error_details tell.", "text", "A scenario is played.", 1, _LONGEST_TEXT),
        ),
        way=lambda values: Way(
            failure=Failure(code, str(values["message"])), fails_at=float(cast("float", values["percent"])) / 100
        ),
    )


def absent(others: Mapping[str, Scenario], own: Mapping[str, Scenario]) -> Iterable[Absent]:
    """What medscribe has and research sessions do not, with the nearest that works there."""
    nearest = {
        "refused.authentication_failed": "refused.unauthorized",
        "refused.token_expired": "refused.unauthorized",
        "refused.invalid_api_key": "refused.unauthorized",
        "refused.forbidden": "refused.session_not_accessible",
        "refused.rate_limit_exceeded": "throttled",
        "refused.missing_required_field": "refused.invalid_request",
        "transcript": "nothing_found",
        "partial": "nothing_found",
    }
    return absentees(others, own, nearest, _why)


def _why(name: str) -> tuple[str, str]:
    usual = "failed.internal_error" if name.startswith(("failed.", "template.")) else "refused.invalid_request"
    return "the document has nothing that it would be", usual
