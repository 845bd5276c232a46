"""Which certificates a target may show, by the files that the operator names."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from conformance.obstacle import BadOption

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def trusted(
    ca_file: Path | None, cert_file: Path | None, *, insecure: bool, named: Callable[[str], str]
) -> ssl.SSLContext | bool:
    """What TLS goes by; raises BadOption for files that hold none, with options spelled as `named` does."""
    if ca_file is None and cert_file is None:
        return not insecure
    context = ssl.create_default_context()
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        if ca_file is not None:
            context.load_verify_locations(ca_file)
    except (OSError, ssl.SSLError) as error:
        told = f"{named('ca-file')} {ca_file} holds no certificates in PEM form ({_why(error)})"
        raise BadOption(told) from error
    try:
        if cert_file is not None:
            context.load_cert_chain(cert_file)
    except (OSError, ssl.SSLError) as error:
        told = f"{named('cert')} {cert_file} does not hold a certificate and its key in PEM form ({_why(error)})"
        raise BadOption(told) from error
    return context


def _why(error: OSError) -> str:
    return error.strerror or getattr(error, "reason", "") or str(error)
