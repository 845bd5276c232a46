"""The only code that reads the protocol's text (`spec/`) and the recordings (`fixtures/`)."""

from .load import PROFILE, REVISION, catalogue, load, profiles, protocol, revisions
from .model import Requirement, Spec, SpecError

__all__ = [
    "PROFILE",
    "REVISION",
    "Requirement",
    "Spec",
    "SpecError",
    "catalogue",
    "load",
    "profiles",
    "protocol",
    "revisions",
]
