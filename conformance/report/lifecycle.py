"""What of the lifecycle a run saw, and the diagram of it, drawn from the spec: every profile gets its own."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from conformance.vocabulary.operation import Operation

if TYPE_CHECKING:
    from conformance.evidence import Evidence, Story
    from conformance.run import Run
    from scribe_data.model import Edge, Lifecycle

_COLUMN, _ROW, _WIDTH, _HEIGHT, _LEFT, _TOP = 240, 76, 150, 46, 30, 70


@dataclass(frozen=True)
class Seen:
    """How many sessions showed each state, and how many moved along each pair of states between two answers."""

    states: Counter[str]
    moves: Counter[tuple[str, str]]


def _statuses(story: Story) -> list[str]:
    """The statuses one session showed, repeats dropped, in order."""
    found: list[str] = []
    for x in story.exchanges:
        status = (
            x.document.get("status") if x.label.operation in (Operation.CREATE, Operation.GET, Operation.END) else None
        )
        if x.label.operation == Operation.UPLOAD and x.accepted and found[-1:] == ["created"]:
            continue  # that an upload moves the state is the next read's to show
        if isinstance(status, str) and found[-1:] != [status]:
            found.append(status)
    return found


def seen(evidence: Evidence, lifecycle: Lifecycle) -> Seen:
    """States and moves the run saw, among those the lifecycle knows."""
    states: Counter[str] = Counter()
    moves: Counter[tuple[str, str]] = Counter()
    for story in evidence.stories.values():
        statuses = [status for status in _statuses(story) if status in lifecycle.states]
        states.update(set(statuses))
        moves.update(set(pairwise(statuses)))
    return Seen(states, moves)


def _place(lifecycle: Lifecycle) -> dict[str, tuple[int, int]]:
    """Upper left corner of each state: a column a rank, terminal states one below the other."""
    rows: Counter[int] = Counter()
    placed = {}
    for state in lifecycle.states.values():
        placed[state.name] = (_LEFT + state.rank * _COLUMN, _TOP + rows[state.rank] * _ROW)
        rows[state.rank] += 1
    middle = (max(rows.values()) - 1) * _ROW // 2
    return {name: (x, y + (middle if rows[lifecycle.states[name].rank] == 1 else 0)) for name, (x, y) in placed.items()}


def _path(source: tuple[int, int], target: tuple[int, int], columns: int, *, long_way_down: bool) -> str:
    (x1, y1), (x2, y2) = source, target
    if long_way_down:  # an edge over several columns runs outside the row of states
        side = 1 if y2 > y1 else -1
        x1, y1 = x1 + _WIDTH // 2, y1 + (_HEIGHT if side > 0 else 0)
        bend = max(abs(y2 + _HEIGHT // 2 - y1), 60) if side > 0 else 66
        x_to = x2 if side > 0 else x2 + _WIDTH // 2
        y_to = y2 + _HEIGHT // 2 if side > 0 else y2
        lift = y_to if side > 0 else y_to - bend
        return f"M{x1} {y1} C{x1 + 20 * columns} {y1 + side * bend} {x_to - 60} {lift} {x_to} {y_to}"
    x1, y1, y2 = x1 + _WIDTH, y1 + _HEIGHT // 2, y2 + _HEIGHT // 2
    return f"M{x1} {y1} C{x1 + 45} {y1} {x2 - 45} {y2} {x2} {y2}"


def _arrow(edge: Edge, lifecycle: Lifecycle, placed: dict[str, tuple[int, int]], count: int) -> str:
    columns = lifecycle.states[edge.target].rank - lifecycle.states[edge.source].rank
    path = _path(placed[edge.source], placed[edge.target], columns, long_way_down=columns > 1)
    kind = "seen" if count else "unseen"
    told = f"{edge.source} to {edge.target}: {edge.label}; " + (f"seen in {count} sessions" if count else "not seen")
    return f'<path class="{kind}" d="{path}" marker-end="url(#{kind})"><title>{escape(told)}</title></path>'


def _box(name: str, corner: tuple[int, int], count: int) -> str:
    x, y = corner
    kind = "seen" if count else "unseen"
    below = f"{count} session{'' if count == 1 else 's'}" if count else "not seen"
    return (
        f'<g class="{kind}"><rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="9"/>'
        f'<text x="{x + _WIDTH // 2}" y="{y + 20}">{escape(name)}</text>'
        f'<text class="count" x="{x + _WIDTH // 2}" y="{y + 37}">{below}</text></g>'
    )


_STYLE = (
    "<style>.life path{fill:none;stroke-width:2}.life path.seen,.life g.seen rect{stroke:var(--pass)}"
    ".life path.unseen,.life g.unseen rect{stroke:var(--not_applicable);stroke-dasharray:5 5}"
    ".life rect{fill:var(--card);stroke-width:2}.life text{fill:var(--ink);font:600 14px system-ui;text-anchor:middle}"
    ".life text.count{fill:var(--soft);font:12px system-ui}.life g.unseen text{fill:var(--soft)}"
    ".life marker path{stroke:none}.life #seen path{fill:var(--pass)}"
    ".life #unseen path{fill:var(--not_applicable)}</style>"
)


def _marker(kind: str) -> str:
    return (
        f'<marker id="{kind}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z"/></marker>'
    )


def diagram(run: Run) -> str:
    """The lifecycle as SVG: solid what the run saw, dashed what it did not."""
    lifecycle = run.spec.lifecycle
    found = seen(run.evidence, lifecycle)
    placed = _place(lifecycle)
    width = max(x for x, _ in placed.values()) + _WIDTH + _LEFT
    height = max(y for _, y in placed.values()) + _HEIGHT + 40
    arrows = [_arrow(edge, lifecycle, placed, found.moves[edge.source, edge.target]) for edge in lifecycle.edges]
    boxes = [_box(name, corner, found.states[name]) for name, corner in placed.items()]
    return (
        f'<svg class="life" role="img" aria-label="Session lifecycle" viewBox="0 0 {width} {height}" width="{width}">'
        f"{_STYLE}<defs>{_marker('seen')}{_marker('unseen')}</defs>{''.join(arrows)}{''.join(boxes)}</svg>"
    )
