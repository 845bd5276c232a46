"""Has cases drawn by a process of its own, so that nothing of a run waits for it or is touched by it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.fuzz.case import decoded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.fuzz.case import Case

_PROGRAM = "conformance.fuzz.drawing"
#: What a Python needs of the environment; neither keys nor another tool's hooks and profiles go along.
_KEPT = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "TMPDIR", "TEMP", "TMP")
#: Seconds that drawing may take: ten times what it does on a slow machine at the default number of examples.
_LONGEST_S = 300.0
#: Drawings remembered: the same document and seed make the same cases, whoever asks.
_REMEMBERED = 4
_DRAWN: dict[str, tuple[Case, ...]] = {}


class DrawingFailed(RuntimeError):  # noqa: N818 - says what is wrong, as the message does
    """No cases could be drawn; the message says why."""


async def drawn(
    document: Mapping[str, Any], *, seed: int, examples: int, within: float = _LONGEST_S
) -> tuple[Case, ...]:
    """The cases of a document, the same for the same seed; raises DrawingFailed, also after `within` seconds."""
    asked = json.dumps({"document": document, "seed": seed, "examples": examples}, sort_keys=True).encode()
    name = hashlib.sha256(asked).hexdigest()
    if name not in _DRAWN:
        cases = await _drawn(asked, min(within, _LONGEST_S))
        while len(_DRAWN) >= _REMEMBERED:
            _DRAWN.pop(next(iter(_DRAWN)))
        _DRAWN[name] = cases
    return _DRAWN[name]


async def _drawn(asked: bytes, within: float) -> tuple[Case, ...]:
    # In a folder of its own: Schemathesis reads a schemathesis.toml of the current one, Hypothesis writes into it.
    with tempfile.TemporaryDirectory(prefix="scribe-conformance-") as folder:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            _PROGRAM,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=folder,
            env=_environment(),
            start_new_session=True,  # Ctrl-C is the run's to handle
        )
        try:
            async with asyncio.timeout(within):
                told, trouble = await process.communicate(asked)
        except TimeoutError:
            raise DrawingFailed(f"drawing cases took longer than {within:.0f} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if process.returncode:
        lines = trouble.decode("utf-8", "replace").strip().splitlines()
        raise DrawingFailed(f"drawing cases failed ({process.returncode}): {lines[-1] if lines else 'without a word'}")
    return tuple(decoded(json.loads(line)) for line in told.splitlines())


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    path = os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path)
    return kept | {"PYTHONPATH": path, "PYTHONHASHSEED": "0"}
