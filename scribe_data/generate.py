"""Write what lifecycle.yaml decides: the mock's table, a page and its drawing (`python -m scribe_data.generate`)."""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from .diagram import lifecycle_svg
from .export import lifecycle_mermaid
from .load import PROFILE, load, profiles, revisions
from .model import NONE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .model import Cell, Lifecycle, Spec

_COMMAND = "python -m scribe_data.generate"
#: Characters of a line of code that ruff leaves alone.
_WIDTH = 120


def _origin(spec: Spec) -> str:
    return f"spec/{spec.profile}/{spec.revision}/lifecycle.yaml"


def mock_table(spec: Spec) -> str:
    """Return the source of a module of the mock, as ruff formats it: a machine for each revision of the profile.

    States and events are those of the revision that is loaded where nobody names one.
    """
    lifecycle = spec.lifecycle
    events = {event for taken in core_moves(lifecycle).values() for event in taken}
    texts = [load(spec.profile, name) for name in revisions(spec.profile)]
    lines = [
        f'"""The lifecycle of the sessions of {spec.profile} as a table."""',
        "",
        f"# Generated from lifecycle.yaml of spec/{spec.profile}/{', '.join(text.revision for text in texts)}",
        f"# by `{_COMMAND}`; edits are overwritten.",
        "",
        "from __future__ import annotations",
        "",
        "from enum import StrEnum",
        "from types import MappingProxyType",
        "from typing import Final",
        "",
        f"from mock_server.session.machine import {_kind(lifecycle)}",
        "",
        "",
        "class State(StrEnum):",
        '    """What a session can be."""',
        "",
        *(f'    {state.upper()} = "{state}"' for state in lifecycle.states),
        "",
        "",
        "class Event(StrEnum):",
        '    """What can happen to a session."""',
        "",
        *(f'    {event.upper()} = "{event}"' for event in lifecycle.events if event in events),
        "",
        "",
        *(line for text in texts for line in _machine(text)),
        *_machines([_name(text) for text in texts]),
    ]
    return "\n".join([*lines, ""])


def _kind(lifecycle: Lifecycle) -> str:
    """The class of the machine: one that takes audio says with which word it does no longer."""
    return "Machine" if "upload" in lifecycle.operations else "Automaton"


def _late(lifecycle: Lifecycle) -> Iterable[str]:
    if "upload" in lifecycle.operations:
        late = next(cell.error for name in lifecycle.after_end if (cell := lifecycle.cell(name, "upload")).error)
        yield f'    late_audio="{late}",'


def _machines(names: Sequence[str]) -> Iterable[str]:
    if len(names) == 1:
        return (f"MACHINES: Final = MappingProxyType({{{names[0]}.revision: {names[0]}}})",)
    made = f"{{machine.revision: machine for machine in ({', '.join(names)})}}"
    whole = f"MACHINES: Final = MappingProxyType({made})"
    return (whole,) if len(whole) <= _WIDTH else ("MACHINES: Final = MappingProxyType(", f"    {made}", ")")


def _name(spec: Spec) -> str:
    return f"{spec.profile}_{spec.revision}".upper().replace("-", "_")


def _machine(spec: Spec) -> Iterable[str]:
    lifecycle = spec.lifecycle
    terminal = [_state(name) for name, state in lifecycle.states.items() if state.terminal]
    return (
        f"{_name(spec)}: Final = {_kind(lifecycle)}(",
        f'    profile="{spec.profile}",',
        f'    revision="{spec.revision}",',
        "    moves={",
        *_moves(core_moves(lifecycle)),
        "    },",
        f"    terminal=frozenset({{{', '.join(terminal)}}}),",
        "    ranks={",
        *(f"        {_state(each)}: {state.rank}," for each, state in lifecycle.states.items()),
        "    },",
        "    statuses={",
        *(f"        {_state(each)}: {state.status}," for each, state in lifecycle.states.items()),
        "    },",
        *_late(lifecycle),
        ")",
    )


def _moves(moves: Mapping[str, Mapping[str, str]]) -> Iterable[str]:
    for name, taken in moves.items():
        source = "None" if name == NONE else _state(name)
        listed = [f"Event.{event.upper()}: {_state(target)}" for event, target in taken.items()]
        if len(listed) < 2:
            yield f"        {source}: {{{''.join(listed)}}},"
            continue
        yield f"        {source}: {{"
        yield from (f"            {move}," for move in listed)
        yield "        },"


def core_moves(lifecycle: Lifecycle) -> dict[str, dict[str, str]]:
    """Return state -> event -> next state for what moves the mock's sessions; NONE has what begins one.

    Beside the arrows of core events and those that begin a session these are the repeated operations that are best
    answered with a success where no arrow leads: they leave the session as it is.
    """
    moves: dict[str, dict[str, str]] = {NONE: {}, **{name: {} for name in lifecycle.states}}
    for step in lifecycle.transitions.values():
        for source in step.sources:
            moved = lifecycle.events[step.event].core or source == NONE
            if moved and source in moves and step.target in lifecycle.states:
                moves[source][step.event] = step.target
    repeated = {operation.again: operation.name for operation in lifecycle.operations.values() if operation.again}
    for event in lifecycle.events.values():
        if event.core and event.operation in repeated:
            for name in lifecycle.states:
                cell = lifecycle.cell(name, repeated[event.operation])
                if cell.recommended < 300:
                    moves[name].setdefault(event.name, name)
    return moves


def page(spec: Spec) -> str:
    """Return the page of a lifecycle: the diagrams, the transitions, the answers and the invariants."""
    lifecycle = spec.lifecycle
    return "\n".join(
        [
            "# The life of a session",
            "",
            f"Generated from `{_origin(spec)}` by `{_COMMAND}`. E… are errata (`spec/{spec.profile}/errata.yaml`).",
            "",
            *_drawn(spec),
            f"A double line marks a state that a session never leaves. {_asked(spec)}",
            "prints the same for Markdown pages, `--format svg` as this drawing, `--format json` with all the tables",
            "below for programs, `--format schema` the JSON Schema of that.",
            "",
            "```mermaid",
            lifecycle_mermaid(lifecycle) + "```",
            "",
            "| state | rank | GET | webhook | meaning |",
            "|---|---|---|---|---|",
            *(
                f"| `{state.name}` | {state.rank}{', final' if state.terminal else ''} | {state.status} "
                f"| {_code(state.webhook)} | {state.meaning}{_errata(state.errata)} |"
                for state in lifecycle.states.values()
            ),
            "",
            *(f"`{alias.name}` {alias.meaning}{_errata(alias.errata)}." for alias in lifecycle.aliases.values()),
            "",
            "## Transitions",
            "",
            "| id | from | event | to | when | seen as |",
            "|---|---|---|---|---|---|",
            *(
                f"| {step.id} | {', '.join(step.sources)} | `{step.event}` | {step.target} "
                f"| {step.guard}{_errata(step.errata)} | {step.observable} |"
                for step in lifecycle.transitions.values()
            ),
            "",
            *_tolerated(lifecycle),
            *_answers(lifecycle),
            "",
            "## Invariants",
            "",
            "They hold for every pair of observations of one session; where a breach only warns it says so.",
            "",
            *(
                f"- **{rule.id}**{' (warns)' if rule.warns else ''}: {rule.text}{_errata(rule.errata)}."
                for rule in lifecycle.invariants.values()
            ),
            "",
        ]
    )


def _drawn(spec: Spec) -> Iterable[str]:
    if "drawing" in spec.protocol.generated:
        name = PurePosixPath(spec.protocol.generated["drawing"]).name
        yield f"![The states of a session and what leads from one to another]({name})"
        yield ""


def _asked(spec: Spec) -> str:
    """The command that shows this lifecycle."""
    profile = "" if spec.profile == PROFILE else f" --profile {spec.profile}"
    return f"`scribe-conformance lifecycle{profile} --format mermaid`"


def _tolerated(lifecycle: Lifecycle) -> Iterable[str]:
    if lifecycle.tolerated:
        moves = "; ".join(f"{m.source} → {m.target}{_errata(m.errata)}" for m in lifecycle.tolerated)
        yield f"Outside the diagram, a warning when seen: {moves}."
        yield ""


def _answers(lifecycle: Lifecycle) -> Iterable[str]:
    yield "## Who gets what"
    yield ""
    yield (
        "The first code is the recommended one, which the mock answers; brackets add the lenient ones. "
        "*partly*: the text has the rule, not the code; *undefined*: it has neither, and a deviation warns."
    )
    yield ""
    yield ("| | " + " | ".join(f"{item.name}<br>`{item.request}`" for item in lifecycle.operations.values()) + " |")
    yield "|---" * (len(lifecycle.operations) + 1) + "|"
    for row in (*lifecycle.states, *lifecycle.outsiders):
        answers = (_answer(lifecycle.cell(row, operation)) for operation in lifecycle.operations)
        yield f"| **{row}** | " + " | ".join(answers) + " |"
    yield ""
    for item in lifecycle.operations.values():
        if item.note:
            yield f"- {item.name}: {item.note}."
    for outsider in lifecycle.outsiders.values():
        yield f"- {outsider.name}: {outsider.meaning}."


def _answer(cell: Cell) -> str:
    parts = [str(cell.expected)]
    if str(cell.lenient):
        parts.append(f"({cell.lenient})")
    if cell.target:
        parts.append(f"→ {cell.target}")
    if cell.basis != "defined":
        parts.append(f"*{cell.basis}*")
    if cell.error:
        parts.append(f"`{cell.error}`")
    return " ".join(parts) + _errata(cell.errata)


def _state(name: str) -> str:
    return f"State.{name.upper()}"


def _code(text: str | None) -> str:
    return f"`{text}`" if text else "–"


def _errata(names: Sequence[str]) -> str:
    return f" ({', '.join(names)})" if names else ""


#: What each kind of file is made by that a profile may ask for (`generated` in profile.yaml).
_RENDERERS: Mapping[str, Callable[[Spec], str]] = {
    "table": mock_table,
    "page": page,
    "drawing": lambda spec: lifecycle_svg(spec.lifecycle) + "\n",
}


def targets() -> Iterable[tuple[str, str]]:
    """Yield path and text of every file that some profile asks for."""
    for profile in profiles():
        spec = load(profile)
        for kind, path in spec.protocol.generated.items():
            yield path, _RENDERERS[kind](spec)


def stale(root: Path) -> str:
    """Return a unified diff from the committed copies below root to what they should be; empty when fresh."""
    diffs: list[str] = []
    for path, text in targets():
        there = (root / path).read_text("utf-8") if (root / path).is_file() else ""
        diffs += difflib.unified_diff(
            there.splitlines(keepends=True), text.splitlines(keepends=True), f"a/{path}", f"b/{path}"
        )
    return "".join(diffs)


def unsound(spec: Spec) -> list[str]:
    """Return what is wrong with the schemas of a revision, and those of its waivers, by their meta-schema."""
    # A test extra: only whoever works on the spec files needs it.
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    inside = {f"waiver {waiver.name}": waiver.accepts for waiver in spec.waivers if waiver.accepts is not None}
    found: list[str] = []
    for name, schema in {**spec.schemas, **inside}.items():
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            found.append(f"{name}: {error.json_path}: {error.message}")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files, or with --check print what is stale or no valid schema and return 1."""
    parser = argparse.ArgumentParser(prog=_COMMAND, description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail when a committed copy is stale or a schema is unsound"
    )
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the checkout (default: here)")
    options = parser.parse_args(arguments)
    if not (options.root / "pyproject.toml").is_file():
        parser.error(f"{options.root} is no checkout of this project")
    if options.check:
        diff = stale(options.root)
        wrong = [
            f"{profile} {name}: {line}"
            for profile in profiles()
            for name in revisions(profile)
            for line in unsound(load(profile, name))
        ]
        sys.stdout.write(diff + "".join(f"{line}\n" for line in wrong))
        return 1 if diff or wrong else 0
    for path, text in targets():
        (options.root / path).parent.mkdir(parents=True, exist_ok=True)
        (options.root / path).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
