"""Every way the kit has of looking at a target: the journeys, and the drivers that the text itself feeds."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

import conformance.fuzz
import conformance.stateful
from conformance.journeys import Journey, all_journeys
from conformance.journeys.registry import registered


def all_ways() -> tuple[Journey, ...]:
    """Every journey, whichever layer it is of, the long ones first."""
    all_journeys()
    for package in (conformance.stateful, conformance.fuzz):
        for module in iter_modules(package.__path__):
            import_module(f"{package.__name__}.{module.name}")
    return registered()
