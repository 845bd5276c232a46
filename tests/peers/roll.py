"""The peers by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .choosy import Choosy
from .counting_end import CountingEnd
from .first import First
from .foreign_host import ForeignHost
from .framework_defaults import FrameworkDefaults
from .gateway import Gateway
from .honest import Honest
from .language_forms import ArraysOnly, StringsOnly
from .never_finishes import NeverFinishes
from .newest import Newest
from .no_templates_route import NoTemplatesRoute
from .object_upload import ObjectUpload
from .own_templates import BareEntries, BareIds
from .production import Production
from .sends_on import SendsOn
from .silent_loss import UnknownTemplateUnsaid, UploadCutShort
from .speaking import OwnWire, Speaking
from .text_order import TextOrderInLists, TextOrderInTranscripts
from .unavailable import Unavailable
from .web_pages import WebPages

if TYPE_CHECKING:
    from collections.abc import Mapping

PEERS: Mapping[str, type[Honest]] = {
    "honest": Honest,
    "framework_defaults": FrameworkDefaults,
    "production": Production,
    "object_upload": ObjectUpload,
    "sends_on": SendsOn,
    "strings_only": StringsOnly,
    "arrays_only": ArraysOnly,
    "foreign_host": ForeignHost,
    "bare_ids": BareIds,
    "bare_entries": BareEntries,
    "counting_end": CountingEnd,
    "never_finishes": NeverFinishes,
    "no_templates_route": NoTemplatesRoute,
    "gateway": Gateway,
    "unavailable": Unavailable,
    "web_pages": WebPages,
    "text_order_in_lists": TextOrderInLists,
    "text_order_in_transcripts": TextOrderInTranscripts,
    "unknown_template_unsaid": UnknownTemplateUnsaid,
    "upload_cut_short": UploadCutShort,
    "speaking": Speaking,
    "own_wire": OwnWire,
    "choosy": Choosy,
}

#: Servers of other revisions than the default one.
REVISED: Mapping[str, tuple[type[Honest], str]] = {"first": (First, "2026-01-19"), "newest": (Newest, "2026-01-29")}
