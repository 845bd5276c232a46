"""Tails of audio as rows and back, on the connection of their transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, func, insert, select, update

from mock_server.storage.schema import last_forms, tails
from mock_server.storage.tail import STEPS_AT_ONCE, LastForm, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sqlalchemy import Connection

#: Statements are made once, and name by these what is meant.
_KEY, _AT = "the_key", "the_place"
_OURS: Final = tails.c.key == bindparam(_KEY)
_BEHIND: Final = tails.c.position >= bindparam(_AT)
_STEPS: Final = (
    select(tails.c.position, tails.c.content).where(_OURS, _BEHIND).order_by(tails.c.position).limit(STEPS_AT_ONCE)
)
_BEFORE: Final = (
    select(tails.c.position, tails.c.content).where(_OURS, ~_BEHIND).order_by(tails.c.position.desc()).limit(1)
)
_CUT: Final = update(tails).where(_OURS, tails.c.position == bindparam(_AT)).values(content=bindparam("cut"))
_GONE: Final = delete(tails).where(_OURS, _BEHIND)
_REACHES: Final = select(func.max(tails.c.position)).where(_OURS, tails.c.position <= bindparam(_AT))
_PASSED: Final = delete(tails).where(_OURS, tails.c.position < bindparam(_AT))
_FORM: Final = select(last_forms.c.size, last_forms.c.head).where(last_forms.c.key == bindparam(_KEY))
_FORMLESS: Final = delete(last_forms).where(last_forms.c.key == bindparam(_KEY))


class SqlTails:
    """What the tables hold of them."""

    def __init__(self, connection: Connection) -> None:
        self._run = connection.execute

    def steps(self, key: str, at: int = 0) -> list[Step]:
        """The first steps of a key that begin at a place or behind it."""
        return [Step(row.position, bytes(row.content)) for row in self._run(_STEPS, {_KEY: key, _AT: at})]

    def last_form(self, key: str) -> LastForm | None:
        """What a key became."""
        row = self._run(_FORM, {_KEY: key}).first()
        return None if row is None else LastForm(row.size, bytes(row.head))

    def keys(self) -> set[str]:
        """Keys of which there are steps, or a last form."""
        found = (self._run(select(table.c.key).distinct()).scalars() for table in (tails, last_forms))
        return {key for some in found for key in some}


class SqlTailUnit(SqlTails):
    """Changes of them; steps that only follow wait in the batch, so that those of many speakers are one statement."""

    def __init__(
        self, connection: Connection, step: Callable[[dict[str, object]], None], settle: Callable[[], None]
    ) -> None:
        super().__init__(connection)
        self._step = step
        self._settle = settle

    def steps(self, key: str, at: int = 0) -> list[Step]:
        """The first steps of a key that begin at a place or behind it."""
        self._settle()
        return super().steps(key, at)

    def keys(self) -> set[str]:
        """Keys of which there are steps, or a last form."""
        self._settle()
        return super().keys()

    def append(self, key: str, at: int, content: bytes) -> None:
        """Keep a step right behind the last one of a key that grows."""
        self._step({"key": key, "position": at, "content": content})

    def keep(self, key: str, at: int, content: bytes) -> None:
        """Keep a step behind the first `at` bytes of a key."""
        self._settle()
        where = {_KEY: key, _AT: at}
        self._run(_GONE, where)
        before = self._run(_BEFORE, where).first()
        if before is not None and before.position + len(before.content) > at:
            self._run(_CUT, {_KEY: key, _AT: before.position, "cut": before.content[: at - before.position]})
        self._run(_FORMLESS, {_KEY: key})
        self._run(insert(tails), {"key": key, "position": at, "content": content})

    def settle(self, key: str, form: LastForm) -> None:
        """A key is over."""
        self._run(_FORMLESS, {_KEY: key})
        self._run(insert(last_forms), {"key": key, **form._asdict()})

    def drop(self, key: str, before: int) -> None:
        """Remove the steps before the last one that begins before a place, or at it."""
        self._settle()
        reaches = self._run(_REACHES, {_KEY: key, _AT: before}).scalar()
        if reaches is not None:
            self._run(_PASSED, {_KEY: key, _AT: reaches})

    def remove(self, keys: Collection[str]) -> None:
        """Remove all that is kept of these."""
        self._settle()
        for table in (tails, last_forms):
            self._run(delete(table).where(table.c.key.in_(keys)))
