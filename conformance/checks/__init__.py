"""Pure checks: exchanges in, findings out; a module a chapter, no I/O and no pytest."""

from importlib import import_module
from pkgutil import iter_modules

from conformance.checks.registry import Check, check, registered

__all__ = ["Check", "all_checks", "check"]


def all_checks() -> dict[str, tuple[Check, ...]]:
    """Requirement id -> its checks, from every module of this package."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return dict(registered())
