"""Chapter 3: what came of a session, told twice and in several forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from conformance.checks.documents import equal
from conformance.checks.prsm.files import TYPES, UNSAID, trouble
from conformance.checks.refusals import busy, turned_down
from conformance.checks.registry import check
from conformance.finding import departs, holds, no_occasion, violates, warns
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Evidence, Exchange, Story
    from conformance.finding import Finding


def asked(x: Exchange, name: str) -> str | None:
    """What the query of a request says."""
    return parse_qs(urlsplit(x.request.url).query).get(name, [None])[0]


@check("PRSM-RES-001", everywhere=True)
def results_agree(evidence: Evidence) -> Iterable[Finding]:
    """(Get Session Results) INV-06: the session and /results tell the same, and so does every reading of either."""
    for story in evidence.stories.values():
        told = [x for x in story.exchanges if x.accepted and isinstance(x.document.get("results"), dict)]
        whole = [x for x in told if x.label.operation == Operation.RESULTS]
        shown = [x for x in told if x.label.operation == Operation.GET and x.document.get("status") == "completed"]
        yield from _repeated(whole)
        yield from _repeated(shown)
        if whole and shown:
            yield _twice(shown[-1], whole[-1])


@check("PRSM-RES-001", everywhere=True)
def results_have_their_metadata(evidence: Evidence) -> Iterable[Finding]:
    """(Get Session Results) execution_metadata is there unless it is asked to be left out (E37)."""
    for x in evidence.select(Operation.RESULTS, credential=Credential.RIGHT):
        if not x.accepted or "results" not in x.document:
            continue
        told = "Results have no execution_metadata, though nobody asked to leave them out."
        if "execution_metadata" in x.document or asked(x, "include_metadata") == "false":
            yield holds(x)
        elif asked(x, "include_metadata") is None:
            yield departs(x, "E37", told, pointer="/execution_metadata", expected="present")
        elif asked(x, "include_metadata") == "true":  # what another word asks for, a service may take as it likes
            yield violates(x, told, pointer="/execution_metadata", expected="present")


def _repeated(told: list[Exchange]) -> Iterator[Finding]:
    for x in told[1:]:
        same = equal(told[0].document["results"], x.document["results"])
        what = "The results of a completed session are not what they were."
        yield holds(x) if same else violates(x, what, pointer="/results", expected="the same results")


def _twice(shown: Exchange, whole: Exchange) -> Finding:
    """What a session shows of its results, beside all of them."""
    one, other = shown.document["results"], whole.document["results"]
    if equal(one, other):
        return holds(whole)
    if all(name in other and equal(value, other[name]) for name, value in one.items()):
        told = "The session shows a part of its results."
        return departs(shown, "E10", told, pointer="/results", expected=sorted(other), actual=sorted(one))
    told = "The session and its /results tell different results."
    return violates(whole, told, pointer="/results", expected="the results of the session")


@check("PRSM-RES-003")
def results_come_in_each_form(evidence: Evidence) -> Iterable[Finding]:
    """(Get Session Results) markdown and pdf open as such (E11); without metadata there are none (E37)."""
    for x in evidence.select(Operation.RESULTS, credential=Credential.RIGHT):
        form = asked(x, "format")
        if Probe.FORMAT_UNKNOWN.covers(x.label.probe):
            told = f"Results in an unknown format are answered {x.status}."
            yield holds(x) if x.status == 400 else warns(x, told, expected=400, actual=x.status, erratum="E12")
        elif not Probe.IN_FORM.covers(x.label.probe) or not x.accepted:
            continue
        elif asked(x, "include_metadata") == "false":
            left = x.document.get("execution_metadata")
            told = "Results without metadata have them all the same."
            yield violates(x, told, pointer="/execution_metadata") if left else holds(x)
        elif form is not None and form != "json" and x.document:
            told = f"Results in the form of {form} are a JSON object."
            yield departs(x, "E11", told, expected=TYPES[form][0], actual="application/json")
        elif form is not None:
            yield _file(x, form, "Results")


def _file(x: Exchange, form: str, what: str) -> Finding:
    """Whether an answer is a file of a format, under a type that fits."""
    if x.response is None or "size" in x.notes:
        return holds(x)  # the record has the beginning of it only
    told, kind = trouble(form, x.response), x.response.media_type
    if told is not None:
        return violates(x, f"{what} in the form of {form}: {told}.", expected=f"a file that opens as {form}")
    if kind in TYPES[form] or (form == "json" and kind.endswith("+json")):
        return holds(x)
    named = f"{what} in the form of {form}: the type is {kind or 'not told'}."
    if kind in UNSAID[form]:
        return warns(x, named, expected=TYPES[form][0], actual=kind)
    return violates(x, named, expected=TYPES[form][0], actual=kind)


def _exports(evidence: Evidence) -> Iterator[Exchange]:
    """Exports in a format of the text, of sessions that have results, by their owner."""
    for story in evidence.stories.values():
        done = _completed(story)
        for x in story.exchanges:
            answered = x.label.operation == Operation.EXPORT and not busy(x)
            if answered and asked(x, "format") in TYPES and done and x.number > done:
                yield x


def _completed(story: Story) -> int | None:
    return next((x.number for x in story.reads if x.accepted and x.document.get("status") == "completed"), None)


@check("PRSM-EXP-001", everywhere=True, recorded=False)
def exports_are_files_of_their_format(evidence: Evidence) -> Iterable[Finding]:
    """(Export Session Results) Each format of a completed session: 200, and a file that opens as what it says."""
    for x in _exports(evidence):
        form = asked(x, "format") or ""
        if not x.accepted:
            told = f"An export of a completed session in the form of {form} is answered {x.status}."
            yield violates(x, told, expected=200, actual=x.status)
            continue
        yield _file(x, form, "An export")
        named = x.response.header("content-disposition") if x.response else None
        if named is None or "filename" not in named.lower():
            told = "An export has no name to be kept under."
            yield warns(x, told, expected="Content-Disposition with a filename", actual=named)


@check("PRSM-EXP-002")
def other_formats_are_refused(evidence: Evidence) -> Iterable[Finding]:
    """(Export Session Results) An unknown format is 400; without one anything may come (E13)."""
    if not any(x.accepted for x in _exports(evidence)):
        return
    for x in evidence.select(Operation.EXPORT, probe=Probe.FORMAT_UNKNOWN):
        yield turned_down(x, "An export in an unknown format", "E39")
    for x in evidence.select(Operation.EXPORT, probe=Probe.FORMAT_MISSING):
        told = f"An export without a format is answered {x.status}."
        yield holds(x) if x.status == 400 else warns(x, told, expected=400, actual=x.status, erratum="E13")


@check("PRSM-EXP-003")
def raw_data_are_more(evidence: Evidence) -> Iterable[Finding]:
    """(Export Session Results) With include_raw_data the JSON export has all that it has without, and more."""
    taken = [x for x in _exports(evidence) if x.accepted and asked(x, "format") == "json"]
    raw = [x for x in taken if asked(x, "include_raw_data") == "true"]
    plain = {x.label.session: x for x in taken if x not in raw}
    for x in raw:
        less = plain.get(x.label.session)
        if less is None:
            continue
        more = len(_leaves(x.document)) > len(_leaves(less.document))
        told = "An export with raw data has no more in it than one without."
        yield holds(x) if more else violates(x, told, expected="more than without")
    if taken and not raw:
        yield no_occasion("No export with raw data was asked for.")


def _leaves(value: Any) -> list[Any]:
    """The values in a document that hold no others."""
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in _leaves(each)]
    return [leaf for each in value for leaf in _leaves(each)] if isinstance(value, list) else [value]
