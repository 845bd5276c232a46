"""What a run says beside its evidence, in log records and in exceptions, said without secrets."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.evidence.redaction import Redactor

#: Loggers that tell addresses and headers of what is sent, should somebody turn their level down. Each by its name: a
#: filter does not hold for the loggers below its own, and the client's are made when it first connects.
_TALKATIVE = (
    "asyncio",
    "httpx",
    *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")),
)


class _Filter(logging.Filter):
    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._redactor.text(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = self._redactor.text(logging.Formatter().formatException(record.exc_info))
        return True


@contextmanager
def guarded(redactor: Redactor) -> Iterator[None]:
    """While this lasts the HTTP client logs no secret, and no exception that leaves it names one."""
    loggers, quiet = [logging.getLogger(name) for name in _TALKATIVE], _Filter(redactor)
    for logger in loggers:
        logger.addFilter(quiet)
    try:
        yield
    except BaseException as error:
        _redact(error, redactor, set())
        raise
    finally:
        for logger in loggers:
            logger.removeFilter(quiet)


def _redact(error: BaseException, redactor: Redactor, done: set[int]) -> None:
    """Take secrets out of the words of an exception and of those it came from."""
    if id(error) in done:
        return
    done.add(id(error))
    error.args = tuple(redactor.text(each) if isinstance(each, str) else each for each in error.args)
    if isinstance(error, OSError):  # its words are not read from `args`
        error.strerror = error.strerror and redactor.text(str(error.strerror))
        error.filename = error.filename and redactor.text(str(error.filename))
    held = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    for other in (error.__cause__, error.__context__, *held):
        if other is not None:
            _redact(other, redactor, done)
