"""`serve --log-format`: lines for people, or one JSON object a line for programs that collect them."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import threading
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from mock_server.api.redaction import HIDDEN, cleared, is_secret_header
from mock_server.clock import stamp

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

log = logging.getLogger("scribe.mock")

#: What the server tells of itself, and of each start, whatever level the rest has.
serving = logging.getLogger("scribe.mock.serve")

#: Characters of a message, a field and a stack that a line shows; collectors cut longer lines in two.
_MESSAGE, _FIELD, _STACK = 4_000, 1_000, 16_000
_FORM: Final = "%(levelname)s %(name)s: %(message)s"


class LogFormat(StrEnum):
    """How lines are written."""

    HUMAN = "human"
    JSON = "json"


class JsonLines(logging.Formatter):
    """A record as one object: time, level, logger, message; the fields of a record that has some; its exception.

    `secrets` are keys that are valid; what looks like a credential is hidden too, however it is spelled.
    """

    def __init__(self, secrets: Collection[str] = ()) -> None:
        super().__init__()
        self._secrets = frozenset(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """The object as JSON, in ASCII and without a line break."""
        line: dict[str, Any] = {
            "time": stamp(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._shown(_message(record), _MESSAGE),
        }
        line |= {name: self._field(name, value) for name, value in _fields(record).items() if name not in line}
        if record.exc_info and record.exc_info[0] is not None:
            kind, error, _ = record.exc_info
            line["exception"] = {
                "type": kind.__name__,
                "message": self._shown(str(error), _MESSAGE),
                "stack": self._shown(self.formatException(record.exc_info), _STACK, last=True),
            }
        return json.dumps(line)

    def _field(self, name: str, value: object) -> Any:
        if value is None or isinstance(value, (bool, int, float)):
            return value
        if is_secret_header(name):
            return HIDDEN
        if isinstance(value, (list, tuple)):
            return [self._field("", each) for each in value]
        return self._shown(str(value), _FIELD)

    def _shown(self, text: str, most: int, *, last: bool = False) -> str:
        """At most so many characters of a text, the first or the last, without credentials."""
        # a credential that is cut in two would not be found: hide first, in what is a bounded piece all the same
        found = cleared(text[-4 * most :] if last else text[: 4 * most], self._secrets)
        if len(found) <= most:
            return found
        return f"…{found[1 - most :]}" if last else f"{found[: most - 1]}…"


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # of a library: its arguments do not fit its words
        return str(record.msg)


def _fields(record: logging.LogRecord) -> Mapping[str, object]:
    found = getattr(record, "fields", None)
    return found if isinstance(found, dict) else {}


def in_json() -> JsonLines | None:
    """What makes this process's lines where they are JSON."""
    forms = (handler.formatter for handler in logging.getLogger().handlers)
    return next((form for form in forms if isinstance(form, JsonLines)), None)


def begin() -> None:
    """Write what goes wrong on stderr, for people unless it is JSON already."""
    logging.basicConfig(level=logging.WARNING, format=_FORM)
    # a warning for each malformed form is a client's word
    logging.getLogger("python_multipart").setLevel(logging.ERROR)


def begin_json(secrets: Collection[str]) -> None:
    """From here on every line on stderr is JSON: what Python warns of and what falls in a thread is, too."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(secrets))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    threading.excepthook = _fallen
    serving.setLevel(logging.INFO)


def _fallen(args: threading.ExceptHookArgs) -> None:
    error = args.exc_value or args.exc_type()
    log.error("a thread fell", exc_info=error, extra={"fields": {"thread": args.thread and args.thread.name}})


@contextlib.contextmanager
def whole() -> Iterator[None]:
    """While this lasts, what takes the process down is a line as well, where lines are JSON."""
    try:
        yield
    except Exception:
        if in_json() is None:
            raise
        log.critical("the server fell", exc_info=True)
        raise SystemExit(1) from None


def say(line: str) -> None:
    """Tell how a start goes on."""
    if in_json() is None:
        sys.stderr.write(f"{line}\n")
    else:
        serving.info("%s", line)
