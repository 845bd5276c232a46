"""Which files a session has to list at a moment, and which it may: what was acknowledged, and what is in doubt."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from conformance.drive.naming import Naming
from conformance.evidence import Dimension

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from conformance.evidence import Evidence, Exchange

#: A read may lag so many seconds behind a write (rule 3); what is left is the difference of two clocks.
LAG = 5.0 - 0.1


def may_lag(write: Exchange, read: Exchange) -> bool:
    """Whether a read came so soon after a write was answered that it need not show it yet."""
    return (read.sent - write.received).total_seconds() < LAG


def ends_by_itself(evidence: Evidence) -> bool:
    """Whether the service was seen to end a session nobody had asked it to end: a capability of its own (E70)."""
    ended = evidence.text.lifecycle.after_end
    first_end: dict[str | None, int] = {}  # by whomever
    for x in evidence.exchanges:
        if x.label.operation == "end":
            first_end.setdefault(x.label.session, x.number)
    return any(
        x.accepted and x.document.get("status") in ended and x.number < first_end.get(story.key, x.number + 1)
        for story in evidence.stories.values()
        for x in story.reads
    )


def opens_by_itself(evidence: Evidence, upload: Exchange) -> bool:
    """Whether an upload's URL is its own credential: a storage's (rule 8), one with a query, or a path of its own.

    A path without the session's id may be as secret as a signature; whether it is cannot be told from outside.
    """
    if evidence.facts.api_target is False or "?" in upload.request.url:
        return True
    story = evidence.stories.get(upload.label.session or "")
    session_id = story.session_id if story else None
    return session_id is not None and quote(session_id, safe="") not in upload.request.url


def naming(evidence: Evidence) -> Naming:
    """How the target lists what it was sent, as preparation found out."""
    return next(
        (Naming(each.member) for each in evidence.dialect if each.dimension is Dimension.FILE_NAME), Naming.AS_SENT
    )


def followed(evidence: Evidence, names: Iterable[object]) -> list[object]:
    """The entries of a list by the names under which the run follows files."""
    rule = naming(evidence)
    return [rule.followed(name) for name in names]


@dataclass(frozen=True)
class Arrived:
    """Names a list must have (`required`) and those it may have too (`doubtful`), under which `naming` follows them.

    `open` says that a probe was taken: what a service calls that file is its own affair. `latest` is the last
    acknowledgement before the list was asked for.
    """

    required: frozenset[str]
    doubtful: frozenset[str]
    open: bool
    latest: Exchange | None
    naming: Naming = Naming.AS_SENT

    def lost(self, names: Collection[object]) -> set[str]:
        """Acknowledged names a list lacks."""
        shown = [self.naming.followed(name) for name in names]
        return {name for name in self.required if name not in shown}

    def invented(self, names: Collection[object]) -> list[object]:
        """Names in a list that nobody sent."""
        known = [*self.required, *self.doubtful]
        return [] if self.open else [name for name in names if self.naming.followed(name) not in known]

    def settled(self, read: Exchange) -> bool:
        """Whether a read came so late that it has to show all of them."""
        return self.latest is None or not may_lag(self.latest, read)


def arrived(evidence: Evidence, session: str | None, by: Exchange) -> Arrived:
    """What was uploaded to a session when `by` was sent, whoever sent it and why."""
    sent = [x for x in evidence.about(session) if x.label.operation == "upload"]
    earlier = [x for x in sent if x.number < by.number and x.label.file]
    plain = [x for x in earlier if _is_plain(x)]
    acknowledged = [x for x in plain if x.accepted and x.received <= by.sent]
    maybe = [x for x in plain if _doubtful(x) and not (x.accepted and x.received <= by.sent)]
    required = frozenset(str(x.label.file) for x in acknowledged)
    story = evidence.stories.get(session or "")
    # What becomes of the first file when a single session is sent a second one is left open (E69).
    either = required if len(required) > 1 and story and story.asked.get("upload_type") == "single" else frozenset()
    return Arrived(
        required - either,
        either | {str(x.label.file) for x in maybe},
        any(_doubtful(x) and not _is_plain(x) for x in earlier),
        max(acknowledged, key=lambda x: x.received, default=None),
        naming(evidence),
    )


def _is_plain(x: Exchange) -> bool:
    """Whether an upload is a valid request of the session's owner."""
    return x.label.probe is None and x.label.credential == "right"


def _doubtful(x: Exchange) -> bool:
    """Whether an upload may have arrived: it was taken, or its answer does not tell."""
    return x.accepted or x.response is None or x.status >= 500


def sent_twice(evidence: Evidence, session: str | None) -> set[str]:
    """Names under which a session was sent something more than once; E69 leaves open what a list makes of them."""
    names = Counter(x.label.file for x in evidence.about(session) if x.label.operation == "upload")
    return {name for name, times in names.items() if name and times > 1}
