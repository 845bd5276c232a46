"""One process a data directory."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from mock_server.storage import StorageError
from mock_server.storage.lock import DirectoryLock

HOLD = """
import pathlib, sys, time
from mock_server.storage.lock import DirectoryLock
held = DirectoryLock(pathlib.Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_owner_is_told_who_the_first_is(tmp_path):
    held = DirectoryLock(tmp_path / "data")
    with pytest.raises(StorageError, match=rf"in use by process {os.getpid()}\b"):
        DirectoryLock(tmp_path / "data")
    held.release()
    DirectoryLock(tmp_path / "data").release()


def test_the_lock_dies_with_its_process(tmp_path):
    owner = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert owner.stdout.readline() == "held\n"
        with pytest.raises(StorageError, match=rf"process {owner.pid}\b"):
            DirectoryLock(tmp_path)
    finally:
        owner.kill()
        owner.communicate()
    DirectoryLock(tmp_path).release()


def test_a_directory_that_cannot_be_made_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot be used"):
        DirectoryLock(tmp_path / "file" / "data")
