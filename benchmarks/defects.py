"""Planted defects: how many are found, and how often a clean cutdown is called bad.

`python -m benchmarks.defects [--bad 200] [--good 200] [--seed 1] [--folder DIR]` prints one JSON
line. Every bad cutdown has exactly one defect of one row of CRAFT.md 8; it counts as found where a
measure of that row says something that it does not say of the clean original.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.clean_cuts import (
    Cut,
    Library,
    Spoken,
    clean_timelines,
    covers,
    laid_out,
    rate_of,
    rendered,
    sentences,
    taken_in,
)
from video_assets.delivery.inspections.case import Case
from video_assets.delivery.inspections.table import MEASURES, UNMADE, run
from video_assets.finishing import formats, segments
from video_assets.foundation import media
from video_assets.foundation.records import Timeline


@dataclass(frozen=True)
class Bench:
    """Where a defect is planted."""

    library: Library
    clean: Cut
    folder: Path
    rng: random.Random

    @property
    def fps(self) -> Fraction:
        """Of the timeline."""
        return self.clean.timeline.fps

    def again(self, video: str = "", sound: str = "", *more: str) -> Path:
        """The file once more through ffmpeg and the same encode profile, with these filters."""
        out = self.folder / "again.mp4"
        fps = self.fps
        ticks = formats.ticks(fps)[0]
        picture = ["-c:v", "copy"]
        if video:
            picture = [
                "-vf", f"{video},setparams=range=tv:color_primaries=bt709:color_trc=bt709"
                ":colorspace=bt709,format=yuv420p",
                "-fps_mode", "passthrough", "-c:v", "libx264", "-profile:v", "high",
                "-preset", "veryfast", "-crf", "18", "-g", str(formats.gop(fps)), "-bf", "2",
                "-flags", "+cgop", "-color_range", "tv", "-colorspace", "bt709",
                "-color_primaries", "bt709", "-color_trc", "bt709", "-pix_fmt", "yuv420p",
                "-threads", "2",
            ]  # fmt: skip
        heard = ["-c:a", "copy"]
        if sound:
            heard = ["-af", sound, "-c:a", "aac", "-b:a", "192k", "-ar", "48000", "-ac", "2"]
        media.run_arguments(
            ["-i", str(self.clean.file), *picture, *heard, "-movflags", "+faststart",
             "-video_track_timescale", str(ticks), *more, str(out)],
            self.folder, 300, "planting a defect",
        )  # fmt: skip
        return out

    def redone(self, timeline: Timeline, **changes: Any) -> Case:
        """Another timeline, rendered: what is wrong is in the cut itself."""
        cut = rendered(self.library, timeline, self.clean.aspect, self.folder / "redone")
        return replace(cut, burned=changes.pop("burned", cut.burned)).case(**changes)

    def free(self) -> int:
        """Frames from the beginning over which nothing lies yet."""
        over = [c.start for c in self.clean.timeline.picture if c.track == "V2"]
        return min([self.clean.timeline.picture[0].frames, *over])

    def middle(self) -> float:
        """A second well inside the speech."""
        return float(self.clean.timeline.sound[0].duration) * self.rng.uniform(0.4, 0.6)


Plant = Callable[[Bench], Case | None]
"""Returns None where the cutdown has nothing that could be spoiled so (no music, one sentence)."""
DEFECTS: dict[str, tuple[int, Plant]] = {}
"""Name to the row of CRAFT.md 8 whose measures must find it, and how it is planted."""


def plants(row: int) -> Callable[[Plant], Plant]:
    """Enters a defect under its function's name."""

    def enter(plant: Plant) -> Plant:
        DEFECTS[plant.__name__] = row, plant
        return plant

    return enter


# the cut: rows 1 to 5


@plants(1)
def cut_inside_a_word(bench: Bench) -> Case | None:
    line = bench.clean.timeline
    last = line.sound[-1]
    words = [w for w in bench.library.tables.words[last.clip_id]]
    inside = [
        w
        for w in words
        if last.source_start < w.start and w.end < last.source_start + last.duration
    ]
    inside = [w for w in inside[len(inside) // 2 :] if w.end - w.start > Fraction(1, 5)]
    if not inside:
        return None
    word = inside[-1]
    at = Fraction(round((word.start + word.end) / 2 * line.fps)) / line.fps
    short = at - last.source_start
    sound = (*line.sound[:-1], replace(last, duration=short))
    spoken = tuple(w for w in line.words if w.end <= last.start + short)
    return bench.redone(replace(line, sound=sound, words=spoken))


@plants(1)
def word_without_its_end(bench: Bench) -> Case | None:
    """Dialogue ends 60 to 100 ms before its last word does."""
    line = bench.clean.timeline
    last = line.sound[-1]
    end = last.source_start + last.duration
    words = [w for w in bench.library.tables.words[last.clip_id] if w.end <= end]
    at = Fraction(round((words[-1].end - Fraction(2, 25)) * line.fps)) / line.fps
    sound = (*line.sound[:-1], replace(last, duration=at - last.source_start))
    return bench.redone(replace(line, sound=sound))


@plants(3)
def said_twice(bench: Bench) -> Case | None:
    """Another take of a line that is in the cut already."""
    lib = bench.library
    first = bench.clean.timeline.sound[0]
    mine = lib.tables.lines.get(first.line_id)
    if mine is None or not mine.group:
        return None
    others = [
        one for one in lib.tables.lines.values()
        if one.group == mine.group and one.line_id != mine.line_id
    ]  # fmt: skip
    paths = {row.clip_id: path for path, row in lib.tables.rows.items() if row.role == "clip"}
    fps = rate_of(lib)
    for other in others:
        clip = lib.truth.by_path.get(paths.get(other.clip_id, ""))
        if clip is None or clip.kind != "interview" or Fraction(clip.fps) != fps:
            continue
        true = [t for t in clip.lines if abs(t.start - float(other.start)) < 0.1]
        start = Fraction(round((float(other.start) - 0.06) * fps)) / fps
        end = Fraction(round((float(other.end) + 0.06) * fps)) / fps
        if true and lib.shot_at(clip.path, start, end):
            said = [*_sentences_of(bench), Spoken(clip, true[0], start, end)]
            return bench.redone(laid_out(lib, said, bench.rng, "twice"))
    return None


@plants(3)
def fillers_left_in(bench: Bench) -> Case | None:
    """A line with an um in it."""
    lib, fps = bench.library, rate_of(bench.library)
    for clip in bench.rng.sample(list(lib.truth.clips), len(lib.truth.clips)):
        if clip.kind != "interview" or Fraction(clip.fps) != fps:
            continue
        for line in clip.lines:
            own = [w for w in clip.words if line.start <= w.start and w.end <= line.end]
            if line.complete and any(w.kind == "filler" for w in own):
                start = Fraction(round((line.start - 0.06) * fps)) / fps
                end = Fraction(round((line.end + 0.06) * fps)) / fps
                if start >= 0 and lib.shot_at(clip.path, start, end):
                    said = [Spoken(clip, line, start, end)]
                    return bench.redone(laid_out(lib, said, bench.rng, "filler"))
    return None


def _sentences_of(bench: Bench) -> list[Spoken]:
    starts = {(c.path, c.source_start) for c in bench.clean.timeline.sound}
    return [s for s in sentences(bench.library) if (s.clip.path, s.start) in starts]


@plants(4)
def shown_twice(bench: Bench) -> Case | None:
    line = bench.clean.timeline
    card = max(line.picture, key=lambda c: (c.track == "V1", c.start))
    length = min(card.frames, bench.free()) - 2
    again = replace(card, track="V2", start=1, frames=length)
    return bench.redone(replace(line, picture=(*line.picture, again)))


@plants(5)
def bare_jump_cut(bench: Bench) -> Case | None:
    """A sentence whose middle is taken out, with nothing over the join."""
    line = bench.clean.timeline
    first, sound = line.picture[0], line.sound[0]
    if first.frames < 2.4 * line.fps:
        return None
    half = first.frames // 2
    away = round(Fraction(1, 2) * line.fps)
    second = replace(
        first,
        start=half,
        frames=first.frames - half - away,
        source_start=first.source_start + (half + away) / line.fps,
    )
    picture = [replace(first, frames=half), second]
    picture += [
        replace(c, start=c.start - away) for c in line.picture if c is not first and c.track == "V1"
    ]
    gone = away / line.fps
    sounds = (
        replace(sound, duration=half / line.fps),
        replace(
            sound,
            start=half / line.fps,
            duration=sound.duration - half / line.fps - gone,
            source_start=sound.source_start + half / line.fps + gone,
        ),
        *(replace(s, start=s.start - gone) for s in line.sound[1:]),
    )
    titles = tuple(replace(t, start=t.start - away) for t in line.titles)
    return bench.redone(
        replace(
            line, frames=line.frames - away, picture=tuple(picture), sound=sounds, words=(),
            titles=titles,
        )
    )  # fmt: skip


@plants(2)
def flawed_picture(bench: Bench) -> Case | None:
    """A picture with a planted flaw (blur or shake)."""
    lib, line = bench.library, bench.clean.timeline
    flawed = [
        c for c in lib.truth.clips
        if c.kind == "broll" and Fraction(c.fps) == line.fps and not c.cuts
        and any(d.kind in ("blur", "shake") for d in c.defects)
    ]  # fmt: skip
    bench.rng.shuffle(flawed)
    for clip in flawed:
        flaw = next(d for d in clip.defects if d.kind in ("blur", "shake"))
        at = Fraction(round((flaw.start + 0.1) * line.fps)) / line.fps
        row = lib.tables.rows.get(clip.path)
        shot = lib.shot_at(clip.path, at, at + 1) if row else None
        if row is None or shot is None or flaw.end - flaw.start < 1.1:
            continue
        bad = replace(
            line.picture[0], track="V2", start=2, frames=int(line.fps), clip_id=row.clip_id,
            shot_id=shot.shot_id, path=clip.path, source_start=at,
        )  # fmt: skip
        return bench.redone(replace(line, picture=(*line.picture, bad)))
    return None


# captions and words: rows 6 and 7


@plants(6)
def burned_late(bench: Bench) -> Case | None:
    if bench.clean.aspect not in formats.BURNED:
        return None
    late = Fraction(1, 5) * bench.rng.choice((-1, 1))
    said = [
        replace(w, start=max(Fraction(0), w.start + late), end=w.end + late)
        for w in bench.clean.timeline.words
    ]
    spoiled = rendered(
        bench.library, replace(bench.clean.timeline, words=tuple(said)), bench.clean.aspect,
        bench.folder / "late",
    )  # fmt: skip
    return bench.clean.case(spoiled.file)


@plants(6)
def words_late(bench: Bench) -> Case | None:
    """Every caption, in the picture and beside it, 200 ms off what is heard."""
    late = Fraction(1, 5)
    said = tuple(
        replace(w, start=w.start + late, end=w.end + late) for w in bench.clean.timeline.words
    )
    return bench.redone(replace(bench.clean.timeline, words=said))


@plants(6)
def srt_late(bench: Bench) -> Case | None:
    late = Fraction(1, 5)
    said = tuple(
        replace(w, start=w.start + late, end=w.end + late) for w in bench.clean.timeline.words
    )
    other = bench.clean.case(timeline=replace(bench.clean.timeline, words=said))
    return bench.clean.case(texts={"srt": other.texts.srt, "vtt": other.texts.vtt})


@plants(6)
def another_word(bench: Bench) -> Case | None:
    """The captions say a word that nobody said."""
    words = list(bench.clean.timeline.words)
    number = bench.rng.randrange(len(words))
    words[number] = replace(words[number], text="elephants")
    return bench.redone(replace(bench.clean.timeline, words=tuple(words)))


@plants(6)
def a_line_too_long(bench: Bench) -> Case | None:
    text = bench.clean.case().texts.srt
    blocks = text.strip().split("\n\n")
    if not blocks[0]:
        return None
    head = blocks[0].splitlines()[:2]
    spoken = " ".join(w.text for w in bench.clean.timeline.words)
    if len(spoken) <= 44:
        return None
    return bench.clean.case(texts={"srt": "\n".join([*head, spoken]) + "\n"})


@plants(7)
def brand_misspelt(bench: Bench) -> Case | None:
    name = bench.library.brand.name
    wrong = name[:2] + name[3] + name[2] + name[4:]
    words = list(bench.clean.timeline.words)
    number = bench.rng.randrange(len(words))
    words[number] = replace(words[number], text=wrong)
    return bench.redone(replace(bench.clean.timeline, words=tuple(words)))


@plants(7)
def another_letter_drawn(bench: Bench) -> Case | None:
    """The picture says another word than the captions beside it."""
    if bench.clean.aspect not in formats.BURNED:
        return None
    words = list(bench.clean.timeline.words)
    number = max(range(len(words)), key=lambda n: len(words[n].text))
    words[number] = replace(words[number], text=words[number].text[::-1])
    spoiled = rendered(
        bench.library, replace(bench.clean.timeline, words=tuple(words)), bench.clean.aspect,
        bench.folder / "letters",
    )  # fmt: skip
    return bench.clean.case(spoiled.file)


@plants(7)
def end_card_gone(bench: Bench) -> Case | None:
    spoiled = rendered(
        bench.library, replace(bench.clean.timeline, titles=()), bench.clean.aspect,
        bench.folder / "card",
    )  # fmt: skip
    return bench.clean.case(spoiled.file)


@plants(7)
def text_below_the_buttons(bench: Bench) -> Case | None:
    """Everything drawn lies 15 % lower than it should."""
    width, height = bench.clean.case().size
    low = int(height * 0.15) // 2 * 2
    video = f"pad={width}:{height + low}:0:{low},crop={width}:{height}:0:0"
    return bench.clean.case(bench.again(video))


# sound: rows 8, 9, 12


@plants(8)
def too_quiet(bench: Bench) -> Case | None:
    return bench.clean.case(bench.again("", "volume=-4dB"))


@plants(8)
def too_hot(bench: Bench) -> Case | None:
    return bench.clean.case(bench.again("", "volume=5dB"))


@plants(8)
def music_over_the_voice(bench: Bench) -> Case | None:
    """The bed 12 dB louder than it was mixed."""
    case = bench.clean.case()
    if case.music is None:
        return None
    out = bench.folder / "loud.mp4"
    media.run_arguments(
        ["-i", str(bench.clean.file), "-i", str(case.music), "-filter_complex",
         "[1:a]aresample=48000,aformat=channel_layouts=stereo,volume=-14dB[m];"
         "[0:a][m]amix=inputs=2:duration=first:normalize=0,loudnorm=I=-14:TP=-2:LRA=11,"
         "aresample=48000[a]",
         "-map", "0:v", "-map", "[a]", "-c:v", "copy", "-c:a", "aac", "-b:a", "192k", "-ac", "2",
         "-movflags", "+faststart", "-video_track_timescale", str(formats.ticks(bench.fps)[0]),
         str(out)],
        bench.folder, 300, "planting music",
    )  # fmt: skip
    return bench.clean.case(out)


@plants(9)
def sound_late(bench: Bench) -> Case | None:
    late = bench.rng.choice((60, 80, 120))
    return bench.clean.case(bench.again("", f"adelay={late}:all=1,atrim=end={_length(bench)}"))


@plants(9)
def sound_drifts(bench: Bench) -> Case | None:
    sound = f"asetrate=48000*0.985,aresample=48000,atrim=end={_length(bench)}"
    return bench.clean.case(bench.again("", sound))


def _length(bench: Bench) -> str:
    return f"{float(bench.clean.timeline.duration):.6f}"


@plants(12)
def hole_in_the_voice(bench: Bench) -> Case | None:
    words = [w for w in bench.clean.timeline.words if w.end - w.start > Fraction(1, 4)]
    if not words:
        return None
    word = bench.rng.choice(words)
    at = float((word.start + word.end) / 2)
    return bench.clean.case(
        bench.again("", f"volume=0:enable='between(t,{at - 0.04:.3f},{at + 0.04:.3f})'")
    )


@plants(12)
def click(bench: Bench) -> Case | None:
    at = bench.middle()
    sound = f"aeval='val(ch)+if(between(t,{at:.5f},{at + 0.00008:.5f}),0.7,0)':c=same"
    return bench.clean.case(bench.again("", sound))


@plants(12)
def lost_channel(bench: Bench) -> Case | None:
    side = bench.rng.choice(
        ("pan=stereo|c0=c0|c1=0*c0,volume=3dB", "pan=stereo|c0=0*c0|c1=c1,volume=3dB")
    )
    return bench.clean.case(bench.again("", side))


# picture: rows 10 to 14


@plants(12)
def black(bench: Bench) -> Case | None:
    at = bench.middle()
    video = f"drawbox=c=black:t=fill:enable='between(t,{at:.3f},{at + 0.5:.3f})'"
    return bench.clean.case(bench.again(video))


@plants(12)
def freeze(bench: Bench) -> Case | None:
    at = int(bench.middle() * bench.fps)
    held = round(1.2 * bench.fps)
    # frames come later by `held`, the first of them stands meanwhile; the end is cut off
    video = (
        f"loop=loop={held}:size=1:start={at},"
        f"trim=end_frame={bench.clean.timeline.frames},setpts=N/({bench.fps})/TB"
    )
    return bench.clean.case(bench.again(video))


@plants(12)
def flashing(bench: Bench) -> Case | None:
    at = bench.middle()
    video = f"drawbox=c=white:t=fill:enable='between(t,{at:.3f},{at + 1:.3f})*lt(mod(n,4),2)'"
    return bench.clean.case(bench.again(video))


@plants(13)
def wrong_size(bench: Bench) -> Case | None:
    width, height = bench.clean.case().size
    return bench.clean.case(bench.again(f"scale={width // 4 * 2}:{height // 4 * 2}"))


@plants(13)
def wrong_rate(bench: Bench) -> Case | None:
    other = 30 if bench.fps != 30 else 24
    out = bench.again(f"fps={other}")
    return bench.clean.case(out)


@plants(13)
def frames_lost(bench: Bench) -> Case | None:
    drop = bench.rng.randrange(10, bench.clean.timeline.frames - 10)
    return bench.clean.case(bench.again(f"select='not(eq(n,{drop}))'"))


@plants(13)
def corrupt(bench: Bench) -> Case | None:
    data = bytearray(bench.clean.file.read_bytes())
    begin = data.index(b"mdat")
    at = begin + int((len(data) - begin) * bench.rng.uniform(0.3, 0.7))
    data[at : at + 4000] = bytes(4000)
    out = bench.folder / "corrupt.mp4"
    out.write_bytes(data)
    return bench.clean.case(out)


@plants(10)
def colour_jumps(bench: Bench) -> Case | None:
    """From the second sentence of one set-up on, the picture is green."""
    line = bench.clean.timeline
    story = [c for c in line.picture if c.track == "V1"]
    shots = bench.library.tables.shots
    setups = [shots[c.shot_id].setup for c in story[:-1]]
    pair = next((n for n in range(1, len(setups)) if setups[n] and setups[n] in setups[:n]), None)
    if pair is None:
        return None
    at = float(story[pair].start / line.fps) - 0.001
    video = f"colorbalance=gm=0.25:gh=0.2:rm=-0.15:enable='gte(t,{at:.3f})'"
    return bench.clean.case(bench.again(video))


@plants(11)
def subject_out_of_frame(bench: Bench) -> Case | None:
    line = bench.clean.timeline
    cut = line.picture[0]
    x = cut.face[0] + cut.face[2] / 2
    if cut.face[2] == 0 or bench.clean.aspect == "16x9":
        return None
    away = (0.0, 0.5) if x > 0.5 else (1.0, 0.5)
    aside = replace(cut, face=(0.0, 0.0, 0.0, 0.0), focus=away)
    return bench.redone(replace(line, picture=(aside, *line.picture[1:])))


@plants(14)
def wrong_clip(bench: Bench) -> Case | None:
    lib, line = bench.library, bench.clean.timeline
    used = {c.path for c in line.picture}
    first = line.picture[0]
    others = [c for c in covers(lib) if c.path not in used]
    other = bench.rng.choice(others)
    plain = getattr(segments, "source_of")  # noqa: B009  # what it imports, not its own

    def swapped(root: Path, path: str) -> Path:
        return Path(plain(root, other.path if path == first.path else path))

    with mock.patch.object(segments, "source_of", swapped):
        spoiled = rendered(lib, _apart(line), bench.clean.aspect, bench.folder / "wrong")
    return bench.clean.case(spoiled.file)


_APART = iter(range(10**9))


def _apart(line: Timeline) -> Timeline:
    """The same pictures under other digests: their source starts a hair (never a frame) later."""
    hair = Fraction(next(_APART) + 1, 10**12)
    first = line.picture[0]
    return replace(
        line, picture=(replace(first, source_start=first.source_start + hair), *line.picture[1:])
    )


@plants(14)
def stale_segment(bench: Bench) -> Case | None:
    """The first stretch shows its clip half a second off, as an older cut of it did."""
    line = bench.clean.timeline
    first = line.picture[0]
    off = Fraction(round(line.fps / 2)) / line.fps
    at = first.source_start - off if first.source_start > off else first.source_start + off
    old = replace(line, picture=(replace(first, source_start=at), *line.picture[1:]))
    spoiled = rendered(bench.library, old, bench.clean.aspect, bench.folder / "stale")
    return bench.clean.case(spoiled.file)


@plants(14)
def forbidden_word(bench: Bench) -> Case | None:
    brief = bench.library.brief.model_copy(update={"forbidden": ("guaranteed",)})
    line = bench.clean.timeline
    titles = tuple(replace(t, text="Guaranteed light") for t in line.titles)
    return bench.redone(replace(line, titles=titles), brief=brief)


@plants(14)
def card_not_last(bench: Bench) -> Case | None:
    line = bench.clean.timeline
    titles = tuple(replace(t, start=2) for t in line.titles)
    return bench.redone(replace(line, titles=titles))


@plants(15)
def otio_off_by_one(bench: Bench) -> Case | None:
    line = bench.clean.timeline
    first = line.picture[0]
    moved = replace(first, source_start=first.source_start + 1 / line.fps)
    other = bench.clean.case(timeline=replace(line, picture=(moved, *line.picture[1:])))
    return bench.clean.case(texts={"otio": other.texts.otio})


# measuring


def said_of(case: Case) -> dict[str, tuple[int, str, list[str]]]:
    """Measure to (row, kind, what it says) for everything that found something."""
    found = {}
    for measure in MEASURES:
        if measure.name in UNMADE or measure.kind == "report":
            continue
        outcome = run(measure, case)
        if outcome.findings:
            what = [f.what for f in outcome.findings]
            found[measure.name] = measure.row, measure.kind, what
    return found


def measure_detection(
    bad: int, good: int, seed: int, folder: Path | None = None, size: str = "small"
) -> dict[str, Any]:
    """Recall over `bad` cutdowns with one defect each, false alarms over `good` clean ones.

    A false alarm is a clean cutdown that any gate calls bad, whether or not it is a gate on the
    write path today. Scores are reported beside it.
    """
    with tempfile.TemporaryDirectory() as scratch:
        return _measured(bad, good, seed, folder or Path(scratch), size)


def _measured(bad: int, good: int, seed: int, folder: Path, size: str) -> dict[str, Any]:
    from video_assets_tests.truth.library import make

    began = time.monotonic()
    made = folder / f"library-{seed}-{size}"
    if not (made / "truth.json").exists():
        make(made, seed, size)
    data = folder / f"data-{seed}-{size}"
    lib = taken_in(made, data)
    aspects = ("9x16", "1x1", "16x9", "4x5")
    rng = random.Random(seed)
    names = sorted(DEFECTS)
    missed: list[str] = []
    alarms: list[str] = []
    tried: Counter[str] = Counter()
    caught: Counter[str] = Counter()
    scores: Counter[str] = Counter()
    by: dict[str, Counter[str]] = {}
    done_bad = done_good = 0
    for number, timeline in enumerate(clean_timelines(lib, seed)):
        if done_bad >= bad and done_good >= good:
            break
        aspect = aspects[number % len(aspects)]
        place = folder / "cuts" / str(number)
        clean = rendered(lib, timeline, aspect, place)
        base = said_of(clean.case())
        if done_good < good:
            done_good += 1
            shut = {n: f for n, (_, kind, f) in base.items() if kind == "gate"}
            scores.update(n for n, (_, kind, _) in base.items() if kind != "gate")
            if shut:
                alarms.append(f"{timeline.cut_id} {aspect}: {shut}")
                _tell(f"false alarm {alarms[-1]}")
        for case, name in _spoiled(lib, clean, place, rng, names, done_bad):
            if done_bad >= bad:
                break
            done_bad += 1
            row = DEFECTS[name][0]
            tried[name] += 1
            found = said_of(case)
            new = {
                n for n, (r, _, what) in found.items()
                if r == row and what != (base[n][2] if n in base else [])
            }  # fmt: skip
            by.setdefault(name, Counter()).update(
                n for n, (_, _, what) in found.items() if what != (base[n][2] if n in base else [])
            )
            if new:
                caught[name] += 1
            else:
                missed.append(f"{timeline.cut_id} {aspect} {name}")
                _tell(f"missed {missed[-1]}; said: {sorted(found)}")
        _tell(f"{done_good} clean, {len(alarms)} alarms; {done_bad} bad, {len(missed)} missed")
    return {
        "benchmark": "defects",
        "recall": round(1 - len(missed) / max(1, done_bad), 4),
        "false_alarms": round(len(alarms) / max(1, done_good), 4),
        "bad": done_bad,
        "good": done_good,
        "kinds": len(tried),
        "missed": missed,
        "alarms": alarms,
        "caught": {n: f"{caught[n]}/{tried[n]}" for n in sorted(tried)},
        "by": {n: dict(c.most_common(6)) for n, c in sorted(by.items())},
        "scores_on_clean": dict(scores),
        "seed": seed,
        "size": size,
        "wall_s": round(time.monotonic() - began, 1),
    }


def _spoiled(
    lib: Library, clean: Cut, place: Path, rng: random.Random, names: list[str], done: int
) -> Iterator[tuple[Case, str]]:
    """The next defect in turn that this cutdown can have; every kind gets its turns."""
    for step in range(len(names)):
        name = names[(done + step) % len(names)]
        folder = place / name
        folder.mkdir(parents=True, exist_ok=True)
        case = DEFECTS[name][1](Bench(lib, clean, folder, rng))
        if case is not None:
            yield case, name
            return


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bad", type=int, default=200)
    parser.add_argument("--good", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", default="small")
    parser.add_argument("--folder", type=Path, default=None)
    given = parser.parse_args()
    print(
        json.dumps(measure_detection(given.bad, given.good, given.seed, given.folder, given.size))
    )


if __name__ == "__main__":
    main()
