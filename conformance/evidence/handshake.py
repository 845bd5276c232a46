"""What one try to speak TLS with a server came to: facts of a connection that no request and no answer shows."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: What the client offers: `usual` is what clients of today do, certificate verified; the others are one version alone.
Offer = Literal["usual", "TLSv1.3", "TLSv1.2", "TLSv1.1", "TLSv1"]
#: `unknown`: neither side refused; `trouble` says why it came to nothing.
Outcome = Literal["agreed", "refused", "unknown"]

#: The probe under which the kit asks a host for the API in plain HTTP.
PLAIN = "without TLS"
#: OpenSSL's words for a certificate whose time is over.
EXPIRED = "certificate has expired"


@dataclass(frozen=True)
class Certificate:
    """A server's certificate that a client verified: whose it is, who issued it, and until when it is valid (UTC)."""

    subject: str
    issuer: str
    expires: datetime
    self_signed: bool = False


@dataclass(frozen=True)
class Handshake:
    """One handshake: what was offered, whether the server agreed, and on what.

    `fault` is why the certificate of the server does not verify, in OpenSSL's words; None where nothing is known to be
    wrong with it.
    """

    offered: Offer
    outcome: Outcome
    version: str | None = None
    cipher: str | None = None
    certificate: Certificate | None = None
    fault: str | None = None
    trouble: str | None = None

    def told(self, clean: Callable[[str], str]) -> Handshake:
        """The same, with every text that came from outside passed through a function."""
        return handshake_of({name: _cleaned(value, clean) for name, value in self.document().items()})

    def document(self) -> dict[str, Any]:
        """The handshake as a JSON object; what is not known is left out."""
        shown = {name: value for name, value in asdict(self).items() if value is not None}
        if self.certificate is not None:
            shown["certificate"] = asdict(self.certificate) | {"expires": self.certificate.expires.isoformat()}
        return shown


def handshake_of(document: Mapping[str, Any]) -> Handshake:
    """The handshake that `document` made the object of."""
    told = document.get("certificate")
    seen = Certificate(**dict(told) | {"expires": datetime.fromisoformat(told["expires"])}) if told else None
    return Handshake(**dict(document) | {"certificate": seen})


def _cleaned(value: Any, clean: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {name: _cleaned(each, clean) for name, each in value.items()}
    return clean(value) if isinstance(value, str) else value
