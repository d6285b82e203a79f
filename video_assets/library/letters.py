"""Dead letters inside notes: why a file was set aside, so that it need not be read again for it."""

import re

from video_assets.foundation.errors import Code, FootageError
from video_assets.foundation.records import DeadLetter, FootageRow

_WARNING = re.compile(r"^(?P<what>.*) \[(?P<code>\d{4})\] -> (?P<do>.*(?:\n\| .*)*)$", re.MULTILINE)


def warning_of(error: FootageError) -> str:
    """A note that carries a dead letter: `what [code] -> what to do`, then lines of messages."""
    flat = " ".join(str(error.what).split())
    tail = "".join(f"\n| {line}" for line in error.stderr_tail.strip().splitlines()[-6:])
    return f"{flat} [{int(error.code)}] -> {' '.join(error.do.split())}{tail}"


def is_warned(row: FootageRow) -> bool:
    """Whether the row's note carries a dead letter."""
    return bool(_WARNING.search(row.note))


def letter_of(row: FootageRow) -> DeadLetter | None:
    """The dead letter that a row's note carries, so that a row need not be read again for it."""
    found = _WARNING.search(row.note)
    if found is None:
        return None
    code = Code(int(found["code"]))
    do, *tail = found["do"].split("\n| ")
    return DeadLetter(
        path=row.path,
        step="footage",
        code=int(code),
        family=code.family,
        what=found["what"],
        do=do,
        clip_id=row.clip_id,
        retryable=code.retryable,
        stderr_tail="\n".join(tail),
    )
