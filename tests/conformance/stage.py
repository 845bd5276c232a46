"""Puts a driver before a server in one process, as the runner does, for tests of single steps."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx

from conformance.drive.budget import Budget
from conformance.drive.driver import Driver
from conformance.drive.negotiation import prepare
from conformance.drive.wire import Wire
from conformance.evidence import Evidence, Facts
from conformance.evidence.recorder import Recorder
from conformance.evidence.redaction import Redactor
from conformance.target import Options
from tests.conformance.miniature import HOST, KEY, OTHER_KEY, Miniature
from tests.conformance.tones import tones

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

AUDIO = tones()
TEXTS = {tone.sha256: tone.text for tone in AUDIO.values()}


def options(app: Any, **changes: Any) -> Options:
    given: dict[str, Any] = {
        "target": HOST,
        "api_key": KEY,
        "second_api_key": OTHER_KEY,
        "transport": httpx.ASGITransport(app),
        "processing_timeout": 5.0,
        "first_timeout": 2.0,
        "request_timeout": 2.0,
        "examples": 0,
    }
    return Options(**given | changes)


def miniature(**changes: Any) -> Miniature:
    return Miniature(TEXTS, **{"processing": 0.05} | changes)


class Stage:
    """A driver with what it wrote down."""

    def __init__(self, drive: Driver, wire: Wire) -> None:
        self.drive = drive
        self.wire = wire

    @property
    def evidence(self) -> Evidence:
        return self.wire.recorder.freeze(Facts(self.drive.target.base_url, self.wire.options.revision))


@asynccontextmanager
async def on_stage(app: Any, **changes: Any) -> AsyncIterator[Stage]:
    chosen = options(app, **changes)
    secrets = {"<key>": chosen.api_key, "<second-key>": chosen.second_api_key or "none at all"}
    async with Wire(chosen, Recorder(Redactor(secrets)), Budget(chosen.budget)) as wire:
        target = await prepare(wire, AUDIO)
        yield Stage(Driver("trial", wire, target, AUDIO), wire)
