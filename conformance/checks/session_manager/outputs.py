"""Chapter 3: what outputs carry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from conformance.checks.outsiders import names_in
from conformance.checks.registry import check
from conformance.finding import departs, holds, violates
from conformance.vocabulary.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding

#: Members that no boundary event and no metadata have: media, classifications, labels.
_FOREIGN: Final = frozenset(
    {
        *("media", "audio", "video", "image", "images", "frame", "frames", "audio_data", "image_data", "landmarks"),
        *("classification", "classifications", "prediction", "predictions", "inference", "intent", "confidence"),
        *("label", "labels", "label_correct", "transcript", "embedding", "embeddings", "scores"),
    }
)


def outputs(evidence: Evidence) -> Iterator[Exchange]:
    """Outputs of starts and ends, in the order of sending."""
    found = [*evidence.select(Operation.CREATE), *evidence.select(Operation.END)]
    yield from sorted((x for x in found if x.accepted and x.document), key=lambda x: x.number)


def _asked(x: Exchange, name: str) -> object:
    return x.request.json.get(name) if isinstance(x.request.json, dict) else None


@check("SM-OUT-001", recorded=True)
def an_end_answers_the_id_it_was_sent(evidence: Evidence) -> Iterable[Finding]:
    """(Outputs) INV-01: the session_id is the same in both outputs of a session."""
    for x in evidence.select(Operation.END):
        told = x.document.get("session_id")
        if x.accepted and told is not None and _asked(x, "session_id") is not None:
            if told == _asked(x, "session_id"):
                yield holds(x)
            else:
                named = "An end answers another session_id than it was sent."
                yield violates(x, named, pointer="/session_id", expected=_asked(x, "session_id"), actual=told)


@check("SM-OUT-002", recorded=True)
def every_output_has_a_record_id_of_its_own(evidence: Evidence) -> Iterable[Finding]:
    """(Responsibilities) INV-05: no two outputs share one; the caller's own is disputed (E9)."""
    seen: dict[object, Exchange] = {}
    for x in outputs(evidence):
        told = x.document.get("record_id")
        if not isinstance(told, str):
            continue
        if told == _asked(x, "record_id"):
            yield departs(x, "E9", "The output has its caller's record_id.", expected="one of its own", actual=told)
        elif told in seen:
            yield violates(x, "Two outputs have one record_id.", pointer="/record_id", expected="another", actual=told)
        else:
            yield holds(x)
        seen.setdefault(told, x)


@check("SM-OUT-003", recorded=True)
def outputs_come_from_the_session_manager(evidence: Evidence) -> Iterable[Finding]:
    """(Outputs) The source is session_manager."""
    for x in outputs(evidence):
        told = x.document.get("source")
        if told == evidence.text.profile:
            yield holds(x)
        elif told is not None:
            named = "The source of an output is another."
            yield violates(x, named, pointer="/source", expected=evidence.text.profile, actual=told)


@check("SM-OUT-005", recorded=True)
def outputs_are_events_and_metadata_only(evidence: Evidence) -> Iterable[Finding]:
    """(Outputs) No output has media, a classification or a label in it."""
    for x in outputs(evidence):
        found = sorted(_FOREIGN & names_in(x.document))
        if found:
            told = "An output has more than a boundary event and its metadata."
            yield violates(x, told, expected="no media, classification or label", actual=found)
        else:
            yield holds(x)
