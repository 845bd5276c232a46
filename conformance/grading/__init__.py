"""From verdicts to the few causes behind them, as pure functions of graded requirements and evidence."""

from __future__ import annotations

from conformance.grading.causes import Cause, Traced, trace

__all__ = ["Cause", "Traced", "trace"]
