"""Why a bucket could not be asked, in words of ours alone: what the other side says may repeat secrets."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_CODE: Final = re.compile(r"<Code>([A-Za-z]{1,64})</Code>")
_STATUS: Final = re.compile(r"status code: (\d{3})")
_NOBODY: Final = "its credentials are wrong or have expired; look at the environment, or the query of the URL"
_ELSEWHERE: Final = "the bucket lies in another region; add region=… to the URL"
_FULL: Final = "it is full"
#: Codes of errors, or statuses where there is none -> what to tell; {} is the bucket.
_TOLD: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(
            ("NoSuchBucket", "ContainerNotFound", "AccountNotFound"),
            "there is no bucket {}; make it first, or name another",
        ),
        **dict.fromkeys(
            (
                "InvalidAccessKeyId",
                "SignatureDoesNotMatch",
                "InvalidToken",
                "ExpiredToken",
                "InvalidSecurity",
                "AuthenticationFailed",
                "NoAuthenticationInformation",
                "401",
            ),
            _NOBODY,
        ),
        **dict.fromkeys(("PermanentRedirect", "AuthorizationHeaderMalformed", "301"), _ELSEWHERE),
        **dict.fromkeys(("QuotaExceeded", "XMinioStorageFull", "InsufficientStorage", "507"), _FULL),
        "RequestTimeTooSkewed": "the clock of this machine and its clock differ by more than a quarter of an hour",
    }
)
#: Where the library looks for credentials last, which none of these machines has.
_METADATA: Final = ("169.254.", "metadata.google", "computeMetadata")
_UNSIGNED: Final = "there are no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or those of its provider"


def silent(error: Exception) -> bool:
    """Whether nobody answered at all."""
    return not _STATUS.search(str(error))


def reason(error: Exception, bucket: str, doing: str, where: str | None) -> str:
    """What an error of the library comes to; `doing` is a verb, `where` the address that was asked, if it was told."""
    text, kind = str(error), type(error).__name__
    code = next(iter(_CODE.findall(text)), "")
    status = next(iter(_STATUS.findall(text)), "")
    told = _TOLD.get(code) or _TOLD.get(status)
    if told is None and kind == "UnauthenticatedError":
        told = _NOBODY
    if told is None and (kind == "PermissionDeniedError" or status == "403"):
        told = f"its credentials give no right to {doing} there"
    if told is None and any(word in text for word in _METADATA):
        told = _UNSIGNED
    if told is None and status:
        told = f"it answers {status} where it is asked to {doing}"
    if told is None:
        told = f"nobody answers{f' at {where}' if where else ''} as such a store does"
    return told.format(bucket)
