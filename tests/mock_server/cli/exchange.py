"""The commands of a page, sent as they stand there, and what each answer is shown to be."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_RULE = "\n----\n"


def works(block: str, url: str, folder: Path) -> int:
    """Run a block in which a line `# answer` follows each command that shows one; returns how many answers fitted.

    A command whose answer goes into a file shows none; … in an answer stands for anything.
    """
    lines = block.strip().splitlines()
    told = [line[2:] for line in lines if line.startswith("# ")]
    asked = [
        f"{line}; echo; echo ----" if line.startswith("curl") and ">" not in line else line
        for line in lines
        if not line.startswith("# ")
    ]
    script = "\n".join(asked).replace("http://127.0.0.1:8080", url)
    done = subprocess.run(
        ["bash", "-eu", "-c", script], cwd=folder, capture_output=True, text=True, timeout=120, check=True
    )
    answers = [answer.strip() for answer in done.stdout.split(_RULE)][:-1]
    assert len(answers) == len(told)
    for answer, shown in zip(answers, told, strict=True):
        json.loads(answer)
        pattern = ".*".join(re.escape(piece) for piece in shown.split("…"))
        assert re.fullmatch(pattern, answer, re.DOTALL), (shown, answer)
    return len(answers)
