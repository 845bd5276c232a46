"""Which files a session has to list at a moment, and which it may: what was acknowledged, and what is in doubt."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from conformance.checks.once import once
from conformance.evidence import Dimension
from conformance.vocabulary.naming import Naming
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.stamps import LAG

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from conformance.evidence import Evidence, Exchange

#: What two readings of a clock may differ by.
_CLOCK = 0.1


def may_lag(write: Exchange, read: Exchange) -> bool:
    """Whether a read came so soon after a write was answered that it need not show it yet."""
    return (read.sent - write.received).total_seconds() < LAG - _CLOCK


def ends_by_itself(evidence: Evidence) -> bool:
    """Whether the service was seen to end a session nobody had asked it to end: a capability of its own (E70)."""
    ended = evidence.text.lifecycle.after_end
    first_end: dict[str | None, int] = {}  # by whomever
    for x in evidence.exchanges:
        if x.label.operation == Operation.END:
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

    def lost(self, names: Collection[object]) -> frozenset[str]:
        """Acknowledged names a list lacks."""
        return self.required.difference(filter(lambda name: isinstance(name, str), map(self.naming.followed, names)))

    def invented(self, names: Collection[object]) -> list[object]:
        """Names in a list that nobody sent."""
        if self.open:
            return []
        known = self.required | self.doubtful
        shown = [(name, self.naming.followed(name)) for name in names]
        return [name for name, meant in shown if not isinstance(meant, str) or meant not in known]

    def settled(self, read: Exchange) -> bool:
        """Whether a read came so late that it has to show all of them."""
        return self.latest is None or not may_lag(self.latest, read)


def arrived(evidence: Evidence, session: str | None, by: Exchange) -> Arrived:
    """What was uploaded to a session when `by` was answered, whoever sent it and why.

    Required is what was acknowledged before `by` was sent, and while no end of the session was on its way: of a file
    that arrives together with an end nobody knows whether it was in time.
    """
    required: set[str] = set()
    maybe: set[str] = set()
    latest: Exchange | None = None
    is_open = False
    for x, plain in _uploads(evidence).get(session, ()):
        if x.number >= by.number and not x.beside(by):
            continue
        if not plain:
            is_open = True
        elif x.accepted and x.received <= by.sent and not _ends_beside(evidence, x):
            required.add(str(x.label.file))
            latest = x if latest is None or x.received > latest.received else latest
        else:
            maybe.add(str(x.label.file))
    story = evidence.stories.get(session or "")
    single = story is not None and story.asked.get("upload_type") == "single"
    # What becomes of the first file when a single session is sent a second one, a probe or not, is left open (E69).
    either = required if single and (len(required) > 1 or is_open) else set()
    return Arrived(frozenset(required - either), frozenset(either | maybe), is_open, latest, naming(evidence))


def beside_an_end(evidence: Evidence, session: str | None, end: Exchange) -> frozenset[str]:
    """Names of the files that may have arrived while an end was on its way: its answer may have them or not."""
    return frozenset(str(x.label.file) for x, _ in _uploads(evidence).get(session, ()) if x.beside(end))


def _ends_beside(evidence: Evidence, upload: Exchange) -> bool:
    return any(x.label.operation == Operation.END for x in evidence.beside(upload))


@once
def _uploads(evidence: Evidence) -> Mapping[str | None, Sequence[tuple[Exchange, bool]]]:
    """Session -> uploads with a name that may have arrived, in the order of sending, and whether each was valid."""
    found: dict[str | None, list[tuple[Exchange, bool]]] = {}
    for x in evidence.exchanges:
        if x.label.operation == Operation.UPLOAD and x.label.file and _doubtful(x):
            found.setdefault(x.label.session, []).append((x, _is_plain(x)))
    return found


def _is_plain(x: Exchange) -> bool:
    """Whether an upload is a valid request of the session's owner."""
    return x.label.probe is None and x.label.credential == Credential.RIGHT


def _doubtful(x: Exchange) -> bool:
    """Whether an upload may have arrived: it was taken, or its answer does not tell."""
    return x.accepted or x.response is None or x.status >= 500


def sent_twice(evidence: Evidence, session: str | None) -> set[str]:
    """Names under which a session was sent something more than once; E69 leaves open what a list makes of them."""
    names = Counter(x.label.file for x in evidence.about(session) if x.label.operation == Operation.UPLOAD)
    return {name for name, times in names.items() if name and times > 1}
