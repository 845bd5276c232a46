"""What all tests share: generated cases that are the same in every run, unless somebody goes looking for new ones."""

from __future__ import annotations

import os

from hypothesis import settings

#: A case found in a stranger's CI run blames a change that has nothing to do with it; look for them with `explore`.
settings.register_profile("steady", derandomize=True, deadline=None)  # no unit test is timed: machines are shared
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))
