"""From verdicts to the few causes behind them, as pure functions of graded requirements and evidence."""

from __future__ import annotations

from conformance.grading.causes import Cause, causes_of, trace
from conformance.grading.matrix import Outcome, Square, matrix

__all__ = ["Cause", "Outcome", "Square", "causes_of", "matrix", "trace"]
