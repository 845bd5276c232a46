"""Scenarios: states and troubles that a client asks for, to see how it copes; off unless asked for."""

from mock_server.scenarios.layer import Scenarios

__all__ = ["Scenarios"]
