"""What an AsyncAPI document says of a socket, as the values that kit and mock go by."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from .model import SpecError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: The file of a revision that has such a wire.
ASYNCAPI: Final = "asyncapi.yaml"
#: The member of a channel that is neither the text's nor the field's: who added it, and its close codes.
_ADDITION: Final = "x-addition"


@dataclass(frozen=True, slots=True)
class Message:
    """A JSON message: its word in the member that tells messages apart, and a schema that stands alone.

    The schema is plain, as validators want it: not to be changed.
    """

    word: str
    schema: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wire:
    """What goes over a socket; messages, close codes and encodings by the names the document has for them.

    `tag` is the member that tells JSON messages apart, `said` are those of clients, `told` those of the service.
    `query` is the schema of the parameters that open a socket; an empty one where there are none. `encodings` are the
    bytes of a sample of what goes in binary messages.
    """

    tag: str
    said: Mapping[str, Message]
    told: Mapping[str, Message]
    query: dict[str, Any]
    closes: Mapping[str, int]
    encodings: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Resumable:
    """An addition to the stream for clients that offer a subprotocol: what is safe is acknowledged, and gone on from.

    `protocol` is the subprotocol, `kept` the event by which the service acknowledges bytes of samples, `goes_on` that
    by which a client says where its samples begin; each has its number in the member `offset`. `gap` is the close code
    of a client that begins behind what is safe.
    """

    protocol: str
    kept: str
    goes_on: str
    gap: int


@dataclass(frozen=True, slots=True)
class Stream:
    """PCM over a WebSocket, as binary messages or in JSON: names of events, the format of samples, and close codes.

    `sample_bytes` is the size of one sample, `rate` samples a second of the one channel there is. `resumable` is what
    the document adds for clients that ask for it, None where it adds nothing.
    """

    start: str
    media: str
    stop: str
    encoding: str
    rate: int
    sample_bytes: int
    done: int
    unknown: int
    resumable: Resumable | None = None


def read_stream(file: str, document: Any) -> Stream:
    """What an AsyncAPI document says of the wire; SpecError where it lacks some of it, or contradicts itself."""
    try:
        schemas, codes = document["components"]["schemas"], document["x-close-codes"]
        audio = schemas["pcm"]["x-audio"]
        media_format = schemas["start"]["properties"]["start"]["properties"]["mediaFormat"]["properties"]
        if (audio["encoding"], audio["channels"]) != ("s16le", 1):
            raise SpecError(f"{file}: x-audio: {audio} is no format that anything here reads")
        if media_format["sampleRate"]["const"] != audio["sample_rate"]:
            raise SpecError(f"{file}: the samples of start and those of pcm have two rates")
        names = {name: schemas[name]["properties"]["event"]["const"] for name in ("start", "media", "stop")}
        return Stream(
            **names,
            encoding=media_format["encoding"]["const"],
            rate=audio["sample_rate"],
            sample_bytes=audio["sample_bytes"],
            done=codes["done"],
            unknown=codes["unknown"],
            resumable=_resumable(document),
        )
    except (KeyError, TypeError) as error:
        raise SpecError(f"{file}: the wire of the stream misses {error}") from error


def _resumable(document: Any) -> Resumable | None:
    """What is added to the wire, if anything is."""
    for channel in document["channels"].values():
        if _ADDITION in channel:
            offered = channel["bindings"]["ws"]["headers"]["properties"]["Sec-WebSocket-Protocol"]
            said = {name: _payload(document, _resolved(document, each)) for name, each in channel["messages"].items()}
            kept, goes_on = (said[name]["properties"]["event"]["const"] for name in ("kept", "continue"))
            return Resumable(offered["const"], kept, goes_on, channel[_ADDITION]["gap"])
    return None


def read_wire(file: str, document: Any) -> Wire:
    """What an AsyncAPI document says of its one socket, additions left out; SpecError where it lacks some of it."""
    try:
        ((own, channel),) = ((name, each) for name, each in document["channels"].items() if _ADDITION not in each)
        messages = {name: _resolved(document, each) for name, each in channel["messages"].items()}
        tags = {tag for each in messages.values() if (tag := _tag(_payload(document, each))) is not None}
        if len(tags) != 1:
            raise SpecError(f"{file}: messages are told apart by {', '.join(sorted(tags)) or 'no member'}")
        (tag,) = tags
        sides: dict[str, dict[str, Message]] = {"receive": {}, "send": {}}
        for operation in document["operations"].values():
            if operation["channel"]["$ref"] != f"#/channels/{own}":
                continue
            for each in operation["messages"]:
                name = each["$ref"].rpartition("/")[2]
                schema = _payload(document, messages[name])
                if _tag(schema) is not None:
                    word = schema["properties"][tag]["const"]
                    whole = {**schema, "components": {"schemas": document["components"]["schemas"]}}
                    sides[operation["action"]][name] = Message(word, whole)
        query = channel.get("bindings", {}).get("ws", {}).get("query", {})
        return Wire(
            tag=tag,
            said=MappingProxyType(sides["receive"]),
            told=MappingProxyType(sides["send"]),
            query=_resolved(document, query),
            closes=MappingProxyType(dict(document["x-close-codes"])),
            encodings=MappingProxyType(dict(_encodings(document))),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SpecError(f"{file}: the wire of the stream misses {error}") from error


def _resolved(document: Any, node: Any) -> Any:
    """What a node refers to, and the node itself where it refers to nothing."""
    while "$ref" in node:
        found = document
        for name in node["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        node = found
    return node


def _payload(document: Any, message: Any) -> Any:
    return _resolved(document, message["payload"])


def _tag(schema: Any) -> str | None:
    """The required member that has one value only; None where a message is no object, or has no such member."""
    members = schema.get("properties", {})
    return next((name for name in schema.get("required", ()) if "const" in members.get(name, {})), None)


def _encodings(document: Any) -> Iterator[tuple[str, int]]:
    for schema in document["components"]["schemas"].values():
        yield from ((each["name"], each["sample_bytes"]) for each in schema.get("x-encodings", ()))
        if "x-audio" in schema:
            yield schema["x-audio"]["encoding"], schema["x-audio"]["sample_bytes"]
