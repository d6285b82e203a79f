"""Defects of the sound: rows 8, 9 and 12 of CRAFT.md 8."""

from fractions import Fraction

import numpy as np

from benchmarks.planted.bench import Bench, plants
from benchmarks.planted.materials import heard
from video_assets.delivery.inspections.case import Case
from video_assets.finishing import formats
from video_assets.foundation import media

LOUDNESS = 0.5
"""LU away from the target that are allowed; clean cuts lie up to 0.2 away."""


@plants(8, "is_as_loud_as_planned")
def wrong_loudness(bench: Bench) -> Case | None:
    """All of it is too quiet or too loud."""
    by = bench.sized(LOUDNESS, "dB", 1.6, 8.0)
    if bench.rng.random() < 0.5:
        by = -by
        bench.note.size = f"-{bench.note.size}"
    return bench.clean.case(bench.again("", f"volume={by:.2f}dB"))


@plants(8, "speech_stands_over_music", needs="music speech")
def music_over_the_voice(bench: Bench) -> Case | None:
    """The bed once more, so loud that speech stands far less over it than it should."""
    case = bench.clean.case()
    line = bench.line
    spoken = [c for c in line.sound if c.track == "A1"]
    if case.music is None or line.music is None or not spoken:
        return None
    # 15 LU are wanted: 13 to 4 are left
    less = bench.rng.uniform(2, 11)
    bench.told(1 + less / 5, f"speech {15 - less:.0f} dB over the music, at least 15 LU are wanted")
    mine = heard(bench.clean.file, Fraction(0))
    bed = heard(case.music, Fraction(0))[round(line.music.source_start * 48_000) :]
    loud = [_loud(_span(mine, c.start, c.duration)) for c in spoken]
    under = [_loud(_span(bed, c.start, c.duration)) for c in spoken]
    gain = float(np.mean(loud)) - float(np.mean(under)) - (15 - less)
    out = bench.folder / "loud.mp4"
    media.run_arguments(
        ["-i", str(bench.clean.file), "-ss", f"{float(line.music.source_start):.3f}",
         "-i", str(case.music), "-filter_complex",
         f"[1:a]aresample=48000,aformat=channel_layouts=stereo,volume={gain:.2f}dB[m];"
         "[0:a][m]amix=inputs=2:duration=first:normalize=0,volume=-1dB[a]",
         "-map", "0:v", "-map", "[a]", "-c:v", "copy", "-c:a", "aac", "-b:a", "192k", "-ac", "2",
         "-movflags", "+faststart", "-video_track_timescale", str(formats.ticks(bench.fps)[0]),
         str(out)],
        bench.folder, 300, "planting music",
    )  # fmt: skip
    return bench.clean.case(out)


def _span(samples: np.ndarray, start: Fraction, seconds: Fraction) -> np.ndarray:
    return samples[round(start * 48_000) : round((start + seconds) * 48_000)]


def _loud(samples: np.ndarray) -> float:
    """dB of the louder half of its 100 ms: pauses do not count."""
    blocks = samples[: len(samples) // 4800 * 4800].reshape(-1, 4800).astype(np.float64)
    if not len(blocks):
        return -60.0
    power = np.sort((blocks**2).mean(axis=1))
    return float(10 * np.log10(max(1e-9, power[len(power) // 2 :].mean())))


@plants(9, "sound_is_in_sync", needs="speech")
def sound_out_of_sync(bench: Bench) -> Case | None:
    """All sound comes late, or early."""
    off = bench.sized(20, "ms", 1.25, 6.0)
    late = bench.rng.random() < 0.5
    bench.note.size += ", late" if late else ", early"
    sound = f"adelay={off:.1f}:all=1" if late else (
        f"atrim=start={off / 1000:.4f},asetpts=PTS-STARTPTS,apad=pad_dur={off / 1000:.4f}"
    )  # fmt: skip
    return bench.clean.case(bench.again("", f"{sound},atrim=end={_length(bench)}"))


@plants(9, "sound_is_in_sync", needs="speech")
def sound_drifts(bench: Bench) -> Case | None:
    """Sound runs too slowly, so that the last line is off by more than may be."""
    end = max(float(c.start + c.duration) for c in bench.line.sound if c.track == "A1")
    # what is measured is the middle of the last two seconds at most
    off = bench.sized(20, "ms at the end of the speech", 1.6, 5.0)
    share = off / 1000 / max(1.0, end - 1.0)
    bench.note.size += f", {share:.2%}"
    sound = f"asetrate=48000*{1 - share:.6f},aresample=48000,atrim=end={_length(bench)}"
    return bench.clean.case(bench.again("", sound))


def _length(bench: Bench) -> str:
    return f"{float(bench.line.duration):.6f}"


@plants(12, "nothing_clicks_or_drops_out", needs="speech")
def hole_in_the_voice(bench: Bench) -> Case | None:
    longest = max((float(w.end - w.start) for w in bench.line.words), default=0.0)
    most = min(4.0, (longest - 0.08) * 1000 / 40)
    if most < 1.25:
        return None
    length = bench.sized(40, "ms", 1.25, most) / 1000
    word = bench.rng.choice(
        [w for w in bench.line.words if float(w.end - w.start) >= length + 0.07]
    )
    at = float((word.start + word.end) / 2)
    low, high = at - length / 2, at + length / 2
    return bench.clean.case(bench.again("", f"volume=0:enable='between(t,{low:.4f},{high:.4f})'"))


@plants(12, "nothing_clicks_or_drops_out", needs="speech")
def a_second_of_silence(bench: Bench) -> Case | None:
    """In the middle of a line nothing is heard for a second."""
    cut = max((c for c in bench.line.sound if c.track == "A1"), key=lambda c: c.duration)
    long = min(1.0, float(cut.duration) * 0.6)
    bench.note.size = f"{long:.2f} s"
    low = float(cut.start) + (float(cut.duration) - long) * bench.rng.uniform(0.3, 0.7)
    sound = f"volume=0:enable='between(t,{low:.3f},{low + long:.3f})'"
    return bench.clean.case(bench.again("", sound))


@plants(12, "nothing_clicks_or_drops_out", needs="speech")
def click(bench: Bench) -> Case | None:
    # what hides a click is how sharp the sound around it is itself: four times that within 4 ms,
    # twice that within 20 ms is heard to stand alone
    mono = np.abs(np.diff(heard(bench.clean.file, Fraction(0)), 2))
    times = bench.times(1.3, 4.0)
    for _ in range(60):
        at = round(bench.middle() * 48_000) + bench.rng.randint(-9600, 9600)
        if not 2000 < at < len(mono) - 2000:
            continue
        limit = max(4 * mono[at - 192 : at + 192].max(), 2 * mono[at - 960 : at + 960].max())
        size = times * float(limit)
        if 0.1 <= size <= 0.8:
            bench.told(times, f"{size:.2f} of full scale, the limit there is {limit:.2f}")
            begins = (at + 0.5) / 48_000
            span = f"between(t,{begins:.6f},{begins + 0.00008:.6f})"
            return bench.clean.case(
                bench.again("", f"aeval='val(ch)+if({span},{size:.3f},0)':c=same")
            )
    return None


@plants(12, "nothing_clicks_or_drops_out")
def clipped(bench: Bench) -> Case | None:
    """Too loud into something that cuts everything off."""
    by = bench.rng.uniform(4, 9)
    bench.told(by / 3, f"{by:.1f} dB too loud, cut off at -3 dBFS")
    sound = f"volume={by:.2f}dB,aeval='clip(val(ch),-0.708,0.708)':c=same"
    return bench.clean.case(bench.again("", sound))


@plants(12, "nothing_clicks_or_drops_out")
def lost_channel(bench: Bench) -> Case | None:
    down = bench.sized(12, "dB down", 1.2, 4.0)
    left = 10 ** (-down / 20)
    side = bench.rng.choice((f"c0=c0|c1={left:.5f}*c1", f"c0={left:.5f}*c0|c1=c1"))
    return bench.clean.case(bench.again("", f"pan=stereo|{side},volume=3dB"))
