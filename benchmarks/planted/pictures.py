"""Defects of the picture: rows 4, 10 to 12 and 14 of CRAFT.md 8."""

from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from benchmarks.clean_cuts import Box, covers
from benchmarks.planted.bench import Bench, plants
from video_assets.delivery.inspections.case import Case
from video_assets.finishing import segments
from video_assets.finishing.reframe import crop_for, visible
from video_assets.foundation import media
from video_assets.foundation.records import PictureCut, Timeline

LIVELY = 8.0
"""Levels by which the livelier tenth of a small picture must vary to be seen coming back."""


def lively(file: Path, first: int, last: int) -> float:
    """Levels (standard deviation) by which the livelier tenth of the pixels varies in a span of
    frames, in a picture of 32 x 32."""
    seen = _small(file)[first:last]
    return float(np.quantile(seen.std(axis=0), 0.9)) if len(seen) else 0.0


@lru_cache(maxsize=1)
def _small(file: Path) -> Any:
    """All pictures of a file, grey, 32 x 32, read with PyAV."""
    with media.open_container(file) as container:
        frames = [f.reformat(32, 32, "gray").to_ndarray() for f in container.decode(video=0)]
    return np.stack(frames).astype(float)


@plants(12, "nothing_is_black_or_frozen")
def black(bench: Bench) -> Case | None:
    count = bench.rng.choice((2, 2, 3, 4, 6, 8, 12))
    at = bench.open_span(float((count + 4) / bench.fps))
    if at is None:
        return None
    bench.told(count / 2 + 0.2, f"{count} frames, at most 1 is allowed")
    first = round(at * bench.fps)
    video = f"drawbox=c=black:t=fill:enable='between(n,{first},{first + count - 1})'"
    return bench.clean.case(bench.again(video))


@plants(12, "nothing_is_black_or_frozen")
def freeze(bench: Bench) -> Case | None:
    """One picture stands while its footage moves."""
    looks = visible(bench.line)[:-1]
    most = max((float((s.frames - 8) / bench.fps) for s in looks), default=0.0)
    if most < 0.5:
        return None
    held = round(bench.sized(0.4, "s", 1.25, min(4.0, most / 0.4)) * bench.fps)
    spans = [
        (look, at)
        for look in looks
        for at in range(look.start + 2, look.end - held - 2, 5)
    ]  # fmt: skip
    bench.rng.shuffle(spans)
    # who hardly moves for half a second may as well stand still
    moving = (s for s in spans if lively(bench.clean.file, s[1], s[1] + held) >= LIVELY / 2)
    look, at = next(moving, (None, 0))
    if look is None:
        return None
    bench.note.size += f" of {look.cut.path}"
    video = f"freezeframes=first={at}:last={at + held - 1}:replace={at}"
    out = _frozen(bench, video)
    return bench.clean.case(out)


def _frozen(bench: Bench, video: str) -> Path:
    """The file with frames replaced by one of its own: freezeframes reads it a second time."""
    clean = str(bench.clean.file).replace("\\", "/").replace(":", "\\:").replace("'", "")
    return bench.again(f"null[own];movie='{clean}'[more];[own][more]{video}")


def _flashing(bench: Bench, one: str, two: str) -> Case | None:
    half = bench.rng.choice([h for h in (1, 2, 3) if bench.fps / (2 * h) > 3])
    rate = float(bench.fps / (2 * half))
    at = bench.open_span(1.3)
    if at is None:
        return None
    bench.told(rate / 3, f"{rate:.1f} a second, at most 3 are allowed")
    span = f"between(t,{at:.3f},{at + 1.2:.3f})"
    video = [f"drawbox=c={one}:t=fill:enable='{span}*lt(mod(n,{2 * half}),{half})'"]
    if two:
        video.append(f"drawbox=c={two}:t=fill:enable='{span}*gte(mod(n,{2 * half}),{half})'")
    return bench.clean.case(bench.again(",".join(video)))


@plants(12, "nothing_flashes")
def flashing(bench: Bench) -> Case | None:
    """White and black take turns."""
    return _flashing(bench, "white", "black")


@plants(12, "nothing_flashes")
def red_flashing(bench: Bench) -> Case | None:
    """Red and a grey of the same brightness take turns."""
    return _flashing(bench, "red", "0x7F7F7F")


@plants(12, "nothing_flashes", needs="speech")
def flash_frame(bench: Bench) -> Case | None:
    """One or two frames of another clip, in the middle of a look."""
    used = {c.path for c in bench.line.picture}
    others = [c for c in covers(bench.library) if c.path not in used]
    looks = [s for s in visible(bench.line)[:-1] if s.frames > 16]
    if not others or not looks:
        return None
    clip, look = bench.rng.choice(others), bench.rng.choice(looks)
    count = bench.rng.choice((1, 2))
    bench.told(count * 1.5, f"{count} frames of {clip.path}")
    row = bench.library.tables.rows[clip.path]
    stray = replace(
        look.cut, track="V2", start=look.start + look.frames // 2, frames=count,
        clip_id=row.clip_id, path=clip.path, source_start=Fraction(1),
    )  # fmt: skip
    # above whatever else lies there: of two pictures of a track the later one is seen
    over = replace(bench.line, picture=(*bench.line.picture, stray))
    return bench.other_file(over)


@plants(10, "colour_holds_across_cuts", needs="setup")
def colour_jumps(bench: Bench) -> Case | None:
    """From the second sentence of one set-up on, the picture is green."""
    line = bench.line
    story = [c for c in line.picture if c.track == "V1"]
    shots = bench.library.tables.shots
    setups = [shots[c.shot_id].setup for c in story]
    pair = next((n for n in range(1, len(setups)) if setups[n] and setups[n] in setups[:n]), None)
    if pair is None:
        return None
    strong = bench.rng.uniform(0.12, 0.35)
    bench.note.size = f"{strong:.2f} more green in the middle tones"
    first = story[pair].start
    video = f"colorbalance=gm={strong:.3f}:gh={strong * 0.8:.3f}:rm=-{strong * 0.6:.3f}"
    return bench.clean.case(bench.again(f"{video}:enable='gte(n,{first})'"))


@plants(10, "colour_holds_across_cuts")
def colour_changed(bench: Bench) -> Case | None:
    """All of the picture is warmer than its footage."""
    strong = bench.rng.uniform(0.06, 0.25)
    bench.note.size = f"{strong:.2f} more red, less blue in the middle tones"
    video = f"colorbalance=rm={strong:.3f}:bm=-{strong:.3f}"
    return bench.clean.case(bench.again(video))


@plants(11, "subject_stays_in_frame", needs="speech narrow")
def face_out_of_frame(bench: Bench) -> Case | None:
    """The speaker's crop looks away from a face that the library knows."""
    return _looking_away(bench, [c for c in bench.line.picture if c.face[2] > 0])


@plants(11, "subject_is_in_frame", needs="narrow")
def subject_out_of_frame(bench: Bench) -> Case | None:
    """A crop looks away from where the subject truly is."""
    known = {c.path for c in bench.library.clips() if c.subject}
    return _looking_away(bench, [c for c in bench.line.picture if c.path in known])


def _looking_away(bench: Bench, cuts: list[PictureCut]) -> Case | None:
    """The first of these cuts whose crop can leave its subject looks to the other side."""
    lib, line = bench.library, bench.line
    for shown in visible(line):  # what another picture hides is no defect
        cut = shown.cut
        if cut not in cuts:
            continue
        row, clip = lib.tables.rows[cut.path], lib.truth.by_path[cut.path]
        first = cut.source_start + (shown.start - cut.start) / line.fps
        times = [first + n / line.fps for n in range(shown.end - shown.start)]
        for focus in bench.rng.sample([(0.0, 0.5), (1.0, 0.5)], 2):
            aside = replace(cut, face=(0.0, 0.0, 0.0, 0.0), focus=focus)
            crop = crop_for(aside, row, bench.clean.aspect)
            left, right = crop.x / row.width, (crop.x + crop.width) / row.width
            seen = [s for time in times for s in clip.subject if s.start <= time < s.end]
            boxes: list[Box] = [s.face if cut.face[2] > 0 else s.box for s in seen]
            out = [_is_out(b, left, right) for b in boxes if b[2] > 0]
            if out and sum(out) >= 0.5 * len(out):
                bench.note.size = f"{cut.path}, out in {sum(out) / len(out):.0%} of its frames"
                picture = tuple(aside if c == cut else c for c in line.picture)
                return bench.redone(replace(line, picture=picture))
    return None


def _is_out(box: Box, left: float, right: float) -> bool:
    """Whether a subject's middle is outside a crop that does not show most of what fits into it: of
    one that fills the whole picture, any part does."""
    part = max(0.0, min(right, box[0] + box[2]) - max(left, box[0]))
    middle = box[0] + box[2] / 2
    return not left < middle < right and part < 0.6 * min(box[2], right - left)


@plants(14, "shows_what_it_cites")
def wrong_clip(bench: Bench) -> Case | None:
    """Another clip lies under the name of one that is cited."""
    lib, line = bench.library, bench.line
    used = {c.path for c in line.picture}
    one = bench.rng.choice(line.picture)
    others = [c for c in covers(lib) if c.path not in used]
    if not others:
        return None
    other = bench.rng.choice(others)
    bench.note.size = f"{other.path} for {one.path}"
    return _swapped(bench, line, one.path, other.path)


def _swapped(bench: Bench, line: Timeline, path: str, other: str) -> Case:
    plain = getattr(segments, "source_of")  # noqa: B009  # what it imports, not its own

    def swapped(root: Path, wanted: str) -> Path:
        return Path(plain(root, other if wanted == path else wanted))

    return bench.other_file(line, mock.patch.object(segments, "source_of", swapped))


@plants(4, "no_picture_comes_back", needs="montage")
def picture_comes_back(bench: Bench) -> Case | None:
    """A look shows what another one has shown, under its own clip's name."""
    line = bench.line
    looks = [s for s in visible(line) if s.frames >= 0.6 * line.fps]
    card = min((t.start for t in line.titles if t.kind == "end_card"), default=line.frames)
    looks = [s for s in looks if s.end <= card]
    pairs = [(a, b) for a in looks for b in looks if a.cut.path != b.cut.path and a.start < b.start]
    # what stands still comes back whenever its shot does
    pairs = [(a, b) for a, b in pairs if lively(bench.clean.file, a.start, a.end) >= LIVELY]
    if not pairs:
        return None
    first, second = bench.rng.choice(pairs)
    length = min(first.frames, second.frames)
    bench.told(float(length / line.fps) / 0.3, f"{float(length / line.fps):.2f} s")
    source = first.cut.source_start + (first.start - first.cut.start) / line.fps
    # shown instead of the second one's beginning: of two that begin at once the first one wins
    again = replace(first.cut, track="V2", start=second.start, frames=length, source_start=source)
    return bench.other_file(replace(line, picture=(again, *line.picture)))


@plants(14, "shows_what_it_cites", needs="speech")
def stale_segment(bench: Bench) -> Case | None:
    """A speaker is shown some frames off, as an older cut of the line did."""
    line = bench.line
    first = next(c for c in line.picture if c.track == "V1")
    frames = round(bench.sized(2, "frames", 1.25, 6.0))
    bench.told(frames / 2, f"{frames} frames, less than 2 are allowed")
    off = frames / line.fps
    at = first.source_start - off if first.source_start > off else first.source_start + off
    moved = replace(first, source_start=at)
    return bench.other_file(
        replace(line, picture=tuple(moved if c is first else c for c in line.picture))
    )


@plants(14, "shows_what_it_cites", needs="narrow")
def crop_moved(bench: Bench) -> Case | None:
    """Another part of the picture is shown than was planned."""
    line = bench.line
    last = max(c.end for c in line.picture)
    cut = bench.rng.choice([c for c in line.picture if c.end < last])  # not below the end card
    row = bench.library.tables.rows[cut.path]
    crop = crop_for(cut, row, bench.clean.aspect)
    off = bench.sized(0.025, "of the crop's width", 1.4, 4.0)
    room = {1: row.width - crop.x - crop.width, -1: crop.x}
    ways = [way for way, left in room.items() if left >= off * crop.width + 2]
    if not ways:
        return None
    by = bench.rng.choice(ways) * off * crop.width / row.width
    middle = (crop.x + crop.width / 2) / row.width
    height = (crop.y + crop.height / 2) / row.height
    moved = replace(cut, face=(0.0, 0.0, 0.0, 0.0), focus=(middle + by, height))
    return bench.other_file(
        replace(line, picture=tuple(moved if c is cut else c for c in line.picture))
    )
