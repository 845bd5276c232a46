"""Media types of uploads: what the decoder takes, under which names, and which names name nothing (§4.7, §7.6)."""

from __future__ import annotations

import re

from mock_server import problems

#: By format, in the order discovery lists them, the other names that clients and their tables of types have for it.
#: A label is not a proof, the content is looked at later; but what is not here is refused, as §11.4 wants it.
_NAMES = {
    "audio/wav": "audio/x-wav audio/wave audio/x-wave audio/vnd.wave audio/x-pn-wav",
    "audio/webm;codecs=opus": "video/webm audio/x-webm audio/matroska audio/x-matroska video/matroska video/x-matroska",
    "audio/ogg;codecs=opus": (
        "audio/x-ogg application/ogg application/x-ogg video/ogg audio/opus audio/x-opus audio/x-opus+ogg "
        "audio/vorbis audio/x-vorbis audio/x-vorbis+ogg audio/x-flac+ogg"
    ),
    "audio/mpeg": (
        "audio/mp3 audio/x-mp3 audio/mpeg3 audio/x-mpeg3 audio/x-mpeg audio/x-mpeg-3 audio/mpga audio/mpg audio/x-mpg "
        "audio/x-mpegaudio"
    ),
    "audio/mp4": (
        "audio/x-mp4 application/mp4 video/mp4 audio/m4a audio/x-m4a audio/m4b audio/x-m4b video/x-m4v audio/mp4a-latm "
        "video/quicktime audio/aac audio/x-aac audio/aacp audio/x-aacp audio/x-hx-aac-adts audio/vnd.dlna.adts "
        "audio/3gp audio/3gpp audio/3gpp2 video/3gp video/3gpp video/3gpp2"
    ),
    "audio/flac": "audio/x-flac application/flac application/x-flac",
}
FORMATS = tuple(_NAMES)
#: Not in spec: what clients write that know no type, or only that it is audio. As good as no label.
_NAMELESS = {
    *(f"application/{name}" for name in ("octet-stream", "x-octet-stream", "octetstream", "octet", "*")),
    *(f"application/{name}" for name in ("binary", "x-binary", "unknown", "x-unknown")),
    *(f"application/{name}" for name in ("download", "x-download", "force-download")),
    *("binary/octet-stream", "unknown/unknown", "content/unknown"),
    # curl --data-binary calls everything a form, and Retrofit gives a part the type of the whole
    *("application/x-www-form-urlencoded", "multipart/form-data"),
    # what Android's pickers ask for, and what is left of a variable that held nothing
    *("audio/*", "video/*", "*/*", "*", "undefined", "null", "none", "unknown"),
}
_LABELS = _NAMELESS.union(*(f"{listed.partition(';')[0]} {others}".split() for listed, others in _NAMES.items()))
_LONGEST = 200
_NOISE = re.compile(r"[\s\"'\x00-\x1f\x7f-\x9f]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def checked_label(content_type: str) -> str:
    """The media type as sent; 400 invalid_audio_format when it names no format that could be meant."""
    label = _CONTROL.sub(" ", content_type[:_LONGEST])
    essence = _NOISE.sub("", re.split("[;,]", content_type[:_LONGEST], maxsplit=1)[0]).lower()
    if essence and essence not in _LABELS:
        raise problems.invalid_audio_format(label, list(FORMATS))
    return label
