"""What research sessions are asked, as models; a test holds them to the JSON Schemas of the spec."""

# Annotations are read by Pydantic when the models are made.
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Field

from mock_server.api.control.models import Given
from mock_server.api.prsm.date import dated
from mock_server.prsm.price import hundredths

#: What a regular expression of JSON Schema takes for white space.
_BLANKS = " \t\n\v\f\r\u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))
#: Letters of a prompt. Not in spec: E23.
_PROMPT = 100_000
#: Letters of a comment, of the place it is about, of a message, of a reason, and of a recipient: an address has 254.
_COMMENT, _PLACE, _MESSAGE, _REASON, _RECIPIENT = 20_000, 1_000, 5_000, 1_000, 254
_MOST_RECIPIENTS = 100
#: A day, and what nobody has.
_LONGEST_MINUTES, _DEAREST = 1440, 1_000_000


def _said(text: str) -> str:
    if not text.strip(_BLANKS):
        raise ValueError("has to say something")
    return text


def _amount(value: Any) -> Any:
    found = hundredths(value)
    if found is None or not 0 < float(value) <= _DEAREST:
        raise ValueError(f"has to be a number above 0 and up to {_DEAREST}, or one in a string of digits with a point")
    return value


def _minutes(value: Any) -> Any:
    if type(value) not in (int, float) or not 0 < value <= _LONGEST_MINUTES:
        raise ValueError(f"has to be a number of minutes above 0 and up to {_LONGEST_MINUTES}")
    return value


def _budget(given: dict[str, Any]) -> dict[str, Any]:
    for name, check in (("max_cost", _amount), ("max_duration_minutes", _minutes)):
        if name in given:
            try:
                check(given[name])
            except ValueError as error:
                raise ValueError(f"has a member {name!r} that {error}") from None
    return given


def _date(text: str) -> str:
    dated(text, end=True)
    return text


Prompt: TypeAlias = Annotated[str, Field(max_length=_PROMPT), AfterValidator(_said)]
Bag: TypeAlias = dict[str, Any]


class SessionOrder(Given):
    """A session is ordered."""

    prompt: Prompt
    session_type: Literal["research", "analysis", "synthesis"] | None = None
    budget: Annotated[Bag, AfterValidator(_budget)] | None = None
    preferences: Bag | None = None
    metadata: Bag | None = None


class CancelOrder(Given):
    """A session is cancelled."""

    reason: Annotated[str, Field(max_length=_REASON)] | None = None


class ShareOrder(Given):
    """A session is shared."""

    recipients: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=_RECIPIENT)]],
        Field(min_length=1, max_length=_MOST_RECIPIENTS),
    ]
    permissions: Literal["view", "edit", "collaborate"]
    message: Annotated[str, Field(max_length=_MESSAGE)] | None = None
    expiration: Annotated[str, AfterValidator(_date)] | None = None


class CommentOrder(Given):
    """Something is said about a session."""

    content: Annotated[str, Field(max_length=_COMMENT), AfterValidator(_said)]
    comment_type: Literal["note", "question", "insight"] | None = None
    reference_point: Annotated[str, Field(max_length=_PLACE)] | None = None
