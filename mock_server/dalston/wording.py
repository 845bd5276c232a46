"""How the revision that is served words what is asked and answered about live sessions: read off its spec files."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final

import scribe_data
from mock_server.served import LIVE

#: Days for which something is kept where nobody says for how many. Not in spec: the text has no default.
USUAL_DAYS: Final = 30
#: For good, and the most days that the text has.
LEAST_DAYS, MOST_DAYS = -1, 3650


@dataclass(frozen=True)
class LiveWording:
    """What decoding and encoding ask before they differ from one revision to another."""

    revision: str
    #: Whether pages of a list begin behind a cursor, and not behind a number of sessions.
    by_cursor: bool
    #: The member that has the number of utterances.
    counts: str
    #: Whether days tell what is kept, in place of two flags.
    retains: bool
    #: The member that names the worker, and whether details tell of enhancement.
    worker: str
    enhances: bool


@functools.cache
def live_wording(revision: str) -> LiveWording:
    """The wording of a revision; SpecError for one that does not exist."""
    spec = scribe_data.load(LIVE, revision)
    details, page = spec.schemas["session_ended"]["properties"], spec.schemas["session_list"]["properties"]
    return LiveWording(
        revision=revision,
        by_cursor="cursor" in page,
        counts=next(name for name in ("segment_count", "utterance_count") if name in details),
        retains="retention" in details,
        worker="instance" if "instance" in details else "worker_id",
        enhances="enhance_on_end" in details,
    )
