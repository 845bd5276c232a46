"""How the kit speaks TLS: with what it offers usually, or with one version alone to see whether a server takes it."""

from __future__ import annotations

import ssl
import warnings
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx

from conformance.evidence.handshake import EXPIRED, Certificate, Handshake

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.evidence.handshake import Offer, Outcome
    from conformance.target import Options

_VERSIONS: Mapping[str, ssl.TLSVersion] = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
#: Everything OpenSSL has, what is recommended first: a server is asked what it takes, and not what the kit would use.
_EVERY_SUITE = "ECDHE+AESGCM:ALL:@SECLEVEL=0"
#: How OpenSSL says that the other side does not speak the version offered, or nothing that is TLS at all.
_OTHER_VERSION = ("UNSUPPORTED_PROTOCOL", "WRONG_VERSION_NUMBER", "UNEXPECTED_EOF_WHILE_READING")
_REFUSALS = ("CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE", "BAD_CERTIFICATE", "closed the connection")
#: A name in a certificate has no bound of its own.
_LONGEST_NAME = 200
_SELF_SIGNED = ("self-signed certificate", "self signed certificate")
_UNKNOWN_CA = ("in certificate chain", "issuer certificate", "verify the first certificate")


class Unable(Exception):  # noqa: N818 - a fact about this client, not an error of it
    """The TLS library here cannot offer what is to be offered."""


def context_for(options: Options, offer: Offer) -> ssl.SSLContext:
    """A context that offers so much; raises Unable where the library or the machine's policy forbids it."""
    if offer == "usual":
        given = options.tls(verified=True)
        return given if isinstance(given, ssl.SSLContext) else httpx.create_ssl_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if options.cert_file is not None:
        context.load_cert_chain(options.cert_file)
    try:
        with warnings.catch_warnings():  # Python advises against the old versions, which are meant here
            warnings.simplefilter("ignore", DeprecationWarning)
            context.maximum_version = context.minimum_version = _VERSIONS[offer]
        context.set_ciphers(_EVERY_SUITE)
    except (ValueError, ssl.SSLError) as error:
        raise Unable(f"the TLS library of the kit cannot offer {offer} ({error})") from error
    _greet(context, offer)
    return context


def _greet(context: ssl.SSLContext, offer: Offer) -> None:
    """Make a first message for nobody: a policy of the machine may forbid a version that the library knows."""
    sent = ssl.MemoryBIO()
    hello = context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname="scribe.invalid")
    try:
        hello.do_handshake()
    except ssl.SSLWantReadError:
        if sent.pending:
            return
        raise Unable(f"the TLS library of the kit sends nothing for {offer}") from None
    except ssl.SSLError as error:
        raise Unable(f"the TLS library of the kit cannot offer {offer} ({error.reason})") from error


class Witness:
    """Sees how a connection of httpx is made, through a proxy too (httpcore's trace extension).

    `offer` is what the connection offers of TLS, where that is to be told.
    """

    def __init__(self, offer: Offer | None = None) -> None:
        self._offer: Offer | None = offer
        self._agreed: ssl.SSLObject | None = None
        self._failed: BaseException | None = None
        self._host = ""
        self._address: str | None = None

    async def __call__(self, event: str, told: dict[str, Any]) -> None:
        """One event on the way to a connection; only what concerns TCP and TLS is looked at."""
        step = event.partition(".")[2]
        if step == "connect_tcp.started":
            self._host = told["host"]
        elif step == "connect_tcp.complete":
            address = told["return_value"].get_extra_info("server_addr")
            self._address = str(address[0]) if address else None
        elif step == "start_tls.started":  # a proxy that is reached over TLS has a handshake of its own before this
            self._agreed = self._failed = None
        elif step == "start_tls.complete":
            self._agreed = told["return_value"].get_extra_info("ssl_object")
        elif step == "start_tls.failed":
            self._failed = told["exception"]

    def told(self, error: Exception | None) -> dict[str, Any]:
        """What the recorder keeps beside an exchange; `error` is what ended it, if anything did.

        `connected` is a host with its address: the server's own, or a proxy's.
        """
        handshake = self._handshake(self._offer, error) if self._offer else _faulty(error)
        connected = {"connected": [self._host, self._address]} if self._address else {}
        return connected | ({"handshake": handshake} if handshake else {})

    def _handshake(self, offer: Offer, error: Exception | None) -> Handshake:
        if self._agreed is not None and not isinstance(error, httpx.ProxyError):
            cipher = self._agreed.cipher()
            return Handshake(
                offer, "agreed", self._agreed.version(), cipher[0] if cipher else None, _certificate(self._agreed)
            )
        trouble = str(error) or type(error).__name__ if error else "nothing came of the handshake"
        if self._failed is None:
            return Handshake(offer, "unknown", trouble=trouble)
        fault = fault_of(self._failed)
        outcome: Outcome = "refused" if fault is None and _refuses(self._failed) else "unknown"
        return Handshake(offer, outcome, fault=fault, trouble=trouble)


def _certificate(seen: ssl.SSLObject) -> Certificate | None:
    """The server's certificate, where it was verified: what was not is not decoded by the library."""
    told: Mapping[str, Any] = seen.getpeercert() or {}
    if "notAfter" not in told:
        return None
    expires = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(told["notAfter"])), UTC)
    subject, issuer = _name(told.get("subject")), _name(told.get("issuer"))
    return Certificate(subject, issuer, expires, told.get("subject") == told.get("issuer"))


def _name(parts: Any) -> str:
    told = ", ".join(f"{key}={value}" for part in parts or () for key, value in part)
    return told[:_LONGEST_NAME]


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def fault_of(error: BaseException) -> str | None:
    """Why a certificate does not verify, where that is what went wrong."""
    found = next((each for each in _chain(error) if isinstance(each, ssl.SSLCertVerificationError)), None)
    return str(found.verify_message) if found is not None else None


def _faulty(error: Exception | None) -> Handshake | None:
    """The handshake of an exchange that was made for another reason, where it failed over the certificate."""
    fault = fault_of(error) if error is not None else None
    return Handshake("usual", "unknown", fault=fault, trouble=str(error)) if fault else None


def _refuses(error: BaseException) -> bool:
    """Whether a failed handshake is the server's doing: an alert, another version, or a connection it closed."""
    if any(isinstance(each, TimeoutError | httpx.TimeoutException) for each in _chain(error)):
        return False
    found = next((each for each in _chain(error) if isinstance(each, ssl.SSLError)), None)
    reason = (found.reason or "") if found is not None else ""
    return found is None or "ALERT" in reason or reason in _OTHER_VERSION


def advice(options: Options, trouble: str, fault: str | None) -> str:
    """What an operator can do about a target with which no secure connection came about."""
    begin = f"{options.target}: no secure connection: "
    ca_file, insecure = options.named("ca-file"), f"{options.named('insecure')} takes it as it is"
    if fault is None:
        return begin + _without_fault(options, trouble)
    if fault in _SELF_SIGNED:
        return f"{begin}its certificate is self-signed; name it with {ca_file} FILE, or {insecure}"
    if any(words in fault for words in _UNKNOWN_CA):
        return (
            f"{begin}its certificate comes from a CA that is not known here ({fault}); name the CA with {ca_file} FILE"
            f" or SSL_CERT_FILE, or {insecure}"
        )
    if fault == EXPIRED:
        return f"{begin}its certificate has expired; have it renewed, or {insecure}"
    if "mismatch" in fault:
        return f"{begin}its certificate is for another host ({fault}); use a name that it has, or {insecure}"
    return f"{begin}its certificate does not verify ({fault}); {ca_file} names your own CA, or {insecure}"


def _without_fault(options: Options, trouble: str) -> str:
    if "UNSUPPORTED_PROTOCOL" in trouble or "PROTOCOL_VERSION" in trouble:
        return f"it speaks neither TLS 1.2 nor 1.3 ({trouble})"
    if any(words in trouble for words in _REFUSALS):
        return (
            f"it refuses the handshake ({trouble}); check that it takes TLS 1.2 or 1.3 with suites of today, or give a"
            f" client certificate with {options.named('cert')} FILE"
        )
    return f"the port speaks no TLS ({trouble}); check the port, or whether the address begins with http://"
