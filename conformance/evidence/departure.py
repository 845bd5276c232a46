"""Where a target departs from the text in a way a run can go along with: found out once, told once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Dimension(StrEnum):
    """In what a target and the text can differ without an end to the run."""

    #: The discovery document lies elsewhere than the text has it.
    DISCOVERY = "discovery"
    #: `endpoints.base_url` is missing or cannot be reached.
    ADDRESS = "address"
    #: An operation is served behind a redirect.
    REDIRECT = "redirect"
    #: The key is taken in one spelling and refused in another.
    CREDENTIAL = "credential"
    #: Template ids come from elsewhere than an object `templates` of GET /templates.
    TEMPLATES = "templates"
    #: A member of the create body is refused in the form all readings allow.
    CREATE = "create"
    #: `upload_url` is missing or no absolute URL.
    UPLOAD_URL = "upload_url"
    #: Audio is not taken as a form at `upload_url`.
    UPLOAD = "upload"
    #: A file is listed under another name than it was sent with.
    FILE_NAME = "file_name"
    #: An end without a body is refused.
    END = "end"
    #: Operations that the text has are not there.
    OPERATION = "operation"
    #: A read holds its answer back until there is something to tell.
    READ = "read"


@dataclass(frozen=True)
class Departure:
    """One difference: what the text has, what the target has, and the exchange that shows it.

    `member` names what differs within the dimension: a member of a body, a spelling, an operation.
    """

    dimension: Dimension
    text: str
    member: str = ""
    expected: object = None
    actual: object = None
    exchange: int | None = None
