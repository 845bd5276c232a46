"""The operations as a page to read, drawn from the OpenAPI document; nothing is loaded from anywhere."""

from __future__ import annotations

import functools
from html import escape
from typing import TYPE_CHECKING, Any

import spec
from mock_server.api.answer import Answer

if TYPE_CHECKING:
    from mock_server.api.face import Call, Face

_STYLE = (
    "body{font:15px/1.5 system-ui;max-width:900px;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "code{font:14px monospace}section{border:1px solid #8884;border-radius:8px;padding:.5rem 1rem;margin:1rem 0}"
    "h2 code{background:#2457c522;padding:.1em .4em;border-radius:4px}"
    "td,th{text-align:left;padding:.1rem .8rem .1rem 0}"
)


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    answers = "".join(
        f"<tr><td><code>{escape(code)}</code></td><td>{escape(str(answer.get('description', '')))}</td></tr>"
        for code, answer in operation.get("responses", {}).items()
    )
    summary = escape(str(operation.get("summary", "")))
    text = escape(str(operation.get("description", "")))
    head = f"<h2><code>{method.upper()}</code> <code>{escape(path)}</code></h2>"
    return f"<section>{head}<p><b>{summary}</b></p><p>{text}</p><table>{answers}</table></section>"


def _page(openapi: dict[str, Any]) -> str:
    """The whole document as HTML."""
    title = escape(openapi["info"]["title"])
    methods = ("get", "put", "post", "delete", "patch")
    sections = [
        _operation(path, method, item[method])
        for path, item in openapi["paths"].items()
        for method in methods
        if method in item
    ]
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><style>{_STYLE}</style>"
        f"<h1>{title}</h1><p>{escape(openapi['info'].get('description', ''))}</p>"
        f"<p>Machine-readable: <a href=/openapi.json>/openapi.json</a></p>{''.join(sections)}</html>"
    )


@functools.cache
def _html() -> bytes:
    return _page(dict(spec.load().openapi)).encode()


async def document(_face: Face, _call: Call) -> Answer:
    """GET /openapi.json."""
    return Answer(200, dict(spec.load().openapi))


async def read(_face: Face, _call: Call) -> Answer:
    """GET /docs."""
    return Answer(200, raw=_html(), media_type="text/html; charset=utf-8")
