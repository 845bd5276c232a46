"""Faults of the default revision in the other ones: which have a place there, and what they break."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import scribe_data
from scribe_data import PROFILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mock_server.api.answer import Answer
    from mock_server.faults.fault import Asked, Fault
    from mock_server.faults.making import Rewrite

#: Of the first revision, what is seen of refusals that tell no code.
_UNREADABLE: Final = (
    *("AUD-010", "AUD-023", "AUTH-006", "AUTH-007", "SES-CREATE-010", "SES-CREATE-032", "SES-END-012", "SES-GET-002"),
)
#: By revision, what a fault breaks there where that is not what it breaks in the default one; () for nothing.
_OTHERWISE: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "2026-01-19": {
            "answers_leisurely": ("DISC-018",),
            "believes_every_label": ("AUD-018", "EXT-013", "SES-GET-021"),
            "calls_expiry_gone": ("SES-STATE-002",),
            "cannot_rest": ("SES-GET-004", "SES-STATE-010"),
            "chokes_on_audio": ("AUD-006", "AUD-007", "AUD-010", "AUD-011", "AUD-016", "CONF-003"),
            "completes_too_early": ("TPL-006", "TPL-008"),
            "credits_another_model": ("SES-CREATE-015",),
            "finishes_again_and_again": ("SES-GET-022",),
            "forgets_when_it_began": ("EXT-013",),
            "gives_no_templates": ("SES-GET-021", "TPL-006", "TPL-008"),
            "gives_no_transcript": ("CONF-004", "SES-CREATE-030"),
            "has_a_state_of_its_own": ("SES-STATE-002", "SES-STATE-006", "SES-STATE-008"),
            "hides_expiry": (),
            "invents_a_first_state": ("SES-STATE-002", "SES-STATE-003"),
            "keeps_its_hours_to_itself": ("CONF-005", "CONF-008", "DISC-015", "SES-CREATE-004"),
            "keeps_the_upload_url": ("SES-CREATE-004",),
            "lists_names_for_results": ("SES-GET-021", "TPL-006", "TPL-008"),
            "lists_templates_as_printed": ("SES-GET-021", "TPL-006", "TPL-008"),
            "listens_after_expiry": (),
            "miscodes_bad_requests": ("ERR-009", "SES-CREATE-018", "SES-CREATE-032"),
            "mixes_up_data": ("SES-DATA-002", "SES-DATA-007", "SES-GET-022"),
            "names_the_language": ("EXT-013",),
            "numbers_its_codes": (*_UNREADABLE, "ERR-002"),
            "needs_no_templates": ("SES-CREATE-010",),
            "numbers_its_finish": ("SES-GET-021",),
            "rounds_numbers": ("SES-DATA-002",),
            "says_detail": (*_UNREADABLE, "AUD-024", "SES-STATE-009", "ERR-001"),
            "spaces_its_stamps": ("SES-CREATE-004",),
            "splits_the_transcript": ("CONF-004", "SES-CREATE-030", "SES-GET-021"),
            "starts_over": (),
            "takes_any_key": ("AUTH-007", "AUTH-008"),
        },
        "2026-01-29": {
            "miscodes_bad_requests": (
                *("ERR-009", "SES-CREATE-011", "SES-CREATE-017", "SES-CREATE-023", "SES-CREATE-026"),
                *("SES-CREATE-027", "SES-CREATE-032", "SES-END-010"),
            ),
            "refuses_every_end": ("AUD-015", "SES-END-001", "SES-END-010", "SES-EXP-013"),
        },
    }
)


def shared(revision: str, faults: Iterable[Fault]) -> Iterable[Fault]:
    """Those of some faults of the default revision that break something in another one, with what they break there."""
    spec = scribe_data.load(PROFILE, revision)
    default = scribe_data.load().printed.passed
    for fault in faults:
        breaks = _OTHERWISE.get(revision, {}).get(fault.name, fault.breaks)
        if breaks and spec.requirements.keys() >= set(breaks):
            found = replace(fault, breaks=breaks)
            yield found if spec.printed.passed == default else _worded(found, default, spec.printed.passed)


def _worded(fault: Fault, default: str, passed: str) -> Fault:
    """The fault in the words of a revision that has another name for what is passed with a session."""
    if fault.rewrite is None:
        return fault
    rewrite: Rewrite = fault.rewrite

    def worded(asked: Asked, answer: Answer) -> Answer:
        asked = replace(asked, document=_renamed(asked.document, passed, default))
        told = rewrite(asked, replace(answer, body=_renamed(answer.body, passed, default)))
        return replace(told, body=_renamed(told.body, default, passed))

    return replace(fault, rewrite=worded)


def _renamed(document: Any, old: str, new: str) -> Any:
    if not isinstance(document, dict) or old not in document:
        return document
    return {new if name == old else name: value for name, value in document.items()}
