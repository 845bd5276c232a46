"""A frozen run as checks see it: exchanges, the stories of sessions drawn from them, and facts of the run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import scribe_data
from conformance.evidence.address import split_origin
from conformance.evidence.departure import Dimension
from conformance.evidence.layer import Layer
from conformance.evidence.timeline import Timeline
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.stamps import NEAR, STAMPS, seconds_between

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

    from conformance.evidence.departure import Departure
    from conformance.evidence.exchange import Exchange
    from conformance.evidence.explored import Explored
    from scribe_data import Spec
    from scribe_data.recordings import Fixture


@dataclass(frozen=True)
class Facts:
    """What the operator said and the run found out, as far as judging needs it.

    `api_target`: upload_url lies on the service's own origin (rule 8); None when no session was made.
    `upload_form`: the dialect that worked: 'multipart', 'raw', 'named-post', 'named-put', 'named-form', 'storage-put',
    'storage-form'; None when none did.
    `clock`: 'test' with a working --test-clock, else 'wall'. `skew`: the target's Date minus ours, seconds.
    """

    base_url: str
    revision: str
    second_key: bool = False
    clock: str = "wall"
    api_target: bool | None = None
    upload_form: str | None = None
    skew: float = 0.0
    public_host: bool = False
    #: Whether certificates were taken unseen (--insecure).
    insecure: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def named(self) -> bool:
        """Whether audio is taken at upload_url with the name behind it, and not at upload_url itself (E44)."""
        return (self.upload_form or "").startswith("named-")


@dataclass(frozen=True)
class Note:
    """Why a journey could not do (part of) what it set out to: a reason code and a sentence.

    `requirements` lists the ids that stay unobserved because of it; empty: none in particular. `rows` are those of
    the lifecycle's table in which nothing could be sent because of it.
    """

    journey: str
    reason: str
    text: str
    requirements: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Story:
    """All graded, valid exchanges about one session, in the order of sending.

    `terminal`: the states a session rests in for good.
    """

    key: str
    exchanges: tuple[Exchange, ...]
    terminal: tuple[str, ...]

    @cached_property
    def created(self) -> Exchange | None:
        """The create that was accepted."""
        return next((x for x in self.exchanges if x.label.operation == Operation.CREATE and x.accepted), None)

    @cached_property
    def asked(self) -> dict[str, Any]:
        """The create request's JSON object."""
        asked = self.created.request.json if self.created else None
        return asked if isinstance(asked, dict) else {}

    @property
    def session_id(self) -> str | None:
        """The id of the 201, if it is a string."""
        value = self.created.document.get("session_id") if self.created else None
        return value if isinstance(value, str) else None

    @cached_property
    def _lasts(self) -> float | None:
        """Seconds from the creation to the deadline, by the stamps of the 201; None where these cannot be read."""
        made = self.created
        if made is None:
            return None
        deadline = made.document.get("expires_at")
        lasts = seconds_between(made.document.get("created_at"), deadline)
        offset = made.notes.get("clock_offset")
        if lasts is None and offset is not None:  # the target's clock tells when that was
            lasts = seconds_between((made.received + timedelta(seconds=float(offset))).isoformat(), deadline)
        return lasts

    def least_seconds_past(self, x: Exchange) -> float | None:
        """Seconds from the deadline to an exchange at least, by the session's stamps and what has passed since.

        It was made at the latest when its 201 came, and what was sent is answered at the earliest at once: on a busy
        machine either takes seconds.
        """
        made, lasts = self.created, self._lasts
        if made is None or lasts is None:
            return None
        moved = float(x.notes.get("clock_offset", 0.0)) - made.latest_clock_offset
        return (x.sent - made.received).total_seconds() + moved - lasts

    def most_seconds_past(self, x: Exchange) -> float | None:
        """The same at most: it was made as soon as that was asked, and an answer may have been held back."""
        made, lasts = self.created, self._lasts
        if made is None or lasts is None:
            return None
        moved = x.latest_clock_offset - float(made.notes.get("clock_offset", 0.0))
        return (x.received - made.sent).total_seconds() + moved - lasts

    def may_be_past(self, x: Exchange) -> bool:
        """Whether an exchange may have been answered after the deadline of the session."""
        return (past := self.most_seconds_past(x)) is not None and past >= 0

    def is_near_deadline(self, x: Exchange) -> bool:
        """Whether an answer may be of so close to the deadline, or so late, that chapter 6.5 alone says its right."""
        return (past := self.most_seconds_past(x)) is not None and past >= -(NEAR + STAMPS)

    @cached_property
    def uploads(self) -> tuple[Exchange, ...]:
        """Upload exchanges, accepted or not."""
        return tuple(x for x in self.exchanges if x.label.operation == Operation.UPLOAD)

    @cached_property
    def acknowledged(self) -> tuple[str, ...]:
        """Names of the files whose upload was answered 2xx, in order of acknowledgement."""
        return tuple(x.label.file for x in self.uploads if x.accepted and x.label.file)

    @cached_property
    def end(self) -> Exchange | None:
        """The first end that was accepted."""
        return next((x for x in self.exchanges if x.label.operation == Operation.END and x.accepted), None)

    @cached_property
    def reads(self) -> tuple[Exchange, ...]:
        """GETs of the session that got an answer."""
        return tuple(x for x in self.exchanges if x.label.operation == Operation.GET and x.response)

    @cached_property
    def last_shown(self) -> int:
        """Number of the last read that was not an error; 0 where there is none."""
        return max((x.number for x in self.reads if x.accepted), default=0)

    @cached_property
    def final(self) -> Exchange | None:
        """The first read that shows a terminal status, also a 410 or a failure told by 422/500 after end (E21, E29).

        An error that a later read takes back was trouble of the moment, not the end of the session (rule 2).
        """
        well = self.last_shown
        for x in self.reads:
            if x.document.get("status") in self.terminal or x.status == 410:
                return x
            ended = self.end is not None and self.end.number < x.number > well
            if ended and x.status in (422, 500) and "error" in x.document:
                return x
        return None


#: In a key of the index: whatever stands there.
_ANY: Final = object()


@dataclass(frozen=True, eq=False)
class Evidence:
    """Everything a run saw, the text it is judged by and what its recordings say. Checks get nothing else.

    `exchanges` are those of the journeys; what other layers sent stands in `further`, and a check that can judge it
    gets it layer by layer (`views`).
    `recordings`: name -> recording the run had to send; a label's `fixture` is such a name.
    """

    exchanges: tuple[Exchange, ...]
    facts: Facts
    notes: tuple[Note, ...] = ()
    text: Spec = field(default_factory=scribe_data.load, repr=False)
    recordings: Mapping[str, Fixture] = field(default_factory=dict, repr=False)
    #: Where the target departs from the text in a way the run went along with.
    dialect: tuple[Departure, ...] = ()
    further: tuple[Exchange, ...] = field(default=(), repr=False)
    #: What the state machine came to; None where it did not run.
    explored: Explored | None = None
    #: SHA-256 of a long body that is not a recording -> the body, compressed by zlib.
    bodies: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    #: The evidence that this is one layer of; None for the whole.
    whole: Evidence | None = field(default=None, repr=False)

    @cached_property
    def everything(self) -> tuple[Exchange, ...]:
        """The exchanges of all layers, in the order of sending."""
        return tuple(sorted((*self.exchanges, *self.further), key=lambda x: x.number))

    @cached_property
    def views(self) -> Mapping[Layer, Evidence]:
        """Layer -> the same evidence with the exchanges of that layer alone; layers that sent nothing are left out."""
        found: dict[Layer, list[Exchange]] = {}
        for x in self.everything:
            found.setdefault(x.label.layer, []).append(x)
        return {
            layer: self if layer is Layer.JOURNEY else replace(self, exchanges=tuple(sent), further=(), whole=self)
            for layer, sent in found.items()
        }

    @cached_property
    def _answered(self) -> Mapping[tuple[Hashable, Hashable, Hashable], tuple[Exchange, ...]]:
        """(operation, session, probe) -> graded exchanges that got an answer; each of the three may be _ANY."""
        found: dict[tuple[Hashable, Hashable, Hashable], list[Exchange]] = {}
        for x in self.exchanges:
            label = x.label
            if not label.graded or x.response is None:
                continue
            for operation in (label.operation, _ANY):
                for session in (label.session, _ANY):
                    for probe in (label.probe, _ANY):
                        found.setdefault((operation, session, probe), []).append(x)
        return {key: tuple(exchanges) for key, exchanges in found.items()}

    @cached_property
    def _about(self) -> Mapping[str | None, tuple[Exchange, ...]]:
        found: dict[str | None, list[Exchange]] = {}
        for x in self.exchanges:
            found.setdefault(x.label.session, []).append(x)
        return {session: tuple(exchanges) for session, exchanges in found.items()}

    def about(self, session: str | None) -> tuple[Exchange, ...]:
        """Every exchange about one session, whoever sent it and why, in the order of sending."""
        return self._about.get(session, ())

    def at_storage(self, session: str | None) -> bool:
        """Whether a session's audio goes to a storage, whose answers are its provider's (rule 8, E46).

        A service may take some by itself: one that signs an address for a single file has none for chunks (E44).
        """
        if self.facts.api_target is not True:
            return self.facts.api_target is False
        return session in self._at_storage

    @cached_property
    def _at_storage(self) -> frozenset[str]:
        """Sessions of a service that takes audio by itself whose upload_url leads elsewhere."""
        own = {split_origin(str(each)) for each in self.facts.extra.get("origins", ())}
        made = {key: story.created.document.get("upload_url") for key, story in self.stories.items() if story.created}
        found = {key: split_origin(url) for key, url in made.items() if isinstance(url, str)}
        elsewhere = {key for key, origin in found.items() if own and origin is not None and origin not in own}
        # of traffic that others recorded: those whose files were sent on
        return frozenset({*elsewhere, *self.facts.extra.get("stored", ())})

    def recording(self, upload: Exchange) -> Fixture | None:
        """The recording an upload sent; None where it sent something else, or nothing the run knows."""
        return self.recordings.get(upload.label.fixture or "")

    def select(
        self,
        operation: Operation | None = None,
        *,
        journey: str | None = None,
        session: str | None = None,
        probe: str | None = None,
        valid: bool = False,
        credential: Credential | None = None,
    ) -> Iterator[Exchange]:
        """Graded exchanges that got an answer; `probe` picks one probe by name, `valid` only requests without one."""
        if valid and (probe is not None or credential not in (None, Credential.RIGHT)):
            return
        key = (
            operation if operation is not None else _ANY,
            session if session is not None else _ANY,
            None if valid else probe if probe is not None else _ANY,
        )
        wanted = "right" if valid else credential
        for x in self._answered.get(key, ()):
            if wanted is not None and x.label.credential != wanted:
                continue
            if journey is not None and x.label.journey != journey:
                continue
            yield x

    @cached_property
    def done_by_others(self) -> Mapping[str | None, Exchange]:
        """Session -> the first request that moves it, by somebody without its owner's credential, that was taken."""
        found: dict[str | None, Exchange] = {}
        for x in self.exchanges:
            changed = x.accepted and x.label.operation in self.text.lifecycle.moving
            if changed and x.label.session and x.label.credential != Credential.RIGHT:
                found.setdefault(x.label.session, x)
        return found

    @cached_property
    def stories(self) -> Mapping[str, Story]:
        """Session key -> story of its graded exchanges with the right credential and no probe.

        A create that was a probe and was taken begins a story like any other. A story ends where somebody without
        the right credential got something done to the session: what follows is no longer the run's own doing. It ends,
        too, at an end of which nobody knows whether it was done: its answer was lost, and its repeat is refused.
        """
        grouped: dict[str, list[Exchange]] = {}
        unknown: set[str] = set()
        lost: set[str] = set()
        for x in self.exchanges:
            label = x.label
            other = self.done_by_others.get(label.session)
            if label.session in unknown or (other is not None and x.number > other.number):
                continue
            if label.session and label.operation == Operation.END and not (label.graded or label.probe):
                if x.response is None or x.status >= 500:
                    lost.add(label.session)
                elif label.session in lost and not x.accepted:
                    unknown.add(label.session)
            told = label.probe is None or (label.operation == Operation.CREATE and x.accepted)
            if label.session and label.graded and told and label.credential == Credential.RIGHT:
                grouped.setdefault(label.session, []).append(x)
        terminal = self.text.lifecycle.terminal
        return {key: Story(key, tuple(found), terminal) for key, found in grouped.items()}

    def changes(self, session: str) -> tuple[int, ...]:
        """Numbers of the exchanges that may have changed a session: those of operations that move one, probes included.

        Those that were taken, and those whose answer does not tell: none came, or a server error.
        """
        return tuple(x.number for x in self.changing(session))

    def changing(self, session: str) -> tuple[Exchange, ...]:
        """Those exchanges themselves."""
        return self._changing.get(session, ())

    @cached_property
    def _changing(self) -> Mapping[str | None, tuple[Exchange, ...]]:
        return {
            session: tuple(
                x
                for x in about
                if x.label.operation in self.text.lifecycle.moving
                if x.accepted or x.response is None or x.status >= 500
            )
            for session, about in self._about.items()
        }

    def beside(self, x: Exchange) -> tuple[Exchange, ...]:
        """Those of its session's that were on their way at the same time as an exchange, itself left out."""
        timeline = self._timelines.get(x.label.session) if x.label.session else None
        return timeline.beside(x) if timeline is not None else ()

    @cached_property
    def _timelines(self) -> Mapping[str | None, Timeline]:
        return {session: Timeline(changing) for session, changing in self._changing.items() if changing}

    @cached_property
    def discoveries(self) -> tuple[Exchange, ...]:
        """Answers to GET of the discovery document, where the text has it or else where the run found it."""
        if self.whole is not None:
            return self.whole.discoveries
        elsewhere = {each.exchange for each in self.dialect if each.dimension is Dimension.DISCOVERY}
        found = tuple(x for x in self.exchanges if x.number in elsewhere and x.response is not None)
        return found or tuple(self.select(Operation.DISCOVERY, valid=True))

    @cached_property
    def discovery(self) -> dict[str, Any]:
        """The discovery document the run went by; an empty object when none could be read."""
        found = [x for x in self.discoveries if x.status == 200]
        return found[0].document if found else {}

    @cached_property
    def template_ids(self) -> tuple[str, ...]:
        """Ids that GET /templates lists, in order; else those the run read from another list, or in another shape."""
        if self.whole is not None:
            return self.whole.template_ids
        for x in self.select(Operation.TEMPLATES, valid=True):
            listed = x.document.get("templates")
            if x.status == 200 and isinstance(listed, list):
                ids = (entry.get("id") for entry in listed if isinstance(entry, dict))
                found = tuple(value for value in ids if isinstance(value, str))
                if found or not listed:
                    return found
        elsewhere = next((each.actual for each in self.dialect if each.dimension is Dimension.TEMPLATES), None)
        return tuple(map(str, elsewhere)) if isinstance(elsewhere, list | tuple) else ()
