"""A chart of counts as bars: one geometry, painted as SVG here and by each product in its own way."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from mock_server.research.letters import cut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_server.research.statement import Matter

WIDTH = 640
_TOP, _ROW, _BAR = 48, 30, 20
_LABELS, _VALUES = 180, 60
_SHOWN = 26
INK, BAR, GRID = "#1f2933", "#2f6f9f", "#d5dbe1"
TITLE_SIZE, LABEL_SIZE = 15, 12


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle; y grows downwards."""

    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True, slots=True)
class Label:
    """Letters on a baseline, beginning or ending at x."""

    x: float
    y: float
    text: str
    size: int
    ends: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """Named counts."""

    title: str
    bars: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, matter: Matter) -> Chart:
        """How many passages hold each topic."""
        bars = []
        for number, topic in enumerate(matter.question.topics):
            count = matter.state.counts.get(number)
            bars.append((topic.label, count.passages if count else 0))
        return cls("Passages that hold each topic", tuple(bars))

    @property
    def height(self) -> int:
        """As high as its bars take."""
        return _TOP + _ROW * len(self.bars) + 12

    def shapes(self) -> Iterator[Box | Label]:
        """What is to be painted, in order."""
        yield Label(12, 26, self.title, TITLE_SIZE)
        room = WIDTH - _LABELS - _VALUES
        most = max((count for _, count in self.bars), default=0) or 1
        yield Box(_LABELS - 1, _TOP - 4, 1, _ROW * len(self.bars) + 4, GRID)
        for number, (name, count) in enumerate(self.bars):
            top = _TOP + number * _ROW
            shown = cut(name, _SHOWN)
            yield Label(_LABELS - 8, top + 14, shown if shown == name else shown + "…", LABEL_SIZE, ends=True)
            length = round(room * count / most, 1)
            yield Box(_LABELS, top, length, _BAR, BAR)
            yield Label(_LABELS + length + 6, top + 14, f"{count:,}", LABEL_SIZE)

    def svg(self) -> str:
        """The chart as an SVG document that stands alone."""
        body = "".join(_box(shape) if isinstance(shape, Box) else _label(shape) for shape in self.shapes())
        told = "; ".join(f"{name}: {count}" for name, count in self.bars)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height}" width="{WIDTH}"'
            f' height="{self.height}" role="img" font-family="sans-serif"><title>{escape(self.title)}</title>'
            f"<desc>{escape(told)}</desc>{body}</svg>"
        )


def _box(box: Box) -> str:
    return f'<rect x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" fill="{box.colour}"/>'


def _label(label: Label) -> str:
    anchor = ' text-anchor="end"' if label.ends else ""
    text = escape(label.text)
    return f'<text x="{label.x:g}" y="{label.y:g}" font-size="{label.size}" fill="{INK}"{anchor}>{text}</text>'
