"""From verdicts to the few causes behind them, as pure functions of graded requirements and evidence."""

from __future__ import annotations

from conformance.grading.causes import Cause, causes_of, trace

__all__ = ["Cause", "causes_of", "trace"]
