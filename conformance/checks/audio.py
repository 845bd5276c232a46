"""Chapter 7: what an upload is answered, what the list shows of it, and what becomes of odd audio."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

import fixtures
from conformance.checks.arrivals import may_lag
from conformance.checks.documents import templates_of
from conformance.checks.media import parse, same_type
from conformance.checks.refusals import busy, not_looked_at, settled
from conformance.checks.registry import check
from conformance.checks.words import content_words, inverted, marker_positions, recognised
from conformance.finding import (
    departs,
    holds,
    inconclusive,
    not_applicable,
    recorded,
    tolerated,
    violates,
    warns,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Evidence, Exchange, Story
    from conformance.finding import Finding

#: Forms of an API upload that §7.2 names; others are what services in the field take (E44, E82).
NAMED_FORMS = ("multipart", "raw")
#: Sessions whose uploads may be refused: chunks out of order (AUD-013), a format (AUD-016), noise (SES-PART-009).
_REFUSABLE = ("audio/order of", "audio/format ", "audio/noise")
#: A client reads an acknowledgement that takes longer as a stall (AUD-026).
ACKNOWLEDGED_WITHIN = 5.0


def _api(evidence: Evidence) -> bool:
    return evidence.facts.api_target is True


def _uploads(evidence: Evidence) -> Iterator[Exchange]:
    return evidence.select("upload", valid=True)


def _story(evidence: Evidence, key: str) -> Story | None:
    return evidence.stories.get(key)


def _names(x: Exchange) -> list[str] | None:
    found = x.document.get("audio_files")
    return found if isinstance(found, list) else None


def _after(evidence: Evidence, probe: Exchange) -> Iterator[Exchange]:
    """Answers about the probe's session that came after it and list files."""
    story = _story(evidence, probe.label.session or "")
    for x in story.exchanges if story else ():
        if x.number > probe.number and _names(x) is not None:
            yield x


def _settled(story: Story) -> list[Exchange]:
    """Uploads whose answer counts by rule 2, a file at a time."""
    names = dict.fromkeys(x.label.file for x in story.uploads)
    return [x for name in names for x in settled([x for x in story.uploads if x.label.file == name])]


def _outcome(evidence: Evidence, key: str) -> Exchange | None:
    story = _story(evidence, key)
    return story.final if story else None


def _no_api(evidence: Evidence) -> Finding:
    if evidence.facts.api_target is None:
        return inconclusive("set_up_refused", "No session was made, so no upload_url was seen.")
    return not_applicable("upload_url points to a storage of its own, not to the service's API.")


def _turned_down(x: Exchange, what: str) -> Finding:
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
    form = evidence.facts.upload_form
    for x in (x for story in evidence.stories.values() for x in _settled(story)):
        if not x.accepted:
            if form is None:
                yield violates(x, "No form of upload the text shows was taken at upload_url.", actual=x.status)
        elif form in ("multipart", "storage-put"):
            yield holds(x)
        else:
            yield departs(x, "E44", f"Only the form {form!r} is taken, not a multipart POST to exactly upload_url.")


@check("AUD-003")
def multipart_uploads_are_taken(evidence: Evidence) -> Iterable[Finding]:
    """(7.2) multipart/form-data with a part named file that carries filename and Content-Type."""
    if not _api(evidence):
        yield _no_api(evidence)
        return
    for x in evidence.select("upload", probe="upload as multipart"):
        if busy(x):
            yield not_looked_at(x, "The upload")
            continue
        if x.status >= 500 and evidence.facts.upload_form == "multipart":
            yield warns(x, "A multipart upload met a server error once; others were taken.", actual=x.status)
            continue
        if not x.accepted:
            other = evidence.facts.upload_form in ("raw", "named-post", "named-put")
            told = "A multipart upload with a part named file is refused."
            yield departs(x, "E82", told, actual=x.status) if other else violates(x, told, actual=x.status)
            continue
        listed = [seen for seen in _after(evidence, x) if x.label.file in (_names(seen) or [])]
        if listed:
            yield holds(listed[0])
        else:
            yield from _unlisted(x, list(_after(evidence, x))[-1:])


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
                actual=_names(seen),
            )


@check("AUD-004")
def raw_uploads_are_taken_or_refused_cleanly(evidence: Evidence) -> Iterable[Finding]:
    """(7.2) A raw body with Content-Disposition is 2xx or a clean 4xx."""
    for x in evidence.select("upload", probe="upload as raw"):
        yield recorded(x, "A raw upload with Content-Disposition is answered", x.status)


@check("AUD-005")
def storage_uploads_are_recorded(evidence: Evidence) -> Iterable[Finding]:
    """(7.4) With storage URLs the chunk name is put into the path."""
    if evidence.facts.api_target is not False:
        yield not_applicable("upload_url points to the service's API, not to a storage of its own.")
        return
    for x in _uploads(evidence):
        yield recorded(x, "A PUT with the name in the path is answered", x.status)


@check("AUD-007")
def a_successful_upload_is_answered_with_success(evidence: Evidence) -> Iterable[Finding]:
    """(7.3) 2xx, and 200 is what the text shows."""
    for x in (x for story in evidence.stories.values() for x in _settled(story)):
        if (x.label.session or "").startswith(_REFUSABLE) and not x.accepted:
            continue
        if x.status == 200 or (x.accepted and not _api(evidence)):
            yield holds(x)
        elif x.accepted:
            yield warns(
                x, "An upload is acknowledged with a code the text does not show.", expected=200, actual=x.status
            )
        else:
            yield violates(x, "A valid upload is not acknowledged.", expected="2xx", actual=x.status)


def _order(evidence: Evidence, key: str) -> tuple[Exchange, list[int | None]] | None:
    """The final answer of an ordering session with the places of its markers in the transcript."""
    story = _story(evidence, key)
    if story is None or story.final is None:
        return None
    known = fixtures.load()
    sent = [
        known[x.label.fixture] for x in story.uploads if x.accepted and x.label.fixture and x.label.fixture in known
    ]
    ordered = sorted(sent, key=lambda fixture: fixture.sequence or 0)
    transcript = story.final.document.get("transcript")
    if not ordered or not isinstance(transcript, str):
        return None
    return story.final, marker_positions([fixture.text for fixture in ordered], transcript)


@check("AUD-012")
def chunks_are_ordered_by_their_number(evidence: Evidence) -> Iterable[Finding]:
    """(7.2) The numeric suffix of the name decides, not arrival and not the alphabet."""
    for key in ("audio/order of four", "audio/order of twelve"):
        seen = _order(evidence, key)
        if seen is None:
            continue
        final, positions = seen
        if recognised(positions) < 3:
            yield inconclusive("not_recognised", "Fewer than three markers were recognised in the transcript.", final)
        elif not inverted(positions):
            yield holds(final)
        else:
            yield from _inversion(evidence, key, final, positions)


def _inversion(evidence: Evidence, key: str, final: Exchange, positions: list[int | None]) -> Iterator[Finding]:
    again = _order(evidence, f"{key} again")
    if again is not None and inverted(again[1]):
        yield violates(
            final,
            "The transcript tells the chunks in another order than the numbers in their names.",
            pointer="/transcript",
            expected="markers of chunks in numeric order",
            actual=[f"chunk {n} at word {at}" for n, at in enumerate(positions) if at is not None],
        )
    else:
        yield warns(final, "Once the chunks stood out of order in the transcript; a repeat was right.")


@check("AUD-013")
def chunks_out_of_order_are_taken(evidence: Evidence) -> Iterable[Finding]:
    """(7.2) Chunks that arrive out of order are handled where possible."""
    for key in ("audio/order of four", "audio/order of twelve"):
        story = _story(evidence, key)
        for x in _settled(story) if story else ():
            yield holds(x) if x.accepted else warns(x, "A chunk out of order is refused.", actual=x.status)


@check("AUD-014")
def the_name_of_a_single_upload_is_kept(evidence: Evidence) -> Iterable[Finding]:
    """(7.5) audio_files holds the name the client gave."""
    story = _story(evidence, "audio/single")
    if story is None or not story.acknowledged:
        return
    if not _api(evidence):
        yield recorded(story.uploads[0], "On storage the name may come from the URL.")
        return
    for x in story.exchanges:
        names = _names(x) if x.label.operation in ("get", "end") and x.number > story.uploads[0].number else None
        # What a list makes of a name that had to be sent again is E69's.
        kept = names and all(name == "consultation.wav" for name in names)
        if names and kept and (len(names) == 1 or len(story.uploads) > 1):
            yield holds(x)
        elif names:
            yield violates(
                x,
                "The file name of a single upload is not preserved.",
                pointer="/audio_files",
                expected=["consultation.wav"],
                actual=names,
            )


@check("AUD-015")
def single_takes_the_whole_recording_in_one_request(evidence: Evidence) -> Iterable[Finding]:
    """(7.5) One file is enough, and the session can be ended."""
    story = _story(evidence, "audio/single")
    if story is None:
        return
    for x in _settled(story):
        yield holds(x) if x.accepted else violates(x, "The one file of a single session is refused.", actual=x.status)
    ends = settled([x for x in story.exchanges if x.label.operation == "end"]) if story.acknowledged else []
    for x in [x for x in ends if x.accepted] or ends[-1:]:
        yield holds(x) if x.accepted else violates(x, "A single session cannot be ended.", actual=x.status)


def _format_sessions(evidence: Evidence) -> dict[str, list[Story]]:
    found: dict[str, list[Story]] = {}
    for key, story in evidence.stories.items():
        if key.startswith("audio/format "):
            listed = key.removeprefix("audio/format ").removesuffix(" again")
            found.setdefault(listed, []).append(story)
    return found


def _unusable(story: Story) -> Exchange | None:
    """The exchange that shows that good speech in this format could not be used."""
    for x in story.uploads:
        if x.response is not None and x.response.error_code == "invalid_audio_format":
            return x
    final = story.final
    return final if final is not None and final.document.get("status") == "failed" else None


@check("AUD-016")
def every_listed_format_is_usable(evidence: Evidence) -> Iterable[Finding]:
    """(7.6) Good speech in a listed format is taken and does not fail."""
    for listed, stories in _format_sessions(evidence).items():
        broken = [x for story in stories if (x := _unusable(story)) is not None]
        usable = [story.final for story in stories if story.final is not None and _unusable(story) is None]
        refused = [x for story in stories for x in _settled(story) if not x.accepted]
        bad = len(broken) >= 2 or any(x.label.operation == "upload" for x in broken) or len(refused) >= 2
        if bad and parse(listed) == ("audio/ogg", frozenset()):
            told = "OGG without codecs may mean Vorbis, and the kit has Opus only (E72)."
            yield inconclusive("no_such_audio", told, (broken or refused)[0])
        elif len(broken) >= 2 or any(x.label.operation == "upload" for x in broken):
            yield violates(
                broken[0],
                f"Good speech as {listed}, a format discovery lists, is not usable.",
                expected="2xx and an outcome other than failed",
                actual=broken[0].document.get("error") or broken[0].status,
            )
        elif len(refused) >= 2:
            yield violates(refused[0], f"Good speech as {listed} is refused at upload.", actual=refused[0].status)
        elif usable:
            yield holds(usable[-1], listed)
        elif broken:
            told = f"Good speech as {listed} failed once, and the repeat came to no end."
            yield inconclusive("deadline", told, broken[0])


def _without_content(x: Exchange) -> bool:
    """Whether a final answer holds neither words nor template data."""
    transcript = x.document.get("transcript")
    data = [entry.get("data") for entry in templates_of(x.document).values() if isinstance(entry, dict)]
    return not (isinstance(transcript, str) and content_words(transcript)) and not any(data)


def _judge_rubbish(evidence: Evidence, key: str) -> Iterator[Finding]:
    sent = next(evidence.select("upload", probe=key), None)
    if sent is None:
        return
    if busy(sent):
        yield not_looked_at(sent, "The upload")
        return
    if not sent.accepted:
        if 400 <= sent.status < 500:
            yield holds(sent)
        elif _api(evidence):  # a storage's codes are the provider's (rule 8)
            yield violates(sent, "Bytes that are no audio are answered with a server error.", expected="4xx")
        return
    final = _outcome(evidence, key)
    if final is None:
        yield inconclusive("deadline", "The session with the undecodable file did not end in time.", sent)
        return
    status = final.document.get("status")
    if not _without_content(final):
        yield violates(
            final,
            "A session whose only file is random bytes ends with content.",
            pointer="/status",
            expected="failed, with error.code",
            actual=status,
        )
    elif status in ("completed", "partial"):
        yield warns(final, f"A session with nothing usable ends {status}.", expected="failed", actual=status)
    else:
        yield holds(final)


@check("AUD-017")
def an_undecodable_file_surfaces_as_failed(evidence: Evidence) -> Iterable[Finding]:
    """(7.6) Random bytes under a listed type are refused, or the session fails."""
    yield from _judge_rubbish(evidence, "audio/rubbish")


@check("AUD-018")
def an_unlisted_type_is_refused_or_fails(evidence: Evidence) -> Iterable[Finding]:
    """(7.6, 11.4) Bytes that are no audio under an unlisted type: 400 invalid_audio_format, a 4xx, or failed later."""
    if not _api(evidence):
        yield _no_api(evidence)
        return
    yield from _judge_rubbish(evidence, "audio/unlisted")


@check("AUD-019")
def the_format_error_lists_the_formats(evidence: Evidence) -> Iterable[Finding]:
    """(11.4) details.supported_formats agrees with discovery."""
    capabilities = evidence.discovery.get("capabilities")
    listed = capabilities.get("audio_formats") if isinstance(capabilities, dict) else None
    for x in evidence.select("upload"):
        if x.response is None or x.response.error_code != "invalid_audio_format":
            continue
        details = x.document["error"].get("details")
        told = details.get("supported_formats") if isinstance(details, dict) else None
        yield recorded(x, "supported_formats as in discovery" if told == listed else "supported_formats", told)


@check("AUD-020")
def a_chunk_over_the_limit_shows(evidence: Evidence) -> Iterable[Finding]:
    """(7.7) A chunk above the limit is refused, or the session ends partial or failed with an error."""
    sent = next(evidence.select("upload", probe="audio/long chunk"), None)
    if sent is None:
        return
    if not sent.accepted:
        yield _turned_down(sent, "A chunk over the limit")
        return
    final = _outcome(evidence, "audio/long chunk")
    if final is None:
        yield inconclusive("deadline", "The session with the long chunk did not end in time.", sent)
    elif final.document.get("status") == "completed":
        yield warns(
            final, "A chunk ten seconds above the declared limit is processed as if it were fine.", erratum="E59"
        )
    else:
        yield holds(final)


@check("AUD-021")
def a_chunk_refused_for_its_length_gets_its_code(evidence: Evidence) -> Iterable[Finding]:
    """(11.4) 400 chunk_too_large."""
    if not _api(evidence):
        yield _no_api(evidence)
        return
    for x in evidence.select("upload", probe="audio/long chunk"):
        if busy(x):
            yield not_looked_at(x, "The upload")
        elif x.accepted:
            yield not_applicable("A chunk over the limit is taken at upload and judged later.", x.status)
        elif x.status == 400 and x.response and x.response.error_code == "chunk_too_large":
            yield holds(x)
        else:
            yield warns(x, "Another refusal than 400 chunk_too_large.", expected="400 chunk_too_large", actual=x.status)


@check("AUD-022")
def an_upload_to_an_unknown_session_is_not_found(evidence: Evidence) -> Iterable[Finding]:
    """(7.8) 404 session_not_found."""
    seen = False
    for x in evidence.select("upload", probe="upload to an unknown session"):
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


@check("AUD-026")
def chunks_are_acknowledged_before_they_are_processed(evidence: Evidence) -> Iterable[Finding]:
    """(7.9) The acknowledgement is quick and does not grow with the length of audio."""
    if not _api(evidence):
        yield _no_api(evidence)
        return
    story = _story(evidence, "audio/acknowledgement")
    times: dict[str, list[Exchange]] = {}
    for x in story.uploads if story else ():
        if x.accepted and x.label.fixture:
            times.setdefault(x.label.fixture, []).append(x)
    slow = [x for found in times.values() for x in found if x.elapsed > ACKNOWLEDGED_WITHIN]
    for x in slow[:1]:
        yield warns(x, "An upload is acknowledged late.", expected=f"under {ACKNOWLEDGED_WITHIN:g} s", actual=x.elapsed)
    if len(times) == 2 and not slow:
        short, long = sorted(median(x.elapsed for x in found) for found in times.values())
        last = next(reversed(times.values()))[-1]
        if long > 1.0 and long > 3 * short:
            yield warns(last, "The acknowledgement takes longer for longer audio.", expected=short, actual=long)
        else:
            yield holds(last)


@check("AUD-027")
def mislabelled_audio_gives_no_words_that_were_not_said(evidence: Evidence) -> Iterable[Finding]:
    """(7.9) WAV under another listed type: refused, failed, or sniffed and right."""
    sent = next(evidence.select("upload", probe="audio/mislabelled"), None)
    if sent is None:
        return
    if not sent.accepted:
        yield _turned_down(sent, "Mislabelled audio")
        return
    final = _outcome(evidence, "audio/mislabelled")
    if final is None:
        return
    known = fixtures.load().get(sent.label.fixture or "")
    said = set(content_words(known.text)) if known else set()
    heard = content_words(str(final.document.get("transcript") or ""))
    if final.document.get("status") == "completed" and heard and said.isdisjoint(heard):
        yield warns(final, "Mislabelled audio gave a transcript with none of the words that were said.")
    else:
        yield holds(final)


@check("AUD-028")
def duration_feedback_is_recorded(evidence: Evidence) -> Iterable[Finding]:
    """(7.9) Any duration the upload answer gives."""
    for x in list(_uploads(evidence))[:1]:
        told = {key: value for key, value in x.document.items() if "duration" in key}
        yield recorded(x, "Duration fields of the upload answer", told)


@check("AUD-029")
def the_same_file_again_is_not_doubled(evidence: Evidence) -> Iterable[Finding]:
    """(7.8) A retry under the same name stands once in the list and is said once."""
    for sent in evidence.select("upload", probe="the same file again"):
        if busy(sent):
            yield not_looked_at(sent, "The upload")
            continue
        if 400 <= sent.status < 500:
            yield holds(sent)
            continue
        for x in _after(evidence, sent):
            names = _names(x) or []
            if len(names) > 1:
                yield warns(x, "A file sent again under its name stands twice.", pointer="/audio_files", actual=names)
            else:
                yield holds(x)
        yield from _said_twice(evidence, sent)


def _said_twice(evidence: Evidence, sent: Exchange) -> Iterator[Finding]:
    final = _outcome(evidence, sent.label.session or "")
    known = fixtures.load().get(sent.label.fixture or "")
    if final is None or known is None:
        return
    said, heard = content_words(known.text), content_words(str(final.document.get("transcript") or ""))
    if len(heard) > 1.6 * len(said):
        yield warns(final, "A file sent again is told twice in the transcript.", pointer="/transcript")


@check("AUD-030")
def uploads_to_the_api_need_credentials(evidence: Evidence) -> Iterable[Finding]:
    """(7.1) An upload without credentials is 401 and leaves the count alone."""
    if not _api(evidence):
        yield _no_api(evidence)
        return
    for x in evidence.select("upload", probe="upload without credential"):
        if "?" in x.request.url:
            yield not_applicable("upload_url carries a token of its own.", x.request.url.split("?")[0])
        elif busy(x):
            yield not_looked_at(x, "The upload")
        elif x.status == 401:
            yield holds(x)
        else:
            yield violates(x, "An upload without credentials is not refused.", expected=401, actual=x.status)


@check("AUD-032")
def a_refused_upload_leaves_no_trace(evidence: Evidence) -> Iterable[Finding]:
    """(7.8) Only what was acknowledged stands in the list and in the count."""
    if not _api(evidence):
        yield _no_api(evidence)
        return
    for story in evidence.stories.values():
        probes = [x for x in evidence.select("upload", session=story.key) if x.label.probe and 400 <= x.status < 500]
        # A file sent again under its name stands in the list by right: its first upload was taken.
        probes = [x for x in probes if x.label.file not in story.acknowledged]
        for refused in probes:
            for x in _after(evidence, refused):
                yield _trace(x, refused)


def _trace(x: Exchange, refused: Exchange) -> Finding:
    if refused.label.file in (_names(x) or []):
        return violates(
            x,
            f"A file whose upload was refused with {refused.status} stands in audio_files.",
            pointer="/audio_files",
            expected=f"without {refused.label.file}",
            actual=_names(x),
        )
    return holds(x)


@check("AUD-033")
def the_form_of_the_upload_url_is_recorded(evidence: Evidence) -> Iterable[Finding]:
    """(6.2, 6.7) upload_url may look like {base_url}/sessions/{id}/audio."""
    for x in list(evidence.select("create", valid=True))[:1]:
        yield recorded(x, "upload_url", x.document.get("upload_url"))


def listed_formats(evidence: Evidence) -> list[str]:
    """The audio formats discovery lists, as strings."""
    capabilities = evidence.discovery.get("capabilities")
    found = capabilities.get("audio_formats") if isinstance(capabilities, dict) else None
    return [kind for kind in found if isinstance(kind, str)] if isinstance(found, list) else []


@check("AUD-016")
def formats_the_kit_cannot_produce_are_said(evidence: Evidence) -> Iterable[Finding]:
    """(7.6) A listed type without a fixture is inconclusive."""
    clips = [fixture for fixture in fixtures.load().values() if fixture.kind == "short"]
    for listed in listed_formats(evidence):
        if not any(same_type(clip.media_type, listed) for clip in clips):
            yield inconclusive("no_such_audio", f"The kit cannot produce {listed}.")
