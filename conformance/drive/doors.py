"""Where a target is entered: its discovery document, and the root of its operations (§4.1, §4.3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from conformance.drive import handshake
from conformance.evidence import Departure, Dimension, Label, Response
from conformance.evidence.admission import is_page
from conformance.target import CredentialsRefused, TargetUnreachable, split_origin
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.drive.asking import Asking
    from conformance.evidence import Exchange
    from conformance.target import Options

#: DISC-001 allows so many.
REDIRECTS = 5
#: Paths that services in the field put before everything, discovery included; the text has none.
PREFIXES = ("/v1", "/api", "/api/v1")
#: Where an API lies whose discovery does not say: at the address given, or where the examples of the text have it.
USUAL_ROOTS = ("", *PREFIXES)
_REFUSED = (401, 403)


@dataclass(frozen=True)
class Found:
    """Discovery as far as it could be read: the last answer, the document (empty when it is none), where it lay."""

    answered: Response
    document: Mapping[str, Any] = field(default_factory=dict)
    url: str = ""


def well_known(options: Options) -> str:
    """The path at which the text of a run has the discovery document."""
    return options.text.protocol.endpoints[Operation.DISCOVERY].path


def canonical(options: Options) -> str:
    """The address the text gives discovery, below the address the operator gave."""
    plain, path = options.target.rstrip("/"), well_known(options)
    return plain if plain.endswith(path) else plain + path


def elsewhere(options: Options) -> Iterator[str]:
    """Further addresses at which services in the field serve discovery, the likeliest first."""
    parts = urlsplit(canonical(options).removesuffix(well_known(options)))
    origin = urlunsplit((parts.scheme, parts.netloc, "", "", ""))
    below = (f"{origin}{parts.path.rstrip('/')}{prefix}" for prefix in PREFIXES)
    for root in dict.fromkeys((origin, *below, *(origin + prefix for prefix in PREFIXES))):
        if root + well_known(options) != canonical(options):
            yield root + well_known(options)


async def discover(asking: Asking) -> Found:
    """The discovery document, from the text's own address or, said as a departure, from another.

    Raises TargetUnreachable when nothing answers at all.
    """
    wanted = canonical(asking.wire.options)
    found = await _look(asking, wanted, graded=True)
    if found.document or found.answered.status in _REFUSED:
        return found
    for url in elsewhere(asking.wire.options):
        other = await _look(asking, url, graded=False)
        if other.document:
            text = f"Discovery is served at {url} and not at {wanted}."
            asking.wire.recorder.depart(
                Departure(Dimension.DISCOVERY, text, expected=wanted, actual=url, exchange=asking.wire.recorder.sent)
            )
            return other
    return found


async def _look(asking: Asking, url: str, *, graded: bool) -> Found:
    """GET without any credential, over at most five redirects; with the key where that is asked for."""
    label = Label(
        Operation.DISCOVERY,
        JourneyName.PREPARATION,
        probe=None if graded else Probe.LOOKING_FOR_DISCOVERY,
        graded=graded,
    )
    at, redirects = url, 0
    while True:
        heard = await asking.ask(label, at)
        answer = heard.answer
        if answer is None:
            if not graded:
                return Found(Response(0), {}, url)
            raise TargetUnreachable(advice(asking.wire.options, heard.exchange))
        if answer.status in _REFUSED:
            behind = Label(Operation.DISCOVERY, JourneyName.PREPARATION, probe=Probe.DISCOVERY_WITH_KEY, graded=False)
            opened = (await asking.ask(behind, at, headers=asking.wire.credentials(at, Credential.RIGHT))).answer
            return Found(answer, _document(opened) if opened else {}, at)
        location = answer.header("location")
        if not 300 <= answer.status < 400 or not location or redirects == REDIRECTS:
            return Found(answer, _document(answer), at)
        at = urljoin(at, location)
        redirects += 1


def _document(answer: Response) -> Mapping[str, Any]:
    """A 200 that names the protocol; any other object is some other service's."""
    return answer.document if answer.status == 200 and answer.document else {}


def advice(options: Options, unanswered: Exchange) -> str:
    """What an operator can do about a target that gives no answer."""
    target, trouble = options.target, unanswered.trouble or ""
    fault = unanswered.handshake.fault if unanswered.handshake else None
    if fault or "SSL" in trouble.upper() or "TLS" in trouble.upper():
        return handshake.advice(options, trouble, fault)
    if target.startswith("https:") and "broke" in trouble and options.cert_file is None:
        return (
            f"{target} breaks the connection off ({trouble}); check that the service runs, and give a client"
            f" certificate with {options.named('cert')} FILE where it asks for one"
        )
    if "no complete answer" in trouble:
        return (
            f"{target} accepts connections but does not answer ({trouble}); check that the service runs behind it, or"
            f" give it longer to wake up with {options.named('first-timeout')}"
        )
    return f"{target} cannot be reached ({trouble}); check the address and that the service runs"


async def root(asking: Asking, found: Found) -> str:
    """The root of all operations: what the operator or discovery says, else the usual root that has a template list.

    Raises TargetUnreachable where nothing but 404 or web pages answers, CredentialsRefused where every door is shut.
    """
    options = asking.wire.options
    if options.base_url:
        return options.base_url.rstrip("/")
    endpoints = found.document.get("endpoints")
    declared = endpoints.get("base_url") if isinstance(endpoints, dict) else None
    if isinstance(declared, str) and declared:
        absolute = urljoin(found.url, declared)
        if split_origin(absolute) is not None:
            return await _reachable(asking, absolute.rstrip("/"), found)
    return await _guessed(asking, found)


async def _reachable(asking: Asking, base: str, found: Found) -> str:
    """The declared root; where its host does not answer and discovery's does, the same path there."""
    if split_origin(base) == split_origin(found.url):
        return base
    label = Label(Operation.TEMPLATES, JourneyName.PREPARATION, probe=Probe.LOOKING_FOR_API, graded=False)
    heard = await asking.ask(label, f"{base}/templates")
    if heard.answer is not None:
        return base
    at, declared = urlsplit(found.url), urlsplit(base)
    moved = urlunsplit((at.scheme, at.netloc, declared.path.rstrip("/"), "", ""))
    text = f"endpoints.base_url names {base}, which cannot be reached; {moved} is used instead."
    # behind a proxy that ends TLS a service may not know its own scheme; whether that is wrong is another question
    member = "scheme" if at.netloc == declared.netloc else "base_url"
    asking.wire.recorder.depart(
        Departure(Dimension.ADDRESS, text, member, expected=base, actual=moved, exchange=heard.exchange.number)
    )
    return moved


async def _guessed(asking: Asking, found: Found) -> str:
    """Without a word of discovery: the first usual root that answers like an API of this protocol."""
    wire, options = asking.wire, asking.wire.options
    target = canonical(options).removesuffix(well_known(options))
    statuses: list[int] = [found.answered.status]
    pages = is_page(found.answered)
    wire.trust(target)
    for prefix in USUAL_ROOTS:
        url = f"{target}{prefix}/templates"
        label = Label(Operation.TEMPLATES, JourneyName.PREPARATION, probe=Probe.LOOKING_FOR_API, graded=False)
        heard = await asking.ask(label, url, headers=wire.credentials(url, Credential.RIGHT))
        statuses.append(heard.exchange.status)
        answer = heard.answer
        pages = pages or bool(answer and is_page(answer))
        if answer and _speaks(answer):
            base = f"{target}{prefix}"
            text = f"Discovery names no address; {base} is taken, whose /templates answers {answer.status}."
            wire.recorder.depart(
                Departure(Dimension.ADDRESS, text, "base_url", actual=base, exchange=heard.exchange.number)
            )
            return base
    if pages:
        raise TargetUnreachable(
            f"{target} answers with web pages, not with JSON; give the address below which {well_known(options)} lies"
        )
    if all(status in _REFUSED for status in statuses):
        raise CredentialsRefused(
            f"{target} refuses the key at every door ({statuses[0]}); check {options.named('api-key')}"
        )
    raise TargetUnreachable(
        f"{target} serves no discovery and no /templates (only {', '.join(map(str, dict.fromkeys(statuses)))}); give"
        f" the address below which {well_known(options)} lies, or the API's own with {options.named('base-url')}"
    )


def _speaks(answer: Response) -> bool:
    """Whether an answer to /templates is that of an API: a list, or a refusal of the credential in JSON."""
    told = answer.json
    return (200 <= answer.status < 300 and isinstance(told, dict | list)) or (
        answer.status in _REFUSED and bool(answer.document)
    )
