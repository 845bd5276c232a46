"""What the pytest plugin cannot use is refused once, in one line, not item by item."""

from __future__ import annotations

import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.conformance.miniature import KEY as MINIATURE_KEY
from tests.conformance.stage import miniature
from tests.conformance.standing import Counted, counted, standing
from tests.whole import some

ROOT = Path(__file__).parents[3]
KEY = "sk_test_unlikelykey77"
TARGET = ("--scribe-target", "http://127.0.0.1:9")


def suite(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The suite in a process and a folder of its own; this checkout's plugin, whatever is installed."""
    call = [sys.executable, "-m", "pytest", "-p", "conformance.plugin", "--pyargs", "conformance", *words]
    env = {name: value for name, value in os.environ.items() if not name.startswith("SCRIBE_")} | variables
    env |= {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(call, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=60)


#: Words of a call, how it ends, and what it says in one line.
REFUSALS = [
    ((), 4, "needs --scribe-target URL and --scribe-api-key KEY"),
    (TARGET, 4, "needs --scribe-target URL and --scribe-api-key KEY"),
    (
        ("--scribe-target", "scribe.example", "--scribe-api-key", KEY),
        4,
        "--scribe-target must be an http:// or",
    ),
    ((*TARGET, "--scribe-api-key", KEY, "--scribe-second-api-key", KEY), 4, "--scribe-second-api-key must"),
    ((*TARGET, "--scribe-api-key", KEY, "--scribe-revision", "2099"), 4, "2099"),
    ((*TARGET, "--scribe-api-key", KEY, "--scribe-only", "NO-SUCH"), 4, "'NO-SUCH' is not a requirement"),
    (
        (*TARGET, "--scribe-api-key", KEY, "--scribe-processing-timeout", "nan"),
        4,
        "--scribe-processing-timeout",
    ),
    ((*TARGET, "--scribe-api-key", KEY, "--scribe-first-timeout", "0"), 4, "--scribe-first-timeout must be"),
    ((*TARGET, "--scribe-api-key", KEY, "--scribe-max-time", "-1"), 4, "--scribe-max-time must be"),
    (
        (*TARGET, "--scribe-api-key", KEY, "--scribe-base-url", "x"),
        4,
        "--scribe-base-url must be an http:// or",
    ),
    (
        (*TARGET, "--scribe-api-key", KEY, "--scribe-header", "no colon"),
        4,
        "--scribe-header takes 'Name: value'",
    ),
    ((*TARGET, "--scribe-api-key", KEY, "--scribe-ca-file", "no-such"), 4, "--scribe-ca-file no-such holds no"),
    ((*TARGET, "--scribe-api-key", KEY, "--scribe-cert", "no-such"), 4, "--scribe-cert no-such does not hold"),
    (
        (*TARGET, "--scribe-token-command", "no-such", "-k", "DISC-001"),
        4,
        "--scribe-token-command: no-such cannot",
    ),
    (
        (*TARGET, "--scribe-api-key", KEY, "--scribe-report-dir", "/dev/null/x", "-k", "DISC-001"),
        4,
        "--scribe-report-dir",
    ),
    (("-p", "xdist", "-n", "2", *TARGET, "--scribe-api-key", KEY), 4, "without -n"),
]


@pytest.mark.parametrize(("words", "code", "said"), some(3, REFUSALS))
def test_a_refusal_is_one_line(tmp_path: Path, words: tuple[str, ...], code: int, said: str) -> None:
    done = suite(tmp_path, *words)
    lines = [line for line in (done.stdout + done.stderr).splitlines() if said in line]
    assert (done.returncode, len(lines)) == (code, 1), done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "::test_" not in done.stdout
    assert KEY not in done.stdout + done.stderr


def test_a_dead_target_ends_the_session_with_3(tmp_path: Path) -> None:
    with socket.socket() as held:  # bound and not listening: nobody else can take the port
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        done = suite(tmp_path, "--scribe-target", url, "--scribe-api-key", KEY, "--showlocals")
    assert done.returncode == 3
    assert [line for line in done.stdout.splitlines() if f"{url} cannot be reached" in line][1:] == []
    assert "Traceback" not in done.stdout + done.stderr
    assert KEY not in done.stdout + done.stderr


def test_the_key_may_come_by_the_environment(tmp_path: Path) -> None:
    done = suite(tmp_path, *TARGET, SCRIBE_API_KEY=KEY)
    assert done.returncode == 3
    assert "http://127.0.0.1:9 cannot be reached" in done.stdout
    assert KEY not in done.stdout + done.stderr


def test_neither_logs_nor_locals_nor_the_header_show_the_key(tmp_path: Path) -> None:
    """Everything pytest can be asked to print of a run that the kit itself breaks."""
    (tmp_path / "conftest.py").write_text(
        "import conformance.runner\n"
        "def broken(exchanges):\n"
        "    held = exchanges\n"
        f"    raise RuntimeError('about {KEY}')\n"
        "conformance.runner._skew = broken\n"
    )
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/{KEY}"
        loud = (
            "--showlocals",
            "--tb=long",
            "-vv",
            "-rA",
            "--log-level=DEBUG",
            "-o",
            "log_cli=true",
            "--junitxml=j.xml",
        )
        done = suite(
            tmp_path, "-p", "conftest", "--scribe-target", url, "--scribe-api-key", KEY, *loud, "-k", "SEC-019"
        )
        server.shutdown()
    said = done.stdout + done.stderr
    assert done.returncode == 5, said
    assert "RuntimeError: about <key>" in said
    assert "/<key>, medscribe" in said
    assert "HTTP Request: GET" in said
    assert "unlikelykey" not in said
    assert "unlikelykey" not in "".join(path.read_text() for path in tmp_path.glob("*.xml"))


class Echo(http.server.BaseHTTPRequestHandler):
    """Repeats the key it is sent in a header and in the body."""

    def do_GET(self) -> None:
        key = self.headers.get("X-API-Key") or ""
        body = json.dumps([key]).encode()
        self.send_response(200)
        self.send_header("X-Echo", key)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def test_workers_without_a_target_say_so_and_show_no_traceback(tmp_path: Path) -> None:
    done = suite(tmp_path, "-p", "xdist", "-n", "2", "-k", "AUD-012")
    assert done.returncode == 1
    assert "needs --scribe-target URL and --scribe-api-key KEY" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert "INTERNALERROR" not in done.stdout + done.stderr


def test_the_items_can_be_listed_without_a_target(tmp_path: Path) -> None:
    done = suite(tmp_path, "--collect-only", "-q", "-k", "SES-END-002")
    assert done.returncode == 0
    assert next(line for line in done.stdout.splitlines() if "::" in line).endswith("test_requirement[SES-END-002]")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_the_report_of_what_was_seen(tmp_path: Path, number: int, code: int) -> None:
    served: list[Counted] = []
    with standing(lambda origin: counted(served, miniature(host=origin, processing=600.0))) as origin:
        words = ("--scribe-target", origin, "--scribe-api-key", MINIATURE_KEY, "--scribe-report-dir", "seen")
        call = [sys.executable, "-m", "pytest", "-p", "conformance.plugin", "--pyargs", "conformance", *words]
        env = os.environ | {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        process = subprocess.Popen(call, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        served[0].wait_for(40, process)
        process.send_signal(number)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == code, out
    assert json.loads((tmp_path / "seen" / "report.json").read_text())["overall"] == "interrupted"


@pytest.mark.parametrize(
    "words", some(3, [("-k", "DISC-001"), ("--scribe-only", "DISC-001"), ("--scribe-quick",)], first=1)
)
def test_a_part_replaces_no_report_of_the_whole(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "report.json").write_text('{"overall": "conformant"}')
    done = suite(tmp_path, *TARGET, "--scribe-api-key", KEY, "--scribe-report-dir", ".", *words)
    assert done.returncode == 4
    assert "--scribe-force" in done.stdout


@pytest.mark.parametrize(
    ("words", "code"), [(("-k", "DISC-001"), 0), (("-k", "DISC-001 or overall"), 0), (("--scribe-only", "SEC-001"), 1)]
)
def test_a_part_is_a_selection(tmp_path: Path, words: tuple[str, ...], code: int) -> None:
    with standing(lambda origin: miniature(host=origin)) as origin:
        told = ("--scribe-target", origin, "--scribe-api-key", MINIATURE_KEY, "--scribe-report-dir", ".")
        done = suite(tmp_path, *told, *words)
    assert done.returncode == code, done.stdout
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["overall"], len(report["requirements"])) == ("selection", 1)
    assert report["requests"] < 20
