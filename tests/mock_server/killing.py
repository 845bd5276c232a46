"""Processes that are killed while they work, and what they told until then."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def killed(driver, directory, seconds):
    """What a driver, once it has told that it is open, told until it was killed, some seconds after it was up."""
    process = subprocess.Popen(
        [sys.executable, str(driver), str(directory)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        assert os.read(process.stdout.fileno(), 5) == b"open\n", process.stderr.read()
        told, errors = process.communicate(timeout=seconds)
        pytest.fail(f"the driver ended by itself: {told[-200:]} {errors[-2000:]}")
    except subprocess.TimeoutExpired:
        process.kill()
    return [line.split() for line in process.communicate()[0].splitlines()]
