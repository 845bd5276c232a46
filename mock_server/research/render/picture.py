"""A chart as a PNG picture, for files that hold no drawings."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from mock_server.research.chart import INK, WIDTH, Box
from mock_server.research.render import font

if TYPE_CHECKING:
    from mock_server.research.chart import Chart

#: Dots a unit: three make 300 dots an inch of paper.
_SCALE = 3


def png(chart: Chart) -> bytes:
    """The chart, painted on white."""
    image = Image.new("RGB", (WIDTH * _SCALE, chart.height * _SCALE), "white")
    paint = ImageDraw.Draw(image)
    for shape in chart.shapes():
        if isinstance(shape, Box):
            x, y = shape.x * _SCALE, shape.y * _SCALE
            if shape.width > 0:
                paint.rectangle((x, y, x + shape.width * _SCALE, y + shape.height * _SCALE), fill=shape.colour)
            continue
        letters = ImageFont.truetype(font.path(), shape.size * _SCALE)
        place = (shape.x * _SCALE, shape.y * _SCALE)
        paint.text(place, shape.text, fill=INK, font=letters, anchor="rs" if shape.ends else "ls")
    written = io.BytesIO()
    image.quantize(64).save(written, "PNG", optimize=True)
    return written.getvalue()
