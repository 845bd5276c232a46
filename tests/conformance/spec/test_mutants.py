"""One keyword of a schema broken in an otherwise good run: the strict reading sees each, or a waiver says why not."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

import scribe_data
from conformance.checks.contract import Answer, contract_of
from conformance.run import grade
from conformance.verdict import Verdict
from scribe_data.waiver import WaiverKind
from tests.conformance.spec.consultations import bodies, run_with
from tests.whole import some

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = scribe_data.load()
#: What is put in the place of a member; DROP takes it away.
DROP = object()
VALUES = (DROP, 7, None, {}, [], "x", "", -1, 1.5, True, "2026-13-45", "zz" * 40)
#: Waivers by which nothing at all is said in the strict reading.
SILENT = (WaiverKind.ALLOWED, WaiverKind.WARNS, WaiverKind.DISPUTED)


def places(body: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    inner = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for step, value in inner:
        yield from places(value, (*path, step))


def put(body: Any, path: tuple[str | int, ...], value: Any) -> Any:
    changed = deepcopy(body)
    at = changed
    for step in path[:-1]:
        at = at[step]
    if value is DROP:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return changed


def mutants(schema: str) -> Iterator[tuple[tuple[str | int, ...], Any, Any]]:
    """Place, value and body of every change that breaks the schema."""
    body = bodies()[schema]
    judge = Draft202012Validator(TEXT.schemas[schema], format_checker=Draft202012Validator.FORMAT_CHECKER)
    for path in places(body):
        for value in VALUES:
            if not path or (value is DROP and isinstance(path[-1], int)):
                continue
            changed = put(body, path, value)
            if not judge.is_valid(changed):
                yield path, value, changed


def reds(schema: str, body: Any) -> set[str]:
    graded = grade(run_with(schema, body).evidence, TEXT, "strict")
    return {each.requirement.id for each in graded if each.verdict in (Verdict.FAIL, Verdict.ERROR)}


def waived(schema: str, body: Any) -> bool:
    """Whether every breach is of a named waiver, or counts against what no service has to do."""
    contract, evidence = contract_of(TEXT), run_with(schema, body).evidence
    answer = Answer(evidence.exchanges[0], schema, body, "processing" if schema == "session_processing" else None)
    for breach in contract.breaches(answer):
        waiver = contract.waiver(answer, breach, evidence)
        optional = all(TEXT.requirements[name].level == "MAY" for name in contract.blamed(schema, breach))
        if not optional and (waiver is None or waiver.kind not in SILENT):
            return False
    return True


def test_a_good_run_of_each_schema_is_right():
    for schema, body in bodies().items():
        assert Draft202012Validator(TEXT.schemas[schema]).is_valid(body), schema
        assert reds(schema, body) == set(), schema


@pytest.mark.parametrize("schema", some(3, bodies()))
def test_the_strict_reading_sees_every_mutant(schema):
    good = reds(schema, bodies()[schema])
    tried, unseen = 0, []
    for path, value, body in mutants(schema):
        tried += 1
        if not reds(schema, body) - good and not waived(schema, body):
            unseen.append((path, value))
    assert tried > 20
    assert unseen == []


@pytest.mark.parametrize(
    ("schema", "path", "value", "requirement", "told"),
    [
        ("session_processing", ("created_at",), "x", "SES-GET-005", '`created_at` is not a date-time: "x".'),
        ("session_processing", ("expires_at",), "2026-13-45", "SES-GET-005", "`expires_at` is not a date-time"),
        ("session_completed", ("created_at",), "", "SES-GET-010", "`created_at` is not a date-time"),
        ("session_partial", ("created_at",), "x", "SES-PART-002", "`created_at` is not a date-time"),
        ("session_failed", ("created_at",), "x", "EXT-001", "`created_at` is not a date-time"),
        ("create_response", ("upload_url",), DROP, "SES-CREATE-003", "`upload_url` is missing."),
        ("session_partial", ("audio_files", 0), 7, "SES-GET-015", "`audio_files[0]` is not a string: 7."),
        (
            "session_completed",
            ("templates", "soap", "status"),
            "x",
            "SES-GET-017",
            "`templates.soap.status` is none of",
        ),
        ("error_envelope", ("error", "code"), "", "ERR-002", "`error.code` does not fit minLength 1"),
    ],
)
def test_a_breach_is_told_in_a_vendors_words(schema, path, value, requirement, told):
    tape = run_with(schema, put(bodies()[schema], path, value))
    [found] = [
        each for each in grade(tape.evidence, TEXT, "strict", [requirement]) if each.requirement.id == requirement
    ]
    assert found.verdict is Verdict.FAIL
    [shown] = [finding for finding in found.findings if told in finding.message]
    assert shown.pointer == "/" + "/".join(map(str, path))
    assert shown.exchange is not None
    assert shown.expected
