"""Is the file what platforms take: size, codec, colour, length, and does all of it decode."""

from fractions import Fraction

from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.finishing import formats
from video_assets.foundation.records import Finding

LENGTH_TOLERANCE = Fraction(1, 2)
"""Seconds that picture and sound may differ from the timeline."""


def has_the_right_size(case: Case) -> Outcome:
    """Pixels, square pixels, codec, profile, rate and colour tags are those of the profile."""
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
    return Outcome(
        figures,
        tuple(
            Finding("has_the_right_size", f"{what} is {found}, expected {wanted}", found, wanted)
            for what, found, wanted in expected
            if found != wanted
        ),
    )


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
    """The whole file decodes without a complaint."""
    if not case.film.problem and case.film.frames:
        return Outcome({"decoded_frames": case.film.frames})
    what = case.film.problem or "no picture came out"
    said = f"{case.timeline.cut_id} does not decode: {what}"
    return Outcome({"decoded_frames": case.film.frames}, (Finding("plays_cleanly", said),))


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
