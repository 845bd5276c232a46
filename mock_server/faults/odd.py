"""Faults that only odd requests meet: what a person would not think to send, and a generator does."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mock_server.faults.making import error, fault, without

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.api.answer import Answer
    from mock_server.faults.fault import Asked

    When = Callable[[Asked, Answer], bool]
    Rewrite = Callable[[Asked, Answer], Answer]


def _where(when: When, change: Callable[[Answer], Answer]) -> Rewrite:
    """Change the answers to some requests."""
    return lambda asked, answer: change(answer) if when(asked, answer) else answer


def _member(name: str) -> Callable[[Asked], Any]:
    """A member of a create's body; None where there is none."""
    return lambda asked: (
        asked.document.get(name) if asked.operation == "create" and isinstance(asked.document, dict) else None
    )


def _said(words: str) -> When:
    """Creates whose refusal says so."""

    def when(asked: Asked, answer: Answer) -> bool:
        told = answer.body.get("error", {}) if isinstance(answer.body, dict) else {}
        return asked.operation == "create" and words in str(told.get("message", ""))

    return when


def _taken(when: When) -> Rewrite:
    """Answer a wrong create as if it had made the session that the last one made."""

    def rewrite(asked: Asked, answer: Answer) -> Answer:
        if asked.operation == "create" and answer.status == 201:
            asked.memory["taken"] = answer
        kept: Answer | None = asked.memory.get("taken")
        wrong = asked.operation == "create" and answer.status == 400 and kept is not None and when(asked, answer)
        return replace(kept, body=deepcopy(kept.body)) if wrong and kept is not None else answer

    return rewrite


def _is_not_ascii(asked: Asked, _answer: Answer) -> bool:
    names = _member("templates")(asked)
    return isinstance(names, list) and any(isinstance(name, str) and not name.isascii() for name in names)


def _has_text_as_version(asked: Asked, _answer: Answer) -> bool:
    version = asked.headers.get("msa-version", "")
    return asked.operation == "templates" and bool(version) and not version.replace(".", "").isdecimal()


def _counts_in_letters(asked: Asked, _answer: Answer) -> bool:
    return asked.operation == "upload" and any(letter.isalpha() for letter in asked.headers.get("x-chunk-index", ""))


def _is_a_short_id(asked: Asked, answer: Answer) -> bool:
    session_id = asked.session_id or ""
    return asked.operation == "get" and answer.status == 404 and 0 < len(session_id) < 4


def _padded(asked: Asked, _answer: Answer) -> bool:
    kind = _member("upload_type")(asked)
    return isinstance(kind, str) and kind != kind.strip()


def _holds_no_text(name: str) -> When:
    def when(asked: Asked, _answer: Answer) -> bool:
        listed = _member(name)(asked)
        return isinstance(listed, list) and any(isinstance(item, bool) for item in listed)

    return when


def _shortened(answer: Answer) -> Answer:
    body = deepcopy(answer.body)
    without("expires_at")(body)
    return replace(answer, body=body)


def _holds_an_emoji(asked: Asked, answer: Answer) -> bool:
    data = _member("additional_data")(asked)
    told = [f"{name}{value}" for name, value in data.items()] if isinstance(data, dict) else []
    return answer.status == 201 and any("\u200d" in text for text in told)


def _loses(asked: Asked, answer: Answer) -> Answer:
    """Not find a session whose data hold an emoji."""
    lost: set[str] = asked.memory.setdefault("lost", set())
    if _holds_an_emoji(asked, answer):
        lost.add(answer.body["session_id"])
    return error(404, "session_not_found") if asked.operation == "get" and asked.session_id in lost else answer


_FALLEN = error(500, "internal_error")

FAULTS = (
    fault(
        "falls_over_foreign_letters",
        "a create whose template is not ASCII is a 500",
        "ERR-020",
        rewrite=_where(_is_not_ascii, lambda _: _FALLEN),
    ),
    fault(
        "falls_over_odd_versions",
        "a version that is not a number is a 500",
        "ERR-020",
        rewrite=_where(_has_text_as_version, lambda _: _FALLEN),
    ),
    fault(
        "falls_over_chunks_in_letters",
        "an upload with letters in X-Chunk-Index is a 500",
        "ERR-020",
        rewrite=_where(_counts_in_letters, lambda _: _FALLEN),
    ),
    fault(
        "refuses_doubled_members_bare",
        "a body with a member twice is refused without the envelope",
        "ERR-001",
        rewrite=_where(_said("more than once"), lambda answer: replace(answer, body={"detail": "twice"})),
    ),
    fault(
        "refuses_short_ids_bare",
        "a GET with an id of a few characters is refused without the envelope",
        "ERR-001",
        rewrite=_where(_is_a_short_id, lambda answer: replace(answer, body={"detail": "Not Found"})),
    ),
    fault(
        "labels_one_refusal_html",
        "only the refusal of a byte order mark is text/html",
        "ERR-016",
        rewrite=_where(_said("byte order mark"), lambda answer: replace(answer, media_type="text/html")),
    ),
    fault(
        "miscodes_one_refusal",
        "only the refusal of NaN goes with 403",
        "ERR-009",
        rewrite=_where(_said("contains NaN"), lambda answer: replace(answer, status=403)),
    ),
    fault(
        "trims_upload_types",
        "an upload_type with a space behind it is taken",
        "SES-CREATE-023",
        rewrite=_taken(_padded),
    ),
    fault(
        "takes_truth_for_data",
        "additional_data may be true or false",
        "SES-CREATE-027",
        rewrite=_taken(lambda asked, _: isinstance(_member("additional_data")(asked), bool)),
    ),
    fault(
        "takes_numbers_for_models",
        "a model may be a number",
        "SES-CREATE-014",
        rewrite=_taken(lambda asked, _: isinstance(_member("model")(asked), int | float)),
    ),
    fault(
        "takes_truth_for_templates",
        "templates may hold true and false",
        "SES-CREATE-011",
        rewrite=_taken(_holds_no_text("templates")),
    ),
    fault(
        "takes_truth_for_languages",
        "transcript_language may hold true and false",
        "SES-CREATE-020",
        rewrite=_taken(_holds_no_text("transcript_language")),
    ),
    fault(
        "reads_the_first_of_two",
        "of a body with two JSON values the first is taken",
        "SES-CREATE-032",
        rewrite=_taken(_said("Extra data")),
    ),
    fault(
        "forgets_sessions_with_emojis",
        "a session whose data hold an emoji cannot be read",
        "SES-GET-001",
        rewrite=_loses,
    ),
    fault(
        "shortens_answers_to_emojis",
        "the 201 lacks expires_at where the data hold an emoji",
        "SES-CREATE-003",
        rewrite=_where(_holds_an_emoji, _shortened),
    ),
)
