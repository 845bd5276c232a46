"""A request that was drawn before anything is sent, and what is wrong with it in words."""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass
from typing import Any

from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe

#: Stand in a path for what the target gives: the id of a session of the run, the address its audio goes to, and the
#: address that ends in the name of a file (E44).
SESSION, UPLOAD, NAMED = "{session_id}", "{upload_url}", "{upload_url}/{file_name}"
#: More of a description than a person reads.
_LONGEST = 100


@dataclass(frozen=True)
class Case:
    """One request: `path` lies below base_url and may hold SESSION, or is UPLOAD or NAMED.

    `odd` says what is not as the text has it, None being nothing; `where` is the parameter or place, `how` what became
    of it, `phase` who drew it.
    """

    operation: Operation
    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    query: str = ""
    body: bytes = b""
    odd: Probe | None = None
    where: str = ""
    how: str = ""
    phase: str = ""

    @property
    def valid(self) -> bool:
        """Whether all of it is as the text and the target have it."""
        return self.odd is None

    @property
    def probe(self) -> str | None:
        """What is wrong, in words; None for a valid request."""
        if self.odd is None:
            return None
        return self.odd.of(": ".join(filter(None, (self.where, self.how))))[:_LONGEST]


def encoded(case: Case) -> dict[str, Any]:
    """A case as a JSON value."""
    return asdict(case) | {"body": base64.b64encode(case.body).decode()}


def decoded(told: dict[str, Any]) -> Case:
    """The case that a JSON value stands for."""
    headers = tuple((name, value) for name, value in told["headers"])
    named = {"operation": Operation(told["operation"]), "odd": Probe.meant(told["odd"])}
    return Case(**told | named | {"headers": headers, "body": base64.b64decode(told["body"])})
