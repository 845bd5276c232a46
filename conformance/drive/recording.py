"""Which of the kit's recordings a target can be expected to take: a listed format, chunks within the limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.vocabulary.media import parse

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from conformance.target import Target
    from scribe_data.recordings import Fixture

#: Clips that stand in for a longer one where chunks have to be short.
_CLIPS = ("short", "marker")


def _entry(fixture: Fixture, target: Target) -> str | None:
    """The entry of the target's list that a fixture's format falls under; an entry without codecs takes any."""
    kind = parse(fixture.media_type)
    for listed in target.audio_formats:
        named = parse(listed)
        if kind and named and named[0] == kind[0] and _codecs(named[1]) in (None, _codecs(kind[1])):
            return listed
    return None


def _codecs(parameters: Collection[str]) -> str | None:
    """The codecs a media type names; other parameters are no reason not to send a format."""
    return next((each for each in parameters if each.startswith("codecs=")), None)


def fits(fixture: Fixture, target: Target) -> bool:
    """Whether the fixture's format is listed; a target that lists none has refused none."""
    return not target.audio_formats or _entry(fixture, target) is not None


def named_by(fixture: Fixture, target: Target) -> str:
    """The fixture's media type in the target's words."""
    return in_words_of(_entry(fixture, target), fixture)


def in_words_of(listed: str | None, fixture: Fixture) -> str:
    """The fixture's media type as an entry has it, which need not know the other names in use for the same (E72)."""
    if listed is None or listed.split(";")[0].strip().lower() == fixture.media_type.split(";")[0]:
        return fixture.media_type
    return listed


def too_long(fixture: Fixture, target: Target, *, single: bool) -> bool:
    """Whether a fixture is longer than the chunks a target takes; the one file of a single session is not a chunk."""
    return not single and target.max_chunk_seconds is not None and fixture.seconds > target.max_chunk_seconds


def fitting(audio: Mapping[str, Fixture], name: str, target: Target, *, single: bool = True) -> Fixture | None:
    """The fixture, or the same words in a format the target lists; None when there is neither.

    Where a speech clip is longer than the target's chunks may be, the longest that is not stands in for it.
    """
    wanted = audio[name]
    same = (other for other in audio.values() if wanted.text and (other.kind, other.text) == (wanted.kind, wanted.text))
    found = next((found for found in (wanted, *same) if fits(found, target)), None)
    if found is None or wanted.kind not in ("short", "chunk") or not too_long(found, target, single=single):
        return found
    clips = [f for f in audio.values() if f.kind in _CLIPS and fits(f, target)]
    brief = [f for f in clips if not too_long(f, target, single=single)]
    return max(brief, key=lambda f: f.seconds, default=found)


def pieces(audio: Mapping[str, Fixture], whole: str, target: Target) -> Sequence[str]:
    """The names of the chunks of a consultation in their order; none where they are too long or in no listed format."""
    found = _sets([f for f in audio.values() if f.kind == "chunk" and f.chunk_of == whole])
    for chunks in found:
        if all(fits(f, target) and not too_long(f, target, single=False) for f in chunks):
            return [f.name for f in chunks]
    return ()


def markers(audio: Mapping[str, Fixture], target: Target) -> Sequence[Fixture]:
    """Short chunks with words of their own, in order, in the first format the target lists; else in the first."""
    found = _sets([f for f in audio.values() if f.kind == "marker"])
    return next((each for each in found if all(fits(f, target) for f in each)), found[0] if found else ())


def _sets(found: Sequence[Fixture]) -> list[list[Fixture]]:
    """Fixtures by format, each in the order of their numbers."""
    kinds = dict.fromkeys(f.media_type for f in found)
    return [sorted((f for f in found if f.media_type == kind), key=lambda f: f.sequence or 0) for kind in kinds]
