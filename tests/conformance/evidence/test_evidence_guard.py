"""What is said beside the evidence, in logs and exceptions, names no secret."""

from __future__ import annotations

import logging
import traceback

import pytest

from conformance.evidence.guard import _TALKATIVE, guarded
from conformance.evidence.redaction import Redactor

KEY = "sk_test+guarded/key"


@pytest.mark.parametrize("name", ["httpx", "httpcore.http11", "httpcore.connection", "asyncio"])
def test_a_log_record_of_the_client_names_no_key(name, caplog):
    caplog.set_level(logging.DEBUG)
    with guarded(Redactor({"<key>": KEY})):
        logging.getLogger(name).info("GET %s %r", "https://a.test/?key=sk_test%2Bguarded%2Fkey", {"X-Echo": KEY})
        try:
            raise ValueError(KEY)
        except ValueError:
            logging.getLogger(name).exception("broken")
    assert KEY not in caplog.text
    assert "sk_test" not in caplog.text
    assert "GET https://a.test/?key=<key> {'X-Echo': '<key>'}" in caplog.text
    assert "ValueError: <key>" in caplog.text


def test_every_logger_of_the_client_is_known():
    import httpcore._async  # noqa: F401 - with it come all its loggers

    made = {name for name in logging.root.manager.loggerDict if name.startswith(("httpx", "httpcore."))}
    assert made <= set(_TALKATIVE)
    assert "httpcore.http11" in made


def test_logs_are_as_before_once_the_run_is_over(caplog):
    caplog.set_level(logging.DEBUG)
    with guarded(Redactor({"<key>": KEY})):
        pass
    logging.getLogger("httpx").info("about %s", KEY)
    assert f"about {KEY}" in caplog.text


def test_an_exception_names_no_key_nor_do_those_it_came_from():
    def broken():
        try:
            raise KeyError(f"no {KEY}")
        except KeyError as error:
            raise ExceptionGroup("two", [ValueError(f"https://a.test/{KEY}"), OSError(5, KEY)]) from error

    with pytest.raises(ExceptionGroup) as caught, guarded(Redactor({"<key>": KEY})):
        broken()
    told = "".join(traceback.format_exception(caught.value))
    assert "https://a.test/<key>" in told
    assert KEY not in told
