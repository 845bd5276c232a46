"""What a session came to, read through either shape of templates (E2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def templates_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Template id -> entry, from an object or from an array of one-key objects; empty for any other shape."""
    found = document.get("templates")
    if isinstance(found, dict):
        return found
    entries: dict[str, Any] = {}
    for item in found if isinstance(found, list) else ():
        if isinstance(item, dict) and len(item) == 1:
            entries |= item
    return entries


def bare_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Template id -> entry, from bare data by id and the list `template_errors` beside them."""
    found = document.get("templates")
    data = found if isinstance(found, dict) else {}
    entries: dict[str, Any] = {name: {"status": "success", "data": value} for name, value in data.items()}
    errors = document.get("template_errors")
    for each in errors if isinstance(errors, list) else ():
        if isinstance(each, dict) and isinstance(each.get("template_id"), str):
            told = {"code": each.get("error"), "message": each.get("message")}
            entries.setdefault(each["template_id"], {"status": "failed", "error": told})
    return entries


def outcome(document: Mapping[str, Any]) -> tuple[object, ...]:
    """What pass-through data must not change."""
    return (
        document.get("status"),
        document.get("model_used"),
        sorted(templates_of(document)),
        document.get("language_detected"),
    )
