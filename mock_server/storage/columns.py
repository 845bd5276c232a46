"""The types of columns: what is kept in one comes back the same from every database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import JSON, BigInteger, Integer, String, Text, cast, func
from sqlalchemy.types import TypeDecorator, TypeEngine

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: PostgreSQL has no text with U+0000: it is kept as a character that no text is to have, and that one as two.
_ESCAPE: Final = "\uffff"
_ZERO, _ITSELF = f"{_ESCAPE}0", f"{_ESCAPE}1"


class Instant(TypeDecorator[datetime]):
    """An aware moment as whole microseconds since 1970: exact and the same in every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """To microseconds."""
        return None if value is None else (value - _EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """To an aware UTC moment."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class Words(TypeDecorator[str]):
    """Any text of Unicode in PostgreSQL; in columns it is ordered by its code points, as in SQLite and in Python."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """To what PostgreSQL can hold."""
        if value is None or not (_ESCAPE in value or "\0" in value):
            return value
        return value.replace(_ESCAPE, _ITSELF).replace("\0", _ZERO)

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """To what was given."""
        if value is None or _ESCAPE not in value:
            return value
        return value.replace(_ZERO, "\0").replace(_ITSELF, _ESCAPE)


_SORTED: Final = Words(collation="C")
NAME: Final[TypeEngine[str]] = String().with_variant(_SORTED, "postgresql")
TEXT: Final[TypeEngine[str]] = Text().with_variant(_SORTED, "postgresql")
_SOUGHT: Final[TypeEngine[str]] = Text().with_variant(Words(), "postgresql")
#: SQLite counts up only a column that is declared INTEGER, in which any number of 64 bits has room.
NUMBER: Final[TypeEngine[int]] = BigInteger().with_variant(Integer, "sqlite")
DOCUMENT: Final[TypeEngine[Any]] = JSON(none_as_null=True)


def says(column: ColumnElement[Any], words: str) -> ColumnElement[bool]:
    """Whether the text of a column, or of what stands in it as JSON, has words in it, in any case of A to Z."""
    # "lower" of PostgreSQL would know more letters than that of SQLite, where the text were not ordered by code points
    return func.lower(cast(column, _SOUGHT), type_=_SOUGHT).contains(words.lower(), autoescape=True)
