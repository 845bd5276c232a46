"""The work of a research session: passages of a corpus, found by words, and sentences that rest on quotes alone.

No model, no network, no randomness: the same prompt and the same corpus give the same report.
"""

from __future__ import annotations

from mock_server.research.corpus import Corpus, standing
from mock_server.research.finding import Findings
from mock_server.research.folder import CorpusError, Refused
from mock_server.research.plan import Kind, Plan
from mock_server.research.report import Report

__all__ = ["Corpus", "CorpusError", "Findings", "Kind", "Plan", "Refused", "Report", "standing"]
