"""What a started server has made is not looked at again."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import gc
from mock_server.cli import garbage
before = gc.get_threshold()
garbage.rarely()
garbage.spare()
gc.collect()
assert gc.get_freeze_count() > 1000, gc.get_freeze_count()
assert all(now > then for now, then in zip(gc.get_threshold(), before, strict=True)), gc.get_threshold()
loop = []
loop.append(loop)
del loop
assert gc.collect() >= 1  # what is made later and forgotten goes
"""


def test_the_start_is_spared_and_later_garbage_still_goes() -> None:
    # a process of its own: the thresholds are the whole interpreter's
    found = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")
