"""How to get what an extra of the distribution brings; it is on no package index."""

from __future__ import annotations


def install(extra: str, *, again: bool = False) -> str:
    """The command that installs an extra, from a checkout or a wheel; `again`, over what is there and damaged."""
    forced = " --force-reinstall" if again else ""
    return f"pip install{forced} '.[{extra}]' in a checkout of scribe-conformance, or its wheel with [{extra}]"
