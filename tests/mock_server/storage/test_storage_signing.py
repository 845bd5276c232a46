"""Signature Version 4: against an example that AWS publishes, and what a form allows."""

from __future__ import annotations

import asyncio
import base64
import json
import time
import urllib.error
import urllib.request
import uuid
from datetime import UTC, datetime

import pytest

from mock_server.storage.bucket import Bucket
from mock_server.storage.place import place
from mock_server.storage.signing import Signing, signature, told
from tests.mock_server import weed

#: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html
_POLICY = b"""{ "expiration": "2015-12-30T12:00:00.000Z",\r
  "conditions": [\r
    {"bucket": "sigv4examplebucket"},\r
    ["starts-with", "$key", "user/user1/"],\r
    {"acl": "public-read"},\r
    {"success_action_redirect": "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html"},\r
    ["starts-with", "$Content-Type", "image/"],\r
    {"x-amz-meta-uuid": "14365123651274"},\r
    {"x-amz-server-side-encryption": "AES256"},\r
    ["starts-with", "$x-amz-meta-tag", ""],\r
\r
    {"x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"},\r
    {"x-amz-algorithm": "AWS4-HMAC-SHA256"},\r
    {"x-amz-date": "20151229T000000Z" }\r
  ]\r
}"""
_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
_GIVEN = f"access_key_id=AKIAIOSFODNN7EXAMPLE&secret_access_key={_SECRET}"


def test_a_policy_is_signed_as_the_example_of_aws_is():
    scope = "20151229/us-east-1/s3/aws4_request"
    found = signature(_SECRET, scope, base64.b64encode(_POLICY).decode())
    assert found == "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e"


def test_a_form_allows_a_folder_a_size_a_time_and_no_more():
    where = place(f"s3://clinic/staging?region=eu-west-1&session_token=temporary&{_GIVEN}")
    form = Signing(where, where.keys).form(
        "staging/direct/ses_1/named/", seconds=90, most=1000, now=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    )
    assert form.url == "https://s3.eu-west-1.amazonaws.com/clinic"
    policy = json.loads(base64.b64decode(form.fields["policy"]))
    assert policy["expiration"] == "2026-01-02T03:05:35Z"
    conditions = policy["conditions"]
    assert {"bucket": "clinic"} in conditions
    assert ["starts-with", "$key", "staging/direct/ses_1/named/"] in conditions
    assert ["content-length-range", 1, 1000] in conditions
    # whatever goes along is bound, but for the file, its name and what is made of the policy itself
    bound = {name for each in conditions if isinstance(each, dict) for name in each}
    assert bound == {*form.fields} - {"key", "policy", "x-amz-signature"} | {"bucket"}
    assert form.fields["key"] == "staging/direct/ses_1/named/${filename}"
    assert _SECRET not in json.dumps(form.fields)


@pytest.mark.parametrize(
    ("more", "root"),
    [
        ("endpoint=http://127.0.0.1:8333", "http://127.0.0.1:8333/clinic"),
        ("endpoint=https://clinic.store.test&virtual_hosted_style_request=true", "https://clinic.store.test"),
        ("region=us-west-2", "https://s3.us-west-2.amazonaws.com/clinic"),
    ],
)
def test_the_address_of_a_bucket_is_where_the_library_has_it(more, root):
    where = place(f"s3://clinic?{more}&{_GIVEN}")
    assert Signing(where, where.keys).root == root


def test_a_listing_with_declarations_is_none():
    with pytest.raises(ValueError, match="declarations"):
        told(b'<!DOCTYPE a [<!ENTITY b "c">]><a/>', "a")


@pytest.fixture
def folder(objects):
    from mock_server.storage.direct import Direct

    where = place(objects.url(f"signing-{uuid.uuid4().hex[:8]}"))
    opened = Direct(Bucket(where), where.keys)
    yield opened
    opened.close()


def _put(url, content=b"audio"):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=content, method="PUT"), timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_an_address_that_has_expired_is_refused_by_the_store(folder):
    url = asyncio.run(folder.address("ses_1", "a.wav", 1))
    time.sleep(2.5)
    assert _put(url) == 403
    assert _put(asyncio.run(folder.address("ses_1", "a.wav", 60))) == 200


def test_names_come_back_as_they_were_and_pages_are_turned(folder, monkeypatch):
    monkeypatch.setattr("mock_server.storage.direct._PAGE", 3)

    async def run():
        names = [f"ä {number}%2F+.wav" for number in range(8)]
        for number, name in enumerate(names):
            session = "ses_1" if number else "ses_0"
            assert _put(await folder.address(session, name, 60)) == 200
        for session in ("ses_2", "ses_3", "ses_4"):
            assert _put(await folder.address(session, "a.wav", 60)) == 200
        found = await folder.lying("ses_1", 100)
        assert sorted(each.name for each in found) == sorted(names[1:])
        assert len(await folder.lying("ses_1", 5)) == 5
        assert await folder.sessions() == [f"ses_{number}" for number in range(5)]
        async with folder.opened(found[0].key) as (_, body):
            assert b"".join([piece async for piece in body]) == b"audio"
        await folder.remove([each.key for each in found])
        return await folder.lying("ses_1", 100)

    assert asyncio.run(run()) == []


@pytest.mark.parametrize("session_id", ["", "../x", "ses/1", "s" * 65, "ses_\n"])
def test_an_id_that_is_no_name_of_a_folder_has_none(folder, session_id):
    assert asyncio.run(folder.address(session_id, "a.wav", 9)) is None
    assert folder.form(session_id, 9, 9) is None
    assert asyncio.run(folder.lying(session_id, 9)) == []


def test_what_cannot_be_listed_is_a_store_that_is_away():
    from mock_server.storage.bucket import Absent
    from mock_server.storage.direct import Direct

    (port,) = weed.free_ports(1)
    where = place(f"s3://clinic?endpoint=http://127.0.0.1:{port}&{_GIVEN}")
    opened = Direct(Bucket(where), where.keys)
    with pytest.raises(Absent) as raised:
        asyncio.run(opened.lying("ses_1", 9))
    opened.close()
    assert _SECRET not in str(raised.value)
