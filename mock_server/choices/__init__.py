"""What the text leaves to a server: choices that can be made otherwise, each with what allows it."""

from __future__ import annotations

from mock_server.choices.choice import Choice
from mock_server.choices.layer import Choices

__all__ = ["Choice", "Choices"]
