"""A request that was drawn before anything is sent, and what is wrong with it in words."""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conformance.evidence import Operation

#: Stand in a path for what the target gives: the id of a session of the run, the address its audio goes to, and the
#: address that ends in the name of a file (E44).
SESSION, UPLOAD, NAMED = "{session_id}", "{upload_url}", "{upload_url}/{file_name}"
#: More of a description than a person reads.
_LONGEST = 100


class Part(StrEnum):
    """What of a request is not as the text has it."""

    NOTHING = "nothing"
    BODY = "body"
    PATH = "path"
    HEADER = "header"
    QUERY = "query"
    METHOD = "method"
    TYPE = "content type"
    SYNTAX = "syntax"
    TRANSPORT = "transport"


@dataclass(frozen=True)
class Case:
    """One request: `path` lies below base_url and may hold SESSION, or is UPLOAD or NAMED.

    `part` says what was changed, `where` the parameter or place, `how` what became of it, `phase` who drew it.
    """

    operation: Operation
    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    query: str = ""
    body: bytes = b""
    part: Part = Part.NOTHING
    where: str = ""
    how: str = ""
    phase: str = ""

    @property
    def valid(self) -> bool:
        """Whether all of it is as the text and the target have it."""
        return self.part is Part.NOTHING

    @property
    def probe(self) -> str | None:
        """What is wrong, in words; None for a valid request."""
        if self.valid:
            return None
        place = f" {self.where}" if self.where else ""
        return f"{self.part}{place}: {self.how}"[:_LONGEST]


def encoded(case: Case) -> dict[str, Any]:
    """A case as a JSON value."""
    return asdict(case) | {"body": base64.b64encode(case.body).decode()}


def decoded(told: dict[str, Any]) -> Case:
    """The case that a JSON value stands for."""
    headers = tuple((name, value) for name, value in told["headers"])
    return Case(**told | {"headers": headers, "body": base64.b64decode(told["body"]), "part": Part(told["part"])})
