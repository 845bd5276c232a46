"""Every check under the id of the requirement it judges."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from conformance.evidence import Evidence, Layer
from conformance.finding import Finding

Judge = Callable[[Evidence], Iterable[Finding]]


@dataclass(frozen=True)
class Check:
    """A pure function from evidence to findings, and the requirement it belongs to.

    One that is good `everywhere` judges any traffic, and so every layer of the evidence; the others were written for
    the journeys. One that may judge what somebody else `recorded` looks at answers alone: not at why a request was
    sent, nor at which state its sender foretold.
    """

    requirement: str
    name: str
    judge: Judge
    doc: str
    everywhere: bool = False
    recorded: bool = False

    def findings(self, evidence: Evidence) -> Iterable[Finding]:
        """What it finds in the journeys, and then in the other layers if it can judge them."""
        yield from self.judge(evidence)
        for layer, view in evidence.views.items() if self.everywhere else ():
            if layer is not Layer.JOURNEY:
                yield from self.judge(view)


_REGISTRY: dict[str, list[Check]] = {}


def check(requirement: str, *, everywhere: bool = False, recorded: bool | None = None) -> Callable[[Judge], Judge]:
    """Register a function as a check of one requirement; its docstring starts with the source: (6.2) …

    What is good `everywhere` is good for what was `recorded`, unless that is said otherwise.
    """

    def register(judge: Judge) -> Judge:
        doc = (judge.__doc__ or "").strip()
        if not doc.startswith("("):
            raise TypeError(f"the docstring of check {judge.__name__} does not start with its source")
        module = judge.__module__.rsplit(".", 1)[-1]
        found = Check(
            requirement,
            f"{module}.{judge.__name__}",
            judge,
            doc,
            everywhere,
            everywhere if recorded is None else recorded,
        )
        _REGISTRY.setdefault(requirement, []).append(found)
        return judge

    return register


def registered() -> Mapping[str, tuple[Check, ...]]:
    """Requirement id -> its checks, once every module of `conformance.checks` is imported.

    The contract stands first, then the modules by name: whichever somebody imported first, the order is one.
    """
    return {key: tuple(sorted(found, key=_place)) for key, found in _REGISTRY.items()}


def _place(found: Check) -> tuple[bool, str]:
    module = found.name.partition(".")[0]
    return module != "contract", module
