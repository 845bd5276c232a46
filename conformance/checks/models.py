"""Chapter 6, the model a create names: whether it may, which it gets, and how long its session lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

from conformance.checks.create_members import blamed, may_be_left_out, refused_for
from conformance.checks.creation import asked_for, creates_taken, settled_creates
from conformance.checks.registry import check
from conformance.finding import (
    departs,
    holds,
    inconclusive,
    not_applicable,
    violates,
    warns,
)
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.stamps import seconds_between

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding


#: Tolerances of E33, seconds.
_EXACT, _OVER = 5.0, 60.0


def models_offered(evidence: Evidence) -> dict[str, Mapping[str, Any]]:
    """Model id -> what discovery says of it."""
    found = evidence.discovery.get("models")
    models = found if isinstance(found, list) else []
    return {m["id"]: m for m in models if isinstance(m, dict) and isinstance(m.get("id"), str)}


def _limit(evidence: Evidence, model: object) -> float | None:
    found = models_offered(evidence)[model].get("max_session_duration_seconds") if _is_listed(model, evidence) else None
    return found if isinstance(found, int | float) and not isinstance(found, bool) else None


def _is_listed(model: object, evidence: Evidence) -> TypeGuard[str]:
    return isinstance(model, str) and model in models_offered(evidence)


def _lifetimes(evidence: Evidence) -> Iterator[tuple[Exchange, float, float]]:
    """Creates that were taken, the seconds their session lasts and the limit of its model."""
    for x in creates_taken(evidence):
        limit = _limit(evidence, asked_for(x).get("model"))
        lasts = seconds_between(x.document.get("created_at"), x.document.get("expires_at"))
        if limit is not None and lasts is not None:
            yield x, lasts, limit


@check("SES-CREATE-009", recorded=True)
def a_session_lasts_as_long_as_its_model_says(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) expires_at - created_at is the model's max_session_duration_seconds."""
    for x, lasts, limit in _lifetimes(evidence):
        shown = f"{lasts:g} s"
        if abs(lasts - limit) <= _EXACT:
            yield holds(x)
        elif 0 < lasts <= limit + _OVER:
            told = "A session does not last exactly as long as its model's limit."
            yield departs(x, "E33", told, pointer="/expires_at", expected=f"{limit:g} s", actual=shown)
        else:
            told = "A session does not last as long as its model allows: " + ("longer." if lasts > 0 else "not at all.")
            yield violates(x, told, pointer="/expires_at", expected=f"{limit:g} s", actual=shown)


@check("SES-EXP-002", recorded=True)
def the_limit_belongs_to_the_model(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) One session per discovery model, each within its own limit."""
    for x, lasts, limit in _lifetimes(evidence):
        good = lasts <= limit + _OVER
        told = f"A session of model {asked_for(x)['model']!r} lasts beyond that model's limit."
        yield (
            holds(x)
            if good
            else violates(x, told, pointer="/expires_at", expected=f"<= {limit:g} s", actual=f"{lasts:g} s")
        )


@check("SES-CREATE-014")
def an_unknown_model_is_refused(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) A name that neither schema nor discovery knows."""
    anyhow = range(400, 500)
    yield from refused_for(evidence, "An unknown model", Probe.MODEL_UNKNOWN, lenient=anyhow, erratum="E75")
    for x in settled_creates(evidence):
        model = asked_for(x).get("model")
        if model not in ("lite", "pro") or not _is_listed(model, evidence):
            continue
        if x.accepted:
            yield holds(x)
        elif x.status != 403 and blamed(evidence, x, "model"):
            yield departs(x, "E13", f"The model {model} is refused.", expected=201, actual=x.status)


@check("SES-CREATE-015")
def model_is_optional_and_kept(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) Without model 201; each discovery model 201; a completed session used the one asked for."""
    yield from may_be_left_out(evidence, "model")
    for x in settled_creates(evidence):
        model = asked_for(x).get("model")
        if not _is_listed(model, evidence):
            continue
        if x.accepted:
            yield holds(x)
        elif not blamed(evidence, x, "model"):
            continue
        elif x.status == 403:
            yield inconclusive("forbidden", f"The key has no right to the model {model}.", x)
        else:
            yield violates(x, f"The model {model}, which discovery lists, is refused.", expected=201, actual=x.status)
    yield from _models_used(evidence)


def _models_used(evidence: Evidence) -> Iterator[Finding]:
    for story in evidence.stories.values():
        asked, final = story.asked.get("model"), story.final
        used = final.document.get("model_used") if final else None
        if final is None or asked is None or used is None:
            continue
        told = "A session used another model than the one asked for."
        if used == asked:
            yield holds(final)
        elif final.document.get("status") == "completed":
            yield violates(final, told, pointer="/model_used", expected=asked, actual=used)
        elif final.document.get("status") == "partial":
            yield warns(final, told, pointer="/model_used", expected=asked, actual=used)


@check("SES-CREATE-016")
def the_default_model_is_lite(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) By the schema; the table lets the service decide."""
    if "lite" not in models_offered(evidence):
        yield not_applicable("Discovery lists no model lite.", sorted(models_offered(evidence)))
        return
    for story in evidence.stories.values():
        used = story.final.document.get("model_used") if story.final else None
        if story.final is None or "model" in story.asked or used is None:
            continue
        if used == "lite":
            yield holds(story.final)
        else:
            told = "Without model the session used another one than the schema's default."
            yield departs(story.final, "E13", told, pointer="/model_used", expected="lite", actual=used)
