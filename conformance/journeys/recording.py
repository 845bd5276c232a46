"""Which of the kit's recordings a target can be expected to take: a listed format, chunks within the limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.target import Target
    from fixtures import Fixture

#: Names in the field for one registered type (E72).
_ALIASES = {"audio/x-wav": "audio/wav", "audio/wave": "audio/wav", "audio/vnd.wave": "audio/wav"}
_ALIASES |= {
    "audio/mp3": "audio/mpeg",
    "audio/x-m4a": "audio/mp4",
    "audio/m4a": "audio/mp4",
    "audio/x-flac": "audio/flac",
}


def _parsed(media_type: str) -> tuple[str, str]:
    """The essence, and the codecs it names."""
    essence, *parameters = (part.strip().lower() for part in media_type.split(";"))
    named = (part.partition("=") for part in parameters)
    codecs = next((value.strip(' "') for name, _, value in named if name.strip() == "codecs"), "")
    return _ALIASES.get(essence, essence), codecs


def fits(fixture: Fixture, target: Target) -> bool:
    """Whether the fixture's format is listed; a target that lists none has refused none."""
    essence, codecs = _parsed(fixture.media_type)
    listed = [_parsed(entry) for entry in target.audio_formats]
    return not listed or any(kind == essence and (not named or named == codecs) for kind, named in listed)


def fitting(audio: Mapping[str, Fixture], name: str, target: Target) -> Fixture | None:
    """The fixture, or the same words in a format the target lists; None when there is neither."""
    wanted = audio[name]
    same = (other for other in audio.values() if wanted.text and (other.kind, other.text) == (wanted.kind, wanted.text))
    return next((found for found in (wanted, *same) if fits(found, target)), None)


def pieces(audio: Mapping[str, Fixture], whole: str, target: Target) -> Sequence[str]:
    """The names of the chunks of a consultation in their order; none when a chunk is too long or of another format."""
    found = [f for f in audio.values() if f.kind == "chunk" and f.chunk_of == whole]
    limit = target.max_chunk_seconds
    if not all(fits(f, target) and (limit is None or f.seconds <= limit) for f in found):
        return ()
    return [f.name for f in sorted(found, key=lambda f: f.sequence or 0)]
