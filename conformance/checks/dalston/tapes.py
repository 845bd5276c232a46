"""Chapters 3 and 6, audio: what is kept of it, and how it is fetched."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from conformance.checks.dalston.sight import dictated
from conformance.checks.refusals import busy
from conformance.checks.registry import check
from conformance.finding import departs, holds, inconclusive, violates, warns
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.checks.dalston.sight import Dictated
    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding

#: What a file has to be: 16 kHz, 16 bit, one channel.
_RATE, _BITS, _CHANNELS = 16_000, 16, 1
#: Tags of a format that is PCM, or may be and says so further on.
_PCM: Final = (1, 0xFFFE)
#: Seconds by which a file may differ from what was sent: a converter may fill up its last block.
_CLOSE_S: Final = 0.3
#: The share of what was sent that has to be there after a connection broke: the last of it may never have arrived.
_ARRIVED: Final = 0.5


@dataclass(frozen=True)
class Wav:
    """The head of a WAV file, and how long it is by its size."""

    tag: int
    channels: int
    rate: int
    bits: int
    seconds: float


def wav_of(x: Exchange) -> Wav | None:
    """The file that an answer has; None for anything else."""
    body = x.response.body if x.response else b""
    size = int(x.notes.get("size", len(body)))
    if body[:4] != b"RIFF" or body[8:12] != b"WAVE":
        return None
    at, form = 12, None
    while at + 8 <= len(body):
        name, length = body[at : at + 4], struct.unpack_from("<I", body, at + 4)[0]
        if name == b"fmt " and at + 24 <= len(body):
            form = struct.unpack_from("<HHIIHH", body, at + 8)
        if name == b"data" and form is not None:
            tag, channels, rate, _, _, bits = form
            frame = channels * bits // 8
            there = min(length, size - at - 8)
            return Wav(tag, channels, rate, bits, there / frame / rate if frame and rate else 0.0)
        at += 8 + length + length % 2
    return None


def is_there(x: Exchange) -> bool:
    """Whether a download is taken: the file, a link or a redirect."""
    return x.accepted or x.status in (302, 303, 307)


def file_of(each: Dictated) -> tuple[Exchange, Wav] | None:
    """The first file that a download of a session led to, in either of three ways (E20)."""
    found = ((x, wav_of(x)) for x in (*each.of(Operation.AUDIO), *each.linked))
    return next(((x, wav) for x, wav in found if wav is not None), None)


@check("RT-DL-001")
def a_download_leads_to_a_file(evidence: Evidence) -> Iterable[Finding]:
    """(Download Audio) The answer is a WAV file, a link to one in url, or a redirect to one (E20); ranges are parts."""
    for each in dictated(evidence):
        for x in each.of(Operation.AUDIO):
            if is_there(x):
                yield from _led(each, x)
    for x in evidence.select(Operation.AUDIO, probe=Probe.PART_OF_AUDIO):
        yield from _part(x)


def _led(each: Dictated, x: Exchange) -> Iterator[Finding]:
    linked = next((y for y in each.linked if y.number > x.number), None)
    if x.accepted and wav_of(x) is not None:
        yield holds(x)
    elif linked is not None and wav_of(linked) is not None:
        elsewhere = x.accepted and not isinstance(x.document.get("url"), str)
        told = "The address of the file stands in another member than url."
        yield departs(x, "E20", told, expected="url", actual=sorted(x.document)) if elsewhere else holds(x)
    elif linked is not None and (linked.response is None or busy(linked)):
        why = linked.trouble or linked.status
        yield inconclusive("unreachable", f"The address of the file could not be fetched: {why}.", x)
    elif linked is None and any(map(_may_lead, x.document.values())):
        yield inconclusive("unreachable", "The address of the file is none that the kit could fetch.", x)
    else:
        told = "A download leads to no WAV file."
        shown = x.status if linked is None else f"{x.status}, and {linked.status} where it leads"
        yield violates(x, told, expected="a WAV file, a link or a redirect to one", actual=shown)


def _may_lead(value: object) -> bool:
    """Whether a member of an answer may be the address of a file."""
    return isinstance(value, str) and ("://" in value or value.startswith("/"))


def _part(x: Exchange) -> Iterator[Finding]:
    """A range: that part, or the whole file where ranges are not taken (E31)."""
    length = int(x.notes.get("size", len(x.response.body) if x.response else 0))
    if x.status == 206 and length != 44:
        told = "A part of a file is not the one that was asked for."
        yield warns(x, told, expected=44, actual=length, erratum="E31")
    elif x.status in (200, 206) or busy(x):
        yield holds(x)
    else:
        yield warns(
            x, f"A range of a file is answered {x.status}.", expected="206 or 200", actual=x.status, erratum="E31"
        )


@check("RT-AUD-001")
def audio_is_kept_as_it_is_to_be(evidence: Evidence) -> Iterable[Finding]:
    """(Audio Recording) With store_audio: PCM of 16 kHz and 16 bit (E6), as long as what was sent."""
    for each in dictated(evidence):
        if not each.keeps("store_audio") or not each.well or not each.seconds or each.opened.label.probe is not None:
            continue
        found = file_of(each)
        if found is not None:
            yield from _right(each, *found)
        elif any(x.status == 404 for x in each.of(Operation.AUDIO)):
            x = each.of(Operation.AUDIO)[0]
            yield violates(x, "Audio that was to be kept is not there.", expected="a WAV file", actual=x.status)


def _right(each: Dictated, x: Exchange, wav: Wav) -> Iterator[Finding]:
    sent, asked = each.seconds or 0.0, each.parameter("sample_rate")
    if wav.tag not in _PCM or wav.bits != _BITS or wav.channels != _CHANNELS:
        told = "The audio is kept in another form."
        shown = f"format {wav.tag}, {wav.channels} channels, {wav.bits} bit"
        yield violates(x, told, expected="PCM, 1 channel, 16 bit", actual=shown)
    elif wav.rate != _RATE and str(wav.rate) != asked:
        told = "The audio is kept with another number of samples a second."
        yield violates(x, told, expected=_RATE, actual=wav.rate)
    elif abs(wav.seconds - sent) > _CLOSE_S:
        told = "The audio that is kept is not as long as what was sent."
        yield violates(x, told, expected=round(sent, 2), actual=round(wav.seconds, 2))
    elif wav.rate != _RATE:
        told = "The audio is kept with the sample_rate of its session."
        yield departs(x, "E6", told, expected=_RATE, actual=wav.rate)
    else:
        yield holds(x)


@check("RT-AUD-003")
def nothing_is_kept_unasked(evidence: Evidence) -> Iterable[Finding]:
    """(Audio Recording) Without store_audio there is no audio_uri, and a download is 404."""
    for each in dictated(evidence):
        if each.keeps("store_audio") or each.opened.label.probe is not None:
            continue
        for x in each.over:
            if x.document.get("audio_uri") is not None:
                told = "A session that keeps no audio says where it is."
                yield violates(x, told, pointer="/audio_uri", expected=None, actual=x.document["audio_uri"])
        for x in each.of(Operation.AUDIO):
            if is_there(x):
                yield violates(x, "Audio is kept that was not to be.", expected=404, actual=x.status)
            elif not busy(x):
                told = f"A download of audio that is not kept is answered {x.status}."
                yield holds(x) if x.status == 404 else warns(x, told, expected=404, actual=x.status)


@check("RT-AUD-004")
def what_came_before_a_break_is_kept(evidence: Evidence) -> Iterable[Finding]:
    """(Error Handling) After a lost connection audio_uri is there, and the download has what had come."""
    for each in dictated(evidence):
        final = each.settled
        if each.key != Session.LOST or final is None or not each.seconds:
            continue
        found, asked = file_of(each), each.of(Operation.AUDIO)
        if found is not None:
            x, wav = found
            told = "Of the audio that came before a connection broke, too little or too much is kept."
            fits = each.seconds * _ARRIVED <= wav.seconds <= each.seconds + _CLOSE_S
            wanted = f"{each.seconds * _ARRIVED:.1f} to {each.seconds:.1f}"
            yield holds(x) if fits else violates(x, told, expected=wanted, actual=round(wav.seconds, 2))
        elif final.document.get("audio_uri") is not None and any(x.status == 404 for x in asked):
            told = "audio_uri says that audio is kept, and there is none."
            yield violates(asked[0], told, pointer="/audio_uri", expected="a file", actual=asked[0].status)
        elif final.document.get("audio_uri") is None:
            told = "Nothing is kept of the audio that came before a connection broke."
            yield violates(final, told, pointer="/audio_uri", expected="an address", actual=None)


@check("RT-AUD-005")
def a_recording_may_be_empty(evidence: Evidence) -> Iterable[Finding]:
    """(Audio Recording) A session that is sent nothing comes to its end, and no download of it breaks (E5)."""
    for each in dictated(evidence):
        if each.key != Session.SILENT or each.left is None:
            continue
        broken = next((x for x in each.of(Operation.AUDIO) if x.status >= 500), None)
        final = each.final
        if broken is not None:
            yield warns(broken, "A download of an empty recording breaks.", actual=broken.status, erratum="E5")
        elif final is not None and final.document.get("status") == "error":
            yield warns(final, "A recording without audio breaks the session.", pointer="/status", erratum="E5")
        elif final is not None:
            yield holds(final)
        elif each.over:
            told = "A session without audio comes to no end."
            yield warns(
                each.over[-1], told, pointer="/status", actual=each.over[-1].document.get("status"), erratum="E5"
            )
