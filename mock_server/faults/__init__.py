"""Single defects that can be switched on, each naming the requirements it breaks; the rest of the server is honest."""

from __future__ import annotations

from mock_server.faults.fault import Asked, Fault, Flight
from mock_server.faults.layer import Faults

__all__ = ["Asked", "Fault", "Faults", "Flight"]
