"""What stands around a peer that is served over TLS: certificates of every kind, proxies, and a port with two faces."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
import select
import socket
import ssl
import threading
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .honest import Honest
from .serving import listening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import trustme

    from .exchange import Answer, Call

#: The host that peers have where nothing else is said.
HERE = "127.0.0.1"
#: Seconds a connection of a proxy may be idle.
IDLE_S = 30.0


class Shaped(Honest):
    """An honest server with headers of its own, whose discovery and upload addresses may name other origins."""

    extra_headers: dict[str, str] = {}  # noqa: RUF012 - set per peer, as all options of one are
    #: Members of discovery's endpoints and service; a callable makes the value of the two origins the peer has.
    endpoints: dict[str, Any] = {}  # noqa: RUF012 - as above
    service: dict[str, Any] = {}  # noqa: RUF012 - as above
    upload_origin = ""

    async def answered(self, call: Call) -> Answer:
        answer = await super().answered(call)
        answer.headers |= self.extra_headers
        return answer

    def discovery(self) -> dict[str, Any]:
        document = super().discovery()
        document["endpoints"] |= self.endpoints
        document["service"] |= self.service
        return document

    def upload_url(self, session: Any) -> Any:
        return super().upload_url(session).replace(self.origin, self.upload_origin or self.origin)


class BehindProxy(Honest):
    """An honest server that knows requests as a proxy of plain HTTP gets them, with the whole URL as their target."""

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        path = re.sub(rb"^http://[^/]*", b"", scope["raw_path"])
        await super().__call__(scope | {"path": path.decode(), "raw_path": path}, receive, send)


class Redirecting:
    """Sends whoever comes to https at another port."""

    def __init__(self, origin: str) -> None:
        self.origin = origin

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        location = f"{self.origin}{scope['path']}".encode()
        await send({"type": "http.response.start", "status": 308, "headers": [(b"location", location)]})
        await send({"type": "http.response.body", "body": b""})


def certified(
    ca: trustme.CA, name: str = HERE, *, days: float = 90, settle: Callable[[ssl.SSLContext], None] | None = None
) -> ssl.SSLContext:
    """A server's side of TLS with a certificate for a name, valid for so many days."""
    now = dt.datetime.now(dt.UTC)
    leaf = ca.issue_cert(name, not_before=now - dt.timedelta(days=365), not_after=now + dt.timedelta(days=days))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    if settle is not None:
        settle(context)
    return context


def speaking(least: ssl.TLSVersion, most: ssl.TLSVersion, suites: str = "DEFAULT") -> Callable[[ssl.SSLContext], None]:
    """The versions a server takes, old ones included, and its suites for those before TLS 1.3."""

    def settle(context: ssl.SSLContext) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version, context.maximum_version = least, most
        context.set_ciphers(f"{suites}:@SECLEVEL=0")

    return settle


def self_signed(folder: Path, name: str = HERE) -> tuple[ssl.SSLContext, Path]:
    """A server's side of TLS with a certificate that nobody issued but itself, and the file that holds it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "peer")])
    now = dt.datetime.now(dt.UTC)
    try:
        named: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        named = x509.DNSName(name)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName([named]), critical=False)
        .sign(key, hashes.SHA256())
    )
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    whole, alone = folder / "self-signed.pem", folder / "self-signed-certificate.pem"
    whole.write_bytes(key.private_bytes(*form) + made.public_bytes(serialization.Encoding.PEM))
    alone.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(whole)
    return context, alone


@contextmanager
def relaying(choose: Callable[[socket.socket], tuple[str, int] | None]) -> Iterator[int]:
    """A port whose connections go on to where `choose` says, which may read and answer first; None closes them."""
    door = listening()
    door.settimeout(0.2)
    over = threading.Event()

    def accept() -> None:
        while not over.is_set():
            with suppress(TimeoutError):
                client, _ = door.accept()
                threading.Thread(target=relay, args=(client,), daemon=True).start()

    def relay(client: socket.socket) -> None:
        with client, suppress(OSError):
            client.settimeout(IDLE_S)
            place = choose(client)
            if place is not None:
                with socket.create_connection(place, IDLE_S) as server:
                    _carry(client, server, over)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield door.getsockname()[1]
    finally:
        over.set()
        thread.join(IDLE_S)
        door.close()


def _carry(one: socket.socket, other: socket.socket, over: threading.Event) -> None:
    while not over.is_set():
        for ready in select.select([one, other], [], [], 0.2)[0]:
            piece = ready.recv(65536)
            if not piece:
                return
            (other if ready is one else one).sendall(piece)


def two_faced(secured: int, plain: int) -> Callable[[socket.socket], tuple[str, int]]:
    """Goes on to one port for TLS and to another for plain HTTP, by the first byte that comes."""
    return lambda client: (HERE, secured if client.recv(1, socket.MSG_PEEK) == b"\x16" else plain)


class Forwarding:
    """A proxy of the environment: CONNECT and plain requests for any name go to where its table says."""

    def __init__(self, places: dict[str, int]) -> None:
        #: "host:port" -> the port here that stands for it.
        self.places = places
        self.seen: list[str] = []

    def __call__(self, client: socket.socket) -> tuple[str, int] | None:
        head = client.recv(65536, socket.MSG_PEEK)
        method, target = head.split(b" ", 2)[:2]
        if method == b"CONNECT":
            name = target.decode()
            while client.recv(1, socket.MSG_PEEK) and not _taken(client):
                pass
        else:
            name = target.decode().split("/")[2]
            name = name if ":" in name else f"{name}:80"
        self.seen.append(name)
        if name not in self.places:
            client.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return None
        if method == b"CONNECT":
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        return HERE, self.places[name]


def _taken(client: socket.socket) -> bool:
    """Read the head of a request to its end, a byte at a time: what follows it is the server's."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += client.recv(1)
    return True
