"""Which create bodies a peer takes, and what it reads out of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .exchange import Refusal


@dataclass(frozen=True)
class Wish:
    """What a client asked for, with the defaults filled in."""

    templates: list[str]
    model: str
    upload_type: str
    additional_data: dict[str, Any] | None
    language_hint: list[str]


@dataclass(frozen=True)
class Admission:
    """The rules of one peer; `languages` says which forms of the two language members it takes: array, string."""

    models: tuple[str, ...]
    default_model: str
    methods: tuple[str, ...]
    protocols: tuple[str, ...] = ("http",)
    languages: tuple[str, ...] = ("array", "string")
    unknown_language: int | None = None
    most_templates: int | None = None
    takes_no_template: bool = True
    needs_protocol: bool = False
    needs_upload_type: bool = False
    needs_hint: bool = False
    #: Status of a body that parses and is wrong.
    status: int = 400
    #: None takes ids that are not known; else the ids that are.
    known_templates: frozenset[str] | None = None
    unknown_template: tuple[int, str] = (400, "invalid_template")

    def admit(self, body: Any) -> Wish:
        """The wish of a body, or the refusal of what is wrong in it."""
        if not isinstance(body, dict):
            raise Refusal(400, "invalid_request", "the body is not a JSON object")
        if "templates" not in body:
            raise self._missing("templates")
        for member, needed in (
            ("communication_protocol", self.needs_protocol),
            ("upload_type", self.needs_upload_type),
            ("language_hint", self.needs_hint),
        ):
            if needed and member not in body:
                raise self._missing(member)
        templates = self._templates(body["templates"])
        hint = self._languages(body, "language_hint")
        self._languages(body, "transcript_language")
        model = self._one_of(body, "model", self.models, self.default_model)
        upload_type = self._one_of(body, "upload_type", self.methods, self.methods[0])
        self._one_of(body, "communication_protocol", self.protocols, "http")
        data = body.get("additional_data")
        if data is not None and not isinstance(data, dict):
            raise self._wrong("additional_data is not an object")
        return Wish(templates, model, upload_type, data, hint)

    def _templates(self, value: Any) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._wrong("templates is not an array of strings")
        if self.most_templates is not None and len(value) > self.most_templates:
            raise self._wrong(f"templates holds {self.most_templates} ids at most")
        if not value and not self.takes_no_template:
            raise self._wrong("templates is empty")
        unknown = [] if self.known_templates is None else [item for item in value if item not in self.known_templates]
        if unknown:
            raise Refusal(*self.unknown_template, f"there is no template {unknown[0]!r}")
        return value

    def _languages(self, body: dict[str, Any], member: str) -> list[str]:
        value = body.get(member)
        if value is None:
            return []
        form = {str: "string", list: "array"}.get(type(value))
        if form not in self.languages:
            raise self._wrong(f"{member} is not of the form {' or '.join(self.languages)}")
        codes = [value] if isinstance(value, str) else value
        if not all(isinstance(code, str) and re.fullmatch("[A-Za-z]{2}", code) for code in codes):
            raise self._wrong(f"{member} holds something else than codes of two letters")
        if self.unknown_language is not None and any(code.lower() != "en" for code in codes):
            code = "language_unsupported" if self.unknown_language == 422 else "invalid_request"
            raise Refusal(self.unknown_language, code, f"{member} names a language that no model has")
        return codes

    def _one_of(self, body: dict[str, Any], member: str, values: tuple[str, ...], default: str) -> str:
        value = body.get(member, default)
        if not isinstance(value, str) or value not in values:
            raise self._wrong(f"{member} is not one of {', '.join(values)}")
        return value

    def _missing(self, member: str) -> Refusal:
        return Refusal(self.status, "missing_required_field", f"{member} is missing", {"field": member})

    def _wrong(self, message: str) -> Refusal:
        return Refusal(self.status, "invalid_request", message)
