"""What a session's audio may cost, in seconds of processor time and as many of wall clock; all bounds stand here.

One number bounds both clocks. Recognition keeps two threads busy and uses its processor time up in half the wall clock,
so the kernel ends what works too much, and the wall clock ends what hangs without working.

    start   START, on no session's account
    job     BEGIN + DECODE + RECOGNISE + SHARE x seconds of audio
    stream  BEGIN + UTTERANCE, of each utterance
    session AGAIN_WITHIN + one job, over all its tries: 15 minutes and the length of the audio

What came to nothing before AGAIN_WITHIN may have used up twice as much processor time, on two threads; the last try has
its kernel limit.
"""

from __future__ import annotations

from typing import Final

#: A process imports its libraries and loads a model in two seconds; a machine that is short of memory swaps meanwhile.
START: Final = 120.0
#: A job reads what it has to do before it asks for more.
BEGIN: Final = 30.0
#: Measured: four hours decode in 10 s.
DECODE: Final = 180.0
#: Measured: tiny.en takes 0.03 and base 0.06 of the audio's length on a plain core. A larger model may take as long as
#: the consultation did; one that takes longer never catches up.
RECOGNISE: Final = 120.0
SHARE: Final = 1.0
#: Measured: tiny.en takes 0.2 s for an utterance of a stream, which has half a minute at most. A machine that is twenty
#: times too busy is still waited for.
UTTERANCE: Final = 60.0
#: There is no further try once those that failed took this long together: who used up more has had a fair share.
AGAIN_WITHIN: Final = 600.0


def of_job(audio_seconds: float) -> float:
    """The most one try at so much audio may take."""
    return BEGIN + DECODE + RECOGNISE + SHARE * audio_seconds
