"""Where a session takes its audio: read off the answer to its create, whatever stands there."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit, urlunsplit

from conformance.drive.handle import form_of
from conformance.evidence.address import place_of
from conformance.target import split_origin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.target import Target


def upload_address(
    target: Target, sessions: str, built: str, given: object, *, relative: bool = False
) -> tuple[str, Mapping[str, str] | None, str]:
    """Where audio goes, the form fields that go along, and what is odd about what the answer has.

    `sessions` is the address of the create, `built` the one that the README of the protocol tells how to build: what
    the answer lacks is judged by its own checks. A path goes behind base_url where the text prints it `relative`, or
    where it begins as an operation does (E54).
    """
    form = form_of(given)
    if form is not None:
        return urljoin(sessions, form[0]), form[1], "upload_url is an object with form fields."
    if not isinstance(given, str) or not given:
        return (
            built,
            None,
            f"upload_url is {'missing' if given is None else 'not a string'}; {built} is used instead.",
        )
    url = place_of(given, target.base_url, sessions, relative=relative)
    if split_origin(url) is None:
        return built, None, f"upload_url is not an http(s) address; {built} is used instead."
    if split_origin(url) == _unreachable(target):
        at, moved = urlsplit(target.base_url), urlsplit(url)
        url = urlunsplit((at.scheme, at.netloc, moved.path, moved.query, ""))
        return url, None, f"upload_url names a host that cannot be reached; {at.netloc} is used instead."
    return url, None, "" if relative or urlsplit(given).scheme else "upload_url is relative."


def _unreachable(target: Target) -> tuple[str, str, int] | None:
    """The origin of the declared base_url, where the run had to use another."""
    endpoints = target.discovery.get("endpoints")
    declared = endpoints.get("base_url") if isinstance(endpoints, dict) else None
    origin = split_origin(declared) if isinstance(declared, str) else None
    return origin if origin != split_origin(target.base_url) else None
