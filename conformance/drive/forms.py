"""The create body a target takes: the smallest that all readings allow, or the nearest to it that is not refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import TYPE_CHECKING, Any, Literal

from conformance.vocabulary.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scribe_data import Spec

Shape = Literal["array", "string", "absent"]

#: What journeys call the member whose content comes back unchanged.
PASSED = "additional_data"
#: Members of a create body that some text does not have.
_MAY_LACK = ("transcript_language", "upload_type", "communication_protocol")
#: Ids that chapter 8 names; tried where no list can be read.
STANDARD_TEMPLATES = ("soap", "transcript", "medications", "hpi", "discharge", "referral", "vitals")
#: Creates that are tried before the kit gives up on making a session.
MOST_TRIED = 60
_MOST_CHANGED = 3


@dataclass(frozen=True)
class Form:
    """In which form each member of a create body goes; the default is the one that all readings allow."""

    template: str | None = None
    transcript_language: Shape = "array"
    language_hint: Shape = "array"
    model: bool = True
    communication_protocol: bool = True
    upload_type: str = "chunked"
    #: Whether the transcript has to be asked for.
    include_transcript: bool = False
    #: The member whose content comes back unchanged.
    passed: str = PASSED
    #: Members that the text of the run does not have.
    lacks: tuple[str, ...] = ()

    def body(self, *, model: Mapping[str, Any], language: str, templates: Sequence[str] = ()) -> dict[str, Any]:
        """A create body in this form."""
        chosen = list(templates) or [self.template or STANDARD_TEMPLATES[0]]
        body: dict[str, Any] = {"templates": chosen}
        for name in ("language_hint", "transcript_language"):
            shape: Shape = getattr(self, name)
            if shape != "absent":
                body[name] = [language] if shape == "array" else language
        body["upload_type"] = self.upload_type
        if self.communication_protocol:
            body["communication_protocol"] = "http"
        if self.model and model:
            body["model"] = model["id"]
        if self.include_transcript:
            body["include_transcript"] = True
        return body

    def worded(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """A body as the text of the run words it: journeys name members as the default revision does."""
        named = {self.passed if name == PASSED else name: value for name, value in body.items()}
        return {name: value for name, value in named.items() if name not in self.lacks}


def printed(text: Spec, *, template: str, upload_type: str) -> Form:
    """The form that a text prints, which all its readings allow."""
    takes = text.protocol.endpoints[Operation.CREATE].takes
    known = text.schemas[takes or ""]["properties"]
    return Form(
        template=template,
        transcript_language=text.printed.languages,
        language_hint=text.printed.languages,
        upload_type=upload_type,
        include_transcript=text.printed.transcript == "asked",
        passed=text.printed.passed,
        lacks=tuple(name for name in _MAY_LACK if name not in known),
    )


def variants(first: Form, *, templates: Sequence[str], upload_methods: Sequence[str], said: str = "") -> Iterator[Form]:
    """Forms that differ from the first, those with the fewest changes first, and of these what a refusal named.

    `said` is the text of the refusal of the first form.
    """
    choices: dict[str, tuple[Any, ...]] = {
        "transcript_language": ("string", "absent"),
        "language_hint": ("string", "absent"),
        "template": tuple(other for other in templates if other != first.template),
        "upload_type": tuple(kind for kind in upload_methods if kind != first.upload_type),
        "model": (False,),
        "communication_protocol": (False,),
    }
    choices = {name: values for name, values in choices.items() if name not in first.lacks}
    named = [name for name in choices if name in said or (name == "template" and "template" in said.lower())]
    ordered = sorted(choices, key=lambda name: name not in named)
    for count in range(1, _MOST_CHANGED + 1):
        for members in sorted(combinations(ordered, count), key=lambda chosen: -sum(name in named for name in chosen)):
            for values in product(*(choices[name] for name in members)):
                yield replace(first, **dict(zip(members, values, strict=True)))
