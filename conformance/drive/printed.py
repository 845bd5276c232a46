"""What a text prints of its requests: where each goes, and an example of the least that it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scribe_data import Spec


def printed_body(text: Spec, name: str) -> dict[str, Any]:
    """The first example of an operation's body in the OpenAPI document; empty for a request without one."""
    endpoint = text.protocol.endpoints[name]
    described = text.openapi["paths"].get(endpoint.path, {}).get(endpoint.method.lower(), {})
    content = described.get("requestBody", {}).get("content", {}).get("application/json", {})
    return dict(next(_examples(content), {}))


def least_body(text: Spec, name: str) -> dict[str, Any]:
    """That example without the members that need not be there."""
    takes = text.protocol.endpoints[name].takes
    needed = text.schemas[takes].get("required", ()) if takes else ()
    return {member: value for member, value in printed_body(text, name).items() if member in needed}


def printed_query(text: Spec, name: str) -> str:
    """The query that the lifecycle's table prints for an operation, with its question mark; empty for none."""
    known = text.lifecycle.operations.get(name)
    mark, query = known.request.partition("?")[1:] if known else ("", "")
    return mark + query


def _examples(content: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "example" in content:
        yield content["example"]
    yield from (each["value"] for each in content.get("examples", {}).values())
