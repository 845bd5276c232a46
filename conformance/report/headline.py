"""What a run comes to, in words that are true to the letter: the headline, the counts, and what is not covered."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from conformance.verdict import Overall, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.run import Graded, Run

_HEADLINES = {
    Overall.CONFORMANT: "Conformant",
    Overall.NON_CONFORMANT: "Not conformant",
    Overall.NOT_FULLY_VERIFIED: "Not fully verified",
    Overall.INTERRUPTED: "Interrupted",
}
_BINDING = ("MUST", "SCHEMA")
#: Reason code -> what was missing.
MISSING = {
    "out_of_band": "for an auditor",
    "not_testable": "not testable",
    "untested": "no check",
    "deadline": "no result in time",
    "blocked": "blocked by a failure",
    "not_observed": "not shown",
    "too_fast": "over too soon",
    "crowded": "all took long",
    "credential_ended": "key ceased",
    "max_requests": "requests used up",
    "interrupted": "run broken off",
    "fail_fast": "run ended at a failure",
    "no_log": "log not readable",
    "no_restart": "restart (no command)",
}
#: Notes that say why a run is over before its end.
ENDED = ("credential_ended", "unreachable", "put_off", "max_requests", "interrupted", "fail_fast")
#: Ids that a line names before it says how many more there are.
_NAMED = 24


def headline(run: Run) -> str:
    """The run in a few words."""
    if run.overall is Overall.SELECTION and run.selection is not None:
        part = run.selection
        quick = " (quick)" if part.quick else ""
        return f"Selection{quick}: {part.chosen} of {part.of}, {'passed' if part.holds else 'failed'}"
    if ended_at_failure(run):
        return "Interrupted at the first failure"
    return _HEADLINES[run.overall]


def ended_at_failure(run: Run) -> bool:
    """Whether the run was to end with the first failure, and did."""
    return run.overall is Overall.INTERRUPTED and any(note.reason == "fail_fast" for note in run.evidence.notes)


def group(graded: Graded) -> str:
    """Why a requirement was not seen, as a reader would look it up."""
    reason, requirement = graded.reason or "not_observed", graded.requirement
    if requirement.testability == "needs-tls" and requirement.checks:
        return "TLS"
    if reason in ("no_clock", "no_deadline"):
        return "expiry (no clock)"
    if reason == "no_second_key":
        return "other clients (no second key)"
    return MISSING.get(reason, reason.replace("_", " "))


def unseen(run: Run) -> dict[str, list[Graded]]:
    """What was not seen, by why; the largest group first."""
    groups: dict[str, list[Graded]] = defaultdict(list)
    for each in run.graded:
        if each.verdict is Verdict.INCONCLUSIVE:
            groups[group(each)].append(each)
    return dict(sorted(groups.items(), key=lambda found: -len(found[1])))


def counts(run: Run) -> str:
    """How many requirements hold, are broken, and were not seen, and why not: every requirement is counted once."""
    told = [f"{run.count(Verdict.PASS)} hold", f"{run.count(Verdict.FAIL)} broken"]
    for verdict, words in (
        (Verdict.DISPUTED, "disputed"),
        (Verdict.WARN, "with a warning"),
        (Verdict.NOT_APPLICABLE, "not applicable"),
        (Verdict.ERROR, "not judged (the kit failed)"),
    ):
        if run.count(verdict):
            told.append(f"{run.count(verdict)} {words}")
    groups = unseen(run)
    if groups:
        why = ", ".join(_counted(name, len(found)) for name, found in groups.items())
        told.append(f"{run.count(Verdict.INCONCLUSIVE)} not seen: {why}")
    plural = "" if len(run.graded) == 1 else "s"
    return f"{len(run.graded)} requirement{plural}: {', '.join(told)}"


def _counted(name: str, count: int) -> str:
    """ "expiry 15 (no clock)" for fifteen of "expiry (no clock)"."""
    what, bracket, rest = name.partition(" (")
    return f"{what} {count}{bracket}{rest}"


def explanation(run: Run) -> str:
    """What the headline means in this run, and which binding requirements it does not cover."""
    open_ = [g for g in run.graded if g.verdict is Verdict.INCONCLUSIVE and g.requirement.level in _BINDING]
    ids = ", ".join(g.requirement.id for g in open_)
    uncovered = f" Not covered, though they bind ({len(open_)}): {ids}." if open_ else ""
    if run.overall is Overall.CONFORMANT:
        return (
            "Nothing that was checked is violated, and every MUST that applies to this service and can be seen from"
            f" outside, by requests alone, was checked.{uncovered}"
        )
    if run.overall is Overall.NON_CONFORMANT:
        return "At least one binding requirement is violated; each violation is shown with its evidence."
    if ended_at_failure(run):
        return (
            "The run was to end at the first binding requirement that is violated, and did: what it had seen by then is"
            " judged, the rest is open, and more may be violated. This is not a certificate."
        )
    if run.overall is Overall.INTERRUPTED:
        return (
            "The run was broken off: what it had seen by then is judged, the rest is open. This is not a certificate."
        )
    if run.overall is Overall.SELECTION and run.selection is not None:
        asked = ", ".join((*run.selection.asked, *(("--quick",) if run.selection.quick else ())))
        left = run.selection.left_out
        # of what a quick run leaves out nobody knows the names; who asked for some knows that the others are left out
        told = ", ".join(left) if not run.selection.asked else f"the other {len(left)}"
        return f"Only a part was asked for ({asked}): this is not a certificate. Left out: {told or 'nothing'}."
    return f"Nothing is known to be violated, but not every binding requirement could be verified.{uncovered}"


def additions(run: Run) -> list[str]:
    """What the operator could give to have more checked, a line each."""
    groups = unseen(run)
    offers = (
        ("expiry (no clock)", "A clock that the kit may move (--test-clock URL)"),
        ("other clients (no second key)", "A key of another client (--second-api-key KEY)"),
        (MISSING["no_restart"], "A command that starts the service again (--restart-command CMD)"),
    )
    lines = [
        f"{what} would show {len(groups[name])} more: {named(g.requirement.id for g in groups[name])}"
        for name, what in offers
        if name in groups
    ]
    tls = groups.get("TLS", [])
    if tls and not run.target.startswith("https:"):
        lines.append(f"A target on https would show {len(tls)} more: {named(g.requirement.id for g in tls)}")
    elif tls:
        # each has a reason of its own: certificates taken unseen, or a handshake that could not be tried
        lines.append(f"What was not seen of TLS ({len(tls)}): {named(g.requirement.id for g in tls)}")
    return lines


def early(run: Run) -> list[str]:
    """Why the run was over before its end; what ended it was noted by every journey that it ended."""
    texts = dict.fromkeys(note.text for note in run.evidence.notes if note.reason in ENDED)
    return [f"The run ended early: {text.removesuffix('.')}" for text in texts]


def explored(run: Run) -> str:
    """How far the state machine looked and what it found; empty where it did not run."""
    found = run.evidence.explored
    if found is None:
        return ""
    firm = sum(1 for shown in found.violations if shown.seen == shown.of)
    loose = sum(1 for shown in found.violations if 0 < shown.seen < shown.of)
    gone = len(found.violations) - firm - loose
    told = [f"{firm} violations" if firm != 1 else "1 violation"]
    told += [f"{loose} not at every replay"] if loose else []
    told += [f"{gone} that no replay showed again"] if gone else []
    early = f"; it stopped early: {found.ended}" if found.ended else ""
    return (
        f"State machine: {found.examples} sequences, {found.requests} requests in {found.seconds:.1f} s"
        f", drawn with --seed {found.seed}: {', '.join(told)}{early}"
    )


def spent(run: Run) -> str:
    """What the run cost the service."""
    if run.cost is None:
        return ""
    made = len(run.cost.sessions) + run.cost.made_apart
    left = len(run.cost.left_open) + run.cost.left_apart
    return (
        f"Cost to the service: {run.cost.requests} requests, {run.cost.bad_requests} of them bad on purpose, "
        f"{made} sessions made and {left} left open, {run.cost.bytes_sent / 1e6:.1f} MB sent"
    )


def layers(run: Run) -> str:
    """The time of a run by layer; empty where nothing was driven."""
    found = run.cost.layers if run.cost is not None else ()
    told = [
        f"{each.layer} {each.requests} requests, {each.busy_s:.1f} s on the wire"
        + (f" of {each.lasted_s:.1f} s" if each.lasted_s is not None else "")
        for each in found
    ]
    return f"Time by layer, side by side in part: {'; '.join(told)}" if told else ""


def named(ids: Iterable[str]) -> str:
    """Ids as a line has room for them."""
    found = list(ids)
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return ", ".join(found[:_NAMED]) + more
