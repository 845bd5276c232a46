"""Pure checks: exchanges in, findings out; a module a chapter, no I/O and no pytest.

Those of one profile alone stand in a folder of its name; a requirement's id says whose it is.
"""

from importlib import import_module
from pkgutil import walk_packages

import scribe_data
from conformance.checks.registry import Check, check, registered

__all__ = ["Check", "all_checks", "check"]


def all_checks(profile: str = scribe_data.PROFILE) -> dict[str, tuple[Check, ...]]:
    """Requirement id -> its checks, of the requirements of a profile, from every module of this package."""
    for module in walk_packages(__path__, f"{__name__}."):
        import_module(module.name)
    families = tuple(f"{family}-" for family in scribe_data.load(profile).protocol.families)
    return {name: found for name, found in registered().items() if name.startswith(families)}
