"""The sound of a cut: dialogue, natural sound and music, mixed as PCM and encoded once.

```
A1 dialogue   each line levelled to -20 LUFS, 10 ms equal-power fades at every edge
A2 music      6 LU below a line, 18 below while somebody speaks (120 ms attack, 500 ms release,
              200 ms look-ahead)
A3 natural    18 dB below a line, silent while somebody speaks
```
The mix is brought to -14 LUFS by measuring the *encoded* file and going round again (CRAFT.md 1.5).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from video_assets.finishing import formats
from video_assets.finishing.loudness import (
    SILENCE,
    Level,
    Samples,
    gain,
    integrated,
    measured,
)
from video_assets.foundation import media
from video_assets.foundation.buckets import Root
from video_assets.foundation.errors import Code, FootageError, RenderError
from video_assets.foundation.records import FootageRow, SoundCut, Timeline
from video_assets.foundation.store import Workspace, digest_of, kept, sha256_file
from video_assets.library.absence import source_of
from video_assets.library.staging import on_disk

SOUND_VERSION = "2"
RATE = formats.AUDIO_RATE
FILE = "sound.m4a"

LINE_LOUDNESS = -20.0
"""LUFS of a spoken line in the mix, before the whole is brought to its target."""
MOST_GAIN = 20.0
"""dB: a quieter line stays quieter; more would bring up its noise."""
NATURAL_BELOW = 18.0
MUSIC_BELOW = 6.0
DUCK = 12.0
FADE = 0.010
ATTACK, RELEASE, LOOK_AHEAD = 0.120, 0.500, 0.200
MUSIC_END = 1.2
"""Seconds over which the music goes at the end."""
INAUDIBLE = -60.0
"""LUFS below which a stretch counts as silent and is left alone."""


@dataclass(frozen=True, slots=True)
class Mixed:
    """The finished sound of a timeline."""

    file: Path
    level: Level
    silent: bool
    """No sound at all: a silent track, so that every player and platform takes the file."""
    passes: int
    """Encodes it took to meet the target."""
    music_below: float
    """LU between the lines and the music under them; 0.0 without both."""
    digest: str


def mix(
    workspace: Workspace,
    footage_root: Root,
    timeline: Timeline,
    rows: Mapping[str, FootageRow],
    music: Path | None,
) -> Mixed:
    """The one AAC file of a timeline, kept by content. `rows` by path; `music` is the bed's file.

    Clips without sound, and time before a clip's first sample, are silence.
    """
    digest = digest_of(
        {
            "version": SOUND_VERSION,
            "frames": timeline.frames,
            "fps": timeline.fps,
            "sound": [
                [
                    c.track,
                    c.start,
                    c.duration,
                    rows[c.path].clip_id,
                    c.source_start,
                    c.gain,
                    rows[c.path].audio_stream,
                    rows[c.path].start,
                ]
                for c in timeline.sound
            ],
            "music": [sha256_file(music), timeline.music.source_start]
            if music and timeline.music
            else None,
            "ffmpeg": media.ffmpeg_version(),
            "decoder": _decoder(),
        }
    )
    folder = workspace.segments / f"sound-{digest[:40]}"

    def write(draft: Path) -> dict[str, Any]:
        samples, below = mixed_down(footage_root, timeline, rows, music)
        level, passes = _encode(draft, samples)
        silent = level.loudness <= SILENCE
        return {
            "loudness": level.loudness,
            "peak": level.peak,
            "silent": silent,
            "passes": passes,
            "music_below": below,
        }

    facts = kept(folder, write)
    return Mixed(
        folder / FILE,
        Level(facts["loudness"], facts["peak"]),
        facts["silent"],
        facts["passes"],
        facts["music_below"],
        digest,
    )


def _decoder() -> str:
    from importlib.metadata import version

    return f"av {version('av')}"


def mixed_down(
    footage_root: Root,
    timeline: Timeline,
    rows: Mapping[str, FootageRow],
    music: Path | None,
) -> tuple[Samples, float]:
    """The mix before mastering, and how many LU the music lies below the lines (0.0: not both)."""
    length = round(timeline.duration * RATE)
    speech = np.zeros((2, length), np.float32)
    spans = []
    for cut in sorted((c for c in timeline.sound if c.track == "A1"), key=_order):
        at, piece = _piece(footage_root, rows[cut.path], cut, length)
        loudness = integrated(piece)
        if loudness > INAUDIBLE:
            piece = piece * gain(min(LINE_LOUDNESS - loudness, MOST_GAIN) + cut.gain)
            spans.append((at / RATE, (at + piece.shape[1]) / RATE))
        speech[:, at : at + piece.shape[1]] += piece
    ducked = activity(spans, length)
    natural = np.zeros((2, length), np.float32)
    for cut in sorted((c for c in timeline.sound if c.track == "A3"), key=_order):
        at, piece = _piece(footage_root, rows[cut.path], cut, length)
        loudness = integrated(piece)
        if loudness > INAUDIBLE:
            wanted = LINE_LOUDNESS - NATURAL_BELOW + cut.gain - loudness
            natural[:, at : at + piece.shape[1]] += piece * gain(min(wanted, MOST_GAIN))
    mixture = speech + natural * (1 - ducked)
    below = 0.0
    if music is not None and timeline.music is not None:
        bed = _bed(music, timeline.music.source_start, length)
        loudness = integrated(bed)
        if loudness > INAUDIBLE:
            envelope = (10 ** (-DUCK * ducked / 20)).astype(np.float32)
            bed = bed * gain(LINE_LOUDNESS - MUSIC_BELOW - loudness) * envelope
            mixture = mixture + bed
            below = _gap(speech, bed, spans)
    return mixture.astype(np.float32), below


def _order(cut: SoundCut) -> tuple[Any, ...]:
    return cut.start, cut.path, cut.source_start


def _gap(speech: Samples, bed: Samples, spans: Sequence[tuple[float, float]]) -> float:
    """LU between the lines and the music that sounds under them."""
    under = np.zeros(speech.shape[1], bool)
    for start, end in spans:
        under[int(start * RATE) : int(end * RATE)] = True
    if not under.any():
        return 0.0
    return round(integrated(speech[:, under]) - integrated(bed[:, under]), 2)


def activity(spans: Sequence[tuple[float, float]], length: int) -> Samples:
    """How far other sound gives way to speech, 0..1 for every sample; ramps are linear in dB.

    Speech spans in seconds; pauses shorter than a release and an attack stay ducked.
    """
    merged: list[list[float]] = []
    for start, end in sorted(spans):
        if merged and start - LOOK_AHEAD - merged[-1][1] < RELEASE + ATTACK:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    times, values = [-10.0], [0.0]
    for start, end in merged:
        times += [start - LOOK_AHEAD, start - LOOK_AHEAD + ATTACK, end, end + RELEASE]
        values += [0.0, 1.0, 1.0, 0.0]
    clock = np.arange(length, dtype=np.float64) / RATE
    return np.interp(clock, times, values).astype(np.float32)


def _faded(samples: Samples, start: float, end: float) -> Samples:
    """Equal-power fades of so many seconds at both edges."""
    out = samples.copy()
    for seconds, first in ((start, True), (end, False)):
        n = min(round(seconds * RATE), out.shape[1])
        ramp = np.sin(np.linspace(0, math.pi / 2, n, endpoint=False, dtype=np.float32))
        if first:
            out[:, :n] *= ramp
        elif n:
            out[:, -n:] *= ramp[::-1]
    return out


def _piece(footage_root: Root, row: FootageRow, cut: SoundCut, length: int) -> tuple[int, Samples]:
    """Where a cut's sound begins (sample of the timeline), and its samples, fades included."""
    at = round(cut.start * RATE)
    count = max(0, min(round((cut.start + cut.duration) * RATE), length) - at)
    if row.audio_stream < 0 or count == 0:
        return at, np.zeros((2, count), np.float32)
    with on_disk(footage_root, row, source_of) as file:
        samples = decoded(file, row.audio_stream, row.start, cut.source_start, count)
    return at, _faded(samples, FADE, FADE)


def decoded(file: Path, stream: int, zero: Fraction, start: Fraction, count: int) -> Samples:
    """`count` samples at 48 kHz from `start` on the clip's clock (raw time minus `zero`).

    Samples lie where their time stamps say, to half a sample; what is missing is silence.
    """
    import av
    from scipy.signal import resample_poly

    with media.open_container(file) as container:
        source = container.streams[stream]
        if not isinstance(source, av.AudioStream):
            raise FootageError(
                f"{file.name}: stream {stream} is no sound",
                Code.NO_STREAMS,
                "run the intake again",
            )
        rate = source.codec_context.sample_rate
        # Both sample grids meet every 1/step seconds: begin on such a point, 20 ms early so that
        # the resampling filter has settled.
        step = math.gcd(rate, RATE)
        origin = Fraction(math.floor((start - Fraction(1, 50)) * step), step)
        size = math.ceil((start - origin + Fraction(count, RATE) + Fraction(1, 50)) * rate)
        raw = np.zeros((2, size), np.float32)
        resampler = av.AudioResampler(format="fltp", layout="stereo")
        if origin > 1:
            container.seek(int((zero + origin - Fraction(1, 2)) * 1_000_000))
        expected: int | None = None
        for packet in container.demux(source):
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                continue  # a damaged packet is a gap, and gaps are silence
            for frame in frames:
                if frame.pts is None or frame.time_base is None:
                    continue
                where = round((frame.pts * frame.time_base - zero - origin) * rate)
                # Containers with coarse clocks jitter by a few samples; only real gaps count.
                if expected is not None and abs(where - expected) <= rate // 50:
                    where = expected
                expected = where + frame.samples
                frame.pts = None
                for part in resampler.resample(frame):
                    data = part.to_ndarray()
                    first, last = max(where, 0), min(where + data.shape[1], size)
                    if first < last:
                        raw[:, first:last] = data[:, first - where : last - where]
                    where += data.shape[1]
            if expected is not None and expected >= size:
                break
    out = raw if rate == RATE else resample_poly(raw, RATE // step, rate // step, axis=1)
    skip = round((start - origin) * RATE)
    found = np.zeros((2, count), np.float32)
    have = out[:, skip : skip + count]
    found[:, : have.shape[1]] = have
    return np.nan_to_num(found, nan=0.0, posinf=0.0, neginf=0.0)


def _bed(music: Path, start: Fraction, length: int) -> Samples:
    """The music from `start` seconds, looped with half-second crossfades, ended gently."""
    with media.open_container(music) as container:
        if not container.streams.audio:
            raise FootageError(
                f"{music.name} has no sound",
                Code.NO_STREAMS,
                "choose another piece of music",
            )
        stream = container.streams.audio[0].index
        zero = Fraction(container.start_time or 0, 1_000_000)
        whole = container.duration
    total = round(Fraction(whole, 1_000_000) * RATE) if whole else round(start * RATE) + length
    first = decoded(
        music,
        stream,
        zero,
        start,
        max(0, min(length, total - round(start * RATE))),
    )
    bed = np.zeros((2, length), np.float32)
    bed[:, : first.shape[1]] = first
    at = first.shape[1]
    cross = RATE // 2
    if at < length and total > 2 * cross:
        loop = decoded(music, stream, zero, Fraction(0), min(total, length))
        while at < length:
            over = min(cross, at)
            bed[:, at - over : at] = _faded(bed[:, at - over : at], 0, over / RATE)
            piece = _faded(loop, over / RATE, 0)
            end = min(length, at - over + piece.shape[1])
            bed[:, at - over : end] += piece[:, : end - at + over]
            at = end
    return _faded(bed, 0.02, MUSIC_END)


def _encode(draft: Path, samples: Samples) -> tuple[Level, int]:
    """Encodes until the encoded file has the right loudness and peak; returns level and passes."""
    file = draft / FILE
    loudness = integrated(samples)
    if loudness <= INAUDIBLE:
        _aac(draft, np.zeros_like(samples), 0.0, 0.0)
        return Level(SILENCE, -99.0), 1
    boost, limit = formats.TARGET_LOUDNESS - loudness, -2.0
    best: tuple[float, float, float] | None = None
    for passes in range(1, 7):
        _aac(draft, samples, boost, limit)
        level = measured(file)
        away = abs(level.loudness - formats.TARGET_LOUDNESS)
        if away <= 0.1 and level.peak <= formats.MAX_PEAK:
            return level, passes
        if level.peak <= formats.MAX_PEAK and (best is None or away < best[0]):
            best = away, boost, limit
        boost += formats.TARGET_LOUDNESS - level.loudness
        if level.peak > formats.MAX_PEAK:
            limit -= max(0.2, level.peak + 1.1)
    if best is None or best[0] > formats.LOUDNESS_TOLERANCE:
        raise RenderError(
            f"the mix cannot be brought to {formats.TARGET_LOUDNESS} LUFS below "
            f"{formats.MAX_PEAK} dBTP (last try {level.loudness} LUFS, {level.peak} dBTP); "
            "listen to its lines: one of them is all clicks"
        )
    _aac(draft, samples, best[1], best[2])
    return measured(file), 7


def _aac(draft: Path, samples: Samples, boost: float, limit: float) -> None:
    import ffmpeg

    pcm = np.ascontiguousarray(samples.T, dtype="<f4").tobytes()
    out: Any = ffmpeg.input("pipe:0", format="f32le", ar=RATE, ac=2)
    if samples.any():
        out = (
            out.filter("volume", f"{boost:.4f}dB", precision="float")
            .filter("aresample", 192_000)
            .filter(
                "alimiter",
                limit=f"{gain(limit):.6f}",
                level="false",
                attack=2,
                release=60,
                latency=1,  # else everything comes 2 ms late: the attack is looked ahead
            )
            .filter("aresample", RATE)
            .filter("atrim", end_sample=samples.shape[1])
        )
    graph = out.output(
        FILE,
        **{
            "c:a": "aac",
            "b:a": f"{formats.AUDIO_KBPS}k",
            "ar": RATE,
            "ac": 2,
            "threads": 1,
            "flags:a": "+bitexact",
            "fflags": "+bitexact",
            "map_metadata": -1,
            "format": "mp4",
        },
    ).global_args("-v", "error")
    media.run(graph, draft, 600, "encoding the sound", stdin=pcm)
