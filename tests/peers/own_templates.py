"""Servers with template ids of their own in a bare list; the standard ids are unknown to them."""

from __future__ import annotations

from .exchange import Answer
from .honest import Honest


class BareIds(Honest):
    """GET /templates is `["clinic-a", ...]`."""

    templates: tuple[str, ...] = ("clinic-a", "clinic-b", "clinic-c")

    def list_templates(self) -> Answer:
        return Answer(200, list(self.templates))


class BareEntries(BareIds):
    """GET /templates is `[{"template_id": "clinic-a"}, ...]`."""

    def list_templates(self) -> Answer:
        return Answer(200, [{"template_id": name} for name in self.templates])
