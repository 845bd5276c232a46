"""Ways through the protocol, and deliberate departures from it: they drive and label, and judge nothing."""

from importlib import import_module
from pkgutil import iter_modules

from conformance.evidence import Layer
from conformance.journeys.registry import Journey, journey, registered

__all__ = ["Journey", "all_journeys", "journey"]


def all_journeys() -> tuple[Journey, ...]:
    """Every journey of this package, the long ones first."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return tuple(each for each in registered() if each.layer is Layer.JOURNEY)
