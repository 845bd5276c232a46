"""How much there may be of what research sessions consist of."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

#: How long a session may work where its budget does not say, and at most, in seconds. Not in spec: E22.
LIMIT_S: Final = 600.0
LONGEST_S: Final = 86_400.0
#: Sessions of one user that have not come to an end. Not in spec: E3.
QUOTA: Final = 200
#: How long a share lasts that names no end, and how many a session may have. Not in spec: E30.
SHARED_FOR: Final = timedelta(days=30)
MOST_SHARES: Final = 100
#: Comments of one session: its history has all of them, and each may be long.
MOST_COMMENTS: Final = 200
#: Pauses of one session: each of them leaves lines in its history.
MOST_PAUSES: Final = 500
#: No session's id is this long: of one that names none no more is repeated.
LONGEST_ID: Final = 128
#: Plans and reports of one namespace that wait to be made, and files, which take a hundred times as long.
MOST_READINGS: Final = 256
MOST_PRODUCTS: Final = 20
#: What is kept of files that were made, so that they are not made anew for whoever asks again.
KEPT_BYTES: Final = 16 * 2**20
