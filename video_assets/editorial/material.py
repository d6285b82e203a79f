"""What the library offers to ideas: lines that can be heard, pictures that can be shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from video_assets.editorial.brief import Brief
from video_assets.editorial.lines import Spoken, best_takes, usable_lines
from video_assets.editorial.pictures import Picture, usable_pictures
from video_assets.foundation.records import FootageRow, Line, Shot, Soundtrack, Tag, Word
from video_assets.foundation.timecode import timeline_rate


@dataclass(frozen=True, slots=True)
class Material:
    """What the library offers to ideas."""

    fps: Fraction
    spoken: dict[str, Spoken]
    """Best take by retake group."""
    pictures: tuple[Picture, ...]

    @property
    def seconds(self) -> Fraction:
        """Seconds of picture and speech that can be shown, nothing twice."""
        speech = sum((Fraction(s.frames) / self.fps for s in self.spoken.values()), Fraction(0))
        return speech + sum((p.end - p.start for p in self.pictures), Fraction(0))


def campaign_rate(rows: Sequence[FootageRow]) -> Fraction:
    """The timelines' rate: the rate of most seconds among the clips."""
    seconds: dict[Fraction, Fraction] = {}
    for row in rows:
        if row.role == "clip":
            rate = timeline_rate(row.fps)
            seconds[rate] = seconds.get(rate, Fraction(0)) + row.duration
    return max(seconds, key=lambda r: (seconds[r], r)) if seconds else Fraction(25)


def material(
    brief: Brief,
    rows: Sequence[FootageRow],
    shots: Sequence[Shot],
    words: Sequence[Word],
    lines: Sequence[Line],
    tags: Sequence[Tag],
    soundtracks: Sequence[Soundtrack],
) -> Material:
    """Usable lines and pictures."""
    fps = campaign_rate(rows)
    spoken = best_takes(usable_lines(brief, rows, shots, words, lines, soundtracks, fps))
    speakers = {s.shot.shot_id for s in spoken.values()} | {
        s.shot_id
        for s in shots
        if spoken and any(w.clip_id == s.clip_id and s.start <= w.start < s.end for w in words)
    }
    pictures = usable_pictures(rows, shots, tags, fps, without=speakers)
    return Material(fps, spoken, tuple(pictures))
