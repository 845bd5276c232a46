"""The protocol as data, and the only code that reads it."""

from .load import catalogue, load, profiles, revisions
from .model import Requirement, Spec, SpecError

__all__ = ["Requirement", "Spec", "SpecError", "catalogue", "load", "profiles", "revisions"]
