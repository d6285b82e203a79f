"""How far speech stands over the music below it, in the finished file.

Every half second under dialogue is explained, by least squares, as so much of the cited line and so
much of the bed; what the file has of each is then known though they sound together.
"""

from dataclasses import dataclass
from typing import Any

from video_assets.delivery.inspections import sounding
from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.delivery.inspections.sounding import Layer, stamp
from video_assets.delivery.inspections.sources import RATE
from video_assets.delivery.inspections.sync import CLEAR, CONTAINED, LOW, lag_of
from video_assets.foundation.records import Finding

OVER = 15.0
"""LU that speech stands over music (CRAFT 6 and 8 row 8), over all lines together."""
LINE_OVER = 12.0
"""LU for a single line: music is not equally loud in all of its bars."""
LOST = 30.0
"""LU below speech, over all lines or under one, from which music that is as loud as elsewhere in
its piece is not there at all: heard it is 14 to 20 LU below a line (53 lines of three libraries),
beds that were left out read 32 and more, there 53 and more."""
FADED = 1.2
"""Seconds at the end of a cut in which the bed fades out (CRAFT 6)."""
BLOCK = RATE // 2
"""Samples that are explained at a time: a limiter moves both gains alike inside it."""
MOST = 60.0
"""LU that are told apart: below that music counts as absent."""
REACH = RATE // 50
"""Samples (20 ms) in which sounds are lined up; farther ones are for `sound_is_in_sync`."""


def speech_stands_over_music(case: Case) -> Outcome:
    """Under the lines, the music is at least 15 LU below them (CRAFT 8 row 8), and is there."""
    name = "speech_stands_over_music"
    figures = {"speech_over_music_lu": MOST, "weakest_line_lu": MOST, "lines": 0.0}
    music = next(iter(sounding.layers(case, ("A2",))), None)
    lines = [one for one in sounding.layers(case, ("A1",)) if one.count]
    if music is None or not lines:
        return Outcome(figures, note="no music" if lines else "nobody speaks", measured=False)
    file = sounding.weighted(sounding.played(case))
    bed = sounding.weighted(music.source)
    spoken = [_lined_up(one, sounding.weighted(one.source), file) for one in lines]
    rest = file.copy()
    for one, source in zip(lines, spoken, strict=True):
        rest[:, one.at : one.end] -= _explained([source], file[:, one.at : one.end])[0]
    known = [(one.at, min(one.end, bed.shape[1])) for one in lines if one.at < bed.shape[1]]
    if not known:
        what = "the bed is looped under every line: its place is not known"
        return Outcome(figures, note=what, measured=False)
    bed = sounding.moved(bed, _lag(known, bed, rest))
    loud = _loud(bed)
    audible = sounding.loudness_of(music) > sounding.INAUDIBLE[1]
    ends = round((float(case.timeline.duration) - FADED) * RATE)
    alls: list[_Block] = []
    found, lost, weakest = [], [], MOST
    for one, source in zip(lines, spoken, strict=True):
        blocks = _blocks(one, source, bed, file)
        if not blocks:
            continue
        figures["lines"] += 1
        alls += blocks
        apart = _apart(blocks)
        weakest = min(weakest, apart)
        if apart < LINE_OVER:
            what = (
                f"music lies {apart:.1f} LU below {one.name}, at least {LINE_OVER:.0f} LU are "
                "wanted; turn it down under the line"
            )
            found.append(Finding(name, what, f"{apart:.1f}", f"{LINE_OVER:.0f} LU", stamp(one.at)))
        # at its end the bed is faded out
        if audible and one.at + one.end <= 2 * ends and _missing(blocks, loud) > LOST:
            lost.append((one, apart))
    if not alls:
        return Outcome(figures, note="no line is loud enough to be measured", measured=False)
    over = _apart(alls)
    figures |= {"speech_over_music_lu": over, "weakest_line_lu": weakest}
    if over < OVER:
        what = (
            f"speech stands {over:.1f} LU over the music, at least {OVER:.0f} LU are wanted; turn "
            "the music down under the lines"
        )
        found.insert(0, Finding(name, what, f"{over:.1f}", f"{OVER:.0f} LU"))
    everywhere = audible and _missing(alls, loud) > LOST
    if everywhere or lost:
        at, apart = (stamp(lost[0][0].at), lost[0][1]) if lost else ("", over)
        under = "the lines"
        if not everywhere:
            more = f" and {len(lost) - 1} more lines" if len(lost) > 1 else ""
            under = f"{lost[0][0].name}{more}"
        what = (
            f"{music.name} is not heard under {under}: {apart:.0f} LU below; make the sound again"
        )
        found.insert(0, Finding(name, what, f"{apart:.1f}", f"{LOST:.0f} LU", at))
    return Outcome(figures, tuple(found))


def _lined_up(layer: Layer, source: Any, file: Any) -> Any:
    """A line's weighted source, moved to where the file has it."""
    span = (layer.at, layer.end)
    whole = _placed(source, layer.at, file.shape[1])
    return sounding.moved(whole, _lag([span], whole, file))[:, layer.at : layer.end]


def _placed(source: Any, at: int, length: int) -> Any:
    import numpy as np

    out = np.zeros((2, length))
    out[:, at : at + source.shape[1]] = source[:, : max(0, length - at)]
    return out


def _lag(spans: list[tuple[int, int]], wanted: Any, file: Any) -> int:
    """Samples that `wanted` lies later in the file, within 20 ms; 0 where it cannot be told."""
    import numpy as np
    from scipy.signal import resample_poly

    step = RATE // LOW
    reach = REACH // step
    one = np.concatenate([sounding.middle(wanted[:, a:b]) for a, b in spans])
    other = np.concatenate([sounding.middle(file[:, a:b]) for a, b in spans])
    if not one.any() or not other.any():
        return 0
    one, other = resample_poly(one, 1, step), np.pad(resample_poly(other, 1, step), reach)
    lag, alike, apart = lag_of(one, other, reach)
    return round(lag * step) if alike >= CONTAINED or apart >= CLEAR / 2 else 0


def _explained(parts: list[Any], file: Any) -> list[Any]:
    """What the file has of every part: the parts' best sum, block by block.

    Each part may be moved by a sample either way, which makes up for fractions of one.
    """
    import numpy as np

    out = [np.zeros_like(file) for _ in parts]
    for start in range(0, file.shape[1], BLOCK):
        span = slice(start, start + BLOCK)
        columns = [np.roll(part, tap, axis=1)[:, span] for part in parts for tap in (-1, 0, 1)]
        matrix = np.stack([c.ravel() for c in columns])
        gram = matrix @ matrix.T
        ridge = np.eye(len(gram)) * (1e-6 * np.diag(gram).max() + 1e-12)
        weights = np.linalg.solve(gram + ridge, matrix @ file[:, span].ravel())
        for number in range(len(parts)):
            own = slice(3 * number, 3 * number + 3)
            out[number][:, span] = (weights[own] @ matrix[own]).reshape(2, -1)
    return out


@dataclass(frozen=True, slots=True)
class _Block:
    """Mean squares (K-weighted) of half a second of a line."""

    speech: float
    """What the file has of the line."""
    music: float
    """What the file has of the bed."""
    bed: float
    """The bed itself, before any gain."""


def _blocks(layer: Layer, source: Any, bed: Any, file: Any) -> list[_Block]:
    """Every whole half second of a line whose bed is known."""
    end = min(layer.end, bed.shape[1])
    if end - layer.at < BLOCK // 2:
        return []
    count = end - layer.at
    below = bed[:, layer.at : end]
    speech, music = _explained([source[:, :count], below], file[:, layer.at : end])
    size = min(BLOCK, count)
    found = []
    for start in range(0, count - size + 1, size):
        span = slice(start, start + size)
        one = _Block(*(float((part[:, span] ** 2).mean()) for part in (speech, music, below)))
        if one.speech > 10 ** (sounding.QUIET / 10):
            found.append(one)
    return found


def _apart(blocks: list[_Block]) -> float:
    """LU between gated speech and the music below it."""
    over = _level([one.speech for one in blocks]) - _level([one.music for one in blocks])
    return float(min(MOST, over))


def _missing(blocks: list[_Block], loud: float) -> float:
    """LU between speech and music, if the music were as loud there as all of it (`loud`, dB)."""
    return _apart(blocks) - max(0.0, loud - _level([one.bed for one in blocks]))


def _loud(samples: Any) -> float:
    """dB of all of a weighted sound, gated."""
    powers = sounding.powers(samples, BLOCK, BLOCK).mean(axis=0)
    return _level(list(powers))


def _level(powers: list[float]) -> float:
    """dB of mean squares without those 10 LU below their mean (BS.1770's relative gate)."""
    import numpy as np

    all_of = np.array(powers)
    loud = all_of[all_of > 0.1 * all_of.mean()] if all_of.any() else all_of
    return float(sounding.decibels(loud.mean()))
