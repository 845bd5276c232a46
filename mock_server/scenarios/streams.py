"""Scenarios of sessions whose audio comes over a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from mock_server.conduct import Hitch
from mock_server.scenarios.parameter import Parameter, seconds, seconds_of
from mock_server.scenarios.scenario import Absent, Scenario

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mock_server.scenarios.parameter import Values

#: Bytes of samples: one of them, and an hour of them.
_LEAST: Final = 2
LONGEST: Final = 115_200_000
#: Codes that a close frame may carry (RFC 6455 §7.4).
_LEAST_CODE, _MOST_CODE = 1000, 4999
#: Real seconds by which a step may be late.
_LATEST_S: Final = 60
#: How a socket breaks.
CODE: Final = Parameter(
    "code",
    "The close code; null is a connection that is reset.",
    "integer",
    None,
    _LEAST_CODE,
    _MOST_CODE,
    nullable=True,
)


def _break(values: Values) -> Hitch:
    return Hitch(breaks_at=cast("int", values["bytes"]), code=cast("int | None", values["code"]))


def hitches() -> Iterable[Scenario]:
    """What goes wrong with the socket of a session."""
    yield Scenario(
        "stream_breaks",
        "The socket of a session breaks once, after so many bytes of samples; what comes behind them is lost.",
        "E91, RFC 6455 §7.4: a client connects again and says what was not kept",
        parameters=(
            Parameter("bytes", "Bytes of samples that are kept.", "integer", 32_000, _LEAST, LONGEST),
            CODE,
        ),
        hitch=_break,
    )
    yield Scenario(
        "stream_lags",
        "The socket of a session is read slowly: after each step nothing more is read for a while.",
        "E91, RFC 9293 §3.8.6: a client that sends faster than it is read has to wait",
        parameters=(seconds("Real seconds after each step.", 2, _LATEST_S),),
        hitch=lambda values: Hitch(step_s=seconds_of(values)),
    )


def absent() -> Iterable[Absent]:
    """What a text without streams has no place for."""
    for each in hitches():
        yield Absent(each.name, "audio comes over no socket there", "reset")
