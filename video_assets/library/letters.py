"""Dead letters inside notes: why a file was set aside, so that it need not be read again for it."""

import re
from collections.abc import Iterable
from dataclasses import replace

from video_assets.foundation.errors import Code, FootageError
from video_assets.foundation.records import DeadLetter, FootageRow
from video_assets.foundation.store import Options

_WARNING = re.compile(r"^(?P<what>.*) \[(?P<code>\d{4})\] -> (?P<do>.*(?:\n\| .*)*)$", re.MULTILINE)


def warning_of(error: FootageError) -> str:
    """A note that carries a dead letter: `what [code] -> what to do`, then lines of messages."""
    flat = " ".join(str(error.what).split())
    tail = "".join(f"\n| {line}" for line in error.stderr_tail.strip().splitlines()[-6:])
    return f"{flat} [{int(error.code)}] -> {' '.join(error.do.split())}{tail}"


def is_warned(row: FootageRow) -> bool:
    """Whether the row's note carries a dead letter."""
    return bool(_WARNING.search(row.note))


def is_tried_again(letter: DeadLetter, options: Options, newer: bool = False) -> bool:
    """Whether a file that was set aside is read once more, though its bytes are the same.

    `newer`: by other tools than the last time, which may know what those did not.
    """
    unknown = newer and letter.family == "UNSUPPORTED"
    mended = letter.family == "CONFIG"  # after a fix that nobody here can see
    return letter.retryable or unknown or mended or letter.family in options.retry


def counted(
    letters: Iterable[DeadLetter],
    before: Iterable[DeadLetter],
    options: Options,
    newer: bool = False,
) -> list[DeadLetter]:
    """Letters with how often their file was tried: once more than `before` where it was now.

    A letter is the same one where path, bytes, step and code are. `newer`: see `is_tried_again`.
    """
    past = {_key(letter): letter for letter in before}
    found = []
    for letter in letters:
        old = past.get(_key(letter))
        again = int(is_tried_again(letter, options, newer))
        found.append(replace(letter, attempts=old.attempts + again) if old else letter)
    return found


def _key(letter: DeadLetter) -> tuple[str, str, str, int]:
    return letter.path, letter.clip_id, letter.step, letter.code


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
