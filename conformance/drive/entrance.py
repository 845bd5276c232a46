"""The way in to a service whose address is given and not discovered: where it is served, and who is let in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.drive.asking import Asking
from conformance.drive.doors import advice
from conformance.drive.signing import sign_in, sign_in_second
from conformance.evidence import Label
from conformance.evidence.admission import is_page
from conformance.target import Target, TargetUnreachable, is_public
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.drive.wire import Wire
    from conformance.target import EndForm

#: What says that there is no such operation.
NOWHERE = (404, 405, 501)


def given(wire: Wire) -> str:
    """The address that the operator gave."""
    return (wire.options.base_url or wire.options.target).rstrip("/")


async def come_in(wire: Wire, roots: Sequence[str], operation: Operation, *, end_form: EndForm) -> Target:
    """The first of some addresses below which something answers to an operation; no session is made.

    Raises TargetUnreachable when nothing answers to it, CredentialsRefused when no key is let in.
    """
    asking = Asking(wire)
    base = await _root_of(asking, roots, operation)
    wire.trust(base)
    await sign_in(asking, base)
    await sign_in_second(asking, base)
    return Target(
        base_url=base,
        upload_methods=(),
        end_form=end_form,
        second_key=wire.options.second_api_key is not None,
        public_host=is_public(base),
    )


def roots(given: str, path: str) -> list[str]:
    """What the printed paths may lie below: the address that was given, also where it has some of such a path."""
    parts = path.split("/")
    ends = ("/".join(parts[:count]) for count in range(len(parts), 1, -1))
    return list(dict.fromkeys((given, *(given.removesuffix(end) for end in ends if given.endswith(end)))))


async def _root_of(asking: Asking, roots: Sequence[str], operation: Operation) -> str:
    """The first of some addresses below which something answers to an operation; raises TargetUnreachable.

    One that takes a body is sent an empty object, of which nothing comes.
    """
    options = asking.wire.options
    endpoint = options.text.protocol.endpoints[operation]
    path, posts = endpoint.path, endpoint.takes is not None
    typed = {"Content-Type": "application/json"} if posts else {}
    asking.wire.trust(roots[0])
    statuses = []
    for root in roots:
        url = root + path
        label = Label(operation, JourneyName.PREPARATION, probe=Probe.LOOKING_FOR_API, graded=False)
        headers = asking.wire.credentials(url, Credential.RIGHT) | typed
        content = b"{}" if posts else b""
        heard = await asking.ask(label, url, method=endpoint.method, headers=headers, content=content)
        if heard.answer is None:
            raise TargetUnreachable(advice(options, heard.exchange))
        statuses.append(heard.exchange.status)
        if heard.exchange.status not in NOWHERE and not is_page(heard.answer):
            return root
    raise TargetUnreachable(
        f"{' and '.join(roots)} serve no {path} (only {', '.join(map(str, dict.fromkeys(statuses)))});"
        f" give the address below which it lies with {options.named('base-url')}"
    )
