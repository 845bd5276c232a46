"""JSON pointers into answers and their schemas; in a pattern a * stands for any one token, / for the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_ANY = "*"


def tokens(pointer: str) -> tuple[str, ...]:
    """Return the unescaped tokens of a pointer; none for the whole."""
    parts = pointer.strip("/")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts.split("/")) if parts else ()


def pointer_of(path: Iterable[object]) -> str:
    """Return the pointer with these tokens; the whole is the empty text."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def fits(pattern: Sequence[str], path: Sequence[object]) -> bool:
    """Tell whether a path is one that a pattern describes."""
    return len(pattern) == len(path) and all(want in (_ANY, str(is_)) for want, is_ in zip(pattern, path, strict=True))


def values_at(document: Any, pattern: Sequence[str]) -> Iterator[Any]:
    """Yield every value of a document that stands where the pattern says."""
    if not pattern:
        yield document
        return
    first, rest = pattern[0], pattern[1:]
    if isinstance(document, dict):
        inner: Iterable[Any] = (
            document.values() if first == _ANY else (document[name] for name in (first,) if name in document)
        )
    elif isinstance(document, list):
        at = int(first) if first.isdecimal() else len(document)
        inner = document if first == _ANY else document[at : at + 1]
    else:
        return
    for value in inner:
        yield from values_at(value, rest)


def resolve(schema: Mapping[str, Any], pointer: str) -> Mapping[str, Any] | None:
    """Return the part of a schema that describes what stands at a pointer; None where it describes nothing there."""
    part: Any = schema
    for token in tokens(pointer):
        inner = part.get("properties", {}).get(token)
        if inner is None:
            inner = part.get("items") if part.get("type") == "array" else part.get("additionalProperties")
        if not isinstance(inner, dict):
            return None
        part = inner
    return part if isinstance(part, dict) else None
