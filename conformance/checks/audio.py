"""Chapter 7, uploads: what each form of one is answered, and what the list shows of it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from conformance.checks.arrivals import ends_by_itself, followed, may_lag, opens_by_itself
from conformance.checks.cells import cell, judge_cell
from conformance.checks.declared import is_absolute
from conformance.checks.dialect import departures
from conformance.checks.outsiders import kept_out
from conformance.checks.refusals import busy, not_looked_at, settled
from conformance.checks.registry import check
from conformance.evidence import Dimension
from conformance.evidence.admission import REDIRECTS
from conformance.finding import (
    Kind,
    departs,
    holds,
    inconclusive,
    not_applicable,
    recorded,
    tolerated,
    violates,
    warns,
)
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import REFUSABLE, Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from conformance.evidence import Evidence, Exchange, Story
    from conformance.finding import Finding


#: Forms of an API upload that §7.2 names; others are what services in the field take (E44, E82).
NAMED_FORMS = ("multipart", "raw")
#: Probes of journeys/audio.py that have no right to be taken.
_UNCREDENTIALED = (Probe.UPLOAD_WITHOUT_CREDENTIAL, Probe.UPLOAD_WRONG_KEY)


def to_the_api(evidence: Evidence) -> bool:
    """Whether uploads go to the service itself, not to a storage of its own."""
    return evidence.facts.api_target is True


def _uploads(evidence: Evidence) -> Iterator[Exchange]:
    return evidence.select(Operation.UPLOAD, valid=True)


def names_listed(x: Exchange) -> list[str] | None:
    """The `audio_files` of an answer, if it lists any."""
    found = x.document.get("audio_files")
    return found if isinstance(found, list) else None


def listings_after(evidence: Evidence, probe: Exchange) -> Iterator[Exchange]:
    """Answers about the probe's session that came after it and list files."""
    story = evidence.stories.get(probe.label.session or "")
    for x in story.exchanges if story else ():
        if x.number > probe.number and names_listed(x) is not None:
            yield x


def settled_uploads(story: Story) -> list[Exchange]:
    """Uploads whose answer counts by rule 2, a file at a time."""
    named: dict[str | None, list[Exchange]] = {}
    for x in story.uploads:
        named.setdefault(x.label.file, []).append(x)
    return [x for attempts in named.values() for x in settled(attempts)]


def final_of(evidence: Evidence, key: str) -> Exchange | None:
    """The answer that showed a session's end state."""
    story = evidence.stories.get(key)
    return story.final if story else None


def no_api(evidence: Evidence) -> Finding:
    """Why nothing was uploaded to the service itself."""
    if evidence.facts.api_target is None:
        return inconclusive("set_up_refused", "No session was made, so no upload_url was seen.")
    return not_applicable("upload_url points to a storage of its own, not to the service's API.")


def turned_down(x: Exchange, what: str) -> Finding:
    """An upload that may be refused was not taken."""
    if busy(x):
        return not_looked_at(x, "The upload")
    told = f"{what} is answered with a server error."
    return holds(x) if x.status < 500 else warns(x, told, expected="4xx", actual=x.status)


@check("AUD-001")
def methods_offered_are_recorded(evidence: Evidence) -> Iterable[Finding]:
    """(7.1) Which upload methods discovery lists."""
    listed = evidence.discovery.get("capabilities", {})
    yield recorded(None, "Upload methods listed", listed.get("upload_methods") if isinstance(listed, dict) else None)


@check("AUD-002")
def the_upload_url_takes_uploads(evidence: Evidence) -> Iterable[Finding]:
    """(7.3) An upload goes to upload_url as given at creation."""
    form, elsewhere = evidence.facts.upload_form, sent_on_to(evidence)
    for created, x in ((story.created, x) for story in evidence.stories.values() for x in settled_uploads(story)):
        given = created.document.get("upload_url") if created else None
        if created is not None and not isinstance(given, str):
            yield inconclusive("set_up_refused", "There is no upload_url to send a file to.", created)
        elif x.request.url in elsewhere:
            yield departs(
                x, "E44", "Audio is taken where a PUT is sent on to, and neither at upload_url nor by the API."
            )
        elif isinstance(given, str) and _moved(given, x.request.url):
            told = "Nobody answers at the host of upload_url; the same path on the service's own was used instead."
            yield violates(x, told, expected=given, actual=x.request.url)
        elif not x.accepted:
            if form is None:
                yield violates(x, "No form of upload the text shows was taken at upload_url.", actual=x.status)
        elif form in (None, "multipart", "storage-put"):
            yield holds(x)
        else:
            yield departs(x, "E44", f"Only the form {form!r} is taken, not a multipart POST to exactly upload_url.")


def sent_on_to(evidence: Evidence) -> frozenset[str]:
    """Where uploads were redirected to."""
    return frozenset(
        urljoin(x.request.url, x.response.header("location") or "")
        for x in evidence.exchanges
        if x.label.operation == Operation.UPLOAD and x.response is not None and x.status in REDIRECTS
    )


def taken_elsewhere(evidence: Evidence) -> list[Exchange]:
    """Files of sessions of the API that were PUT by name, sent on to a storage, and taken there."""
    elsewhere = sent_on_to(evidence)
    put = evidence.select(Operation.UPLOAD, probe=Probe.UPLOAD_FORM.of("named-put")) if elsewhere else ()
    return [x for x in put if x.accepted and x.request.url in elsewhere]


def _moved(given: str, used: str) -> bool:
    """Whether audio went to another host than the absolute URL names."""
    return is_absolute(given) and urlsplit(given).netloc.lower() != urlsplit(used).netloc.lower()


@check("AUD-003")
def multipart_uploads_are_taken(evidence: Evidence) -> Iterable[Finding]:
    """(7.2) multipart/form-data with a part named file that carries filename and Content-Type."""
    if not to_the_api(evidence):
        yield no_api(evidence)
        return
    for x in evidence.select(Operation.UPLOAD, probe=Probe.UPLOAD_FORM.of("multipart")):
        if busy(x):
            yield not_looked_at(x, "The upload")
            continue
        if x.status >= 500 and evidence.facts.upload_form == "multipart":
            yield warns(x, "A multipart upload met a server error once; others were taken.", actual=x.status)
            continue
        if not x.accepted:
            yield _multipart_refused(evidence, x)
            continue
        after = listings_after(evidence, x)
        listed = [seen for seen in after if x.label.file in followed(evidence, names_listed(seen) or [])]
        if listed:
            yield holds(listed[0])
        else:
            yield from _unlisted(x, list(listings_after(evidence, x))[-1:])


def _multipart_refused(evidence: Evidence, x: Exchange) -> Finding:
    """A refusal of the form §7.2 recommends, at exactly upload_url: another form, or another address, may be taken."""
    told, taken = "A multipart upload with a part named file is refused", evidence.facts.upload_form
    if taken == "named-form":
        return departs(x, "E44", f"{told} at upload_url; it is taken with the name behind it.", actual=x.status)
    if taken == "raw" or evidence.facts.named:
        return departs(x, "E82", f"{told}; the raw form is taken.", actual=x.status)
    return violates(x, f"{told}.", actual=x.status)


def _unlisted(x: Exchange, last: list[Exchange]) -> Iterator[Finding]:
    for seen in last:
        if may_lag(x, seen):
            yield inconclusive("too_fast", "The last list came within the five seconds a read may lag behind.", seen)
        else:
            yield violates(
                seen,
                "The file name of an acknowledged multipart upload does not stand in audio_files.",
                pointer="/audio_files",
                expected=x.label.file,
                actual=names_listed(seen),
            )


@check("AUD-004")
def raw_uploads_are_taken_or_refused_cleanly(evidence: Evidence) -> Iterable[Finding]:
    """(7.2) A raw body with Content-Disposition is 2xx or a clean 4xx."""
    for x in evidence.select(Operation.UPLOAD, probe=Probe.UPLOAD_FORM.of("raw")):
        yield recorded(x, "A raw upload with Content-Disposition is answered", x.status)


@check("AUD-005")
def storage_uploads_are_recorded(evidence: Evidence) -> Iterable[Finding]:
    """(7.4) With storage URLs the chunk name is put into the path."""
    stored = [*(x for x in _uploads(evidence) if evidence.at_storage(x.label.session)), *taken_elsewhere(evidence)]
    if not stored and evidence.facts.api_target is not False:
        yield not_applicable("upload_url points to the service's API, not to a storage of its own.")
    for x in stored:
        form = x.request.method == "POST"
        yield recorded(
            x, f"A {'form with the signature' if form else 'PUT with the name in the path'} is answered", x.status
        )


@check("AUD-007")
def a_successful_upload_is_answered_with_success(evidence: Evidence) -> Iterable[Finding]:
    """(7.3) 2xx, and 200 is what the text shows."""
    by_itself = ends_by_itself(evidence)
    for x in (x for story in evidence.stories.values() for x in settled_uploads(story)):
        if Session.meant(x.label.session) in REFUSABLE and not x.accepted:
            continue
        refused, stored = 400 <= x.status < 500, evidence.at_storage(x.label.session) or not to_the_api(evidence)
        # Four at the same time come in any order, so that one may be refused as out of order (AUD-013).
        if x.label.session == Session.TOGETHER and refused:
            continue
        if refused and by_itself:
            yield inconclusive("ended_by_itself", "The service may have ended the session by itself (E70).", x)
            continue
        if x.accepted:
            # created and recording have the same answers; the codes of a storage are the provider's (rule 8).
            shown = judge_cell(cell(evidence, "recording", "upload"), x, "A valid upload")
            yield holds(x) if stored else shown
        else:
            told = "A valid upload is not acknowledged."
            if stored:
                told += " It went without a key, to another origin; --upload-origin names one as the service's own."
            yield violates(x, told, expected="2xx", actual=x.status)


@check("AUD-014")
def the_name_of_a_single_upload_is_kept(evidence: Evidence) -> Iterable[Finding]:
    """(7.5) audio_files holds the name the client gave."""
    story = evidence.stories.get(Session.SINGLE)
    if story is None or not story.acknowledged:
        return
    if evidence.at_storage(story.key) or not to_the_api(evidence):
        yield not_applicable("Audio goes to storage, where the name may come from the URL.")
        return
    sent = story.uploads[0].label.file
    for x in story.exchanges:
        names = (
            names_listed(x)
            if x.label.operation in (Operation.GET, Operation.END) and x.number > story.uploads[0].number
            else None
        )
        # What a list makes of a name that had to be sent again is E69's.
        kept = names and all(name == sent for name in followed(evidence, names))
        if names and kept and any(departures(evidence, Dimension.FILE_NAME)):
            told = "The run follows files under the names the service gives them; SES-GET-025 says so."
            yield inconclusive("not_observed", told, x)
        elif names and kept and (len(names) == 1 or len(story.uploads) > 1):
            yield holds(x)
        elif names:
            yield violates(
                x,
                "The file name of a single upload is not preserved.",
                pointer="/audio_files",
                expected=[sent],
                actual=names,
            )


@check("AUD-022")
def an_upload_to_an_unknown_session_is_not_found(evidence: Evidence) -> Iterable[Finding]:
    """(7.8) 404 session_not_found."""
    seen = False
    for x in evidence.select(Operation.UPLOAD, probe=Probe.UPLOAD_UNKNOWN_SESSION):
        seen = True
        code = x.response.error_code if x.response else None
        if busy(x):
            yield not_looked_at(x, "The upload")
        elif x.status == 404 and code == "session_not_found":
            yield holds(x)
        elif 400 <= x.status < 500:
            told = "Another refusal than 404 session_not_found."
            yield tolerated(x, "E63", told, expected="404 session_not_found", actual=f"{x.status} {code}")
        else:
            yield violates(
                x, "An upload to a session that does not exist is not refused.", expected=404, actual=x.status
            )
    if not seen and evidence.facts.api_target is not None:
        yield not_applicable("The upload_url of another session cannot be told from this one's.")


@check("AUD-025")
def an_oversized_file_is_recorded(_evidence: Evidence) -> Iterable[Finding]:
    """(7.8) 413 for a file above a limit the operator names; none can be named in this release."""
    yield not_applicable("No size limit is published, so none can be exceeded.")


@check("AUD-028")
def duration_feedback_is_recorded(evidence: Evidence) -> Iterable[Finding]:
    """(7.9) Any duration the upload answer gives."""
    for x in list(_uploads(evidence))[:1]:
        told = {key: value for key, value in x.document.items() if "duration" in key}
        yield recorded(x, "Duration fields of the upload answer", told)


@check("AUD-030")
def uploads_to_the_api_need_credentials(evidence: Evidence) -> Iterable[Finding]:
    """(7.1) An upload without credentials, or with a made-up key, lets nobody in and leaves the count alone."""
    if not to_the_api(evidence):
        yield no_api(evidence)
        return
    for x in (x for probe in _UNCREDENTIALED for x in evidence.select(Operation.UPLOAD, probe=probe)):
        found = kept_out(evidence, x, f"An {x.label.probe}")
        if found.kind is Kind.VIOLATES and opens_by_itself(evidence, x):
            yield not_applicable("upload_url carries a token of its own, or may.", x.request.url.split("?")[0])
        else:
            yield found


@check("AUD-032", everywhere=True)
def a_refused_upload_leaves_no_trace(evidence: Evidence) -> Iterable[Finding]:
    """(7.8) Only what was acknowledged stands in the list and in the count."""
    if not to_the_api(evidence):
        yield no_api(evidence)
        return
    for story in evidence.stories.values():
        if evidence.at_storage(story.key):
            continue
        sent = list(evidence.select(Operation.UPLOAD, session=story.key))
        probes = [x for x in sent if x.label.probe and 400 <= x.status < 500 and not busy(x)]
        # A file sent again under its name stands in the list by right: one of its uploads was taken.
        taken = {x.label.file for x in evidence.changing(story.key)}
        probes = [x for x in probes if x.label.file not in taken]
        refused = {x.label.file: x for x in reversed(probes)}  # by the first refusal of a name
        for x in listings_after(evidence, probes[0]) if probes else ():
            yield from _traces(evidence, x, refused)


def _traces(evidence: Evidence, x: Exchange, refused: Mapping[str | None, Exchange]) -> Iterator[Finding]:
    """The files in a list whose upload had been refused by then; else that it holds none of them."""
    names = names_listed(x) or []
    found = [refused[name] for name in followed(evidence, names) if isinstance(name, str) and name in refused]
    traces = [each for each in found if each.number < x.number]
    for each in traces:
        yield violates(
            x,
            f"A file whose upload was refused with {each.status} stands in audio_files.",
            pointer="/audio_files",
            expected=f"without {each.label.file}",
            actual=names,
        )
    if not traces:
        yield holds(x)


@check("AUD-033")
def the_form_of_the_upload_url_is_recorded(evidence: Evidence) -> Iterable[Finding]:
    """(6.2, 6.7) upload_url may look like {base_url}/sessions/{id}/audio."""
    for x in list(evidence.select(Operation.CREATE, valid=True))[:1]:
        yield recorded(x, "upload_url", x.document.get("upload_url"))
