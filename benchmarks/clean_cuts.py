"""Cutdowns that are right by construction, from a library whose truth is known.

They are laid out here from the truth alone, apart from the product's own editing: whole sentences
without a flaw, cuts at the quietest moment of a pause, subjects inside the crop, every join of a
set-up covered or punched in, nothing shown twice, nothing shown that must not be. So whatever a
gate finds in one of them is a false alarm, and a defect planted into one is the only one it has.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from math import ceil
from typing import Any

import numpy as np

from benchmarks.planted.materials import RATE, Library
from video_assets.delivery.inspections.truth import Subject, TrueClip, TrueLine
from video_assets.editorial.brief import Brief
from video_assets.finishing import formats
from video_assets.finishing.reframe import crop_for
from video_assets.foundation.records import (
    Beat,
    CaptionWord,
    FootageRow,
    Idea,
    MusicCue,
    PictureCut,
    SoundCut,
    Timeline,
    Title,
)
from video_assets.foundation.store import sha256_file

SHORTEST = Fraction(4, 5)
"""Seconds that every look lasts at least."""
CARD = Fraction(2)
"""Seconds of the end card."""
HOOK = Fraction(2)
"""Seconds of the hook's title."""
PAUSE = 0.12
"""Seconds of silence a line needs on both sides to be cut there."""
NATURAL = -6.0
"""dB that natural sound is turned down below a story."""
PUNCH_IN = 1.22
"""Scale where one set-up follows itself with nothing between."""
CLEAR = 0.1
"""Seconds kept from cuts, flashes and flaws of the footage."""
TRIES = 60
"""Draws after which a library counts as too small."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A whole sentence of a clip with the span that is cut, seconds of the clip.

    The picture may be another clip of the same moment: a second camera, with its own clock.
    """

    clip: TrueClip
    line: TrueLine
    start: Fraction
    end: Fraction
    seen: TrueClip | None = None
    seen_start: Fraction = Fraction(0)

    @property
    def looks(self) -> TrueClip:
        """Whose picture is shown."""
        return self.seen or self.clip

    @property
    def looks_from(self) -> Fraction:
        """Where that picture begins, seconds of its clip."""
        return self.seen_start if self.seen else self.start

    @property
    def seconds(self) -> Fraction:
        """Its length."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Laid:
    """A cutdown as it was laid out."""

    timeline: Timeline
    idea: Idea | None
    said: tuple[Spoken, ...]
    brief: Brief
    """The library's; without hooks where the cutdown has none."""


def rate_of(lib: Library) -> Fraction:
    """The rate that most clips have: timelines with speech keep it."""
    rates = [c.fps for c in lib.truth.clips if c.kind != "recorder"]
    return Fraction(max(set(rates), key=rates.count))


def quietest(sound: Any, low: float, high: float) -> float:
    """The middle of the quietest 10 ms between `low` and `high` seconds of mono sound, by RMS."""
    step = RATE // 100
    first = max(0, round(low * RATE) // step)
    last = max(first + 1, round(high * RATE) // step)
    blocks = sound[: (len(sound) // step) * step].reshape(-1, step)[first:last].astype(np.float64)
    if not len(blocks):
        return (low + high) / 2
    return (first + int(np.argmin((blocks**2).mean(axis=1))) + 0.5) * step / RATE


def edges_of(lib: Library, clip: TrueClip, line: TrueLine) -> tuple[Fraction, Fraction] | None:
    """Where a line is cut: the quietest moments of the pauses around it, on frames inside them.

    None where there is no pause on one side.
    """
    fps = rate_of(lib)
    before = max((w.end for w in clip.words if w.end <= line.start), default=0.0)
    after = min((w.start for w in clip.words if w.start >= line.end), default=clip.duration)
    low, high = max(before, line.start - 0.35), min(after, line.end + 0.35)
    if line.start - low < PAUSE or high - line.end < PAUSE:
        return None
    sound = lib.heard(clip.path)
    edges = []
    for a, b in ((low + 0.02, line.start - 0.03), (line.end + 0.03, high - 0.02)):
        edges.append(Fraction(round(quietest(sound, a, b) * fps)) / fps)
    start, end = edges
    if start < max(low, 0) or start >= line.start or end <= line.end or end > high:
        return None
    return start, end


def sentences(lib: Library) -> list[Spoken]:
    """Every flawless best sentence of a camera's clip, with its cut points on frames in pauses."""
    if "sentences" not in lib.kept:
        lib.kept["sentences"] = list(_sentences(lib))
    return list(lib.kept["sentences"])


def _sentences(lib: Library) -> Iterator[Spoken]:
    fps = rate_of(lib)
    for clip in lib.clips():
        if clip.kind != "interview" or Fraction(clip.fps) != fps or lib.banned & set(clip.tags):
            continue
        for line in clip.lines:
            if not (line.best and line.complete) or line.flaws:
                continue
            edges = edges_of(lib, clip, line)
            if edges is None or edges[1] > lib.tables.rows[clip.path].duration - 2 / fps:
                continue
            if spoiled(clip, *map(float, edges)) or not lib.shot_at(clip.path, *edges):
                continue
            if looked(lib, clip, edges[0], edges[1] - edges[0], fps) is not None:
                yield Spoken(clip, line, *edges)


def spoiled(clip: TrueClip, start: float, end: float) -> bool:
    """Whether a flaw, a cut or a flash of a clip lies in or beside a span (seconds)."""
    low, high = start - CLEAR, end + CLEAR
    return (
        any(d.start < high and d.end > low for d in clip.defects)
        or any(c.at < high and c.at + c.length > low for c in clip.cuts)
        or any(low < f < high for f in clip.flashes)
    )


def beside(lib: Library, one: Spoken) -> list[Spoken]:
    """The same sentence heard by the other devices of its moment, in sync by the truth's clocks."""
    found = []
    fps = rate_of(lib)
    for clip in lib.clips():
        if clip.moment != one.clip.moment or not clip.moment or clip.path == one.clip.path:
            continue
        same = next(
            (n for n in clip.lines if (n.line, n.take) == (one.line.line, one.line.take)), None
        )
        if same is None or same.flaws or any(
            d.kind == "clipping" and d.start < same.end and d.end > same.start for d in clip.defects
        ):  # fmt: skip
            continue
        own = edges_of(lib, clip, same)
        moment = one.clip.offset + float(one.start) * (1 + one.clip.drift_ppm * 1e-6)
        start = Fraction(round((moment - clip.offset) / (1 + clip.drift_ppm * 1e-6) * RATE), RATE)
        end = start + one.seconds
        # its own pauses must be there too: the room may sound otherwise on another device
        if own is None or abs(own[0] - start) > 1 / fps or abs(own[1] - end) > 1 / fps or start < 0:
            continue
        found.append(Spoken(clip, same, start, end, one.clip, one.start))
    return found


# pictures


def looked(
    lib: Library, clip: TrueClip, start: Fraction, seconds: Fraction, fps: Fraction,
    scale: float = 1.0, free: bool = False,
) -> PictureCut | None:  # fmt: skip
    """A look at a clip whose crop holds its subject in every aspect; None where none does.

    `free`: whatever the crop holds.
    """
    shot = lib.shot_at(clip.path, start, start + seconds)
    if shot is None:
        return None
    boxes = [s for s in clip.subject if s.start < start + seconds and s.end > start]
    face = _mean([s.face for s in boxes if s.face[2] > 0])
    middle = _mean([s.box for s in boxes])
    focus = (middle[0] + middle[2] / 2, middle[1] + middle[3] / 2) if middle[2] else shot.focus
    row = lib.tables.rows[clip.path]
    cut = PictureCut(
        "V1", 0, round(seconds * fps), row.clip_id, shot.shot_id, clip.path, start, scale,
        focus=focus, face=face,
    )  # fmt: skip
    if shot.face[2] > 0:  # what the library took for a face is kept in frame too, right or not
        boxes.append(Subject(float(start), float(start + seconds), shot.face, shot.face))
    if free or all(_holds(cut, row, aspect, boxes) for aspect in formats.ASPECTS):
        return cut
    return None


def _holds(cut: PictureCut, row: FootageRow, aspect: str, boxes: Sequence[Subject]) -> bool:
    """Whether a crop holds these subjects by width, as far as they fit, and their faces."""
    crop = crop_for(cut, row, aspect)
    left, right = crop.x / row.width, (crop.x + crop.width) / row.width
    inside = 0
    for one in boxes:
        size = min(one.box[2], right - left)
        shared = min(right, one.box[0] + one.box[2]) - max(left, one.box[0])
        middle = one.face[0] + one.face[2] / 2
        inside += shared >= 0.94 * size and (one.face[2] <= 0 or left < middle < right)
    return inside >= 0.99 * len(boxes)


Box = tuple[float, float, float, float]


def _mean(boxes: Sequence[Box]) -> Box:
    if not boxes:
        return (0.0, 0.0, 0.0, 0.0)
    a, b, c, d = (float(v) for v in np.mean(np.array(boxes), axis=0))
    return (a, b, c, d)


def covers(lib: Library) -> list[TrueClip]:
    """Clips that may be shown without sound: nothing that must not be shown is in them."""
    return [
        c
        for c in lib.clips()
        if c.kind == "broll"
        and not lib.banned & set(c.tags)
        and not lib.banned & set(c.path.split("/"))
    ]


class Pool:
    """Pictures for one cutdown: every clip once, at a place without a flaw."""

    def __init__(self, lib: Library, rng: random.Random, fps: Fraction, only: bool = False) -> None:
        self.lib, self.rng, self.fps = lib, rng, fps
        self.left = [c for c in covers(lib) if not only or Fraction(c.fps) == fps]
        rng.shuffle(self.left)

    def take(self, frames: int) -> PictureCut:
        """A look of so many frames."""
        seconds = frames / self.fps
        for clip in self.left:
            for _ in range(12):
                own = Fraction(clip.fps)
                room = clip.duration - float(seconds) - 0.3
                if room <= 0.1:
                    break
                start = Fraction(round(self.rng.uniform(0.15, 0.1 + room) * own)) / own
                span = float(start), float(start + seconds)
                if spoiled(clip, *span):
                    continue
                found = looked(self.lib, clip, start, seconds, self.fps)
                if found is not None:
                    self.left.remove(clip)
                    return replace(found, frames=frames)
        raise Scarce(
            f"the library (seed {self.lib.truth.seed}, {self.lib.truth.size}) has no clean "
            f"{float(seconds):.1f} s left to show; use a larger one"
        )


class Scarce(ValueError):
    """A library does not have what a cutdown would need."""


# laying out


def laid_out(
    lib: Library, said: Sequence[Spoken], rng: random.Random, name: str,
    needs: frozenset[str] = frozenset(), free: bool = False,
) -> Laid:  # fmt: skip
    """A cutdown of these sentences, with pictures and an end card. Raises Scarce.

    `needs`: what must be in it (music, hook, natural, idea); everything else is drawn. `free`: the
    speakers may be anywhere in their pictures (where a defect wants a sentence that is not clean).
    """
    for turn in range(TRIES):
        try:
            return _laid_out(lib, said, rng, name, needs, turn > TRIES // 2, free)
        except Scarce as error:
            scarce = error
    raise scarce


def _laid_out(
    lib: Library, said: Sequence[Spoken], rng: random.Random, name: str, needs: frozenset[str],
    plain: bool, free: bool,
) -> Laid:  # fmt: skip
    fps = rate_of(lib)
    pool = Pool(lib, rng, fps)
    least = ceil(SHORTEST * fps)
    starts, gaps, at = [], [0], 0
    for number, one in enumerate(said):
        if number:
            # a breather between two lines, filled by a picture; under `setup` they touch
            breathes = not plain and "setup" not in needs and rng.random() < 0.25
            gaps.append(round(rng.uniform(0.8, 1.2) * fps) if breathes else 0)
            at += gaps[-1]
        starts.append(at)
        at += round(one.seconds * fps)
    story: list[PictureCut] = []
    over: list[tuple[int, int]] = []  # frames that a picture covers
    for number, one in enumerate(said):
        frames = round(one.seconds * fps)
        scale = 1.0
        touches = number > 0 and _touch(lib, said[number - 1], one)
        bare = number > 0 and not gaps[number] and (not touches or story[-1].scale == 1.0)
        if number and ("setup" in needs or (bare and rng.random() < 0.4)) and not gaps[number]:
            scale = PUNCH_IN if touches else 1.0
        elif number:
            lead, tail = (_reach(said[n], fps, least, rng) for n in (number - 1, number))
            first = max(starts[number] - gaps[number] - lead, over[-1][1] + least if over else 0)
            over.append((first, starts[number] + tail))
            if over[-1][1] - over[-1][0] < least:
                raise Scarce("a line is too short to be covered")
        cut = looked(lib, one.looks, one.looks_from, one.seconds, fps, scale, free)
        if cut is None:
            raise Scarce(f"{one.looks.path} does not hold its speaker at a scale of {scale}")
        story.append(replace(cut, start=starts[number], frames=frames))
    first = round(said[0].seconds * fps) if said else 0
    if not over and len(said) == 1 and first > 4 * least and not plain and rng.random() < 0.6:
        begins = rng.randint(least, first - 3 * least + 1)
        over.append((begins, begins + rng.randint(least, 2 * least - 1)))
    card = round(CARD * fps)
    slots = [*over, (at, at + card)]
    picture = []
    for number, (begins, ends) in enumerate(slots):
        look = pool.take(ends - begins)
        # a picture after the last line may be story or cover
        track = "V1" if number == len(slots) - 1 and rng.random() < 0.5 else "V2"
        picture.append(replace(look, track=track, start=begins))
    sound, words = _heard(lib, said, starts, fps)
    natural = "natural" in needs or (rng.random() < 0.4 and not plain)
    sound += _natural(lib, picture, fps) if natural else []
    line = Timeline(
        name, name, fps, at + card, tuple(sorted([*story, *picture], key=_place)), tuple(sound),
        tuple(words), titles=_titles(lib, at, card, fps, rng, needs), music=_music(lib, rng, needs),
    )  # fmt: skip
    return Laid(line, _idea(lib, line, said, rng, needs), tuple(said), _brief(lib, line))


def _place(cut: PictureCut) -> tuple[str, int]:
    return cut.track, cut.start


def _touch(lib: Library, one: Spoken, two: Spoken) -> bool:
    """Whether two sentences show one set-up, by the truth or by the library's own shots."""
    shots = [lib.shot_at(s.looks.path, s.looks_from, s.looks_from + s.seconds) for s in (one, two)]
    own = [s.setup for s in shots if s is not None]
    return one.looks.setup == two.looks.setup or len(set(own)) < 2


def _reach(one: Spoken, fps: Fraction, least: int, rng: random.Random) -> int:
    """Frames that a cover may take of a line so that its speaker is still seen."""
    most = max(0, round(one.seconds * fps) // 2 - least // 2 - 1)
    if most < least // 2:
        raise Scarce("a line is too short to be covered")
    return rng.randint(least // 2, min(most, 2 * least))


def _heard(
    lib: Library, said: Sequence[Spoken], starts: Sequence[int], fps: Fraction
) -> tuple[list[SoundCut], list[CaptionWord]]:
    sound, words = [], []
    for one, begins in zip(said, starts, strict=True):
        row = lib.tables.rows[one.clip.path]
        line = lib.line_at(one.clip.path, one.line.start)
        at = begins / fps
        named = line.line_id if line else ""
        sound.append(SoundCut("A1", at, one.seconds, row.clip_id, one.clip.path, one.start, named))
        spoken = [
            w
            for w in lib.tables.words.get(row.clip_id, ())
            if one.start <= w.start and w.end <= one.end
        ]
        words += [
            CaptionWord(
                w.text, at + w.start - one.start, at + w.end - one.start, ends_line=w is spoken[-1]
            )
            for w in spoken
        ]
    return sound, words


def _natural(lib: Library, picture: Sequence[PictureCut], fps: Fraction) -> list[SoundCut]:
    """The pictures' own sound below everything."""
    return [
        SoundCut(
            "A3", c.start / fps, c.frames / fps, c.clip_id, c.path, c.source_start, "", NATURAL
        )
        for c in sorted(picture, key=lambda cut: cut.start)
        if lib.tables.rows[c.path].audio_stream >= 0
    ]


def _titles(
    lib: Library, at: int, card: int, fps: Fraction, rng: random.Random, needs: frozenset[str]
) -> tuple[Title, ...]:
    end = Title("end_card", lib.brief.call_to_action, at, card)
    if not lib.brief.hooks or not ("hook" in needs or rng.random() < 0.5):
        return (end,)
    return Title("hook", rng.choice(lib.brief.hooks), 0, min(round(HOOK * fps), at)), end


def _brief(lib: Library, line: Timeline) -> Brief:
    """What was asked for: a hook only of a cutdown that has one."""
    if any(t.kind == "hook" for t in line.titles):
        return lib.brief
    return lib.brief.model_copy(update={"hooks": ()})


def _music(lib: Library, rng: random.Random, needs: frozenset[str]) -> MusicCue | None:
    beds = sorted((lib.project.root / "music").glob("*.*"))
    if not beds or not ("music" in needs or rng.random() < 0.5):
        return None
    begins = Fraction(rng.choice((0, 0, 2, 5, 7)))
    return MusicCue(f"music/{beds[0].name}", sha256_file(beds[0]), begins)


def _idea(
    lib: Library, line: Timeline, said: Sequence[Spoken], rng: random.Random, needs: frozenset[str]
) -> Idea | None:
    """What the cutdown was made for; every other one has none."""
    if not ("idea" in needs or rng.random() < 0.5):
        return None
    beats = []
    for number, one in enumerate(said):
        own = lib.line_at(one.clip.path, one.line.start)
        kind = "hook" if number == 0 else "body"
        beats.append(Beat(kind, one.line.text, own.group if own else ""))
    hook = next((t.text for t in line.titles if t.kind == "hook"), "")
    call = lib.brief.call_to_action
    return Idea(
        line.cut_id, "r1", "testimonial" if said else "montage", line.title, hook, 0.5,
        line.duration, (*beats, Beat("cta", call)), call, "It sings when it is ready.",
    )  # fmt: skip


def montage(lib: Library, rng: random.Random, name: str, needs: frozenset[str]) -> Laid:
    """A cutdown in which nobody speaks: pictures at the rate of some of them, then the card."""
    rates = {Fraction(c.fps) for c in covers(lib)}
    scarce = Scarce("the library has no pictures")
    for turn in range(TRIES):
        fps = rng.choice(sorted(rates))
        try:
            # at first only clips of the timeline's own rate, then any: the product mixes them too
            return _montage(lib, rng, name, needs, fps, only=turn < TRIES // 2)
        except Scarce as error:
            scarce = error
    raise scarce


def _montage(
    lib: Library, rng: random.Random, name: str, needs: frozenset[str], fps: Fraction, only: bool
) -> Laid:  # fmt: skip
    pool = Pool(lib, rng, fps, only)
    lengths = [round(rng.uniform(0.9, 1.7) * fps) for _ in range(rng.randint(2, 4))]
    lengths.append(round(CARD * fps))
    picture, at = [], 0
    for frames in lengths:
        picture.append(replace(pool.take(frames), start=at))
        at += frames
    card = at - lengths[-1]
    music = _music(lib, rng, needs | {"music"} if rng.random() < 0.7 else needs)
    sound = _natural(lib, picture, fps) if music is None or rng.random() < 0.4 else []
    titles = _titles(lib, card, lengths[-1], fps, rng, needs)
    line = Timeline(
        name, name, fps, at, tuple(picture), tuple(sound), (), titles=titles, music=music
    )
    return Laid(line, _idea(lib, line, (), rng, needs), (), _brief(lib, line))


MONTAGES = 0.12
"""Share of cutdowns in which nobody speaks."""
OTHER_DEVICE = 0.2
"""Share of sentences that are heard through another device than their picture's."""


def clean_cut(lib: Library, rng: random.Random, name: str, needs: frozenset[str]) -> Laid:
    """A cutdown of one to four sentences, or of pictures alone, that has what is needed.

    `needs` (see `laid_out`), besides: setup (two sentences of one set-up meet), takes (another take
    of a sentence is there), moment (another device heard a sentence), long (a sentence of 3 s),
    speech, asked (a sentence that the library knows as a line), montage (nobody speaks). Raises
    Scarce where the library has none.
    """
    speaks = needs - {"music", "hook", "natural", "idea"}
    if "montage" in needs or (not speaks and rng.random() < MONTAGES):
        return montage(lib, rng, name, needs)
    scarce = Scarce("the library has no flawless sentence between two pauses")
    if not sentences(lib):
        raise scarce
    for _ in range(TRIES):
        try:
            said = _chosen(lib, rng, needs)
            said = [_other(lib, one, rng, "moment" in needs) for one in said]
            return laid_out(lib, said, rng, name, needs)
        except Scarce as error:
            scarce = error
    raise scarce


def _chosen(lib: Library, rng: random.Random, needs: frozenset[str]) -> list[Spoken]:
    """Different sentences in any order, with what is needed among the first."""
    pool = sentences(lib)
    rng.shuffle(pool)
    if "setup" in needs:
        first, second = _pair(lib, pool)
        return [first, second]
    fit = (one for one in pool if all(_has(lib, one, need) for need in needs))
    said = list(islice(fit, 1))  # a look may read all of a clip's sound
    if not said:
        raise Scarce(f"the library has no sentence with {', '.join(sorted(needs))}")
    count = rng.choice((1, 1, 2, 2, 2, 3, 3, 4))
    for one in pool:
        if len(said) < count and all(one.line.line != other.line.line for other in said):
            said.append(one)
    while sum(one.seconds for one in said) < Fraction(5, 2) and len(said) < len(pool):
        more = [p for p in pool if all(p.line.line != other.line.line for other in said)]
        if not more:
            break
        said.append(more[0])
    return said


def _pair(lib: Library, pool: Sequence[Spoken]) -> tuple[Spoken, Spoken]:
    for one in pool:
        for two in pool:
            shots = [lib.shot_at(s.clip.path, s.start, s.end) for s in (one, two)]
            setups = {s.setup for s in shots if s is not None}
            alike = len(setups) == 1 and "" not in setups
            if alike and one.line.line != two.line.line and one.clip.setup == two.clip.setup:
                return one, two
    raise Scarce("no two sentences are of one set-up")


def _has(lib: Library, one: Spoken, need: str) -> bool:
    if need == "long":
        return one.seconds >= 3
    if need == "moment":
        return bool(beside(lib, one))
    line = lib.line_at(one.clip.path, one.line.start)
    if need == "takes":
        return line is not None and bool(line.group) and any(
            o.group == line.group and o.line_id != line.line_id for o in lib.tables.lines.values()
        )  # fmt: skip
    if need == "asked":
        return line is not None and bool(line.group)
    return True


def _other(lib: Library, one: Spoken, rng: random.Random, must: bool) -> Spoken:
    """The sentence through another device of its moment, now and then."""
    if not must and rng.random() >= OTHER_DEVICE:
        return one
    heard = beside(lib, one)
    return rng.choice(heard) if heard else one


def layout_of(line: Timeline) -> str:
    """What makes a layout its own: rate, looks, sound and titles with their places."""
    looks = [
        f"{c.track}{c.start}+{c.frames} {c.path}@{float(c.source_start):.2f}" for c in line.picture
    ]
    heard = [
        f"{c.track}{float(c.start):.2f} {c.path}@{float(c.source_start):.2f}" for c in line.sound
    ]
    titles = [f"{t.kind} {t.text}" for t in line.titles]
    return f"{line.fps} " + "; ".join([*looks, *heard, *titles, str(line.music is not None)])
