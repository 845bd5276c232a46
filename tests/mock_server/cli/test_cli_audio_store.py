"""`scribe-mock serve --audio-store`: what it refuses at start, in one line that repeats no secret."""

from __future__ import annotations

import os
import sys
import uuid

import pytest

from mock_server.storage.place import place
from tests.mock_server import weed
from tests.mock_server.cli.test_cli_refusals import refused
from tests.mock_server.cli.test_cli_socket import Server
from tests.mock_server.objects.serving import serve, uploaded

SECRET = "gpTnM3secretY0x"


@pytest.fixture(autouse=True)
def _no_account_of_this_machine(monkeypatch):
    for name in [name for name in os.environ if name.startswith(("AWS_", "GOOGLE_", "AZURE_"))]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("bucket", "The scheme of --audio-store"),
        ("ftp://bucket/prefix", "gs:// or az://"),
        ("file:///tmp/audio", "Without it audio is kept in the data directory"),
        ("s3://", "The bucket of --audio-store"),
        ("s3:///prefix", "The bucket of --audio-store"),
        (f"s3://key:{SECRET}@bucket", "not before the bucket's name"),
        (f"s3://bucket?access_key_id=x&secret_acces_key={SECRET}", "Did you mean 'secret_access_key'?"),
        (f"s3://bucket?{SECRET}", "is not understood"),
        (f"s3://bucket?{SECRET}=1", "a name that is not known"),
        (f"s3://bucket?secret_access_key={SECRET}&secret_access_key={SECRET}", "twice"),
        (f"s3://bucket?secret_access_key={SECRET}&endpoint=127.0.0.1:8333", "The endpoint of --audio-store"),
        (f"s3://bucket?endpoint=http://me:{SECRET}@127.0.0.1", "The endpoint of --audio-store"),
        ("s3://bucket/../other", "The prefix of --audio-store"),
        ("s3://bucket/a//b", "The prefix of --audio-store"),
        (f"gs://bucket?secret_access_key={SECRET}", "service_account"),
        (f"s3://bucket/{'x' * 9000}", "is not understood"),
    ],
)
def test_a_url_that_is_none_is_refused(tmp_path, url, says):
    code, line = refused("--data-dir", tmp_path, "--audio-store", url)
    assert code == 2
    assert says in line
    assert SECRET not in line
    assert len(line) < 500
    assert not (tmp_path / "scribe.sqlite").exists()


def test_audio_that_is_kept_nowhere_is_not_kept_in_a_bucket():
    code, line = refused("--in-memory", "--audio-store", "s3://bucket")
    assert code == 2
    assert "leave one of them out" in line


def test_a_place_shows_no_secret_in_any_spelling():
    found = place(f"s3://bucket/prefix?access_key_id={SECRET}&secret_access_key={SECRET}&session_token={SECRET}")
    assert str(found) == "s3://bucket/prefix"
    assert SECRET not in f"{found!r} {found} {[found]}"


def test_a_library_that_is_not_installed_is_named_with_its_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore", None)  # how Python itself says that there is none
    code, line = refused("--data-dir", tmp_path, "--audio-store", "s3://bucket?endpoint=http://127.0.0.1:9")
    assert code == 3
    assert "pip install '.[objects]'" in line


def test_a_place_where_nobody_answers_is_refused(tmp_path):
    (port,) = weed.free_ports(1)
    url = f"s3://bucket?endpoint=http://127.0.0.1:{port}&access_key_id=x&secret_access_key={SECRET}"
    code, line = refused("--data-dir", tmp_path, "--audio-store", url)
    assert code == 3
    assert f"nobody answers at http://127.0.0.1:{port}" in line
    assert SECRET not in line


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"bucket": "nowhere"}, "there is no bucket nowhere"),
        ({"who": ("nobody", SECRET)}, "its credentials are wrong or have expired"),
        ({"who": (weed.FULL[0], SECRET)}, "its credentials are wrong or have expired"),
        ({"who": weed.READER}, "its credentials give no right to write there"),
    ],
)
def test_a_bucket_that_is_not_there_and_wrong_credentials_are_refused(objects, tmp_path, changes, says):
    code, line = refused("--data-dir", tmp_path, "--audio-store", objects.url("refused", **changes))
    assert code == 3
    assert says in line
    assert not any(secret in line for secret in (SECRET, *weed.FULL, *weed.READER))


def test_no_credentials_at_all_are_refused(objects, tmp_path, monkeypatch):
    # where the library looks for those of a cloud's machine last
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://169.254.169.254.invalid")
    url = f"s3://{weed.BUCKET}/none?endpoint={objects.endpoint}"
    code, line = refused("--data-dir", tmp_path, "--audio-store", url)
    assert code == 3
    assert "there are no credentials" in line


def test_credentials_come_from_the_environment(objects, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", weed.FULL[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", weed.FULL[1])
    monkeypatch.setenv("AWS_ENDPOINT_URL", objects.endpoint)
    name = f"environment-{uuid.uuid4().hex[:8]}"
    served = Server(tmp_path / "data", "--transcriber", "scripted", "--audio-store", f"s3://{weed.BUCKET}/{name}")
    try:
        assert f"audio in s3://{weed.BUCKET}/{name}" in "".join(served.told)
        assert [path.split("/")[0] for path in objects.paths(name)] == ["database", "leases"]
    finally:
        served.stop()
    assert objects.paths(name) == ["database"]


def test_a_directory_whose_audio_lies_elsewhere_is_refused_both_ways(objects, tmp_path):
    url = objects.url(f"elsewhere-{uuid.uuid4().hex[:8]}")
    for directory, first, then in (
        (tmp_path / "local", (), ("--audio-store", url)),
        (tmp_path / "there", ("--audio-store", url), ()),
    ):
        served = serve(directory, *first)
        try:
            uploaded(served.url)
        finally:
            served.stop()
        code, line = refused("--data-dir", directory, *then)
        assert code == 3
        assert "have their audio in" in line
        assert weed.FULL[1] not in line


def test_two_servers_do_not_share_a_prefix(objects, tmp_path):
    url = objects.url(f"shared-{uuid.uuid4().hex[:8]}")
    served = Server(tmp_path / "one", "--transcriber", "scripted", "--audio-store", url)
    try:
        code, line = refused("--data-dir", tmp_path / "two", "--audio-store", url)
    finally:
        served.stop()
    assert code == 3
    assert "another server's database" in line


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "name that too"),
        (("--in-memory",), "--in-memory keeps nothing"),
        (("--audio-store", "gs://bucket/prefix"), "addresses of gs:// are not signed here"),
        (("--audio-store", "s3://bucket"), "none are told"),
        (
            ("--audio-store", f"s3://bucket?access_key_id=x&secret_access_key={SECRET}", "--profile", "prsm"),
            "--profile",
        ),
        (
            ("--audio-store", f"s3://bucket?access_key_id=x&secret_access_key={SECRET}", "--revision", "2026-01-19"),
            "2026-01-19 measures audio as it comes",
        ),
        (("--audio-store", f"s3://bucket?access_key_id=x&secret_access_key={SECRET}", "--faithful"), "is no URL"),
    ],
)
def test_uploads_to_a_store_that_takes_none_are_refused(tmp_path, arguments, says):
    directory = () if "--in-memory" in arguments else ("--data-dir", tmp_path)
    code, line = refused("--direct-uploads", "form", *directory, *arguments)
    assert code == 2
    assert says in line
    assert SECRET not in line
    assert len(line) < 500
