"""A person's edits: edits.yaml, the schema and what it does to lines and pictures."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from video_assets.editorial.written import Part, read_written
from video_assets.foundation.records import FootageRow, Line, Shot, Timeline

VERSION = 1
CUT = r"^r[1-9][0-9]*-[0-9]{2}(-[a-z])?$"

CutId = Annotated[str, Field(pattern=CUT)]
Words = Annotated[str, Field(max_length=200)]


class Lock(Part):
    """A cut that stays as it is; its whole round is frozen with it."""

    cut: CutId
    why: Words = ""


class Ban(Part):
    """Footage that may not be used any more, from the next making on."""

    clip: Annotated[str, Field(min_length=1, max_length=1000)]
    """Its path below the footage folder, or at least 8 digits of its clip_id."""
    start: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """Seconds on the clip's clock; left out: from its beginning."""
    end: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Seconds, exclusive; left out: to its end."""
    why: Words = ""

    @model_validator(mode="after")
    def _has_length(self) -> "Ban":
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ValueError("end: must lie after start")
        return self

    def names(self, path: str, clip_id: str) -> bool:
        """Whether it speaks of this clip."""
        return self.clip == path or (len(self.clip) >= 8 and clip_id.startswith(self.clip))

    def meets(self, start: Fraction, end: Fraction) -> bool:
        """Whether a stretch of its clip has a moment in common with it."""
        return (self.end is None or start < Fraction(str(self.end))) and (
            self.start is None or end > Fraction(str(self.start))
        )


class Edits(Part):
    """What a person decided about cuts and footage."""

    version: Literal[1] = 1
    lock: tuple[Lock, ...] = ()
    ban: tuple[Ban, ...] = ()


def load_edits(path: Path) -> Edits:
    """The edits in a YAML file; none where there is no file.

    Raises BriefError with one line a problem: file, line, key, what is wrong, what is allowed.
    """
    if not path.exists():
        return Edits()
    return read_written(path, Edits, "version: 1", {"lock": Lock, "ban": Ban})


def unbanned_lines(
    bans: Sequence[Ban], lines: Sequence[Line], rows: Sequence[FootageRow]
) -> list[Line]:
    """The lines that no ban touches."""
    paths = _paths(rows)
    return [
        line
        for line in lines
        if not any(
            ban.names(paths.get(line.clip_id, ""), line.clip_id) and ban.meets(line.start, line.end)
            for ban in bans
        )
    ]


def unbanned_shots(
    bans: Sequence[Ban], shots: Sequence[Shot], rows: Sequence[FootageRow]
) -> list[Shot]:
    """The shots, each cut down to the longest piece that no ban touches; gone where none is left.

    Good for choosing pictures only: spoken lines need the shot as it is.
    """
    paths = _paths(rows)
    found = []
    for shot in shots:
        pieces = [(shot.start, shot.end)]
        for ban in bans:
            if not ban.names(paths.get(shot.clip_id, ""), shot.clip_id):
                continue
            left = Fraction(str(ban.start or 0))
            right = shot.end if ban.end is None else Fraction(str(ban.end))
            pieces = [
                piece
                for start, end in pieces
                for piece in ((start, min(end, left)), (max(start, right), end))
                if piece[1] > piece[0]
            ]
        if pieces:
            start, end = max(pieces, key=lambda p: (p[1] - p[0], -p[0]))
            whole = (start, end) == (shot.start, shot.end)
            found.append(shot if whole else replace(shot, start=start, end=end))
    return found


def _paths(rows: Sequence[FootageRow]) -> dict[str, str]:
    return {r.clip_id: r.path for r in reversed(rows) if r.role in ("clip", "sound")}


def banned_in(bans: Sequence[Ban], timeline: Timeline) -> list[str]:
    """What a finished timeline shows or plays that has been banned since."""
    stretches = [
        (c.path, c.clip_id, c.source_start, c.source_start + c.frames / timeline.fps)
        for c in timeline.picture
    ] + [(s.path, s.clip_id, s.source_start, s.source_start + s.duration) for s in timeline.sound]
    found = {
        f"uses {path}, which edits.yaml bans" + (f" ({ban.why})" if ban.why else "")
        for path, clip_id, start, end in stretches
        for ban in bans
        if ban.names(path, clip_id) and ban.meets(start, end)
    }
    return sorted(found)
