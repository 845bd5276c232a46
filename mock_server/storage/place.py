"""Where `--audio-store` puts audio: a bucket, a prefix in it, and how it is reached, without showing its secrets."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from mock_server.suggestion import hint

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Scheme -> what the query of a URL may say, in the words of the library; whatever it leaves out, the environment says.
_NAMES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "s3": (
            "endpoint",
            "region",
            "access_key_id",
            "secret_access_key",
            "session_token",
            "virtual_hosted_style_request",
            "disable_bulk_delete",
            "unsigned_payload",
            "checksum_algorithm",
            "server_side_encryption",
            "sse_kms_key_id",
        ),
        "gs": ("base_url", "service_account", "service_account_key", "application_credentials", "bearer_token"),
        "az": (
            "endpoint",
            "account_name",
            "account_key",
            "sas_key",
            "client_id",
            "client_secret",
            "tenant_id",
            "use_emulator",
        ),
    }
)
_EXAMPLE: Final = "s3://bucket/prefix?endpoint=http://127.0.0.1:8333&region=us-east-1"
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9._-]{1,221}[a-z0-9]\Z")
#: Parts of a prefix, which are put into paths and into XML: nothing in them has to be escaped.
_PREFIX: Final = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}/){0,8}\Z")
_ENDPOINT: Final = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]{1,253}(?:/[A-Za-z0-9._~-]{1,128}){0,4}/?\Z")
_LONGEST: Final = 8192


class Keys(NamedTuple):
    """What requests to S3 are signed with."""

    name: str
    secret: str
    token: str = ""


@dataclass(frozen=True)
class Place:
    """A prefix of a bucket; `options` are the query's, secrets among them, and stand in no text made of this."""

    scheme: str
    bucket: str
    #: Without slashes around it; "" for the bucket itself.
    prefix: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.bucket}/{self.prefix}".rstrip("/")

    def below(self, name: str) -> Place:
        """A place of its own in this one."""
        return replace(self, prefix=self.path(name))

    def path(self, *names: str) -> str:
        """A path in the bucket."""
        return "/".join((self.prefix, *names) if self.prefix else names)

    @property
    def keys(self) -> Keys | None:
        """The keys of S3 that its URL or the environment tells; None where they are those of a machine's role."""

        def said(option: str, *names: str) -> str:
            return self.options.get(option) or next((os.environ[name] for name in names if os.environ.get(name)), "")

        found = Keys(
            said("access_key_id", "AWS_ACCESS_KEY_ID"),
            said("secret_access_key", "AWS_SECRET_ACCESS_KEY"),
            said("session_token", "AWS_SESSION_TOKEN", "AWS_TOKEN"),
        )
        return found if self.scheme == "s3" and found.name and found.secret else None


def place(url: str) -> Place:
    """The place that a URL names; raises ValueError, and no message repeats what may be secret."""
    told = f"is not understood: it is {_EXAMPLE}, or begins with gs:// or az://."
    if len(url) > _LONGEST or not url.isprintable():
        raise ValueError(f"--audio-store {told}")
    try:
        parts = urlsplit(url)
        given = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query), max_num_fields=32)
    except ValueError:
        raise ValueError(f"--audio-store {told}") from None
    names = _NAMES.get(parts.scheme)
    if names is None:
        raise ValueError(f"The scheme of --audio-store {told} Without it audio is kept in the data directory.")
    if "@" in parts.netloc or parts.fragment:
        raise ValueError(
            "--audio-store takes credentials from the environment, or from its query, and not before the bucket's name."
        )
    if not _BUCKET.match(parts.netloc):
        raise ValueError(f"The bucket of --audio-store {told}")
    prefix = parts.path.strip("/")
    if not _PREFIX.match(f"{prefix}/" if prefix else ""):
        raise ValueError("The prefix of --audio-store is up to eight words of letters, digits, '.', '_' and '-'.")
    return Place(parts.scheme, parts.netloc, prefix, MappingProxyType(_options(given, names)))


def _options(given: list[tuple[str, str]], names: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in given:
        if name not in names:
            told = "The query of --audio-store has a name that is not known"
            raise ValueError(f"{told}; it may have {', '.join(names)}.{hint(name, names)}")
        if name in found or not value:
            raise ValueError(f"The query of --audio-store has {name} twice, or without a value.")
        if name in {"endpoint", "base_url"} and not _ENDPOINT.match(value):
            raise ValueError(f"The {name} of --audio-store is not an http:// or https:// address of a host.")
        found[name] = value
    return found
