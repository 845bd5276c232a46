"""Routes nobody has, methods nobody offers, and nonsense sent twice: what the client got wrong is a 4xx."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.journeys.creation import RAW
from conformance.journeys.registry import journey

if TYPE_CHECKING:
    from conformance.journeys.driver import Driver

#: File names that break careless servers; none is valid in any list the protocol shows (ERR-020).
ODD_NAMES = ("../../etc/passwd", "a" * 300 + ".wav", "nul\u0000.wav", "\u202etxt.exe", "con.wav; rm -rf", "")


@journey("errors/routes")
async def routes(drive: Driver) -> None:
    """(11.1) An unknown route below base_url, and wrong methods of known ones."""
    await drive.send("other", "GET", drive.url("no-such-route"), probe="unknown route")
    for method, parts in (("DELETE", ("templates",)), ("PUT", ("sessions",)), ("GET", ("sessions", "x", "end"))):
        await drive.send("other", method, drive.url(*parts), probe=f"wrong method {method}")


@journey("errors/nonsense")
async def nonsense(drive: Driver) -> None:
    """(11.3) Broken bodies and odd names, each twice in a row."""
    typed = {"Content-Type": "application/json"}
    bodies = {**RAW, "body deeply nested": b"[" * 5000 + b"]" * 5000, "body not UTF-8": b'{"templates": ["\xff"]}'}
    for name, content in bodies.items():
        for turn in ("", " again"):
            await drive.send(
                "create", "POST", drive.url("sessions"), probe=f"nonsense: {name}{turn}", content=content, headers=typed
            )
    for turn in ("", " again"):
        body = drive.body(templates=[1], model=5, additional_data=[])
        await drive.send("create", "POST", drive.url("sessions"), probe=f"nonsense: wrong types{turn}", json=body)
    handle = await drive.create("errors/odd names")
    if handle is None:
        return
    for number, name in enumerate(ODD_NAMES):
        for turn in ("", " again"):
            await drive.upload(handle, "short", name=name, probe=f"nonsense: odd file name {number}{turn}")
