"""Session documents read through either shape of templates (E2), and what a session asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.finding import not_applicable
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.results import bare_of, templates_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.evidence import Evidence, Exchange, Story
    from conformance.finding import Finding

#: Codes for a template that is not to be had, at a create.
NO_SUCH_TEMPLATE = ("invalid_template", "template_not_found")
#: Integers beyond this are no doubles any more.
_DOUBLES = 1e308


def entries_of(evidence: Evidence, document: Mapping[str, Any]) -> dict[str, Any]:
    """Template id -> entry with its status, whatever form the text gives to results."""
    bare = evidence.text.printed.templates == "bare"
    return bare_of(document) if bare else templates_of(document)


def shown_as(entry: object) -> str | None:
    """The status of a template's entry."""
    status = entry.get("status") if isinstance(entry, dict) else None
    return status if isinstance(status, str) else None


def shows_a_loss(document: Mapping[str, Any]) -> bool:
    """Whether a result says that something is missing: a template, a file, or an error of its own."""
    statuses = [shown_as(entry) for entry in templates_of(document).values()]
    received, processed = (whole(document.get(name)) for name in ("audio_files_received", "audio_files_processed"))
    return (
        "failed" in statuses
        or "processing" in statuses
        or (received is not None and processed is not None and processed < received)
        or bool(document.get("processing_errors"))
        or bool(document.get("template_errors"))
    )


def _asked(story: Story) -> list[str]:
    asked = story.asked.get("templates")
    return [name for name in asked if isinstance(name, str)] if isinstance(asked, list) else []


def _known(evidence: Evidence, story: Story) -> tuple[str, ...]:
    """The ids that are listed; where no list can be read, those that other sessions were given results for."""
    if evidence.template_ids:
        return evidence.template_ids
    known: list[str] = []
    for other in evidence.stories.values():
        if other is not story and other.final and other.created and other.created.label.probe is None:
            entries = entries_of(evidence, other.final.document)
            known += [name for name in _asked(other) if shown_as(entries.get(name)) == "success"]
    return tuple(dict.fromkeys(known))


def requested(evidence: Evidence, story: Story) -> list[str]:
    """The known template ids a session asked for, each once."""
    known = _known(evidence, story)
    return list(dict.fromkeys(name for name in _asked(story) if name in known))


def unlisted(evidence: Evidence, story: Story) -> list[str]:
    """The ids a session asked for that the target is not known to have."""
    known = _known(evidence, story)
    return list(dict.fromkeys(name for name in _asked(story) if name not in known))


def session_documents(evidence: Evidence) -> Iterator[tuple[Story, Exchange]]:
    """Every read that shows a session, with its story; one that lacks its session_id is still one."""
    for story in evidence.stories.values():
        for x in story.reads:
            if "status" in x.document and ("session_id" in x.document or x.accepted):
                yield story, x


def refused_for_a_template(x: Exchange) -> bool:
    """Whether a create is refused with one of the codes for a template that is not to be had (E27)."""
    code = x.response.error_code if x.response else None
    return x.status in (400, 404, 422) and code in NO_SUCH_TEMPLATE


def refuses_unknown_templates(evidence: Evidence) -> Finding | None:
    """Why nothing can be said of unknown templates: a create with one is refused, which is a reading of E27."""
    for x in evidence.select(Operation.CREATE, probe=Probe.TEMPLATE_UNKNOWN):
        if refused_for_a_template(x):
            told = "A create with an unknown template is refused, as one reading of E27 has it."
            return not_applicable(told, x.response and x.response.error_code)
    return None


def equal(one: Any, other: Any) -> bool:
    """Deep JSON equality with types, numbers by value as doubles (E50): 1 and 1.0 are equal, 1 and true are not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        # Python compares them by exact value; an integer no double can hold has to stay one and not raise.
        return one == other or (max(abs(one), abs(other)) < _DOUBLES and float(one) == float(other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(equal(a, b) for a, b in zip(one, other, strict=True))
    return type(one) is type(other) and bool(one == other)


def whole(value: object) -> int | None:
    """The integer a JSON value is by JSON Schema (3.0 is one, true is not), or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if isinstance(value, int) or value.is_integer() else None
