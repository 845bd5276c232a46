"""The lifecycle as a drawing: SVG that stands alone on light and on dark ground, and that a page can embed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

from .model import NONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .model import Edge, Lifecycle, State

Point = tuple[float, float]

#: Least width of a state and of the gap between two columns, height of a state, distance of two rows.
_WIDTH, _GAP, _HEIGHT, _ROW = 136.0, 132.0, 52.0, 92.0
#: How far arrows that pass outside the rows of states keep from these, and from each other.
_FIRST, _LANE = 64.0, 34.0
#: Distance of two arrows that touch one side of a state, height and half the width of an arrow back to its own state.
_PORT, _LOOP, _HALF = 14.0, 30.0, 17.0
_MARGIN, _CORNER, _TRUNK, _LINE = 24.0, 10.0, 22.0, 15.0
#: Widths of a character of a label and of a state's name, in the widest of the usual fonts.
_SMALL, _LARGE = 7.2, 9.0
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"

# The colours on light ground are attributes, which programs without style sheets show; those on dark ground are rules.
_INK, _SOFT, _CARD, _GREY, _GREEN = "#1c2430", "#5b6675", "#ffffff", "#7a8594", "#1a7f4b"
_STYLE = (
    "<style>@media (prefers-color-scheme: dark){.lifecycle rect{fill:#1a2029}.lifecycle text{fill:#e7ebf1}"
    ".lifecycle .soft{fill:#9aa6b5}.lifecycle .halo{fill:#1a2029;stroke:#1a2029}"
    ".lifecycle .line,.lifecycle .box{stroke:#8a95a4}.lifecycle .head{fill:#8a95a4}"
    ".lifecycle .seen.line,.lifecycle .seen .box{stroke:#4cc38a}.lifecycle .seen.head{fill:#4cc38a}}</style>"
)


@dataclass(frozen=True)
class Seen:
    """How many sessions showed each state, and how many moved along each pair of states."""

    states: Mapping[str, int]
    moves: Mapping[tuple[str, str], int]


@dataclass(frozen=True)
class _Plan:
    """Where each state stands, by its upper left corner and its column; `left` is where the first column begins."""

    corners: Mapping[str, Point]
    columns: Mapping[str, int]
    width: float
    left: float

    def left_of(self, name: str) -> float:
        return self.corners[name][0]

    def top_of(self, name: str) -> float:
        return self.corners[name][1]

    def middle_of(self, name: str) -> Point:
        x, y = self.corners[name]
        return x + self.width / 2, y + _HEIGHT / 2

    def between(self, edge: Edge) -> list[str]:
        """The states an arrow passes: those of the columns between its ends."""
        first, last = sorted((self.columns[edge.source], self.columns[edge.target]))
        return [name for name, column in self.columns.items() if first < column < last]


@dataclass
class _Canvas:
    """What is drawn, how far it reaches up and down, and how many arrows touch each side of a state."""

    parts: list[str] = field(default_factory=list)
    heights: list[float] = field(default_factory=list)
    ports: Counter[tuple[str, str]] = field(default_factory=Counter)
    lanes: Counter[str] = field(default_factory=Counter)

    def port(self, name: str, side: str) -> float:
        self.ports[name, side] += 1
        return (self.ports[name, side] - 1) * _PORT

    def arrow(self, points: list[Point], kind: str, told: str) -> None:
        """A line with round corners along the points and a head at the last one."""
        self.heights += [y for _, y in points]
        dashes = ' stroke-dasharray="5 5"' if kind == "unseen" else ""
        colour = _GREEN if kind == "seen" else _GREY
        self.parts.append(
            f'<path class="{kind} line" d="{_rounded(points)}" fill="none" stroke="{colour}" stroke-width="1.8"'
            f"{dashes}><title>{escape(told)}</title></path>"
            f'<path class="{kind} head" d="{_head(points[-2], points[-1])}" fill="{colour}"/>'
        )

    def label(self, at: Point, lines: Iterable[str], anchor: str = "middle") -> None:
        """Lines of text whose last one has its base line at a point, on a halo that keeps arrows away from it."""
        for number, line in enumerate(reversed(tuple(lines))):
            x, y = at[0], at[1] - number * _LINE
            self.heights.append(y - _LINE)
            place = f'x="{x:g}" y="{y:g}" font-size="12" text-anchor="{anchor}"'
            self.parts.append(
                f'<text class="halo" {place} fill="{_CARD}" stroke="{_CARD}" stroke-width="4" stroke-linejoin="round" '
                f'aria-hidden="true">{escape(line)}</text><text {place} fill="{_INK}">{escape(line)}</text>'
            )


def lifecycle_svg(lifecycle: Lifecycle, seen: Seen | None = None) -> str:
    """Return the state diagram as SVG; with what was seen, that is green and counted and all else is dashed."""
    plan, canvas = _plan(lifecycle), _Canvas()
    _creation(canvas, plan, lifecycle, seen)
    for edge in sorted(lifecycle.edges, key=lambda edge: -plan.columns[edge.source]):
        _edge(canvas, plan, edge, seen)
    _loops(canvas, plan, lifecycle)
    for state in lifecycle.states.values():
        _box(canvas, plan, state, seen)
    top, bottom = min(canvas.heights) - _MARGIN, max(canvas.heights) + _MARGIN
    width = max(x for x, _ in plan.corners.values()) + plan.width + _MARGIN + _TRUNK
    size = f'width="{width:g}" height="{bottom - top:g}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="lifecycle" role="img" aria-label="Session lifecycle" '
        f'viewBox="0 {top:g} {width:g} {bottom - top:g}" {size} font-family="{_FONT}">'
        f'{_STYLE}<rect x="0" y="{top:g}" {size} rx="10" fill="{_CARD}"/>{"".join(canvas.parts)}</svg>'
    )


def _plan(lifecycle: Lifecycle) -> _Plan:
    """A column a rank; states of one rank stand one below the other, one that is alone on the main line."""
    ranks = sorted({state.rank for state in lifecycle.states.values()})
    sizes = Counter(state.rank for state in lifecycle.states.values())
    longest = max(len(step.event) for step in lifecycle.transitions.values())
    width = max(_WIDTH, max(map(len, lifecycle.states)) * _LARGE + 28)
    left = max(_GAP, longest * _SMALL + _TRUNK + 24) + _MARGIN
    main = (max(sizes.values()) - 1) // 2
    rows: Counter[int] = Counter()
    corners: dict[str, Point] = {}
    for state in lifecycle.states.values():
        row = main if sizes[state.rank] == 1 else rows[state.rank]
        rows[state.rank] += 1
        corners[state.name] = (left + ranks.index(state.rank) * (width + left - _MARGIN), row * _ROW)
    columns = {state.name: ranks.index(state.rank) for state in lifecycle.states.values()}
    return _Plan(corners, columns, width, left)


def _edge(canvas: _Canvas, plan: _Plan, edge: Edge, seen: Seen | None) -> None:
    times = seen.moves.get((edge.source, edge.target), 0) if seen else 0
    told = f"{edge.source} to {edge.target}: {edge.label}" + (f"; seen in {times} sessions" if seen else "")
    columns = plan.columns[edge.target] - plan.columns[edge.source]
    lines = edge.label.split(" / ")
    if columns == 1:
        points, at = _next(plan, edge)
    elif columns == 0:
        points, at = _beside(canvas, plan, edge)
    elif columns > 1 and _free(plan, edge):
        points, at = _below(canvas, plan, edge)
    else:
        points, at = _around(canvas, plan, edge)
    canvas.arrow(points, _kind(times, seen), told)
    canvas.label(at, lines, "start" if columns == 0 else "middle")


def _next(plan: _Plan, edge: Edge) -> tuple[list[Point], Point]:
    """From side to side of two columns that stand beside each other."""
    (_, y), (_, y_to) = plan.middle_of(edge.source), plan.middle_of(edge.target)
    start, end = plan.left_of(edge.source) + plan.width, plan.left_of(edge.target)
    trunk = start + _TRUNK
    return [(start, y), (trunk, y), (trunk, y_to), (end, y_to)], ((trunk + end) / 2 - 2, y_to - 7)


def _beside(canvas: _Canvas, plan: _Plan, edge: Edge) -> tuple[list[Point], Point]:
    """Between two states of one column, on their right."""
    (_, y), (_, y_to) = plan.middle_of(edge.source), plan.middle_of(edge.target)
    side = plan.left_of(edge.source) + plan.width
    out = side + _TRUNK + canvas.port(edge.source, "beside")
    way = _HEIGHT / 4 * (1 if y_to > y else -1)
    return [(side, y + way), (out, y + way), (out, y_to - way), (side, y_to - way)], (out + 6, (y + y_to) / 2 + 4)


def _free(plan: _Plan, edge: Edge) -> bool:
    """Whether the row of the target is another one than the source's, and no state stands in the way to it."""
    rows = {plan.top_of(name) for name in plan.between(edge)}
    column = {plan.top_of(name) for name, at in plan.columns.items() if at == plan.columns[edge.source]}
    here, there = plan.top_of(edge.source), plan.top_of(edge.target)
    low, high = sorted((here, there))
    return here != there and there not in rows and not any(low <= y <= high for y in column - {here})


def _below(canvas: _Canvas, plan: _Plan, edge: Edge) -> tuple[list[Point], Point]:
    """Straight to the row of the target, then along it into the target's side."""
    x, y = plan.middle_of(edge.source)
    _, y_to = plan.middle_of(edge.target)
    down = y_to > y
    # what comes from further away runs outside
    y_to += (canvas.port(edge.target, "left") * 1.7 - _PORT) * (1 if down else -1)
    leaves = y + (_HEIGHT / 2 if down else -_HEIGHT / 2)
    return [(x, leaves), (x, y_to), (plan.left_of(edge.target), y_to)], (x + plan.left / 2 + plan.width / 2, y_to - 6)


def _around(canvas: _Canvas, plan: _Plan, edge: Edge) -> tuple[list[Point], Point]:
    """Over the states in between, or below them where the arrow leads back."""
    passed = [plan.top_of(name) for name in (edge.source, edge.target, *plan.between(edge))]
    forward = plan.columns[edge.target] > plan.columns[edge.source]
    side = "top" if forward else "bottom"
    lane = _FIRST + canvas.lanes[side] * _LANE
    canvas.lanes[side] += 1
    y = min(passed) - lane if forward else max(passed) + _HEIGHT + lane
    shift = 30.0 if forward else -30.0
    x = plan.middle_of(edge.source)[0] + shift - canvas.port(edge.source, side)
    x_to = plan.middle_of(edge.target)[0] - shift + canvas.port(edge.target, side)
    edges = [plan.top_of(name) + (0 if forward else _HEIGHT) for name in (edge.source, edge.target)]
    return [(x, edges[0]), (x, y), (x_to, y), (x_to, edges[1])], ((x + x_to) / 2, y - 6)


def _creation(canvas: _Canvas, plan: _Plan, lifecycle: Lifecycle, seen: Seen | None) -> None:
    for step in lifecycle.transitions.values():
        if NONE in step.sources and step.target in lifecycle.states:
            (_, y), end = plan.middle_of(step.target), plan.left_of(step.target)
            times = seen.states.get(step.target, 0) if seen else 0
            canvas.parts.append(f'<circle class="head" cx="{_MARGIN + 7:g}" cy="{y:g}" r="7" fill="{_GREY}"/>')
            canvas.arrow([(_MARGIN + 14, y), (end, y)], _kind(times, seen), f"{step.event}: {step.guard}")
            canvas.label(((_MARGIN + 14 + end) / 2 - 2, y - 7), [step.event])


def _loops(canvas: _Canvas, plan: _Plan, lifecycle: Lifecycle) -> None:
    for state in lifecycle.states.values():
        steps = [s for s in lifecycle.transitions.values() if s.target == state.name and state.name in s.sources]
        if steps:
            (x, _), y = plan.middle_of(state.name), plan.top_of(state.name)
            points = [(x - _HALF, y), (x - _HALF, y - _LOOP), (x + _HALF, y - _LOOP), (x + _HALF, y)]
            events = list(dict.fromkeys(step.event for step in steps))
            # whether a session that stayed took this arrow does not show in its states: it is drawn neither way
            canvas.arrow(points, "plain", f"{state.name} stays: {' / '.join(events)}")
            canvas.label((x, y - _LOOP - 6), events)


def _box(canvas: _Canvas, plan: _Plan, state: State, seen: Seen | None) -> None:
    x, y = plan.corners[state.name]
    times = seen.states.get(state.name, 0) if seen else 0
    kind = _kind(times, seen)
    below = f"GET {state.status}" + (" · final" if state.terminal else "")
    if seen:
        below = f"{times} session{'' if times == 1 else 's'}" if times else "not seen"
    colour, dashes = (_GREEN if kind == "seen" else _GREY), (' stroke-dasharray="5 5"' if kind == "unseen" else "")
    canvas.heights += [y, y + _HEIGHT]
    outline = [(0.0, 9), (4.0, 6)] if state.terminal else [(0.0, 9)]  # a final state has two lines around it
    rects = "".join(
        f'<rect class="box" x="{x + inset:g}" y="{y + inset:g}" width="{plan.width - 2 * inset:g}" '
        f'height="{_HEIGHT - 2 * inset:g}" rx="{corner}" fill="{_CARD}" stroke="{colour}" '
        f'stroke-width="{1 if inset else 1.8}"{dashes}/>'
        for inset, corner in outline
    )
    middle = f'x="{x + plan.width / 2:g}" text-anchor="middle"'
    canvas.parts.append(
        f'<g class="{kind}"><title>{escape(state.meaning)}</title>{rects}'
        f'<text {middle} y="{y + 23:g}" font-size="14" font-weight="600" fill="{_INK}">{escape(state.name)}</text>'
        f'<text class="soft" {middle} y="{y + 40:g}" font-size="12" fill="{_SOFT}">{escape(below)}</text></g>'
    )


def _kind(times: int, seen: Seen | None) -> str:
    if seen is None:
        return "plain"
    return "seen" if times else "unseen"


def _rounded(points: list[Point]) -> str:
    """The path along points whose neighbours differ in one coordinate, with round corners."""
    path = f"M{points[0][0]:g} {points[0][1]:g}"
    for before, at, after in zip(points, points[1:], points[2:], strict=False):
        into, out = _towards(at, before), _towards(at, after)
        path += f" L{into[0]:g} {into[1]:g} Q{at[0]:g} {at[1]:g} {out[0]:g} {out[1]:g}"
    return f"{path} L{points[-1][0]:g} {points[-1][1]:g}"


def _towards(at: Point, other: Point) -> Point:
    """The point where a round corner begins: half of a short line at most."""
    length = abs(other[0] - at[0]) + abs(other[1] - at[1])
    share = min(_CORNER, length / 2) / length if length else 0
    return at[0] + (other[0] - at[0]) * share, at[1] + (other[1] - at[1]) * share


def _head(before: Point, tip: Point) -> str:
    """A triangle at the tip that points away from the point before it."""
    right, down = _sign(tip[0] - before[0]), _sign(tip[1] - before[1])
    back = (tip[0] - 9 * right, tip[1] - 9 * down)
    return (
        f"M{tip[0]:g} {tip[1]:g} L{back[0] + 4.5 * down:g} {back[1] + 4.5 * right:g} "
        f"L{back[0] - 4.5 * down:g} {back[1] - 4.5 * right:g}z"
    )


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)
