"""Who lives, as a folder tells of it: a file each, which its process keeps locked for as long as it lives."""

from __future__ import annotations

import fcntl
import os
import sys


class Members:
    def __init__(self, folder):
        self.folder = folder
        self._held = []
        folder.mkdir(exist_ok=True)

    def join(self, name):
        handle = os.open(self.folder / name, os.O_CREAT | os.O_RDWR)
        fcntl.flock(handle, fcntl.LOCK_EX)
        self._held.append(handle)
        return name

    def living(self):
        return {path.name for path in self.folder.iterdir() if _locked(path)}


def _locked(path):
    handle = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def tell(line):
    """Say something to whoever started this process."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
