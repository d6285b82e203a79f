"""Is the file what platforms take: size, codec, colour, length, and does all of it decode."""

from collections.abc import Iterator
from fractions import Fraction

from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.delivery.inspections.once import once
from video_assets.delivery.inspections.packets import Packed, packed
from video_assets.delivery.platforms import Platform, platforms
from video_assets.finishing import formats
from video_assets.foundation.records import Finding

LENGTH_TOLERANCE = Fraction(1, 2)
"""Seconds that picture and sound may differ from the timeline."""


SOUND_OVER = Fraction(5, 4)
"""Of the profile's bit rate of sound: what an encoder of a constant rate may need (measured: our
files 0.01 to 1.05)."""
BEGINS = Fraction(5, 1000)
"""Seconds from 0 at which picture and sound may begin (CRAFT 1.3)."""
RATE_SLACK = Fraction(1, 20)
"""Frames a second: 23.976 is what platforms call 24."""


def has_the_right_size(case: Case) -> Outcome:
    """Pixels, codec, rates, groups of pictures and bytes are those of the profile and platforms.

    CRAFT 8 row 13, exact: the encode profile of 1.3 and the rows of platforms.yaml that take this
    ratio and length. The platforms' own variants (another group of pictures, another bit rate of
    the sound, no edit list) are other files. Read from the file's tags, packets and boxes. That a
    platform asks for more bits than a quiet picture needs is a note.
    """
    measures, timeline, size = case.film, case.timeline, case.size
    expected = [
        (
            "picture size",
            f"{measures.picture.width}x{measures.picture.height}",
            f"{size[0]}x{size[1]}",
        ),
        ("pixel shape", str(measures.picture.sar), "1"),
        ("video codec", measures.picture.codec, "h264"),
        ("profile", measures.picture.profile, "High"),
        ("pixel format", measures.picture.pix_fmt, "yuv420p"),
        ("frame rate", str(measures.picture.fps), str(timeline.fps)),
        ("colour", "/".join(measures.picture.color), "tv/bt709/bt709/bt709"),
        ("index first", str(measures.index_first), "True"),
        ("sound codec", measures.sound.codec, "aac"),
        ("sound rate", str(measures.sound.rate), str(formats.AUDIO_RATE)),
        ("sound channels", str(measures.sound.channels), "2"),
    ]
    figures = {
        "width_px": measures.picture.width,
        "height_px": measures.picture.height,
        "rate_fps": float(measures.picture.fps),
    }
    if not measures.picture.codec:  # it cannot be opened, or shows nothing
        return Outcome(figures, tuple(_unequal(expected)))
    inside = _inside(case)
    expected.append(("sound profile", inside.sound_profile, "LC"))
    found = [*_unequal(expected), *_profile(case, inside)]
    rows = [p for p in platforms().values() if p.takes(case.aspect, float(measures.seconds))]
    notes = []
    for row in rows:
        found += _refused(case, inside, row)
        least = row.file.get("min_kbps", 0)
        if _kbps(case, inside.size) < least:
            notes.append(f"{row.name} asks for at least {least} kb/s")
    figures |= {
        "size_mb": inside.size / 1e6,
        "rate_kbps": _kbps(case, inside.size),
        "picture_kbps": _kbps(case, inside.picture_bytes),
        "sound_kbps": _kbps(case, inside.sound_bytes),
        "keyframe_distance_frames": inside.keyframe_distance,
        "open_groups": inside.open_groups,
        "platforms": len(rows),
    }
    return Outcome(figures, tuple(found), "; ".join(notes))


def _unequal(expected: list[tuple[str, str, str]]) -> Iterator[Finding]:
    for what, found, wanted in expected:
        if found != wanted:
            told = f"{what} is {found}, expected {wanted}"
            yield Finding("has_the_right_size", told, found, wanted)


def _kbps(case: Case, size: int) -> float:
    seconds = case.film.seconds
    return float(size * 8 / seconds / 1000) if seconds > 0 else 0.0


def _profile(case: Case, inside: Packed) -> Iterator[Finding]:
    """What differs from the encode profile (CRAFT 1.3) in the packets."""
    name = "has_the_right_size"
    # up to an even half frame: 12 at 25 a second, 15 at 29.97
    most = round(case.timeline.fps * formats.GOP_SECONDS)
    distance = inside.keyframe_distance
    if distance > most:
        what = f"a keyframe comes after {distance} frames, expected is one after {most} at most"
        yield Finding(name, what, f"{distance} frames", f"<= {most} frames")
    if inside.open_groups:
        what = f"{inside.open_groups} groups of pictures are open: they need the group before them"
        yield Finding(name, what, str(inside.open_groups), "0")
    # every piece may begin with a full buffer
    pieces = _bits(formats.BUFFER) * max(1, len(case.shown))
    allowed = _bits(formats.MAX_RATE) * float(case.film.seconds) + pieces
    if inside.picture_bytes * 8 > allowed:
        rate = _kbps(case, inside.picture_bytes)
        what = f"the picture has {rate:.0f} kb/s, above {formats.MAX_RATE} and its buffer"
        yield Finding(name, what, f"{rate:.0f} kb/s", formats.MAX_RATE)
    sound = _kbps(case, inside.sound_bytes)
    if sound > formats.AUDIO_KBPS * SOUND_OVER:
        what = f"the sound has {sound:.0f} kb/s, expected {formats.AUDIO_KBPS}"
        yield Finding(name, what, f"{sound:.0f} kb/s", f"{formats.AUDIO_KBPS} kb/s")
    for number, edits in enumerate(inside.edits):
        if len(edits) > 1 or not all(e.plain for e in edits):
            what = f"the edit list of track {number + 1} does more than to leave out the priming"
            yield Finding(name, what, str(len(edits)), "1 entry at its own speed")
    late = max((abs(s) for s in inside.starts), default=Fraction(0))
    if late > BEGINS:
        what = f"picture or sound begins {float(late) * 1000:.0f} ms from the start of the file"
        yield Finding(name, what, f"{float(late) * 1000:.1f} ms", "<= 5 ms")


def _bits(text: str) -> float:
    """12000000 of `12M`."""
    return float(text.removesuffix("M")) * 1e6


def _refused(case: Case, inside: Packed, row: Platform) -> Iterator[Finding]:
    """The limits of a platform's row that the file breaks."""
    limits, film = row.file, case.film
    rate, megabytes = _kbps(case, inside.size), inside.size / 1e6
    lowest, highest = limits.get("fps", (0, limits.get("max_fps", float("inf"))))
    highest = min(highest, limits.get("max_fps", highest))
    kinds = [str(kind) for kind in limits.get("video", ())]
    video = film.picture.codec
    exactly = f"{video}_{film.picture.profile.lower()}"
    columns = limits.get("max_columns", film.picture.width)
    broken = [
        (megabytes > limits.get("max_mb", float("inf")), f"{megabytes:.1f} MB", "max_mb"),
        (rate > limits.get("max_kbps", float("inf")), f"{rate:.0f} kb/s", "max_kbps"),
        (film.picture.width > columns, f"{film.picture.width} columns", "max_columns"),
        (
            not lowest - RATE_SLACK <= film.picture.fps <= highest + RATE_SLACK,
            f"{float(film.picture.fps):g} frames a second",
            "fps" if "fps" in limits else "max_fps",
        ),
        (bool(kinds) and video not in kinds and exactly not in kinds, exactly, "video"),
    ]
    for bad, figure, key in broken:
        if bad:
            what = f"{row.name} does not take {figure} (its {key} is {limits[key]})"
            yield Finding("has_the_right_size", what, figure, str(limits[key]))


def has_the_right_length(case: Case) -> Outcome:
    """Every frame of the timeline is there on its exact time; picture and sound end together."""
    measures, timeline = case.film, case.timeline
    found = []
    if measures.frames != timeline.frames:
        found.append(
            Finding(
                "has_the_right_length",
                f"{measures.frames} frames, the timeline has {timeline.frames}",
                str(measures.frames),
                str(timeline.frames),
            )
        )
    off = [n for n, t in enumerate(measures.times) if t != n / timeline.fps]
    if off:
        found.append(
            Finding(
                "has_the_right_length",
                f"{len(off)} frames do not lie on their exact time, the first is frame {off[0]}",
                str(float(measures.times[off[0]])),
                str(float(off[0] / timeline.fps)),
                f"frame {off[0]}",
            )
        )
    away = abs(measures.seconds - timeline.duration)
    if away > LENGTH_TOLERANCE:
        found.append(
            Finding(
                "has_the_right_length",
                f"lasts {float(measures.seconds):.2f} s, planned {float(timeline.duration):.2f} s",
                f"{float(measures.seconds):.3f}",
                f"{float(timeline.duration):.3f} ±0.5",
            )
        )
    return Outcome(
        {"frames": measures.frames, "length_s": float(measures.seconds)},
        tuple(found),
    )


def plays_cleanly(case: Case) -> Outcome:
    """The whole file decodes without a complaint, and no coded picture is damaged."""
    film = case.film
    broken = _inside(case).broken if film.picture.codec else 0
    figures = {"decoded_frames": film.frames, "broken_pictures": broken}
    if film.problem or not film.frames:
        what = film.problem or "no picture came out"
        said = f"{case.timeline.cut_id} does not decode: {what}"
        return Outcome(figures, (Finding("plays_cleanly", said),))
    if broken:
        what = f"{broken} coded pictures are damaged; render the cut again"
        said = f"{case.timeline.cut_id}: {what}"
        return Outcome(figures, (Finding("plays_cleanly", said, str(broken), "0"),))
    return Outcome(figures)


@once
def _inside(case: Case) -> Packed:
    return packed(case.film.file)


def is_not_enlarged_too_far(case: Case) -> Outcome:
    """A finding, no gate: some source is too small for even the smallest rendition."""
    figures = {"upscale": round(case.upscale, 3)}
    if case.upscale <= formats.MAX_UPSCALE or case.brief.allow.upscale:
        return Outcome(figures)
    return Outcome(
        figures,
        (
            Finding(
                "is_not_enlarged_too_far",
                f"a source is enlarged {case.upscale:.2f} times; up to {formats.MAX_UPSCALE} looks "
                "sharp. Bring larger footage, or allow it in the brief (allow: upscale)",
                f"{case.upscale:.2f}",
                str(formats.MAX_UPSCALE),
            ),
        ),
    )
