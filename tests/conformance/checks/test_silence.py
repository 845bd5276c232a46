"""Nothing observed, nothing judged: a run that saw nothing, or was only ever told to come later, fails nobody."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from conformance.checks import all_checks
from conformance.evidence import Evidence
from conformance.finding import Kind
from tests.conformance.checks.builders import METHODS, PATHS, Tape, error, findings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.evidence import Exchange

BLAME = {Kind.VIOLATES, Kind.DEPARTS, Kind.TOLERATED, Kind.DISPUTED, Kind.WARNS}
#: They are about being put off itself: its code, its Retry-After, whether it passes, whether the slow pace meets it.
ABOUT_LATER = {"ERR-015", "ERR-018", "ERR-019", "EXT-015"}


def fine() -> Tape:
    """A consultation in which everything is right."""
    tape = Tape(second_key=True)
    tape.discovered()
    tape.listed("soap", "hpi")
    tape.consulted("s")
    return tape


class Curious(Evidence):
    """Evidence that remembers which probes it was asked for."""

    asked: set[str] = set()  # noqa: RUF012 - one memory for all checks

    def select(self, *given: Any, **named: Any) -> Iterator[Exchange]:
        self.asked.add(named.get("probe") or "")
        return super().select(*given, **named)


@cache
def probes() -> list[str]:
    """Every probe some check selects by its name."""
    seen = Curious(tuple(fine().exchanges), fine().facts)
    for checks in all_checks().values():
        for check in checks:
            list(check.judge(seen))
    return sorted(seen.asked - {""})


@cache
def put_off(status: int) -> Tape:
    """A good consultation, and every probe of every operation answered with the same status."""
    tape, told = fine(), error("service_unavailable" if status == 503 else "rate_limit_exceeded")
    for probe in probes():
        for operation in PATHS:
            how: dict[str, Any] = {"file": "audio_9.wav"} if operation == "upload" else {}
            session = f"create {probe}" if operation == "create" else "s"
            headers = {"Retry-After": "1"}
            tape.heard(
                operation,
                status,
                told,
                session=session,
                probe=probe,
                headers=headers,
                method=METHODS.get(operation),
                **how,
            )
    return tape


@pytest.mark.parametrize("requirement", sorted(all_checks()))
def test_a_run_that_saw_nothing_judges_nothing(requirement):
    for tape in (Tape(), Tape(api_target=None, upload_form=None)):
        assert not {finding.kind for finding in findings(requirement, tape)} & {*BLAME, Kind.HOLDS}


def test_most_probes_are_known_by_name():
    assert len(probes()) > 40


@pytest.mark.parametrize("status", [429, 503, 0])
@pytest.mark.parametrize("requirement", sorted(set(all_checks()) - ABOUT_LATER))
def test_a_probe_that_was_only_put_off_is_held_against_nobody(requirement, status):
    before = {finding.message for finding in findings(requirement, fine()) if finding.kind in BLAME}
    blamed = [each for each in findings(requirement, put_off(status)) if each.kind in BLAME]
    assert {each.message for each in blamed} <= before


@cache
def put_off_throughout(status: int) -> Tape:
    """Every operation, in the valid way, and nothing but "later" for an answer."""
    tape = Tape(second_key=True)
    told = error("service_unavailable" if status == 503 else "rate_limit_exceeded")
    for operation in PATHS:
        how: dict[str, Any] = {"file": "audio_0.wav", "fixture": "short"} if operation == "upload" else {}
        session = None if operation in {"discovery", "templates"} else "s"
        for _ in range(2):
            headers = {"Retry-After": "1"}
            tape.heard(operation, status, told, session=session, headers=headers, method=METHODS.get(operation), **how)
    return tape


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("requirement", sorted(set(all_checks()) - ABOUT_LATER))
def test_a_service_that_never_had_time_is_held_to_nothing(requirement, status):
    assert not [each for each in findings(requirement, put_off_throughout(status)) if each.kind in BLAME]
