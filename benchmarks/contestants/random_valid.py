"""Random valid: seeded random choices that break no rule, rendered by the product.

Inside clips, no word cut, nothing shown or said twice, no two neighbours of one set-up, no slip, no
shot or line that the library's tables call bad, nothing forbidden, the length that was asked for.
The product's tables say what there is, its renderer makes the files: so only the choices differ
from ours. The rules are written out here once more: neither the product's nor the measures' are
called.
"""

import argparse
import random
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from pathlib import Path

from benchmarks.contestants.delivered import Delivered, hand_over
from benchmarks.contestants.ours import SLUG
from video_assets.editorial.brief import Brief
from video_assets.foundation.errors import VideoAssetsError
from video_assets.foundation.records import (
    CaptionWord,
    FootageRow,
    Line,
    PictureCut,
    Shot,
    SoundCut,
    Tag,
    Timeline,
    Title,
    Word,
)
from video_assets.foundation.store import Project, Workspace

PAD = Fraction(1, 10)
"""Seconds kept before and after a line where no other word is that near."""
LEAST = Fraction(4, 5)
"""Seconds of the shortest picture."""
MOST = Fraction(4)
TRIES = 400
"""Draws of one cut before it is given up."""
END_CARD = Fraction(2)
HOOK = Fraction(5, 2)
NATURAL = -6.0
"""dB of a picture's own sound."""
DARK, STILL, BLOWN, SHAKY = 0.03, 0.6, 0.35, 0.008
"""Luma and contrast of a black shot, share of a shot that stands still, share of its pixels that is
black or white, and path of its camera (share of the width): from these on it is not chosen."""
DULL = 1.5
"""By how much a shot's log sharpness may lie below the median of the library."""
SURE = 0.6
"""Confidence that a line needs."""
FILLERS = frozenset(("um", "uh", "er", "erm", "hm", "hmm", "mm"))


@dataclass(frozen=True)
class Stock:
    """What may be chosen."""

    fps: Fraction
    clips: dict[str, FootageRow]
    """By clip_id."""
    shots: tuple[Shot, ...]
    words: dict[str, list[Word]]
    """By clip_id, in the order of time."""
    lines: tuple[Line, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "shots", tuple(s for s in self.shots if self.is_good(s)))
        object.__setattr__(self, "lines", tuple(n for n in self.lines if self.is_whole(n)))

    def is_good(self, shot: Shot) -> bool:
        """Whether the tables have nothing against a shot."""
        sharp = sorted(s.sharpness for s in self.shots)
        usual = sharp[len(sharp) // 2] if sharp else 0.0
        return not (
            (shot.luma < DARK and shot.contrast < DARK and shot.luma + shot.contrast > 0)
            or shot.frozen > STILL
            or shot.clipped > BLOWN
            or shot.shake > SHAKY
            or shot.sharpness < usual - DULL
        )

    def is_whole(self, line: Line) -> bool:
        """Whether a line is a sentence without a slip that was heard surely."""
        own = [w for w in self.words[line.clip_id] if line.start <= w.start < line.end]
        slips = any("filler" in w.flags.split(",") or plain(w.text) in FILLERS for w in own)
        again = any(plain(a.text) == plain(b.text) for a, b in pairwise(own))
        return line.complete and line.confidence >= SURE and not slips and not again


def plain(text: str) -> str:
    """Letters and digits of a text, in small letters, a space between words."""
    return " ".join("".join(c for c in w if c.isalnum()) for w in text.casefold().split())


@dataclass
class Drawn:
    """A cut that grows."""

    picture: list[PictureCut] = field(default_factory=list)
    sound: list[SoundCut] = field(default_factory=list)
    words: list[CaptionWord] = field(default_factory=list)
    used: list[tuple[str, Fraction, Fraction]] = field(default_factory=list)
    """clip_id, start, end on the clip's clock."""
    at: int = 0
    """Frames so far."""
    setups: list[str] = field(default_factory=list)
    """Of each picture its set-up, else its clip."""
    said: set[str] = field(default_factory=set)
    """Groups and plain texts of the lines."""

    def is_free(self, clip: str, start: Fraction, end: Fraction) -> bool:
        """Whether no picture of the cut shows any of it."""
        return all(c != clip or b <= start or end <= a for c, a, b in self.used)


def stock_of(project: Project) -> Stock:
    """The library's tables, but for what a picture cannot be made of."""
    from video_assets.editorial.brief import load_brief
    from video_assets.editorial.material import campaign_rate
    from video_assets.orchestration.assets import library
    from video_assets.orchestration.cases import rows_of

    rows = list(rows_of(project).values())
    banned = {plain(w) for w in load_brief(project.path("brief.yaml")).forbidden}
    tagged = {t.shot_id for t in project.read(library.TAGS, Tag) if plain(t.text) in banned}
    clips = {
        r.clip_id: r
        for r in rows
        if r.role == "clip" and r.video_stream >= 0 and not banned & _names(r.path)
    }
    words: dict[str, list[Word]] = {}
    for word in sorted(project.read(library.WORDS, Word), key=lambda w: (w.clip_id, w.start)):
        words.setdefault(word.clip_id, []).append(word)
    return Stock(
        campaign_rate(rows),
        clips,
        tuple(
            s
            for s in project.read(library.SHOTS, Shot)
            if s.clip_id in clips and s.shot_id not in tagged
        ),
        words,
        tuple(n for n in project.read(library.LINES, Line) if n.clip_id in clips),
    )


def _names(path: str) -> set[str]:
    """The words of a path."""
    return set(re.findall(r"[a-z]+", path.casefold()))


def draw(stock: Stock, seconds: int, dice: random.Random) -> Drawn | None:
    """Random lines and pictures that last exactly `seconds`; None where none came up."""
    total = floor(seconds * stock.fps)
    least = ceil(LEAST * stock.fps)
    for _ in range(TRIES):
        cut = Drawn()
        lines = list(stock.lines)
        dice.shuffle(lines)
        while cut.at < total:
            left = total - cut.at
            spoken = next((n for n in lines if dice.random() < 0.5), None)
            if spoken is not None:
                lines.remove(spoken)
                names = {spoken.group or spoken.line_id, plain(spoken.text) or spoken.line_id}
                if not names & cut.said and _say(cut, spoken, stock, left, least):
                    cut.said |= names
                    continue
            if not _show(cut, stock, left, least, dice):
                break
        if cut.at == total:
            return cut
    return None


def _say(cut: Drawn, line: Line, stock: Stock, left: int, least: int) -> bool:
    """Adds a line where it fits: whole words, one shot, frames that no other cut shows."""
    row, fps = stock.clips[line.clip_id], stock.fps
    others = [w for w in stock.words[line.clip_id] if not line.start <= w.start < line.end]
    before = max((w.end for w in others if w.end <= line.start), default=Fraction(0))
    after = min((w.start for w in others if w.start >= line.end), default=row.duration)
    start = max(before, line.start - PAD)
    start = Fraction(ceil((start - row.video_start) * row.fps)) / row.fps + row.video_start
    frames = ceil((min(after, line.end + PAD) - start) * fps)
    if start > line.start or start + frames / fps > after:
        frames = floor((after - start) * fps)
    end = start + frames / fps
    shot = _shot(stock, line.clip_id, start, end)
    rest = left - frames
    if start > line.start or end < line.end or shot is None or rest < 0 or 0 < rest < least:
        return False
    if not cut.is_free(line.clip_id, start, end) or not _is_another(cut, shot):
        return False
    cut.sound.append(
        SoundCut("A1", cut.at / fps, frames / fps, row.clip_id, row.path, start, line.line_id)
    )
    own = [w for w in stock.words[line.clip_id] if line.start <= w.start < line.end]
    shift = cut.at / fps - start
    for word in own:
        text = CaptionWord(
            word.text, word.start + shift, word.end + shift, word.confidence, word is own[-1]
        )
        cut.words.append(text)
    _add(cut, shot, row, start, frames, end, line.line_id)
    return True


def _is_another(cut: Drawn, shot: Shot) -> bool:
    """Whether the picture before shows another set-up."""
    return not cut.setups or cut.setups[-1] != (shot.setup or shot.clip_id)


def _shot(stock: Stock, clip: str, start: Fraction, end: Fraction) -> Shot | None:
    """The shot that contains a stretch."""
    own = (s for s in stock.shots if s.clip_id == clip and s.start <= start and end <= s.end)
    return next(own, None)


def _show(cut: Drawn, stock: Stock, left: int, least: int, dice: random.Random) -> bool:
    """Adds a picture of random length from a random place of a random shot."""
    fps = stock.fps
    for _ in range(60):
        shot = dice.choice(stock.shots)
        row = stock.clips[shot.clip_id]
        most = min(left, floor(min(MOST, shot.end - shot.start) * fps))
        if most < min(least, left):
            continue
        frames = dice.randint(min(least, left), most)
        if 0 < left - frames < least:
            frames = left - least if left - least >= least else left
        length = frames / fps
        room = floor((shot.end - shot.start - length) * row.fps)
        if room < 0:
            continue
        first = ceil((shot.start - row.video_start) * row.fps)
        start = Fraction(first + dice.randint(0, room)) / row.fps + row.video_start
        end = start + length
        said = any(w.start < end and start < w.end for w in stock.words.get(shot.clip_id, ()))
        if end > shot.end or said or not cut.is_free(shot.clip_id, start, end):
            continue
        if not _is_another(cut, shot):
            continue
        if row.audio_stream >= 0:
            cut.sound.append(
                SoundCut("A3", cut.at / fps, length, row.clip_id, row.path, start, gain=NATURAL)
            )
        _add(cut, shot, row, start, frames, end, "")
        return True
    return False


def _add(
    cut: Drawn,
    shot: Shot,
    row: FootageRow,
    start: Fraction,
    frames: int,
    end: Fraction,
    line_id: str,
) -> None:
    cut.picture.append(
        PictureCut(
            "V1",
            cut.at,
            frames,
            row.clip_id,
            shot.shot_id,
            row.path,
            start,
            1.0,
            shot.focus,
            shot.face if shot.face_share > 0.2 else (0.0, 0.0, 0.0, 0.0),
            line_id,
            why="drawn",
        )
    )
    cut.used.append((row.clip_id, start, end))
    cut.setups.append(shot.setup or shot.clip_id)
    cut.at += frames


def timeline_of(
    name: str, cut: Drawn, stock: Stock, project: Project, brief: Brief, dice: random.Random
) -> Timeline:
    """The cut with the brief's words and the bed, as a cut of ours has them."""
    from video_assets.editorial.plan import CAPTION_FLOOR
    from video_assets.orchestration.assets.editorial import music_of

    fps = stock.fps
    unsure = any(w.confidence < CAPTION_FLOOR for w in cut.words)
    card = max(1, floor(min(END_CARD, cut.at / fps / 3) * fps))
    titles = []
    if brief.hooks:
        shown = min(floor(HOOK * fps), cut.at - card)
        titles.append(Title("hook", dice.choice(brief.hooks), 0, shown))
    if brief.call_to_action:
        titles.append(Title("end_card", brief.call_to_action, cut.at - card, card))
    return Timeline(
        name,
        name,
        fps,
        cut.at,
        tuple(cut.picture),
        tuple(sorted(cut.sound, key=lambda s: (s.track, s.start))),
        () if unsure else tuple(cut.words),
        "no captions: the words are not sure enough" if unsure else "",
        tuple(titles),
        music_of(project),
    )


def make(
    project: Project, out: Path, lengths: Sequence[int], aspects: Sequence[str], seed: int
) -> None:
    """One cut of each length (seconds) in each aspect."""
    from video_assets.editorial.brief import load_brief
    from video_assets.editorial.captions import sidecar_cues, srt, vtt
    from video_assets.finishing.render import render_cutdowns
    from video_assets.orchestration.cases import brand_of, crops_of, rows_of

    stock, rows = stock_of(project), rows_of(project)
    brief = load_brief(project.path("brief.yaml"))
    workspace = Workspace(out / "work")
    for seconds in lengths:
        name = f"random-{seconds:02d}"
        dice = random.Random(f"{seed} {seconds}")
        cut = draw(stock, seconds, dice)
        if cut is None:
            print(f"{name}: no valid choice came up", file=sys.stderr)
            continue
        timeline = timeline_of(name, cut, stock, project, brief, dice)
        folder = out / name
        try:
            made = render_cutdowns(
                project,
                workspace,
                timeline,
                rows.values(),
                aspects,
                brand_of(project),
                brief,
                folder,
            )
        except VideoAssetsError as error:
            print(f"{name}: {error}", file=sys.stderr)
            continue
        captioned = bool(timeline.words) and brief.captions != "off"
        cues = sidecar_cues(timeline) if captioned else []
        hand_over(
            folder,
            Delivered(
                timeline,
                {a: (m.width, m.height) for a, m in made.items()},
                {a: list(crops_of(timeline, rows, a).values()) for a in made},
                burned=bool(cues),
                silent=any(m.silent for m in made.values()),
                upscale={a: m.upscale for a, m in made.items()},
                srt=srt(cues),
                vtt=vtt(cues, timeline.words if cues else ()),
            ),
        )


def main() -> None:
    """`... DATA OUT --lengths 6,15 --aspects 9x16 --seed 7`; DATA is ours', indexed."""
    parser = argparse.ArgumentParser(prog="benchmarks.contestants.random_valid")
    parser.add_argument("data", type=Path, help="the data folder of ours, indexed")
    parser.add_argument("out", type=Path, help="the folder for its cuts")
    parser.add_argument("--lengths", required=True, help="seconds of each cut, such as 6,15")
    parser.add_argument("--aspects", required=True, help="such as 9x16,1x1")
    parser.add_argument("--seed", type=int, required=True, help="of its choices")
    asked = parser.parse_args()
    make(
        Workspace(asked.data).project(SLUG),
        asked.out,
        [int(n) for n in asked.lengths.split(",")],
        asked.aspects.split(","),
        asked.seed,
    )


if __name__ == "__main__":
    main()
