"""Requests to the byte, and whole answers."""

from __future__ import annotations

import http.client
import socket

from tests.mock_server.stream.talking import MINE, PATIENCE_S

HOST = ("Host", "mock.example:8080")
KEY = ("X-API-Key", MINE)
JSON = ("Content-Type", "application/json")


def length(body):
    return ("Content-Length", len(body))


def connected(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S)


def said(method, target, *headers, body=b"", version="1.1"):
    lines = [f"{method} {target} HTTP/{version}", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def heard(method, sock):
    """The whole answer on a connection: status, headers in their order, body, and whether it ends the connection."""
    answer = http.client.HTTPResponse(sock, method=method)
    answer.begin()
    body = answer.read()
    return answer.status, answer.getheaders(), body, answer.will_close


def asked(server, method, target, *headers, body=b"", version="1.1"):
    with connected(server) as sock:
        sock.sendall(said(method, target, *headers, body=body, version=version))
        return heard(method, sock)
