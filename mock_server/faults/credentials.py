"""Faults of chapter 5: who gets in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mock_server.faults.making import answer_with, behaving, edit, error, fault, recode, set_to

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.api.answer import Answer
    from mock_server.faults.fault import Asked
    from mock_server.problems import Problem

_ALL = frozenset({"templates", "create", "get", "end", "upload"})


def _no_key(_asked: Asked, answer: Answer) -> bool:
    return answer.status == 401


def _keys_refused(asked: Asked, answer: Answer) -> bool:
    return answer.status != 401 and asked.operation in _ALL


def _open(operations: frozenset[str]) -> Callable[[str, Problem], bool]:
    """Look at no credential in these operations."""
    return lambda operation, _problem: operation in operations


FAULTS = (
    fault(
        "lets_everybody_in",
        "no credential is looked at",
        "AUTH-006",
        "AUTH-007",
        "AUTH-008",
        "AUD-030",
        "TPL-003",
        overlooks=_open(_ALL),
    ),
    fault(
        "trusts_after_creation",
        "only create looks at the credential",
        "AUTH-006",
        "AUTH-007",
        "AUTH-008",
        "AUD-030",
        overlooks=_open(_ALL - {"create", "templates"}),
    ),
    fault(
        "shows_templates_to_all",
        "the template list is open",
        "AUTH-006",
        "AUTH-007",
        "TPL-003",
        overlooks=_open(frozenset({"templates"})),
    ),
    fault(
        "takes_audio_from_all",
        "uploads need no credential",
        "AUD-030",
        overlooks=_open(frozenset({"upload"})),
    ),
    fault(
        "takes_any_key",
        "a key nobody was given is accepted",
        "AUTH-007",
        "AUTH-008",
        "AUD-030",
        overlooks=lambda _operation, problem: problem.code == "invalid_api_key",
    ),
    fault(
        "shows_strangers_everything",
        "another client's sessions are open",
        "AUTH-026",
        conduct=behaving(keeps_namespaces_apart=False),
    ),
    fault(
        "forbids_the_unknown",
        "401 is answered as 403",
        "AUTH-006",
        "AUTH-007",
        "ERR-005",
        rewrite=recode("any", 403, status=401),
    ),
    fault(
        "miscodes_credentials",
        "a 401 carries another code",
        "AUTH-006",
        "AUTH-007",
        "ERR-006",
        rewrite=edit("any", set_to("error.code", "forbidden"), status=401),
    ),
    fault(
        "knows_no_key",
        "every key is refused but for the template list",
        "SES-CREATE-001",
        "SES-GET-002",
        "SES-END-012",
        "TPL-011",
        rewrite=answer_with("create get end upload", error(401, "invalid_api_key"), when=_keys_refused),
    ),
)
