"""`python -m tests.peers NAME [--seed N]` serves a peer until it is interrupted.

`python -m tests.peers token URL` prints a new token of a peer whose tokens end.
"""

from __future__ import annotations

import argparse
import json
import sys
import urllib.request
from contextlib import suppress
from threading import Event

from .choosy import Choosy
from .offering import CLOCK_PATH
from .production import TOKEN_PATH, Production
from .roll import PEERS, REVISED
from .serving import serving


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.peers", description="A stranger to point the kit at.")
    parser.add_argument("name", choices=[*PEERS, *REVISED, "token"])
    parser.add_argument("url", nargs="?", help="with token: the address of a peer that mints tokens")
    parser.add_argument("--seed", type=int, default=0, help="with choosy: what it draws its choices from")
    parser.add_argument("--strict", action="store_true", help="with choosy: only choices that no reading fails")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=JSON", help="an option of the peer's class")
    given = parser.parse_args()
    if given.name == "token":
        sys.stdout.write(f"{minted(given.url)}\n")
        return
    options = {name: json.loads(value) for name, _, value in (entry.partition("=") for entry in given.set)}
    kinds = {**PEERS, **{name: kind for name, (kind, _) in REVISED.items()}}
    peer = (
        Choosy(given.seed, strict=given.strict, **options) if given.name == "choosy" else kinds[given.name](**options)
    )
    with serving(peer, given.port) as address:
        clock = f" --test-clock {address}{CLOCK_PATH}" if peer.has_clock else ""
        if isinstance(peer, Production):
            clock = f" --token-command '{sys.executable} -m tests.peers token {address}'"
        keys = f"--api-key {peer.key('one')} --second-api-key {peer.key('two')}"
        revision = f" --revision {REVISED[given.name][1]}" if given.name in REVISED else ""
        sys.stdout.write(f"scribe-conformance run --target {address} {keys}{clock}{revision}\n")
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            Event().wait()


def minted(address: str) -> str:
    """A new token of a peer that mints them."""
    if not address.startswith("http://127.0.0.1:"):
        sys.exit("the address of a peer is wanted: http://127.0.0.1:PORT/...")
    request = urllib.request.Request(f"{address}{TOKEN_PATH}", method="POST", data=b"")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(json.load(answer)["access_token"])


if __name__ == "__main__":
    main()
