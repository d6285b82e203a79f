"""Naive: what a simple script makes of a library, with ffmpeg alone.

First takes in the order of the files, whole lines, hard cuts on line ends, then the other clips
from their beginning; centre crop; no colour; one-pass loudnorm. Captions straight from the words,
the first hook of the brief and a plain last card with its call to action are drawn by ffmpeg's
`ass` filter: no handicap there.
It shares no code with the product's editing and finishing: this path stays as it is.
"""

import argparse
import contextlib
import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from pathlib import Path

import yaml

from benchmarks.contestants.delivered import Box, Chunk, Delivered, Drawing, hand_over
from video_assets.foundation.errors import FootageError
from video_assets.foundation.media import ffmpeg_path, open_container
from video_assets.foundation.records import CaptionWord, PictureCut, SoundCut, Timeline, Title

SIZES = {
    "9x16": (1080, 1920),
    "4x5": (1080, 1350),
    "3x4": (1080, 1440),
    "2x3": (1080, 1620),
    "1x1": (1080, 1080),
    "16x9": (1920, 1080),
}
"""Pixels: always the largest size that platforms take."""
SENTENCE_GAP = Fraction(7, 10)
"""Seconds of silence that end a line where no full stop does."""
SILENCE = "silencedetect=noise=-35dB:d=0.4"
SHORTEST = Fraction(1)
"""Seconds of sound that count as a line where there are no words."""
CARD = Fraction(2)
"""Seconds of the last card, under which nobody speaks."""
FONTS = Path(__file__).parents[2] / "video_assets" / "finishing" / "fonts"
"""Folder of the typeface that the brand has: Inter."""
TEXT_AT = {"9x16": 0.615}
"""Height of the middle of a caption, share of the picture's; under no platform's buttons."""
ELSEWHERE = 0.855
HOOK = Fraction(2)
"""Seconds of the title at the beginning."""
HOOK_AT = 0.2
"""Height of its middle."""
CLEAN = ("16x9",)
"""Aspects whose captions are files beside the picture."""
WORDS, CHARACTERS = 3, 18
"""Of a caption in the picture."""
CALL_CHARACTERS = 20
"""Of a line of the card."""
CUE_SECONDS = Fraction(5, 6)
"""That a cue stays at least, where the next one leaves room."""
HEAD = """[Script Info]
ScriptType: v4.00+
PlayResX: {width}
PlayResY: {height}
WrapStyle: 2
ScaledBorderAndShadow: yes
YCbCr Matrix: None

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, \
BorderStyle, Outline, Shadow, Alignment, Encoding
Style: T,Inter,40,&H00FFFFFF,&H00FFFFFF,&H00000000,&H00000000,-1,1,0,0,5,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


@dataclass(frozen=True)
class Clip:
    """A file with a picture."""

    path: str
    seconds: Fraction
    fps: Fraction
    width: int
    height: int
    sound: bool


@dataclass(frozen=True)
class Said:
    """A stretch of a clip in which something is said. Clip's clock, seconds."""

    clip: Clip
    start: Fraction
    end: Fraction
    words: tuple[tuple[str, Fraction, Fraction], ...] = ()


@dataclass(frozen=True)
class Piece:
    """A stretch of a clip in the cut."""

    clip: Clip
    source: Fraction
    frames: int
    said: Said | None = None


def clips_of(footage: Path) -> list[Clip]:
    """Every file that has a picture and opens, by path."""
    found = []
    for path in sorted(p for p in footage.rglob("*") if p.is_file()):
        if path.suffix.lower() not in (".mp4", ".mov", ".mkv", ".webm"):
            continue
        with contextlib.suppress(FootageError), open_container(path) as container:
            if not container.streams.video:
                continue
            stream = container.streams.video[0]
            found.append(
                Clip(
                    path.relative_to(footage).as_posix(),
                    Fraction(container.duration or 0, 1_000_000),
                    Fraction(stream.average_rate or 25),
                    stream.codec_context.width,
                    stream.codec_context.height,
                    bool(container.streams.audio),
                )
            )
    return found


def lines_of(clips: Sequence[Clip], footage: Path) -> list[Said]:
    """Sentences of the words beside the clips; stretches of sound where no clip has words."""
    beside = {clip.path: (footage / clip.path).with_suffix(".json") for clip in clips}
    written = [clip for clip in clips if beside[clip.path].is_file()]
    if not written:
        return [said for clip in clips if clip.sound for said in _sounding(clip, footage)]
    found = []
    for clip in written:
        told = json.loads(beside[clip.path].read_text(encoding="utf-8"))
        found += _sentences(clip, told["words"])
    return found


def _sentences(clip: Clip, told: Sequence[dict[str, str | float]]) -> list[Said]:
    runs: list[list[tuple[str, Fraction, Fraction]]] = []
    for word in told:
        one = str(word["text"]), Fraction(str(word["start"])), Fraction(str(word["end"]))
        last = runs[-1][-1] if runs else None
        if last is None or last[0][-1:] in ".?!" or one[1] - last[2] >= SENTENCE_GAP:
            runs.append([])
        runs[-1].append(one)
    return [Said(clip, run[0][1], run[-1][2], tuple(run)) for run in runs]


def _sounding(clip: Clip, footage: Path) -> list[Said]:
    listen = ["-i", str(footage / clip.path), "-vn", "-af", SILENCE, "-f", "null", "-"]
    done = _ffmpeg(*listen)
    edges = [Fraction(0)]
    for line in done.stderr.splitlines():
        for mark in ("silence_start: ", "silence_end: "):
            if mark in line:
                edges.append(max(Fraction(0), Fraction(line.split(mark)[1].split()[0])))
    edges.append(clip.seconds)
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return [Said(clip, a, min(b, clip.seconds)) for a, b in pairs if b - a >= SHORTEST]


def pieces_of(
    clips: Sequence[Clip], lines: Sequence[Said], seconds: int, fps: Fraction
) -> list[Piece]:
    """First takes in file order while they fit before the card, then clips without lines from their
    beginning."""
    left = floor(seconds * fps)
    spare = floor(min(CARD, Fraction(seconds, 3)) * fps)
    found: list[Piece] = []
    said: set[str] = set()
    for line in lines:
        text = " ".join(w[0].lower().strip(".,?!") for w in line.words)
        source = Fraction(floor(line.start * line.clip.fps)) / line.clip.fps
        frames = ceil((line.end - source) * fps)
        if frames > left - spare or (text and text in said):
            continue
        if source + frames / fps > line.clip.seconds:
            continue
        said.add(text)
        found.append(Piece(line.clip, source, frames, line))
        left -= frames
    speaking = {line.clip.path for line in lines}
    for clip in (c for c in clips if c.path not in speaking):
        frames = min(left, floor(clip.seconds * fps))
        if frames > 0:
            found.append(Piece(clip, Fraction(0), frames))
            left -= frames
    return found


def timeline_of(
    name: str,
    pieces: Sequence[Piece],
    ids: dict[str, str],
    fps: Fraction,
    call: str = "",
    hook: str = "",
) -> Timeline:
    """What was cut, in the form that every contestant hands over. `ids`: clip ids by path.

    `call`: the call to action, on the card in the last seconds; `hook`: the first title.
    """
    picture, sound, words, at = [], [], [], 0
    for piece in pieces:
        clip_id = ids.get(piece.clip.path, "")
        picture.append(
            PictureCut("V1", at, piece.frames, clip_id, "", piece.clip.path, piece.source)
        )
        if piece.clip.sound:
            track = "A1" if piece.said else "A3"
            start, length = Fraction(at) / fps, Fraction(piece.frames) / fps
            sound.append(SoundCut(track, start, length, clip_id, piece.clip.path, piece.source))
        shift = Fraction(at) / fps - piece.source
        own = piece.said.words if piece.said else ()
        for number, (text, start, end) in enumerate(own, 1):
            words.append(
                CaptionWord(text, start + shift, end + shift, ends_line=number == len(own))
            )
        at += piece.frames
    sound.sort(key=lambda s: (s.track, s.start))
    card = floor(min(CARD, Fraction(at) / fps / 3) * fps)
    titles: list[Title] = []
    if hook:
        titles.append(Title("hook", hook, 0, min(floor(HOOK * fps), at - card)))
    if call and card:
        titles.append(Title("end_card", call, at - card, card))
    shown = tuple(picture), tuple(sound), tuple(words)
    return Timeline(name, name, fps, at, *shown, titles=tuple(titles))


def chunks_of(timeline: Timeline) -> list[Chunk]:
    """A few words at a time, until the next ones come; from the cut to the cut of their line."""
    runs: list[list[CaptionWord]] = []
    for word in timeline.words:
        run = runs[-1] if runs else []
        long = len(run) == WORDS or len(" ".join(w.text for w in [*run, word])) > CHARACTERS
        if not run or run[-1].ends_line or long:
            runs.append([word])
        else:
            run.append(word)
    cuts = _cuts(timeline)
    found = []
    for number, run in enumerate(runs):
        after = runs[number + 1][0].start if number + 1 < len(runs) else None
        start, end = run[0].start, run[-1].end
        if after is not None and not run[-1].ends_line:
            end = after
        found.append(Chunk(" ".join(w.text for w in run), _at_cut(start, cuts, timeline.fps),
                           _at_cut(end, cuts, timeline.fps)))  # fmt: skip
    return found


def _cuts(timeline: Timeline) -> list[Fraction]:
    return [Fraction(c.start) / timeline.fps for c in timeline.picture] + [timeline.duration]


def _at_cut(time: Fraction, cuts: Sequence[Fraction], fps: Fraction) -> Fraction:
    """The cut that lies within two frames, else the time itself."""
    return next((c for c in cuts if abs(c - time) <= 2 / fps), time)


def drawings(
    timeline: Timeline, chunks: Sequence[Chunk], aspect: str, size: tuple[int, int]
) -> list[Drawing]:
    """The captions before the card, the first title and the card, in one aspect."""
    width, height = size
    card = next((t for t in timeline.titles if t.kind == "end_card"), None)
    last = card.start if card else timeline.frames
    large, middle = min(size) * 0.062, round(TEXT_AT.get(aspect, ELSEWHERE) * height)
    edge = f"\\bord{min(size) * 0.005:.1f}\\3c&H101014&"

    def lines(kind: str, text: str, span: tuple[int, int], at: float, look: str) -> list[Drawing]:
        rows = textwrap.wrap(text, CALL_CHARACTERS)
        drawn = []
        for number, row in enumerate(rows):
            y = at + (number - (len(rows) - 1) / 2) * large * 1.3
            tags = f"\\an5\\pos({width / 2:.1f},{y:.1f})\\fs{large:.1f}{look}"
            drawn.append(Drawing(kind, *span, f"{{{tags}}}{row}", 7, row))
        return drawn

    found: list[Drawing] = []
    for chunk in chunks if aspect not in CLEAN else ():
        start, end = round(chunk.start * timeline.fps), round(chunk.end * timeline.fps)
        if start < min(end, last):
            found += lines("caption", chunk.text, (start, min(end, last)), middle, edge)
    for title in timeline.titles:
        if title.kind == "hook" and aspect not in CLEAN:
            found += lines("hook", title.text, (0, title.frames), HOOK_AT * height, edge)
    if card:
        rest = (card.start, timeline.frames)
        shape = f"m 0 0 l {width} 0 {width} {height} 0 {height}"
        paint = "\\an7\\pos(0,0)\\p1\\bord0\\shad0\\1c&H302418&\\1a&H40&"
        found.append(Drawing("panel", *rest, f"{{{paint}}}{shape}{{\\p0}}", 5))
        found += lines("end_card", card.text, rest, height * 0.42, "")
    return found


def ass_of(drawn: Sequence[Drawing], size: tuple[int, int], fps: Fraction) -> str:
    """The drawings as an ASS file; times lie half a frame before the frames they mean."""
    lines = [
        f"Dialogue: {d.layer},{_clock(d.start, fps)},{_clock(d.end, fps)},T,,0,0,0,,{d.body}"
        for d in drawn
    ]
    return HEAD.format(width=size[0], height=size[1]) + "\n".join(lines) + "\n"


def _clock(frame: int, fps: Fraction) -> str:
    hundredths = max(0, round((frame - Fraction(1, 2)) / fps * 100))
    minutes, rest = divmod(hundredths, 6000)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest // 100:02d}.{rest % 100:02d}"


def centre(clip: Clip, size: tuple[int, int]) -> Box:
    """The largest middle part of a clip's picture that has the shape of `size`, as shares."""
    ratio = Fraction(*size) / Fraction(clip.width, clip.height)
    width, height = (float(ratio), 1.0) if ratio < 1 else (1.0, float(1 / ratio))
    return (1 - width) / 2, (1 - height) / 2, width, height


def film(
    pieces: Sequence[Piece],
    footage: Path,
    size: tuple[int, int],
    fps: Fraction,
    out: Path,
    drawn: Sequence[Drawing] = (),
) -> None:
    """Renders the pieces, one after the other, in one call of ffmpeg, and draws over them."""
    width, height = size
    rate = f"{fps.numerator}/{fps.denominator}"
    inputs: list[str] = []
    graph = []
    for n, piece in enumerate(pieces):
        length = Fraction(piece.frames) / fps
        inputs += ["-ss", f"{float(piece.source):.6f}", "-t", f"{float(length) + 0.5:.6f}"]
        inputs += ["-i", str(footage / piece.clip.path)]
        graph.append(
            f"[{n}:v:0]setpts=PTS-STARTPTS,fps={rate},tpad=stop_mode=clone:stop_duration=1,"
            f"trim=end_frame={piece.frames},"
            f"scale={width}:{height}:force_original_aspect_ratio=increase,"
            f"crop={width}:{height},setsar=1,format=yuv420p[v{n}]"
        )
        heard = (
            f"[{n}:a:0]asetpts=PTS-STARTPTS,aresample=48000"
            if piece.clip.sound
            else ("anullsrc=r=48000:cl=stereo")
        )
        graph.append(
            f"{heard},aformat=channel_layouts=stereo,apad,atrim=end={float(length):.9f}[a{n}]"
        )
    joined = "".join(f"[v{n}][a{n}]" for n in range(len(pieces)))
    written = out.with_suffix(".ass")
    written.write_text(ass_of(drawn, size, fps), encoding="utf-8")
    draw = f"ass={_inside(written)}:fontsdir={_inside(FONTS)}" if drawn else "null"
    graph.append(f"{joined}concat=n={len(pieces)}:v=1:a=1[bare][a];[bare]{draw}[v]")
    graph.append("[a]loudnorm=I=-14:TP=-1.5:LRA=11,aresample=48000[loud]")
    picture = "-c:v libx264 -preset veryfast -crf 20 -profile:v high -maxrate 12M -bufsize 24M"
    colours = "-color_range tv -colorspace bt709 -color_primaries bt709 -color_trc bt709"
    sound = "-c:a aac -b:a 192k -ar 48000 -movflags +faststart -threads 2"
    maps = ["-filter_complex", ";".join(graph), "-map", "[v]", "-map", "[loud]"]
    keys = ["-g", str(max(1, floor(fps / 2)))]
    how = f"{picture} {colours} {sound}".split()
    _ffmpeg("-v", "error", *inputs, *maps, *how, *keys, str(out))


def _inside(path: Path) -> str:
    """A path as an option in a graph of filters: escaped for the option, then for the graph."""
    option = re.sub(r"([\\\\':])", r"\\\1", str(path))
    return re.sub(r"([\\\\'\[\],;])", r"\\\1", option)


def _ffmpeg(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Runs it; raises CalledProcessError where it refuses, its words are on stderr."""
    done = subprocess.run(
        [ffmpeg_path(), "-hide_banner", "-nostdin", "-y", *arguments],
        capture_output=True,
        text=True,
        timeout=3600,
    )
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        done.check_returncode()
    return done


def captions(timeline: Timeline, mark: str) -> str:
    """SRT (`mark` is a comma) or WebVTT (a point): up to 42 characters a cue, times as spoken."""
    cues: list[list[CaptionWord]] = []
    for word in timeline.words:
        run = cues[-1] if cues else []
        long = len(" ".join(w.text for w in [*run, word])) > 42
        if not run or run[-1].ends_line or long:
            cues.append([word])
        else:
            run.append(word)
    cuts = _cuts(timeline)
    blocks = [] if mark == "," else ["WEBVTT\n"]
    for number, run in enumerate(cues, 1):
        head = f"{number}\n" if mark == "," else ""
        latest = cues[number][0].start - 2 / timeline.fps if number < len(cues) else run[-1].end + 1
        latest = min(latest, timeline.duration)
        end = min(latest, max(run[-1].end, run[0].start + CUE_SECONDS))
        start = _at_cut(run[0].start, cuts, timeline.fps)
        end = min(latest, _at_cut(end, cuts, timeline.fps))
        span = f"{_stamp(start, mark)} --> {_stamp(end, mark)}"
        blocks.append(f"{head}{span}\n{' '.join(w.text for w in run)}\n")
    return "\n".join(blocks)


def _stamp(seconds: Fraction, mark: str) -> str:
    ms = round(seconds * 1000)
    minutes, rest = divmod(ms, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}{mark}{rest % 1000:03d}"


def make(
    library: Path, out: Path, lengths: Sequence[int], aspects: Sequence[str], ids: dict[str, str]
) -> None:
    """One cut of each length (seconds) in each aspect."""
    footage = library / "footage"
    clips = clips_of(footage)
    lines = lines_of(clips, footage)
    fps = clips[0].fps
    brief = yaml.safe_load((library / "brief.yaml").read_text(encoding="utf-8"))
    call, hook = str(brief.get("call_to_action", "")), str((brief.get("hooks") or [""])[0])
    for seconds in lengths:
        pieces = pieces_of(clips, lines, seconds, fps)
        if not pieces:
            continue
        name = f"naive-{seconds:02d}"
        folder = out / name
        folder.mkdir(parents=True, exist_ok=True)
        timeline = timeline_of(name, pieces, ids, fps, call, hook)
        sizes = {a: SIZES[a] for a in aspects}
        chunks = chunks_of(timeline)
        drawn = {a: drawings(timeline, chunks, a, s) for a, s in sizes.items()}
        for aspect, size in sizes.items():
            film(pieces, footage, size, fps, folder / f"{aspect}.mp4", drawn[aspect])
        crops = {a: [centre(p.clip, s) for p in pieces] for a, s in sizes.items()}
        larger = {
            a: max(s[0] / (centre(p.clip, s)[2] * p.clip.width) for p in pieces)
            for a, s in sizes.items()
        }
        heard = any(p.clip.sound for p in pieces)
        srt, vtt = captions(timeline, ","), captions(timeline, ".")
        delivered = Delivered(
            timeline, sizes, crops, chunks=chunks, drawn=drawn, silent=not heard, upscale=larger,
            srt=srt, vtt=vtt,
        )  # fmt: skip
        hand_over(folder, delivered)


def main() -> None:
    """`... LIBRARY OUT --lengths 6,15 --aspects 9x16 --ids FILE` (clip ids by path, JSON)."""
    parser = argparse.ArgumentParser(prog="benchmarks.contestants.naive")
    parser.add_argument("library", type=Path, help="a library of video_assets_tests.truth")
    parser.add_argument("out", type=Path, help="the folder for its cuts")
    parser.add_argument("--lengths", required=True, help="seconds of each cut, such as 6,15")
    parser.add_argument("--aspects", required=True, help="such as 9x16,1x1")
    parser.add_argument("--ids", type=Path, required=True, help="JSON: clip ids by path")
    asked = parser.parse_args()
    make(
        asked.library,
        asked.out,
        [int(n) for n in asked.lengths.split(",")],
        asked.aspects.split(","),
        json.loads(asked.ids.read_text(encoding="utf-8")),
    )


if __name__ == "__main__":
    main()
