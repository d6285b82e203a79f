"""Pictures to lay over a cut: handed out once, never the same frames twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from video_assets.editorial.lines import on_source_frame
from video_assets.editorial.pictures import SHORTEST
from video_assets.foundation.errors import BriefError
from video_assets.foundation.records import FootageRow, Shot, Take
from video_assets.foundation.timecode import Span

SMALLEST = Fraction(2, 5)
"""Seconds of a piece when nothing longer is left."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch that was handed out."""

    take: Take
    shot: Shot
    row: FootageRow
    source_start: Fraction
    frames: int


class Supply:
    """What is left of the pictures of one cut."""

    def __init__(
        self,
        takes: Sequence[Take],
        shots: Mapping[str, Shot],
        rows: Mapping[str, FootageRow],
        fps: Fraction,
        taken: Sequence[tuple[str, Span]],
    ) -> None:
        """`rows` by clip id; `taken`: (clip id, span) that the story shows already."""
        self._takes, self._shots, self._rows, self._fps = takes, shots, rows, fps
        self._taken: dict[str, list[Span]] = {}
        for clip_id, span in taken:
            self._taken.setdefault(clip_id, []).append(span)
        self._uses: dict[str, int] = {}
        self._last = ""
        self._best_fit: dict[str, float] = {}
        for take in takes:
            fit = take.terms.get("fit", 0.0)
            self._best_fit[take.shot_id] = max(fit, self._best_fit.get(take.shot_id, 0.0))

    def fill(self, frames: int, each: Fraction, beat: int) -> list[Piece]:
        """Pieces of about `each` seconds that last exactly `frames` together.

        Raises BriefError where the library is too small for that.
        """
        pieces: list[Piece] = []
        least = ceil(SHORTEST * self._fps)
        want = max(least, round(each * self._fps))
        left = frames
        while left > 0:
            # even parts: none much longer than wished, no sliver at the end
            goal = max(least, ceil(Fraction(left) / max(1, ceil(Fraction(left * 5, want * 6)))))
            goal = min(goal, left)
            piece = (
                self._pick(goal, min(least, left), left, beat)
                or self._pick(goal, min(left, max(1, round(SMALLEST * self._fps))), left, beat)
                or self._pick(left, 1, left, beat)  # the library is used up: whatever is left
            )
            if piece is None:
                raise BriefError(
                    f"{self._takes[0].cut_id if self._takes else 'the cut'} lacks "
                    f"{float(left / self._fps):.1f} s of pictures that were not shown yet; "
                    "add footage or ask for a shorter cut"
                )
            pieces.append(piece)
            left -= piece.frames
        return pieces

    def _pick(self, goal: int, least: int, left: int, beat: int) -> Piece | None:
        """The best take with at least `least` free frames, cut to at most `goal`."""
        best: tuple[tuple[object, ...], Take, Span, int] | None = None
        for take in self._takes:
            free = self._free(take)
            if free is None:
                continue
            room = floor(free.duration * self._fps)
            frames = min(goal, room)
            rest = left - frames
            if 0 < rest < least and room < left:
                frames = left - least  # what is left must be a whole piece too
            elif 0 < rest < least:
                frames = left
            if frames < least:
                continue
            uses = self._uses.get(take.clip_id, 0)
            fits = take.terms.get("fit", 0.0)
            if take.role == "card" and fits > 0:
                uses = max(0, uses - 1)  # the thing itself may come back under the end card
            rank = (
                self._shots[take.shot_id].setup == self._last,
                take.beat not in (beat, -1),
                min(uses, 3),
                # a picture that answers to another line is kept for that line
                take.role != "card" and fits < self._best_fit[take.shot_id],
                frames < min(goal, least * 2),
                -take.score,
                take.take_id,
            )
            if best is None or rank < best[0]:
                best = rank, take, free, frames
        if best is None:
            return None
        _, take, free, frames = best
        self._taken.setdefault(take.clip_id, []).append(
            Span(free.start, free.start + frames / self._fps)
        )
        self._uses[take.clip_id] = self._uses.get(take.clip_id, 0) + 1
        shot = self._shots[take.shot_id]
        self._last = shot.setup
        return Piece(take, shot, self._rows[take.clip_id], free.start, frames)

    def _free(self, take: Take) -> Span | None:
        """The longest stretch of a take that was not shown yet, beginning on a source frame."""
        row = self._rows[take.clip_id]
        margin = 1 / row.fps if row.fps else Fraction(0)
        spans = [Span(take.start, take.end)]
        for used in self._taken.get(take.clip_id, ()):
            rest = []
            for span in spans:
                if not span.overlaps(Span(used.start - margin, used.end + margin)):
                    rest.append(span)
                    continue
                rest.append(Span(span.start, min(span.end, used.start - margin)))
                rest.append(Span(max(span.start, used.end + margin), span.end))
            spans = [s for s in rest if s.end > s.start]
        on_frames = [Span(on_source_frame(row, s.start, up=True), s.end) for s in spans]
        fit = [s for s in on_frames if s.end > s.start]
        return max(fit, key=lambda s: (s.duration, -s.start)) if fit else None
