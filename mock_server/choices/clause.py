"""In which texts a choice is open, and what its values are there: read off the spec of each revision."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from mock_server.session.table import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.choices.choice import Choice, InText, Value
    from scribe_data import Spec

Fits: TypeAlias = "Callable[[Spec], bool]"


def where(fits: Fits) -> InText:
    """Open in the texts that fit, and in no other."""
    return lambda choice, spec: choice if fits(spec) else None


def lenient_where(fits: Fits, *values: Value) -> InText:
    """Open everywhere; in the texts that fit some values pass in the lenient reading alone."""

    def told(choice: Choice, spec: Spec) -> Choice:
        if not fits(spec):
            return choice
        strict = tuple(value for value in choice.values if value not in values)
        return replace(choice, values=strict, lenient=(*values, *choice.lenient))

    return told


def beginning_with(default: Callable[[Spec], Value]) -> InText:
    """Open everywhere, and the default is what a text says."""
    return lambda choice, spec: replace(choice, values=(default(spec), *choice.values[1:]))


def worded(
    fits: Fits, values: tuple[Value, ...], lenient: tuple[Value, ...], allowed_by: str, otherwise: InText | None = None
) -> InText:
    """Open everywhere; in the texts that fit with these values, by this clause, in the others as `otherwise` says."""

    def told(choice: Choice, spec: Spec) -> Choice | None:
        if fits(spec):
            return replace(choice, values=values, lenient=lenient, allowed_by=allowed_by)
        return otherwise(choice, spec) if otherwise else choice

    return told


def orders(member: str) -> Fits:
    """Whether a create has a member of this name."""
    return lambda spec: member in spec.schemas["create_request"]["properties"]


def streams(spec: Spec) -> bool:
    """Whether audio may come over a socket."""
    return spec.stream is not None


def ended(spec: Spec) -> int:
    """The status of an end that is taken."""
    return spec.protocol.endpoints["end"].taken


def polled(spec: Spec) -> int | None:
    """The status of a read of a session in work."""
    return spec.lifecycle.states[State.PROCESSING.value].status


def names_files(spec: Spec) -> bool:
    """Whether files have names, and are listed by them."""
    return spec.printed.files == "named"


def numbers_files(spec: Spec) -> bool:
    """Whether files have numbers instead."""
    return not names_files(spec)


def counts_files(spec: Spec) -> bool:
    """Whether an end says how many files were sent."""
    return spec.printed.counted_end


def has_partial(spec: Spec) -> bool:
    """Whether a session that lost something is in a state of its own."""
    return State.PARTIAL.value in spec.lifecycle.states


def has_aliases(spec: Spec) -> bool:
    """Whether a schema or an example has another word for a state."""
    return bool(spec.lifecycle.aliases)


def has_entries(spec: Spec) -> bool:
    """Whether each template of a result is an entry with a status."""
    return spec.printed.templates == "entries"


def bare(spec: Spec) -> bool:
    """Whether templates of a result are bare data."""
    return not has_entries(spec)


def shows_expired(spec: Spec) -> bool:
    """Whether a 410 is the session, and not the error envelope."""
    return "session_id" in spec.schemas[spec.lifecycle.states[State.EXPIRED.value].schema]["required"]


def expects_data(spec: Spec) -> bool:
    """Whether a session in work shows what was passed with it even where that is nothing."""
    schema = spec.schemas[spec.lifecycle.states[State.PROCESSING.value].schema]
    return spec.printed.passed in schema["required"]


def _discovery(spec: Spec, *path: str) -> dict[str, object]:
    found = spec.schemas["discovery"]
    for name in path:
        found = found[name] if name == "items" else found["properties"][name]
    return found


def requires(member: str, *path: str) -> Fits:
    """Whether discovery, or a part of it, has to have a member."""

    def fits(spec: Spec) -> bool:
        wanted = _discovery(spec, *path)["required"]
        return isinstance(wanted, list) and member in wanted

    return fits


def leaves_out(member: str, *path: str) -> Fits:
    """Whether discovery, or a part of it, may be without a member."""
    required = requires(member, *path)
    return lambda spec: not required(spec)
