"""One table of what an operator can say, for both faces of the kit: the command and the pytest plugin."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import scribe_data
from conformance.evidence.redaction import SHORTEST_UNMISTAKABLE
from conformance.target import BadOption, Options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Said where a key is asked for.
_LENGTH = f"With {SHORTEST_UNMISTAKABLE} characters or more it is kept out of the reports wherever it stands."


@dataclass(frozen=True)
class Entry:
    """One option: its name without dashes, what it means, and the field of `Options` it fills, if any.

    `kind` is the type of one value; a `repeated` option is a list of them. `variable` is the environment's name for
    it, `least` the smallest number, `among` the words it may be. `secret` values are kept out of whatever is printed.
    """

    name: str
    help: str
    field: str | None = None
    kind: type = str
    default: Any = None
    repeated: bool = False
    metavar: str | None = None
    variable: str | None = None
    among: tuple[str, ...] = ()
    least: float | None = None
    secret: bool = False
    #: Whether pytest has no use for it.
    command_only: bool = False
    #: A letter the command takes as well.
    short: str | None = None
    #: Whether it names the file that the others may stand in.
    chooses_file: bool = False

    @property
    def key(self) -> str:
        """The option's name as that of a Python argument."""
        return self.name.replace("-", "_")


TABLE: tuple[Entry, ...] = (
    Entry(
        "config",
        "File with these options; else scribe.toml, or [tool.scribe-conformance] of pyproject.toml, where it is run.",
        kind=Path,
        metavar="FILE",
        chooses_file=True,
    ),
    Entry(
        "target",
        "URL of the service, e.g. http://127.0.0.1:8080",
        "target",
        metavar="URL",
        variable="SCRIBE_TARGET",
    ),
    Entry(
        "api-key",
        f"API key of the tester. {_LENGTH}",
        "api_key",
        metavar="KEY",
        variable="SCRIBE_API_KEY",
        secret=True,
    ),
    Entry(
        "token-command",
        "Command that prints the key or token as its one line, instead of --api-key; run again when it has ceased.",
        "token_command",
        metavar="CMD",
        variable="SCRIBE_TOKEN_COMMAND",
    ),
    Entry(
        "second-api-key",
        "Key of another client, to see that clients are kept apart.",
        "second_api_key",
        metavar="KEY",
        variable="SCRIBE_SECOND_API_KEY",
        secret=True,
    ),
    Entry("report-dir", "Folder for report.json, report.html, junit.xml, evidence.har.", kind=Path, metavar="DIR"),
    Entry("force", "Let a report of a part replace an older report of the whole.", kind=bool, default=False),
    Entry(
        "baseline",
        "File (YAML or JSON) of failures that are known: 0 when nothing else fails. It changes no verdict.",
        kind=Path,
        metavar="FILE",
    ),
    Entry(
        "sign-key",
        "File with a key that report.json is signed with, for verify --verify-key.",
        kind=Path,
        metavar="FILE",
    ),
    Entry("profile", "Which protocol.", "profile", default=scribe_data.PROFILE, metavar="NAME"),
    Entry(
        "revision",
        "Which revision of it; auto picks by what the service shows. Without, the one that the profile names.",
        "revision",
        metavar="DATE",
    ),
    Entry(
        "reading",
        "How contradictions in the text are read.",
        "reading",
        default="lenient",
        among=("lenient", "strict"),
    ),
    Entry(
        "stage",
        "Stages of the protocol, e.g. discovery,auth,create,upload,results; may be repeated.",
        repeated=True,
        metavar="STAGE[,STAGE]",
    ),
    Entry("only", "Requirement id, id prefix or chapter; may be repeated.", repeated=True, metavar="ID|CHAPTER"),
    Entry("quick", "Leave out what takes long; the report says what.", kind=bool, default=False),
    Entry(
        "fail-fast",
        "End the run at the first binding requirement that is broken and no known failure; the rest stays open.",
        kind=bool,
        default=False,
    ),
    Entry(
        "output",
        "text, or json: report.json on stdout and nothing else there.",
        default="text",
        among=("text", "json"),
        command_only=True,
    ),
    Entry("quiet", "Print no more than what the run comes to.", kind=bool, default=False, command_only=True, short="q"),
    Entry(
        "verbose",
        "Tell each journey as it goes, and at the end every requirement.",
        kind=bool,
        default=False,
        command_only=True,
        short="v",
    ),
    Entry("test-clock", "URL of a clock the kit may move, for the expiry tests.", "test_clock", metavar="URL"),
    Entry(
        "restart-command",
        "Command that starts the service again and ends when that is done, for what has to survive it.",
        "restart_command",
        metavar="CMD",
    ),
    Entry(
        "failing-command",
        "Command after which the work on the next session fails, so that one is seen that has.",
        "failing_command",
        metavar="CMD",
    ),
    Entry(
        "upload-origin",
        "URL whose origin is the service's own too, so that uploads there get the key; may be repeated.",
        "extra_origins",
        repeated=True,
        metavar="URL",
    ),
    Entry(
        "base-url",
        "Root of the operations, where discovery is missing or wrong about it.",
        "base_url",
        metavar="URL",
    ),
    Entry("template", "A template id of the service, where its list has none.", "template", metavar="ID"),
    Entry(
        "header",
        "'Name: value' that goes with every request; may be repeated.",
        "headers",
        repeated=True,
        metavar="LINE",
        secret=True,
    ),
    Entry(
        "ca-file",
        "PEM file of the CA that signed the service's certificate (else SSL_CERT_FILE).",
        "ca_file",
        kind=Path,
        metavar="FILE",
    ),
    Entry("cert", "PEM file with a client certificate and its key.", "cert_file", kind=Path, metavar="FILE"),
    Entry(
        "insecure",
        "Take any certificate; the report says so, and leaves open whether it is valid.",
        "insecure",
        kind=bool,
        default=False,
    ),
    Entry(
        "processing-timeout",
        "Seconds to wait for the next result.",
        "processing_timeout",
        kind=float,
        default=180.0,
        least=1,
        metavar="S",
    ),
    Entry(
        "first-timeout",
        "Seconds to wait for the first answer: longer for a service that sleeps.",
        "first_timeout",
        kind=float,
        default=15.0,
        least=1,
        metavar="S",
    ),
    Entry(
        "max-time",
        "Seconds the whole run may take.",
        "budget",
        kind=float,
        default=900.0,
        least=1,
        metavar="S",
    ),
    Entry(
        "rate",
        "Requests a second that the run sends at most; a run this slows down may need more --max-time.",
        "rate",
        kind=float,
        least=0.01,
        metavar="N",
    ),
    Entry(
        "max-requests",
        "Requests after which the run ends; what was seen by then is judged.",
        "max_requests",
        kind=int,
        least=1,
        metavar="N",
    ),
    Entry(
        "summary",
        "File to add a summary in Markdown to (else GITHUB_STEP_SUMMARY).",
        kind=Path,
        metavar="FILE",
        variable="GITHUB_STEP_SUMMARY",
    ),
    Entry(
        "examples",
        "How many random examples each random layer tries: per operation, and sequences of the state machine."
        " With 0 nothing is generated.",
        "examples",
        kind=int,
        default=25,
        least=0,
        metavar="N",
    ),
    Entry(
        "steps",
        "How many requests a sequence of the state machine has at most.",
        "steps",
        kind=int,
        default=45,
        least=1,
        metavar="N",
    ),
    Entry("seed", "Seed of every random choice of the kit.", "seed", kind=int, default=0, metavar="N"),
)


def options_of(given: Mapping[str, Any], *, prefix: str = "--") -> Options:
    """The options of a run from what an operator gave, by `Entry.key`; raises BadOption in the names of the face."""
    told = {entry.field: given[entry.key] for entry in TABLE if entry.field and given[entry.key] is not None}
    if "target" not in told:
        raise BadOption(f"{prefix}target is missing: the URL of the service, e.g. http://127.0.0.1:8080")
    if "api_key" not in told and "token_command" not in told:
        raise BadOption(f"a key is missing: {prefix}api-key, or {prefix}token-command for a command that prints one")
    for entry in TABLE:
        value = given[entry.key]
        if (
            entry.least is not None and value is not None and not value >= entry.least
        ):  # a number that is none is not either
            raise BadOption(f"{prefix}{entry.name} must be a number of at least {entry.least:g}")
    told["headers"] = _headers(told.get("headers") or (), prefix)
    told["extra_origins"] = tuple(told.get("extra_origins") or ())
    return Options(**{"api_key": ""} | told, picked=given.get("picked", ""), prefix=prefix)


def _headers(given: Sequence[str], prefix: str) -> tuple[tuple[str, str], ...]:
    pairs = [line.partition(":") for line in given]
    if any(not colon for _, colon, _ in pairs):
        raise BadOption(f"{prefix}header takes 'Name: value'")
    return tuple((name.strip(), value.strip()) for name, _, value in pairs)
