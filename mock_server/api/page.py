"""An OpenAPI document as a page to read; nothing is loaded from anywhere."""

from __future__ import annotations

import json
import re
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STYLE = """
:root{color-scheme:light dark;--line:#8883;--soft:#8881;--link:light-dark(#1d4fb8,#8ab0ff)}
body{font:15px/1.5 system-ui,sans-serif;max-width:960px;margin:2rem auto;padding:0 1rem}
a{color:var(--link)}code,pre{font:13px/1.5 ui-monospace,monospace}
pre{background:var(--soft);padding:.7rem 1rem;border-radius:6px;overflow-x:auto}
nav li{margin:.1rem 0}nav ul{list-style:none;padding-left:0;margin:.2rem 0 .8rem}
h2{margin:2.2rem 0 .2rem;border-bottom:1px solid var(--line)}
details{border:1px solid var(--line);border-radius:8px;margin:.6rem 0;padding:0 1rem;overflow-x:auto}
summary{cursor:pointer;padding:.55rem 0}summary code{font-weight:600;overflow-wrap:anywhere}
summary span{opacity:.75}
b.get,b.post,b.put,b.patch{display:inline-block;width:3.6rem;font:600 12px ui-monospace,monospace}
b.get{color:light-dark(#0b6b2e,#5fd38a)}b.post{color:light-dark(#1d4fb8,#8ab0ff)}
b.put,b.patch{color:light-dark(#8a4b00,#f0b45f)}
table{border-collapse:collapse;width:100%;margin:.3rem 0 1rem}
td,th{text-align:left;vertical-align:top;padding:.25rem .8rem .25rem 0;border-bottom:1px solid var(--line)}
th{font-weight:600;font-size:13px}td:first-child{white-space:nowrap}
.code{background:var(--soft);border-radius:4px;padding:0 .3em;white-space:nowrap}
.answers td:nth-child(2){width:38%}
"""
_METHODS = ("get", "post", "put", "patch", "delete")


def _resolved(openapi: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    found: Any = node
    if "$ref" in node:
        found = openapi
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
    return dict(found)


def _code(text: object) -> str:
    return f"<code>{escape(str(text))}</code>"


def _kind(schema: dict[str, Any]) -> str:
    """What a value is, in a word or two, with a link where the schema has a name."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return f"<a href='#schema-{escape(name)}'>{escape(name)}</a>"
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return " or ".join(_kind(option) for option in schema[word])
    if "enum" in schema:
        return " | ".join(_code(json.dumps(value)) for value in schema["enum"])
    kind = schema.get("type", "any")
    if kind == "array":
        return f"array of {_kind(schema.get('items', {}))}"
    told = " or ".join(kind) if isinstance(kind, list) else str(kind)
    return escape(told + (f" ({schema['format']})" if "format" in schema else ""))


def _text(text: str) -> str:
    """A sentence with its `code`."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _table(head: str, rows: list[str], kind: str = "members") -> str:
    titles = "".join(f"<th>{title}</th>" for title in head.split("|"))
    return f"<table class={kind}><tr>{titles}</tr>{''.join(rows)}</table>" if rows else ""


def _members(schema: dict[str, Any]) -> str:
    required = schema.get("required", ())
    return _table(
        "member|type|",
        [
            f"<tr><td>{_code(name)}{'' if name in required else ' <i>optional</i>'}</td><td>{_kind(member)}</td>"
            f"<td>{escape(str(member.get('description', '')))}</td></tr>"
            for name, member in schema.get("properties", {}).items()
        ],
    )


def _content(openapi: dict[str, Any], content: dict[str, Any]) -> Iterator[str]:
    """Media types of a body, those of one schema together, with its members."""
    by_schema: dict[str, list[str]] = {}
    for media, entry in content.items():
        by_schema.setdefault(json.dumps(entry.get("schema", {})), []).append(media)
    for text, media_types in by_schema.items():
        schema = json.loads(text)
        yield f"<p>{' or '.join(map(_code, media_types))}: {_kind(schema)}</p>{_members(_resolved(openapi, schema))}"


def _answers(openapi: dict[str, Any], operation: dict[str, Any]) -> Iterator[str]:
    for status, given in operation["responses"].items():
        answer = _resolved(openapi, given)
        codes = " ".join(f"<code class=code>{escape(code)}</code>" for code in answer.get("x-error-codes", ()))
        schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
        shown = codes or (_kind(schema) if "$ref" in schema or "anyOf" in schema else _members(schema))
        yield f"<tr><td>{_code(status)}</td><td>{escape(answer['description'])}</td><td>{shown}</td></tr>"


def _operation(openapi: dict[str, Any], path: str, method: str, item: dict[str, Any]) -> str:
    operation = item[method]
    name = escape(operation["operationId"])
    parts = [f"<p>{escape(operation['description'])}</p>" if "description" in operation else ""]
    if operation.get("security") == []:
        parts.append("<p>Needs no key.</p>")
    given = [*item.get("parameters", ()), *operation.get("parameters", ())]
    parameters = [_resolved(openapi, parameter) for parameter in given]
    rows = [
        f"<tr><td>{_code(p['name'])} <i>{p['in']}</i></td><td>{_kind(p['schema'])}</td>"
        f"<td>{escape(p.get('description', ''))}</td></tr>"
        for p in parameters
    ]
    parts.append(_table("parameter|type|", rows))
    if "requestBody" in operation:
        parts += ["<p><b>Body</b></p>", *_content(openapi, _resolved(openapi, operation["requestBody"])["content"])]
    parts.append(_table("answer|when|error.code, or what it holds", list(_answers(openapi, operation)), "answers"))
    head = f"<b class={method}>{method.upper()}</b> {_code(path)} <span>{escape(operation['summary'])}</span>"
    return f"<details id='{name}'><summary>{head}</summary>{''.join(parts)}</details>"


def _sections(openapi: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Navigation and text of each tag."""
    for tag in openapi["tags"]:
        entries, sections = [], []
        for path, item in openapi["paths"].items():
            for method in _METHODS:
                if method in item and tag["name"] in item[method]["tags"]:
                    name = escape(item[method]["operationId"])
                    entries.append(
                        f"<li><b class={method}>{method.upper()}</b> <a href='#{name}'>{_code(path)}</a> "
                        f"{escape(item[method]['summary'])}</li>"
                    )
                    sections.append(_operation(openapi, path, method, item))
        title = escape(tag["name"])
        yield (
            f"<b>{title}</b><ul>{''.join(entries)}</ul>",
            f"<h2 id='tag-{title}'>{title}</h2><p>{escape(tag['description'])}</p>{''.join(sections)}",
        )


def drawn(openapi: dict[str, Any], source: str, examples: Sequence[str]) -> str:
    """The whole document as HTML; `source` is where programs find it."""
    title, source = escape(openapi["info"]["title"]), escape(source)
    told = "".join(f"<p>{_text(part)}</p>" for part in openapi["info"]["description"].split("\n\n"))
    found = list(_sections(openapi))
    schemas = "".join(
        f"<details id='schema-{escape(name)}'><summary>{_code(name)} <span>{escape(schema.get('title', ''))}</span>"
        f"</summary>{_members(schema)}</details>"
        for name, schema in openapi["components"]["schemas"].items()
    )
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{title}</title><style>{STYLE}</style><h1>{title}</h1>{told}"
        f"<pre>{escape(chr(10).join(examples), quote=False)}</pre>"
        f"<p>Machine-readable: <a href='{source}'>{source}</a></p>"
        f"<nav>{''.join(entry for entry, _ in found)}</nav>{''.join(text for _, text in found)}"
        f"<h2>schemas</h2>{schemas}"
        # a link opens what it leads to; without scripts it leads to the closed line
        "<script>const o=()=>{const d=document.getElementById(location.hash.slice(1));if(d)d.open=true};"
        "addEventListener('hashchange',o);o()</script></html>"
    )
