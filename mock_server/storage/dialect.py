"""What one database does otherwise than another; all else about tables is the same for each (`tables.py`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection, Engine
    from sqlalchemy.exc import DBAPIError


#: Looks at a database at a time.
READERS: Final = 4


class Dialect(Protocol):
    """A database that tables are kept in, with what it wants to be told of a transaction and of an error."""

    @property
    def engine(self) -> Engine:
        """Its connections."""

    @property
    def readers(self) -> int:
        """How many may look at it at a time."""

    @property
    def url(self) -> str:
        """Its address for others of this process; with the password, and so for nobody's eyes."""

    @property
    def name(self) -> str:
        """How a person is told of it; without a secret."""

    @property
    def anew(self) -> str:
        """What a person can do about a database that cannot be used, as a sentence."""

    @property
    def kept_in(self) -> str:
        """What somebody gives the server to have another one: "data directory", or "database"."""

    @property
    def superseded(self) -> bool:
        """Whether another server has had it meanwhile."""

    def opening(self) -> AbstractContextManager[None]:
        """Raise StorageError, in one line that says what to do, for what goes wrong before anything is served."""

    def examine(self, connection: Connection) -> None:
        """Look at a database before anything is made of it; raises StorageError for one that is not to be used."""

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection that sees one moment of the database and changes nothing; raises what the driver raises."""

    def writing(self, held: Connection | None) -> Connection:
        """The writer's connection: the one it holds, if that is still good, or a new one.

        Raises StorageError where nobody may write, and what the driver raises.
        """

    def written(self, connection: Connection) -> int:
        """How many rows were written over a connection so far, known without asking the database."""

    def concerns_all(self, error: DBAPIError) -> bool:
        """Whether the database failed, for whoever asks, and not because of what it was asked."""

    def failed(self, error: DBAPIError) -> None:
        """Take note of an error of a connection that was in use."""

    def absence(self) -> str | None:
        """What a person is told while nothing can be kept for want of the database; None while it is there."""

    def close(self) -> None:
        """Give its connections back."""


def line(error: DBAPIError) -> str:
    """What a driver says, in one line."""
    return " ".join(str(error.orig).split())
