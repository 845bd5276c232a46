"""docs/choices.md, written from the catalogue (`python -m mock_server.choices.page [--check]`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from mock_server.choices.catalogue import catalogue
from mock_server.generated import REVISIONS, keep, told_of
from mock_server.served import LIVE, RESEARCH, WINDOWS, Served

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mock_server.choices.choice import Choice, Value
    from mock_server.generated import Row

_COMMAND = "python -m mock_server.choices.page"
PLACE = Path(__file__).parents[2] / "docs" / "choices.md"

_HEAD = """# What the text leaves open

Generated from the catalogue by `{command}`. Each choice is one that a conforming
service may make otherwise than this server does unless it is told to; a client that depends on the default breaks at
another vendor's.

```
M=http://127.0.0.1:8080/_mock/v1 K='X-API-Key: sk_test_development'
scribe-mock serve --vary 7                    # all of them, drawn from a seed
scribe-mock serve --vary 7:strict             # only values that no reading of the text fails
scribe-mock serve --choice stamps=+05:30 --choice upload_status=204
curl -s $M/choices -H "$K" -d '{{"seed": 7}}'   # for the namespace of the key, and no other
curl -s $M/choices -H "$K" -d '{{"choices": {{"stamps": "+05:30", "upload_status": 204}}}}'
curl -s $M/choices -H "$K"                    # the catalogue, and what is chosen
curl -s -X DELETE $M/choices -H "$K"          # back to what the server was started with
```

The same seed draws the same. `"reading": "strict"` beside a seed leaves the lenient values out, and names stand over
a seed. An unknown name or value is answered 400 with those there are and the nearest.

Discovery is asked for without a key: it shows what the server was started with, so that a seed posted for a namespace
leaves alone what discovery tells (marked `d` below). Such a choice may be made by name, and shows where a client
sends its key with discovery too. What is marked `s` is about requests of which no namespace is known: it is made for
the whole server only.

`--vary` and `--choice` hold whenever the server is started with them; what is posted lasts until a restart, `DELETE`
or `POST /_mock/v1/reset`. Upload URLs that are credentials stay good as long as the server's keys. No choice
changes what is kept: sessions and journals are those of a server without choices, and the control plane shows them so.
`--faithful` has none of it. A revision whose text leaves nothing open somewhere has no such choice; where one has
other values by its text, it has a line of its own below (`scribe-mock choices --revision 2026-01-19`).
"""


_RESEARCH = """## Research sessions

What the document of [research sessions](research-sessions.md) leaves open (`scribe-mock serve --profile prsm --vary 7`,
`scribe-mock choices --profile prsm`); `scribe-conformance explain E16 --profile prsm` tells a clause. Where a name
stands above too, a server of both profiles has one choice for both. What comes by the URL of a share meets the choices
of its namespace.
"""

_WINDOWS = """## The session manager

What the document of [the session manager](session_manager.md) leaves open (`scribe-mock serve --profile session_manager
--vary 7`, `scribe-mock choices --profile session_manager`); `scribe-conformance explain E19 --profile session_manager`
tells a clause. Where a name stands above too, a server of several profiles has one choice for all. The log is written
as without choices, whatever its export shows, but for the ids of sessions and starts that answer an open session.
"""

_LIVE = """## Realtime sessions

What the document of [realtime sessions](realtime-sessions.md) leaves open (`scribe-mock serve --profile dalston --vary
7`, `scribe-mock choices --profile dalston`); `scribe-conformance explain E20 --profile dalston` tells a clause.
A socket goes by the choices of whoever opens it, as they are at that moment; without a valid key, by those of the whole
server. An address that a download of audio gives is opened by what stands in it, without a key, as long as the server's
keys are valid.
"""
_MARKS = {"namespace": "", "discovery": " d", "server": " s"}


def page() -> str:
    """The page."""
    tables = {revision: [_row(choice) for choice in catalogue(revision).values()] for revision in REVISIONS}
    lines = [
        _HEAD.format(command=_COMMAND),
        "| name | what is chosen | values, the default first | in the lenient reading only | allowed by | revisions |",
        "|---|---|---|---|---|---|",
        *(f"| {' | '.join([*row, revisions])} |" for row, revisions in told_of(tables)),
        "",
        _RESEARCH,
        *_table(RESEARCH),
        "",
        _WINDOWS,
        *_table(WINDOWS),
        "",
        _LIVE,
        *_table(LIVE),
    ]
    return "\n".join([*lines, ""])


def _table(profile: str) -> Iterable[str]:
    """Those of a profile that is served alone."""
    yield "| name | what is chosen | values, the default first | in the lenient reading only | allowed by |"
    yield "|---|---|---|---|---|"
    for choice in catalogue(*Served(profiles=(profile,))).values():
        yield f"| {' | '.join(_row(choice))} |"


def _row(choice: Choice) -> Row:
    name = f"`{choice.name}`{_MARKS[choice.scope]}"
    return name, choice.sentence, _told(choice.values), _told(choice.lenient), choice.allowed_by


def _told(values: Iterable[Value]) -> str:
    return "<br>".join(f"`{json.dumps(value)}`" for value in values)


if __name__ == "__main__":
    raise SystemExit(keep(PLACE, page(), _COMMAND, __doc__))
