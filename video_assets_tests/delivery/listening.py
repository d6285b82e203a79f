"""Speech that tests of the sound listen to: the demo's, with its word times."""

import json
import shutil
import subprocess
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

import video_assets
from video_assets.delivery.inspections.case import Tables
from video_assets.delivery.inspections.measures import measure
from video_assets.delivery.inspections.sources import RATE
from video_assets.editorial.captions import social_chunks
from video_assets.finishing import sound
from video_assets.foundation.media import ffmpeg_path
from video_assets.foundation.records import CaptionWord, MusicCue, Word
from video_assets.foundation.store import Workspace
from video_assets_tests.delivery.cases import Made, made
from video_assets_tests.finishing import making

DEMO = Path(video_assets.__file__).parent / "demo"
LINES = ((0, Fraction(46, 25), Fraction(91, 25)), (Fraction(46, 25), Fraction(85, 25), Fraction(154, 25)))  # fmt: skip
"""Two of the demo's lines in one clip: start on the timeline, length, start in the clip."""
LAST = (Fraction(131, 25), Fraction(68, 25), Fraction(256, 25))
"""A third one in another clip, mono at 44.1 kHz."""
FRAMES = 200


def clip_of(folder, name, *sound):
    """A small clip with the sound of one of the demo's interviews."""
    out = folder / f"{name}.mp4"
    making.ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=s=160x284:r=25:d=22", "-i",
        str(DEMO / "footage" / "interviews" / f"{name}.mp4"), "-map", "0:v", "-map", "1:a",
        "-c:v", "libx264", "-preset", "ultrafast", "-shortest", *sound, str(out),
    )  # fmt: skip
    plain = json.loads((DEMO / "footage" / "interviews" / f"{name}.json").read_text())["words"]
    row = making.row_of(out)
    words = [
        Word(row.clip_id, n, w["text"], Fraction(str(w["start"])), Fraction(str(w["end"])))
        for n, w in enumerate(plain)
    ]
    return row, words


def speech(folder):
    """A rendered cutdown of three spoken lines over music."""
    (folder / "footage").mkdir(parents=True)
    first, first_words = clip_of(folder / "footage", "presenter_kitchen_a", "-c:a", "copy")
    last, last_words = clip_of(folder / "footage", "presenter_window", "-ac", "1", "-ar", "44100")
    sound = [making.spoken(first, *cut) for cut in LINES] + [making.spoken(last, *LAST)]
    by_clip = {first.clip_id: first_words, last.clip_id: last_words}
    words = []
    for cut in sound:
        for w in by_clip[cut.clip_id]:
            if cut.source_start <= w.start and w.end <= cut.source_start + cut.duration:
                at = w.start - cut.source_start + cut.start
                words.append(CaptionWord(w.text, at, w.end - w.start + at))
    bed = folder / "data" / "projects" / "test" / "music"
    bed.mkdir(parents=True)
    shutil.copy(DEMO / "music" / "wickfield_theme.m4a", bed / "theme.m4a")
    line = making.timeline(
        25,
        [making.picture(last, 0, FRAMES, Fraction(2))],
        sound=tuple(sound),
        words=tuple(words),
        music=MusicCue("music/theme.m4a", "", Fraction(4)),
    )
    rows = {r.path: r for r in (first, last)}
    tables = Tables(rows, by_clip)
    return made(folder, line, [first, last], ("9x16",), tuple(social_chunks(line)), tables=tables)


def without_music(over_music) -> Made:
    """The same lines without music: mixed, with the pictures of the other."""
    line = replace(over_music.timeline, music=None)
    workspace = Workspace(over_music.folder / "data")
    mixed = sound.mix(workspace, over_music.folder / "footage", line, over_music.rows, None)
    return replace(over_music, timeline=line, music=None, files={"9x16": mixed.file})


FILMS = {}
"""What was decoded once: pictures are those of the clean file in every case."""


def case_of(cutdown, file=None, **changes):
    """A case whose pictures need no second decoding; its sound is the file's."""
    file = file or cutdown.files["9x16"]
    film = FILMS.get(file)
    if film is None:
        pictures = cutdown.folder / "out"
        film = FILMS.get(pictures) or measure(cutdown.folder / "out" / "9x16.mp4")
        FILMS[pictures] = film
        raw = subprocess.run(
            [ffmpeg_path(), "-v", "error", "-i", str(file), "-vn",
             "-af", f"aresample={RATE}:first_pts=0", "-ac", "2", "-f", "f32le", "-"],
            capture_output=True,
            check=True,
        ).stdout  # fmt: skip
        film = replace(film, samples=np.frombuffer(raw, np.float32).reshape(-1, 2).T)
        FILMS[file] = film
    case = cutdown.case("9x16", file, **changes)
    case.__dict__["film"] = film
    return case


@dataclass(frozen=True)
class Bad:
    """A spoiled copy, heard once."""

    cutdown: Made
    case: object

    def says(self, one):
        return " / ".join(f.what for f in one(self.case).findings)


def heard_after(cutdown, *arguments):
    """The cutdown's sound after ffmpeg and another AAC encoder's round."""
    file = cutdown.folder / f"bad{len(FILMS)}.m4a"
    making.ffmpeg("-i", str(cutdown.files["9x16"]), *arguments, "-vn", "-b:a", "192k", str(file))
    return case_of(cutdown, file)


def spoiled(cutdown, *filters):
    return Bad(cutdown, heard_after(cutdown, "-af", ",".join(filters)))


def told(file, sound):
    """What an ffmpeg filter says of a file's sound."""
    done = subprocess.run(
        [ffmpeg_path(), "-nostats", "-i", str(file), "-vn", "-af", sound, "-f", "null", "-"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr
