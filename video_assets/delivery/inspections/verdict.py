"""The verdict on one cutdown: every gate with what it found, for this very file."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from video_assets.delivery.inspections import levels, picture, story, text
from video_assets.delivery.inspections.measures import measure
from video_assets.finishing.brand import BrandKit
from video_assets.finishing.overlays import Spoken, marks
from video_assets.finishing.render import Rendered
from video_assets.foundation.records import (
    Finding,
    FootageRow,
    Timeline,
    Word,
    to_plain,
)

VERDICT_VERSION = 2
GATES = (
    "has_the_right_size",
    "has_the_right_length",
    "plays_cleanly",
    "is_as_loud_as_planned",
    "text_is_clear_of_buttons",
    "no_word_is_cut",
    "nothing_is_shown_twice",
    "engines_are_as_planned",
)
"""In the order they are shown. Each must find nothing, else the cutdown is set aside."""


def inspect(
    rendered: Rendered,
    timeline: Timeline,
    rows: Iterable[FootageRow],
    words: Iterable[Word],
    brand: BrandKit,
    chunks: Sequence[Spoken],
    downgrades: Sequence[str] = (),
) -> dict[str, Any]:
    """Measures the file and judges it. `chunks` are the captions it was rendered with.

    `downgrades`: where a lower engine than planned was used and the brief does not allow it.

    JSON types: version, aspect, sha256, passed, gates (name: findings), findings (no gate),
    measures.
    """
    by_path = {row.path: row for row in rows}
    measures = measure(rendered.file)
    size = (rendered.width, rendered.height)
    drawn = marks(timeline, chunks, rendered.aspect, size, brand)
    readable = not measures.problem and measures.picture.width > 0
    gates: Mapping[str, list[Finding]] = {
        "has_the_right_size": picture.has_the_right_size(measures, timeline, size),
        "has_the_right_length": picture.has_the_right_length(measures, timeline),
        "plays_cleanly": picture.plays_cleanly(measures, timeline),
        "is_as_loud_as_planned": levels.is_as_loud_as_planned(measures, rendered.silent),
        "text_is_clear_of_buttons": text.text_is_clear_of_buttons(
            measures, timeline, rendered.aspect, drawn
        )
        if readable
        else [Finding("text_is_clear_of_buttons", "could not run: the file does not decode")],
        "no_word_is_cut": story.no_word_is_cut(timeline, words),
        "nothing_is_shown_twice": story.nothing_is_shown_twice(timeline, by_path),
        "engines_are_as_planned": [Finding("engines_are_as_planned", d) for d in downgrades],
    }
    return {
        "version": VERDICT_VERSION,
        "aspect": rendered.aspect,
        "sha256": measures.sha256,
        "passed": not any(gates.values()),
        "gates": {name: to_plain(gates[name]) for name in GATES},
        "findings": to_plain(picture.is_not_enlarged_too_far(rendered.upscale)),
        "measures": {
            "width": measures.picture.width,
            "height": measures.picture.height,
            "frames": measures.frames,
            "fps": to_plain(measures.picture.fps),
            "seconds": round(float(measures.seconds), 3),
            "loudness_lufs": measures.loudness,
            "peak_dbtp": measures.peak,
            "upscale": round(rendered.upscale, 3),
            "music_below_lu": rendered.music_below,
            "silent": rendered.silent,
        },
    }
