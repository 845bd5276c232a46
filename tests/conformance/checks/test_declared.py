"""What discovery names beside the operations is there; what is not is said where it is declared."""

from __future__ import annotations

import pytest

from tests.conformance.checks.builders import BASE, Tape, findings, reasons, verdict, verdicts


def asked(name: str, *statuses: int, **declared: object) -> Tape:
    """A run in which discovery names an address, which answers GET and then POST with these."""
    tape = Tape()
    tape.discovered(**declared)
    for probe, method, status in zip(
        (f"declared {name}", f"declared {name} again"), ("GET", "POST"), statuses, strict=False
    ):
        tape.heard("other", status, {}, method=method, probe=probe, url=f"{BASE}/{name}")
    return tape


def hooks(*statuses: int) -> Tape:
    return asked("webhooks_url", *statuses, endpoints__webhooks_url=f"{BASE}/webhooks")


def oidc(name: str, *statuses: int) -> Tape:
    where = {f"endpoints__{each}": f"{BASE}/{each}" for each in ("authorization_endpoint", "token_endpoint")}
    return asked(name, *statuses, authentication__supported_methods=["api_key", "oidc"], **where)


@pytest.mark.parametrize("statuses", [(404, 404), (404, 405), (405, 501), (404,)])
def test_webhooks_that_are_declared_and_not_there_fail(statuses):
    tape = hooks(*statuses)
    assert verdicts("HOOK-002", tape) == ("fail", "fail")
    assert verdict("HOOK-001", tape, level="SHOULD") == "warn"
    assert "nothing at endpoints.webhooks_url" in reasons("HOOK-002", tape)


@pytest.mark.parametrize(
    "statuses", [(200,), (400,), (401,), (404, 400), (405, 422), (405, 201), (404, 403), (500,), ()]
)
def test_webhooks_that_take_something_are_left_to_who_registers(statuses):
    tape = hooks(*statuses)
    assert verdicts("HOOK-002", tape) == ("inconclusive", "inconclusive")
    assert "not_in_this_release" in reasons("HOOK-001", tape)


def test_webhooks_that_are_not_declared_are_not_looked_for():
    tape = Tape()
    tape.discovered()
    assert verdicts("HOOK-002", tape) == ("not_applicable", "not_applicable")
    assert verdict("HOOK-001", tape, level="SHOULD") == "warn"


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint"])
def test_an_oidc_endpoint_that_is_not_there_is_said_where_oidc_is_judged(name):
    tape = oidc(name, 404, 404)
    assert verdicts("AUTH-014", tape) == ("inconclusive", "inconclusive")
    assert f"nothing at {BASE}/{name} (404)" in reasons("AUTH-014", tape)
    assert f"{name} is declared, and there is nothing" in reasons("DISC-025", tape)
    assert verdicts("DISC-025", tape) == ("pass", "pass")
    assert "nothing at" not in reasons("AUTH-014", oidc(name, 404, 400)) + reasons("DISC-025", oidc(name, 400))


def test_documentation_that_is_not_there_is_recorded():
    tape = asked("documentation_url", 404, service={"name": "X", "documentation_url": f"{BASE}/docs"})
    assert "nothing at it" in reasons("DISC-027", tape)
    assert {each.kind for each in findings("DISC-027", tape)} == {"recorded", "holds"}
