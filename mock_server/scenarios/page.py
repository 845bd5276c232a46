"""docs/scenarios.md, written from the catalogue (`python -m mock_server.scenarios.page [--check]`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from mock_server.generated import REVISIONS, keep, told_of
from mock_server.scenarios import magic
from mock_server.scenarios.catalogue import absent, catalogue
from mock_server.served import LIVE, RESEARCH, WINDOWS, Served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mock_server.generated import Row
    from mock_server.scenarios.parameter import Parameter
    from mock_server.scenarios.scenario import Scenario

_COMMAND = "python -m mock_server.scenarios.page"
PLACE = Path(__file__).parents[2] / "docs" / "scenarios.md"

_HEAD = """# States and troubles on demand

Generated from the catalogue by `{command}`. Nothing here happens unless it is asked for;
`--faithful` has none of it. Everything counts for the namespace of the key that asks, and for no other.

```
M=http://127.0.0.1:8080/_mock/v1 K='X-API-Key: sk_test_development'
curl -s $M/scenarios -H "$K" -d '{{"scenario": "throttled", "on": {{"operation": "upload", "times": 2}}}}'
curl -s $M/scenarios -H "$K" -d '{{"scenario": "slow_processing", "parameters": {{"seconds": 60}},
                                  "on": {{"session": "next"}}}}'
curl -s "$M/wait?session=$S&state=completed&seconds=30" -H "$K"
curl -s $M/scenarios -H "$K"            # the catalogue, and what is armed
curl -s -X DELETE $M/scenarios -H "$K"  # nothing is armed any more; work that is held begins
scribe-mock serve --scenario unavailable:retry_after=null,operation=create,times=3
```

`on` takes `operation`, `session` (an id, or `next`: the one that is created next), `times` (how often; without it again
and again), `every` (each n-th), `from` and `until` (seconds from now, or a stamp such as `2026-01-27T09:00:00Z`, by the
namespace's clock). The first that is armed and meets a request acts on it. A name, parameter or operation that does not
exist is answered 400 with those there are and the nearest. `DELETE …/scenarios?session=ID` lets go of one session only.

A scenario of sessions is bound to a session when that is created, or at once where `session` is its id. That stands in
the session's journal as `scenario_bound` and survives a restart; what is armed does not. What was played is named in
the header `X-Mock-Scenario`, in the journal as `scenario_played`, and in `/_mock/v1/requests` as `scenario`. A client
that asks a million times leaves no million lines: the journal has the first play of a scenario with an operation and a
status, the second, the fourth, the eighth and so on, each with how often that makes at least (`times`).
`POST /_mock/v1/reset` clears all of it.

The scenarios are those of the revision that is served (`scribe-mock scenarios --revision 2026-01-19`): statuses, words
and members of what they answer are that text's. One that a revision has no place for is answered 400 with the reason
and the nearest that works.

How far the work is when a client looks: as it really goes; `slow_processing` after a time; `ready_after_polls` after so
many reads; `processes_for_ever` until a DELETE lets go of it; `ready_at_once` at the first read.

`POST /_mock/v1/transcripts` chooses what the next session's transcript is, or that of the `session` it names: as JSON
(`text`, `session`, `language`), or as a text file with the others in the query. It is the scenario `transcript`:
several that wait are taken in their order, one a session, whatever audio comes and even where none does. Nobody passes
it off as heard: `X-Scribe-Engine` and the journal name the engine `chosen`.

```
curl -s $M/transcripts -H "$K" -d '{{"text": "Doctor: What brings you here?\\nPatient: A cough."}}'
curl -s "$M/transcripts?session=$S" -H "$K" -H 'Content-Type: text/plain' --data-binary @visit.txt
```

`scribe-mock serve --scenarios steps.yaml` arms what stands in a file, for every namespace by itself, in this order and
before what else is armed:

```yaml
steps:
  - scenario: throttled
    parameters: {{retry_after: 1}}
    on: {{operation: upload, times: 2}}
  - scenario: unavailable
    on: {{from: 60, until: 120}}
  - scenario: transcript
    parameters: {{text: "Patient: I take ramipril, 5 mg."}}
    on: {{session: next}}
```

The file is read again whenever it is saved; sessions that are bound stay so. What is wrong with it is told with its
line, at the start by ending it, later in the log and as `file.error` by `GET /_mock/v1/scenarios`: the steps that were
good last stay.

`GET /_mock/v1/wait?session=ID&state=STATE&seconds=N` answers as soon as the session is in the state: 408 after
`seconds` (30, at most 60), 409 at once where it cannot get there any more; both say where it stands.
"""

_RESEARCH = """## Research sessions

`scribe-mock serve --profile prsm` plays these with the sessions of [research-sessions.md](research-sessions.md), and
`scribe-mock scenarios --profile prsm` lists them. What has a name above means the same here; refusals have the
document's own body. A server of several profiles has all of it: `throttled` meets the requests of each, and names of
operations tell them apart (`create`, `prsm.create`). What research sessions have no place for is answered 400 with the
nearest that works.

Their work begins when they are made, so that a scenario is bound to a session before that. `processes_for_ever` holds
it in the state that is asked for, where it can be paused, cancelled and timed out as any. A key asks behind its user:
`sk_test_clinic_ann_mock-throttled` is ann. Lines about scenarios stand in `/_mock/v1/journal/ID` and not in `/history`.

```
curl -s $M/scenarios -H "$K" -d '{"scenario": "processes_for_ever", "parameters": {"state": "queued"},
                                  "on": {"session": "next"}}'
curl -s $M/scenarios -H "$K" -d '{"scenario": "refused.insufficient_balance",
                                  "on": {"operation": "prsm.create", "times": 1}}'
curl -s $M/scenarios -H "$K" -d '{"scenario": "refused.results_not_available",
                                  "on": {"operation": "prsm.results"}}'
```
"""
_PRSM = Served(profiles=(RESEARCH,))

_MANAGER = """## The session manager

`scribe-mock serve --profile session_manager` plays these with the sessions of [session_manager.md](session_manager.md),
and `scribe-mock scenarios --profile session_manager` lists them. What has a name above means the same here. Requests
are called by their addresses; `session` meets those that name it in their body or query. What no session of it can be
in (no work follows on one) is answered 400 with the nearest that works.

The log is all that is kept of a session, so no line of it and no journal tells of a scenario: `X-Mock-Scenario` does,
and `/_mock/v1/requests`. `expires_early` is for a session that begins, whose `expires_at` in the log has it; one that
is open ends when the clock is moved. An end whose answer was `reset` is recorded, and sent again it is refused as any
second end.

```
curl -s $M/scenarios -H "$K" -d '{"scenario": "log_full", "on": {"operation": "sessions.end", "times": 1}}'
curl -s $M/scenarios -H "$K" -d '{"scenario": "expires_early", "parameters": {"seconds": 0},
                                  "on": {"session": "next"}}'
curl -s $M/scenarios -H "$K" -d '{"scenario": "reset", "on": {"operation": "sessions.end", "session": "next"}}'
```
"""
_WINDOWS = Served(profiles=(WINDOWS,))

_DICTATIONS = """## Realtime sessions

`scribe-mock serve --profile dalston` plays these with the sessions of [realtime-sessions.md](realtime-sessions.md), and
`scribe-mock scenarios --profile dalston` lists them. What has a name above means the same here. `dalston.create` is the
socket: what refuses its requests is answered before it is opened, as HTTP is, and what is called `closed.…` is told by
an `error` and a close code once it is. A plain request at that address meets neither.

A session is bound when its socket is opened, with `"session": "next"` once and without it each time; one that is active
takes nothing more. A key in the address asks as one in a header does: `?token=sk_test_clinic_mock-no_partials`.
`X-Mock-Scenario` stands among the headers with which a socket is opened or refused, and in what is answered about the
session. The states of a session are reached so: `active` as long as its socket is open, `completed` by `end`,
`interrupted` and `error` as the table says.

```
curl -s $M/scenarios -H "$K" -d '{"scenario": "closed.no_capacity", "on": {"operation": "dalston.create", "times": 1}}'
curl -s $M/scenarios -H "$K" -d '{"scenario": "refused.unauthorized", "on": {"operation": "dalston.create"}}'
curl -s $M/scenarios -H "$K" -d '{"scenario": "stream_breaks", "parameters": {"bytes": 64000},
                                  "on": {"session": "next"}}'
```
"""
_LIVE = Served(profiles=(LIVE,))

_MAGIC = """## Magic values

A client that can send nothing else asks with a template id, the name of a file, or its key. Parameters have their
defaults; `template` and `file` are the ones that ask. A template id whose scenario fails no template succeeds, with the
scenario's name as its data. A number or an ending may follow a file's name: `mock.reset_2.wav`. Any other id or name
that begins with `mock.` is refused. A key that ends with `_mock-` and a scenario's name, with `-` for its dots, asks
for it with each request, and has to be valid itself: `sk_test_clinic_mock-refused-token_expired`. `additional_data`
never steers anything.
"""


def page() -> str:
    """The page."""
    lines = [
        _HEAD.format(command=_COMMAND),
        "## Scenarios of requests",
        "",
        *_table(("name", "what happens", "parameters", "requests of", "rehearses"), _requests),
        "",
        "## Scenarios of sessions",
        "",
        *_table(("name", "what happens", "parameters", "rehearses"), _sessions),
        "",
        *_absences(),
        "",
        _RESEARCH,
        *_plain(("name", "what happens", "parameters", "requests of", "rehearses"), _of_requests(_PRSM)),
        "",
        *_plain(("name", "what happens", "parameters", "rehearses"), _of_sessions(_PRSM)),
        "",
        _MANAGER,
        *_plain(("name", "what happens", "parameters", "requests of", "rehearses"), _of_requests(_WINDOWS)),
        "",
        *_plain(("name", "what happens", "parameters", "rehearses"), _of_sessions(_WINDOWS)),
        "",
        _DICTATIONS,
        *_plain(("name", "what happens", "parameters", "requests of", "rehearses"), _of_requests(_LIVE)),
        "",
        *_plain(("name", "what happens", "parameters", "rehearses"), _of_sessions(_LIVE)),
        "",
        _MAGIC,
        *_table(("template id", "scenario"), lambda revision: _words(magic.template_words(Served(revision)))),
        "",
        *_table(("file name begins with", "scenario"), lambda revision: _words(magic.file_words(Served(revision)))),
    ]
    return "\n".join([*lines, ""])


def _table(heads: tuple[str, ...], rows: Callable[[str], Iterable[Row]]) -> Iterable[str]:
    """A table of all revisions, the default first."""
    yield _line([*heads, "revisions"])
    yield _line(["---"] * (len(heads) + 1)).replace(" ", "")
    for row, revisions in told_of({revision: rows(revision) for revision in REVISIONS}):
        yield _line([*row, revisions])


def _plain(heads: tuple[str, ...], rows: Iterable[Row]) -> Iterable[str]:
    """A table of one text."""
    yield _line(heads)
    yield _line(["---"] * len(heads)).replace(" ", "")
    yield from map(_line, rows)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _requests(revision: str) -> Iterable[Row]:
    return _of_requests(Served(revision))


def _of_requests(served: Served) -> Iterable[Row]:
    for found in catalogue(*served).values():
        if not found.of_sessions:
            yield *_told(found), ", ".join(found.operations), found.rehearses


def _sessions(revision: str) -> Iterable[Row]:
    return _of_sessions(Served(revision))


def _of_sessions(served: Served) -> Iterable[Row]:
    for found in catalogue(*served).values():
        if found.of_sessions:
            yield *_told(found), found.rehearses


def _told(found: Scenario) -> Row:
    return f"`{found.name}`", found.sentence, "<br>".join(_parameter(parameter) for parameter in found.parameters)


def _words(words: Mapping[str, Scenario]) -> Iterable[Row]:
    return ((f"`{word}`", scenario.name) for word, scenario in words.items())


def _absences() -> Iterable[str]:
    for revision in REVISIONS:
        for found in absent(revision).values():
            yield f"Revision {revision} has no `{found.name}`: {found.because}. `{found.nearest}` works there."


def _parameter(parameter: Parameter) -> str:
    return f"`{parameter.name}` = {json.dumps(parameter.default)}: {parameter.sentence} ({parameter.expected})"


if __name__ == "__main__":
    raise SystemExit(keep(PLACE, page(), _COMMAND, __doc__))
