"""One started mock a module, in the condition it was started in for each test."""

from __future__ import annotations

import asyncio

import pytest

from tests.mock_server.stage import Mock, started


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with asyncio.Runner() as runner:
        server = started(tmp_path_factory.mktemp("data"))
        app, client = runner.run(server.__aenter__())
        yield Mock(runner, app, client)
        runner.run(server.__aexit__(None, None, None))


@pytest.fixture
def mock(running):
    before = running.face.settings
    yield running
    running.face.settings = before
    running.app.state.faults.switch(())
    if running.app.state.scenarios is not None:
        running.run(running.app.state.scenarios.arming.clear("mine"))
    if running.app.state.choices is not None:
        running.app.state.choices.forget("mine")
    running.run(running.face.service.reset("mine"))
    running.face.seen.forget("mine")
