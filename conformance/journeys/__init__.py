"""Ways through the protocol, and deliberate departures from it: they drive and label, and judge nothing."""

from importlib import import_module
from pkgutil import walk_packages

import scribe_data
from conformance.evidence import Layer
from conformance.journeys.registry import Journey, journey, registered

__all__ = ["Journey", "all_journeys", "journey"]


def all_journeys(profile: str = scribe_data.PROFILE) -> tuple[Journey, ...]:
    """Every journey of a profile in this package, the long ones first."""
    for module in walk_packages(__path__, f"{__name__}."):
        import_module(module.name)
    return tuple(each for each in registered(profile) if each.layer is Layer.JOURNEY)
