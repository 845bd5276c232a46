"""What the kit says of TLS, of servers whose certificates, versions and plain ports are as these tests make them.

Each expectation is written from the statements of chapter 12, not from what a run said.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import trustme

import scribe_data
from conformance.drive import handshake
from conformance.evidence.handshake import handshake_of
from conformance.evidence.har import har
from conformance.journeys import all_journeys
from conformance.run import grade
from conformance.runner import drive_all
from conformance.target import Options, TargetUnreachable

from .honest import Honest
from .secured import (
    HERE,
    BehindProxy,
    Forwarding,
    Redirecting,
    Shaped,
    certified,
    relaying,
    self_signed,
    speaking,
    two_faced,
)
from .serving import listening, served, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conformance.evidence import Evidence
    from conformance.run import Graded

IDS = ("SEC-001", "SEC-002", "SEC-003", "SEC-004", "SEC-005", "SEC-006", "SEC-008", "SEC-021")
GOOD = dict.fromkeys(IDS, "pass")
NAME = "scribe.example.com"
V1, V1_1, V1_2, V1_3 = (
    ssl.TLSVersion.TLSv1,
    ssl.TLSVersion.TLSv1_1,
    ssl.TLSVersion.TLSv1_2,
    ssl.TLSVersion.TLSv1_3,
)


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(ca: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.cert_pem.write_to_path(path)
    return path


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy and no CA of the machine the tests run on."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def driven(address: str, peer: Honest, **options: Any) -> Evidence:
    given = {"api_key": peer.key("one"), "first_timeout": 10.0, "processing_timeout": 20.0} | options
    journeys = [each for each in all_journeys() if each.name == "security/transport"]
    return asyncio.run(drive_all(Options(target=address, **given), journeys=journeys))


def graded(evidence: Evidence, *ids: str) -> dict[str, Graded]:
    found = grade(evidence, scribe_data.load(), "lenient", ids or IDS)
    return {each.requirement.id: each for each in found}


def verdicts(evidence: Evidence) -> dict[str, str]:
    return {name: each.verdict.value for name, each in graded(evidence).items()}


def words(evidence: Evidence, requirement: str) -> str:
    return "\n".join(finding.message for finding in graded(evidence, requirement)[requirement].findings)


def judged(tls: ssl.SSLContext | None, peer: Honest | None = None, **options: Any) -> dict[str, str]:
    peer = peer or Honest()
    with serving(peer, tls=tls) as address:
        return verdicts(driven(address, peer, **options))


# versions and suites


def test_a_server_with_tls_1_2_and_1_3_holds_all_of_it(ca: trustme.CA, ca_file: Path) -> None:
    assert judged(certified(ca), ca_file=ca_file) == GOOD


def test_the_ca_may_come_from_the_environment(ca: trustme.CA, ca_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
    assert judged(certified(ca)) == GOOD


@pytest.mark.parametrize(
    ("takes", "changes"),
    [
        ((V1_2, V1_2), {"SEC-003": "warn"}),
        ((V1_3, V1_3), {"SEC-002": "fail"}),
        ((V1, V1_3), {"SEC-021": "warn"}),
        ((V1_1, V1_3), {"SEC-021": "warn"}),
        ((V1, V1_2), {"SEC-021": "warn", "SEC-003": "warn"}),
        ((V1_2, V1_3, "ECDHE-ECDSA-AES128-SHA256"), {"SEC-006": "warn"}),
        ((V1_2, V1_2, "ECDHE-ECDSA-AES256-SHA384"), {"SEC-006": "warn", "SEC-003": "warn"}),
        ((V1_2, V1_3, "ECDHE-ECDSA-AES128-GCM-SHA256"), {}),
    ],
)
def test_each_version_and_suite_is_judged_by_itself(
    ca: trustme.CA, ca_file: Path, takes: Any, changes: dict[str, str]
) -> None:
    assert judged(certified(ca, settle=speaking(*takes)), ca_file=ca_file) == GOOD | changes


def test_a_server_of_suites_that_no_client_of_today_offers_is_said_to_refuse(ca: trustme.CA, ca_file: Path) -> None:
    with pytest.raises(TargetUnreachable, match="it refuses the handshake"):
        judged(certified(ca, settle=speaking(V1_2, V1_2, "ECDHE-ECDSA-AES256-SHA")), ca_file=ca_file)


def test_a_server_of_old_versions_alone_cannot_be_graded(ca: trustme.CA, ca_file: Path) -> None:
    tls = certified(ca, settle=speaking(V1, V1_1))
    with pytest.raises(TargetUnreachable, match=r"(refuses the handshake|neither TLS 1.2).*1\.3"):
        judged(tls, ca_file=ca_file)


def test_what_the_library_here_cannot_speak_stays_open(
    ca: trustme.CA, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshake, "_EVERY_SUITE", "ECDHE+AESGCM:@SECLEVEL=2")  # none of these is one of TLS 1.1
    peer = Honest()
    with serving(peer, tls=certified(ca)) as address:
        evidence = driven(address, peer, ca_file=ca_file)
    assert verdicts(evidence) == GOOD | {"SEC-021": "inconclusive"}
    assert graded(evidence)["SEC-021"].reason == "no_handshake"
    assert "cannot offer TLSv1" in words(evidence, "SEC-021")


# certificates


def test_a_certificate_that_ends_soon_is_a_warning(ca: trustme.CA, ca_file: Path) -> None:
    assert judged(certified(ca, days=5), ca_file=ca_file) == GOOD | {"SEC-005": "warn"}
    assert judged(certified(ca, days=15), ca_file=ca_file) == GOOD


@pytest.mark.parametrize(
    ("name", "days", "changes"),
    [
        (HERE, -1, {"SEC-004": "inconclusive", "SEC-005": "warn"}),
        (NAME, 90, {"SEC-004": "inconclusive", "SEC-005": "inconclusive"}),
        (HERE, 90, {"SEC-004": "inconclusive"}),
    ],
)
def test_with_insecure_no_certificate_is_called_valid(
    ca: trustme.CA, ca_file: Path, name: str, days: int, changes: dict[str, str]
) -> None:
    found = judged(certified(ca, name, days=days), ca_file=ca_file, insecure=True)
    assert found == GOOD | changes


def test_insecure_is_said_in_the_notes(ca: trustme.CA) -> None:
    peer = Honest()
    with serving(peer, tls=certified(ca)) as address:
        evidence = driven(address, peer, insecure=True)
    assert verdicts(evidence)["SEC-004"] == "inconclusive"
    assert [note.text for note in evidence.notes if note.reason == "insecure" and "--insecure" in note.text]


def test_a_self_signed_certificate_that_the_operator_names_is_no_trusted_one(tmp_path: Path) -> None:
    tls, alone = self_signed(tmp_path)
    assert judged(tls, ca_file=alone) == GOOD | {"SEC-004": "inconclusive"}


def test_audio_at_a_host_whose_certificate_does_not_verify_fails(ca: trustme.CA, ca_file: Path) -> None:
    peer = Shaped()
    elsewhere = listening()
    origin = f"https://{HERE}:{elsewhere.getsockname()[1]}"
    with serving(peer, tls=certified(ca)) as address, served(peer, [elsewhere], certified(ca, NAME)):
        peer.upload_origin = origin
        evidence = driven(address, peer, ca_file=ca_file, extra_origins=(origin,))
    assert verdicts(evidence)["SEC-004"] == "fail"
    assert "mismatch" in words(evidence, "SEC-004")


def test_a_client_certificate_is_shown_where_it_is_asked_for(ca: trustme.CA, ca_file: Path, tmp_path: Path) -> None:
    def settle(context: ssl.SSLContext) -> None:
        ca.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED

    mine = tmp_path / "client.pem"
    ca.issue_cert("client@example.com").private_key_and_cert_chain_pem.write_to_path(mine)
    tls = certified(ca, settle=settle)
    assert judged(tls, ca_file=ca_file, cert_file=mine) == GOOD
    assert judged(tls, cert_file=mine, insecure=True)["SEC-002"] == "pass"
    with pytest.raises(TargetUnreachable, match="--cert FILE"):
        judged(tls, ca_file=ca_file)


# what is not https in a service that is


@contextmanager
def beside(peer: Honest, tls: ssl.SSLContext, app: Any = None) -> Iterator[tuple[str, str]]:
    """The peer over TLS, and a port of plain HTTP with it (or another application) beside it: both addresses."""
    door = listening()
    with serving(peer, tls=tls) as address, served(app or peer, [door]):
        yield address, f"http://{HERE}:{door.getsockname()[1]}"


def in_plain(ca: trustme.CA, ca_file: Path, shape: Any) -> Evidence:
    """A run against a peer that is told where its plain port lies."""
    peer = Shaped()
    with beside(peer, certified(ca)) as (address, plain):
        shape(peer, plain)
        return driven(address, peer, ca_file=ca_file)


def test_audio_that_travels_in_plain_fails(ca: trustme.CA, ca_file: Path) -> None:
    evidence = in_plain(ca, ca_file, lambda peer, plain: setattr(peer, "upload_origin", plain))
    # the peer answers everything there, not only uploads
    assert verdicts(evidence) == GOOD | {"SEC-008": "fail", "SEC-001": "warn"}
    (wrong,) = graded(evidence, "SEC-008")["SEC-008"].findings
    assert str(wrong.actual).startswith("http://")
    assert wrong.pointer == "/upload_url"


def test_operations_that_are_declared_in_plain_fail(ca: trustme.CA, ca_file: Path) -> None:
    evidence = in_plain(ca, ca_file, lambda peer, plain: setattr(peer, "endpoints", {"base_url": f"{plain}/v1"}))
    assert verdicts(evidence)["SEC-001"] == "fail"
    assert "endpoints.base_url" in words(evidence, "SEC-001")


@pytest.mark.parametrize("name", ["webhooks_url", "templates_url", "sessions_url"])
def test_another_endpoint_in_plain_fails(ca: trustme.CA, ca_file: Path, name: str) -> None:
    evidence = in_plain(ca, ca_file, lambda peer, plain: setattr(peer, "endpoints", {name: f"{plain}/v1/it"}))
    assert verdicts(evidence) == GOOD | {"SEC-001": "fail"}
    assert f"endpoints.{name}" in words(evidence, "SEC-001")


def test_the_api_in_plain_beside_is_a_warning(ca: trustme.CA, ca_file: Path) -> None:
    evidence = in_plain(ca, ca_file, lambda peer, plain: setattr(peer, "service", {"documentation_url": f"{plain}/d"}))
    assert verdicts(evidence) == GOOD | {"SEC-001": "warn"}


def test_a_plain_port_that_leads_to_https_is_none(ca: trustme.CA, ca_file: Path) -> None:
    peer = Shaped()
    with ExitStack() as stack:
        address = stack.enter_context(serving(peer, tls=certified(ca)))
        door = listening()
        stack.enter_context(served(Redirecting(address), [door]))
        peer.service = {"documentation_url": f"http://{HERE}:{door.getsockname()[1]}/docs"}
        evidence = driven(address, peer, ca_file=ca_file)
    assert verdicts(evidence) == GOOD
    assert [x.status for x in evidence.exchanges if x.request.url.startswith("http:") and x.status] == [308, 308]


def test_a_port_that_speaks_both_is_a_warning(ca: trustme.CA, ca_file: Path) -> None:
    peer = Honest()
    with beside(peer, certified(ca)) as (address, plain), relaying(two_faced(port(address), port(plain))) as door:
        target = f"https://{HERE}:{door}"
        peer.opened(target, target)
        assert verdicts(driven(target, peer, ca_file=ca_file)) == GOOD | {"SEC-001": "warn"}


def test_a_service_that_does_not_know_of_its_tls_stays_open_on_a_local_address(ca: trustme.CA, ca_file: Path) -> None:
    peer = Honest()
    with serving(peer, tls=certified(ca)) as address:
        wrong = address.replace("https:", "http:")
        peer.opened(wrong, wrong)
        evidence = driven(address, peer, ca_file=ca_file)
    assert verdicts(evidence) == GOOD | {"SEC-001": "inconclusive", "SEC-008": "inconclusive"}
    assert graded(evidence, "DISC-008")["DISC-008"].verdict == "pass"


@pytest.mark.parametrize("told", [None, "max-age=31536000; includeSubDomains"])
def test_strict_transport_security_is_recorded_and_not_judged(ca: trustme.CA, ca_file: Path, told: str | None) -> None:
    peer = Shaped(extra_headers={"strict-transport-security": told} if told else {})
    with serving(peer, tls=certified(ca)) as address:
        evidence = driven(address, peer, ca_file=ca_file)
    assert verdicts(evidence) == GOOD
    recorded = [each for each in graded(evidence)["SEC-001"].findings if each.message == "Strict-Transport-Security"]
    assert [each.actual for each in recorded] == [told]


# what is not https at all


def test_plain_http_on_this_machine_is_no_failure() -> None:
    peer = Honest()
    with serving(peer) as address:
        evidence = driven(address, peer)
    assert verdicts(evidence) == dict.fromkeys(IDS, "inconclusive")
    assert {graded(evidence)[name].reason for name in ("SEC-001", "SEC-008")} == {"local_address"}


# through a proxy


def port(address: str) -> int:
    return int(address.rpartition(":")[2])


@contextmanager
def proxied(monkeypatch: pytest.MonkeyPatch, places: dict[str, int], *variables: str) -> Iterator[Forwarding]:
    forwarding = Forwarding(places)
    with relaying(forwarding) as through:
        for name in variables:
            monkeypatch.setenv(name, f"http://{HERE}:{through}")
        yield forwarding


def test_a_public_service_is_seen_through_a_proxy(
    ca: trustme.CA, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = Honest()
    target = f"https://{NAME}"
    with (
        serving(peer, tls=certified(ca, NAME, settle=speaking(V1, V1_3))) as address,
        proxied(monkeypatch, {f"{NAME}:443": port(address)}, "HTTPS_PROXY", "HTTP_PROXY") as forwarding,
    ):
        peer.opened(target, target)
        evidence = driven(target, peer, ca_file=ca_file)
    assert verdicts(evidence) == GOOD | {"SEC-021": "warn"}
    assert f"{NAME}:443" in forwarding.seen
    assert f"{NAME}:80" in forwarding.seen


def test_a_public_service_that_names_plain_addresses_fails(
    ca: trustme.CA, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = Honest()
    target = f"https://{NAME}"
    with (
        serving(peer, tls=certified(ca, NAME)) as address,
        proxied(monkeypatch, {f"{NAME}:443": port(address)}, "HTTPS_PROXY", "HTTP_PROXY"),
    ):
        peer.opened(f"http://{NAME}:443", f"http://{NAME}:443")
        assert verdicts(driven(target, peer, ca_file=ca_file)) == GOOD | {"SEC-001": "fail", "SEC-008": "fail"}


def test_a_public_service_in_plain_http_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    peer = BehindProxy()
    target = f"http://{NAME}"
    with serving(peer) as address, proxied(monkeypatch, {f"{NAME}:80": port(address)}, "HTTP_PROXY"):
        peer.opened(target, target)
        found = verdicts(driven(target, peer))
    assert found == dict.fromkeys(IDS, "inconclusive") | {"SEC-001": "fail", "SEC-008": "fail"}


def test_a_self_signed_certificate_of_a_public_service_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    peer = Honest()
    target = f"https://{NAME}"
    tls, alone = self_signed(tmp_path, NAME)
    with (
        serving(peer, tls=tls) as address,
        proxied(monkeypatch, {f"{NAME}:443": port(address)}, "HTTPS_PROXY", "HTTP_PROXY"),
    ):
        peer.opened(target, target)
        assert verdicts(driven(target, peer, ca_file=alone)) == GOOD | {"SEC-004": "fail"}


def test_a_host_that_no_proxy_names_is_asked_directly(
    ca: trustme.CA, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = Honest()
    with serving(peer, tls=certified(ca)) as address, proxied(monkeypatch, {}, "HTTPS_PROXY", "ALL_PROXY") as nobody:
        monkeypatch.setenv("NO_PROXY", HERE)
        assert verdicts(driven(address, peer, ca_file=ca_file)) == GOOD
    assert nobody.seen == []


# what ends a run before it began, and what is kept of it


def command(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "conformance.cli", "run", "--api-key", "peer-key-one", "--examples", "0", *words]
    return subprocess.run(call, capture_output=True, text=True, check=False, timeout=120, env=os.environ | env)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("unknown", "comes from a CA that is not known here"),
        ("expired", "has expired"),
        ("host", "is for another host"),
        ("self-signed", "is self-signed; name it with --ca-file FILE"),
    ],
)
def test_a_certificate_that_does_not_verify_ends_in_one_line(
    ca: trustme.CA, ca_file: Path, tmp_path: Path, kind: str, said: str
) -> None:
    tls = {
        "unknown": lambda: certified(trustme.CA()),
        "expired": lambda: certified(ca, days=-1),
        "host": lambda: certified(ca, NAME),
        "self-signed": lambda: self_signed(tmp_path)[0],
    }[kind]()
    with serving(Honest(), tls=tls) as address:
        done = command("--target", address, "--ca-file", str(ca_file))
    assert done.returncode == 3
    (line,) = done.stderr.strip().splitlines()
    assert said in line
    assert "--insecure" in line


@pytest.mark.slow
def test_insecure_is_said_on_the_terminal_and_in_the_report(ca: trustme.CA, tmp_path: Path) -> None:
    with serving(Honest(), tls=certified(ca)) as address:
        done = command("--target", address, "--insecure", "--only", "SEC-004", "--report-dir", str(tmp_path))
    report = json.loads((tmp_path / "report.json").read_text())
    assert "--insecure was given" in done.stdout
    assert [note for note in report["notes"] if note["reason"] == "insecure"]
    assert "--insecure was given" in (tmp_path / "report.html").read_text()
    (found,) = report["requirements"]
    assert (found["verdict"], found["reason"]) == ("inconclusive", "insecure")


def test_the_archive_keeps_what_a_handshake_showed(ca: trustme.CA, ca_file: Path) -> None:
    peer = Honest()
    with serving(peer, tls=certified(ca)) as address:
        evidence = driven(address, peer, ca_file=ca_file)
    seen = {x.number: x.handshake for x in evidence.exchanges if x.handshake}
    archive = json.loads(json.dumps(har(evidence)))
    kept = {each["_number"]: each["_handshake"] for each in archive["log"]["entries"] if "_handshake" in each}
    assert len(seen) >= 5
    assert {number: handshake_of(document) for number, document in kept.items()} == seen
