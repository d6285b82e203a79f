"""Defects of the files: rows 13 and 15 of CRAFT.md 8, and what they were made with."""

from dataclasses import replace

from benchmarks.planted.bench import Bench, plants
from video_assets.delivery.inspections.case import Case


@plants(13, "has_the_right_size")
def wrong_size_or_rate(bench: Bench) -> Case | None:
    if bench.rng.random() < 0.4:
        other = bench.rng.choice([r for r in (24, 25, 30) if r != bench.fps])
        bench.note.size = f"{other} frames a second"
        return bench.clean.case(bench.again(f"fps={other}"))
    width, height = bench.clean.case().size
    less = bench.rng.choice((2, 8, height // 8 * 2))
    bench.note.size = f"{less} pixels smaller"
    return bench.clean.case(bench.again(f"scale={width - less}:{height - less}"))


@plants(13, "has_the_right_size")
def pixels_not_square(bench: Bench) -> Case | None:
    shape = bench.rng.choice(("64/63", "12/11", "4/3"))
    bench.note.size = shape
    return bench.clean.case(bench.again(f"setsar={shape}"))


@plants(13, "has_the_right_size")
def keyframes_far_apart(bench: Bench) -> Case | None:
    """One keyframe at the beginning: players cannot seek, platforms cut elsewhere."""
    bench.told(4.0, "no keyframe but the first")
    return bench.clean.case(
        bench.again("null", "", "-g", "9999", "-keyint_min", "9999", "-sc_threshold", "0")
    )


@plants(13, "has_the_right_size")
def not_the_profile(bench: Bench) -> Case | None:
    """The index comes after the media, or the sound has one channel."""
    if bench.rng.random() < 0.5:
        bench.note.size = "the index at the end"
        return bench.clean.case(bench.again("", "", "-movflags", "-faststart"))
    bench.note.size = "one channel"
    return bench.clean.case(bench.again("", "anull", "-ac", "1"))


@plants(13, "has_the_right_length")
def frames_lost(bench: Bench) -> Case | None:
    count = bench.rng.randint(1, 4)
    bench.told(count, f"{count} frames")
    drop = bench.rng.randrange(10, bench.line.frames - 10)
    return bench.clean.case(bench.again(f"select='not(between(n,{drop},{drop + count - 1}))'"))


@plants(13, "has_the_right_length")
def goes_on_too_long(bench: Bench) -> Case | None:
    """The last picture stands on for a while, in silence."""
    more = bench.sized(0.5, "s more")
    out = bench.again(f"tpad=stop_mode=clone:stop_duration={more:.3f}", f"apad=pad_dur={more:.3f}")
    return bench.clean.case(out)


@plants(13, "lasts_as_asked")
def shorter_than_asked(bench: Bench) -> Case | None:
    """A length was asked for and the cut has another one."""
    away = bench.sized(0.5, "s") * bench.rng.choice((-1, 1))
    bench.note.asked = float(bench.line.duration) + away
    return bench.clean.case()


@plants(13, "plays_cleanly")
def corrupt(bench: Bench) -> Case | None:
    data = bytearray(bench.clean.file.read_bytes())
    begin = data.index(b"mdat")
    at = begin + int((len(data) - begin) * bench.rng.uniform(0.3, 0.7))
    size = bench.rng.choice((500, 1500, 4000))
    bench.note.size = f"{size} bytes"
    data[at : at + size] = bytes(size)
    out = bench.folder / "corrupt.mp4"
    out.write_bytes(data)
    return bench.clean.case(out)


@plants(15, "timeline_survives_otio")
def otio_is_another(bench: Bench) -> Case | None:
    """The timeline for editors has a picture a frame off, or lacks a sound."""
    line = bench.line
    if line.sound and bench.rng.random() < 0.4:
        bench.note.size = "a sound less"
        other = bench.clean.case(timeline=replace(line, sound=line.sound[:-1]))
        return bench.clean.case(texts={"otio": other.texts.otio})
    bench.note.size = "a frame off"
    number = bench.rng.randrange(len(line.picture))
    one = line.picture[number]
    moved = replace(one, source_start=one.source_start + 1 / line.fps)
    picture = (*line.picture[:number], moved, *line.picture[number + 1 :])
    other = bench.clean.case(timeline=replace(line, picture=picture))
    return bench.clean.case(texts={"otio": other.texts.otio})


@plants(0, "engines_are_as_planned")
def lower_engine(bench: Bench) -> Case | None:
    return bench.clean.case(downgrades=("words: heard by a smaller engine than was planned",))
