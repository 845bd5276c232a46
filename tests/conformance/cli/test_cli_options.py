"""One table of options, two faces: the command and pytest offer the same, under names of their own."""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import Any

import pytest

from conformance.cli.run import run
from conformance.options import TABLE, options_of
from conformance.target import BadOption, Options
from tests.conformance.plugin.test_plugin_trouble import suite

DEFAULTS: dict[str, Any] = {entry.key: entry.default for entry in TABLE}
COMMANDS = ("token_command", "restart_command", "failing_command")
GIVEN = DEFAULTS | {"target": "http://127.0.0.1:9", "api_key": "sk_test_given"}


def test_the_command_offers_the_table() -> None:
    offered = inspect.signature(run).parameters
    assert list(offered) == ["context", *(entry.key for entry in TABLE)]


def test_pytest_offers_the_table(tmp_path: Any) -> None:
    told = suite(tmp_path, "--help").stdout
    for entry in TABLE:
        assert (f"--scribe-{entry.name}" in told) is not entry.command_only, entry.name


def test_each_entry_fills_a_field_of_the_options_or_none() -> None:
    known = {each.name for each in fields(Options)}
    assert {entry.field for entry in TABLE if entry.field} <= known
    assert len({entry.name for entry in TABLE}) == len(TABLE)


@pytest.mark.parametrize(
    ("key", "value", "field", "kept"),
    [
        ("test_clock", "http://h/clock", "test_clock", "http://h/clock"),
        ("upload_origin", ["http://a", "http://b"], "extra_origins", ("http://a", "http://b")),
        ("header", ["X-One: 1", "X-Two:2"], "headers", (("X-One", "1"), ("X-Two", "2"))),
        ("max_time", 5.0, "budget", 5.0),
        ("first_timeout", 2.0, "first_timeout", 2.0),
        ("token_command", "echo x", "token_command", "echo x"),
        ("template", "soap", "template", "soap"),
        ("insecure", True, "insecure", True),
    ],
)
def test_what_is_given_arrives(key: str, value: object, field: str, kept: object) -> None:
    assert getattr(options_of(GIVEN | {key: value}), field) == kept


@pytest.mark.parametrize("prefix", ["--", "--scribe-"])
@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"target": None}, "target"),
        ({"target": "localhost:18080"}, "target"),
        ({"api_key": None}, "api-key"),
        *(({name: said}, name.replace("_", "-")) for name in COMMANDS for said in ("", "  ", "''", "echo 'half")),
        ({"api_key": " x"}, "api-key"),
        ({"second_api_key": "sk_test_given"}, "second-api-key"),
        ({"base_url": "/v1"}, "base-url"),
        ({"test_clock": "clock"}, "test-clock"),
        ({"upload_origin": ["s3://x"]}, "upload-origin"),
        ({"processing_timeout": float("nan")}, "processing-timeout"),
        ({"first_timeout": 0.0}, "first-timeout"),
        ({"max_time": float("inf")}, "max-time"),
        ({"header": ["x"]}, "header"),
    ],
)
def test_a_refusal_names_the_option_as_its_face_spells_it(prefix: str, changes: dict[str, Any], name: str) -> None:
    with pytest.raises(BadOption) as said:
        options_of(GIVEN | changes, prefix=prefix)
    assert f"{prefix}{name}" in str(said.value)
    assert "\n" not in str(said.value)


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("localhost:18080", "http://localhost:18080"),
        ("127.0.0.1:8080/scribe", "http://127.0.0.1:8080/scribe"),
        ("scribe.example.com", "https://scribe.example.com"),
        ("scribe.example.com:8443", "https://scribe.example.com:8443"),
        ("ftp://scribe.example.com", "https://scribe.example.com"),
        ("http://scribe.example.com:99999", "a port of at most 65535"),
        ("scribe.example.com:99999", "a port of at most 65535"),
    ],
)
def test_an_address_that_is_none_gets_one_that_would_do(url: str, advice: str) -> None:
    with pytest.raises(BadOption) as said:
        options_of(GIVEN | {"target": url})
    assert advice in str(said.value)
