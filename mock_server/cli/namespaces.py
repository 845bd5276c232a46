"""What the keys of a server open, told without telling the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mock_server.auth import LONGEST_SHOWN, named

if TYPE_CHECKING:
    from collections.abc import Collection


def _shown(name: str) -> str:
    return name if len(name) <= LONGEST_SHOWN else f"{name[: LONGEST_SHOWN // 2]}…"


def _keys(count: int) -> str:
    return "1 key" if count == 1 else f"{count} keys"


def summary(keys: Collection[str]) -> str:
    """Each namespace with how many keys open it; one that no key names has a digest for a name, and is only counted."""
    found = named(keys)
    told = [f"{_shown(name)} ({_keys(count)})" for name, count in found.items()]
    others = len(keys) - sum(found.values())
    if others:
        told.append(f"one each for {_keys(others)} of another form")
    return ", ".join(told)


def warnings(keys: Collection[str], *, by_user: bool = False) -> list[str]:
    """A sentence for each namespace that several keys share; `by_user` where sessions belong to the users of keys."""
    may = "each resets, and none but its own user sees," if by_user else "each sees, and resets,"
    return [
        f"{_keys(count)} open the one namespace {_shown(name)!r}: {may} what the others make."
        for name, count in named(keys).items()
        if count > 1
    ]
