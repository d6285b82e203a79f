"""What a cut was made of, and why: one JSON for people and for whoever checks rights later."""

from collections.abc import Iterable, Mapping
from typing import Any

from video_assets.finishing.reframe import visible
from video_assets.finishing.render import Rendered
from video_assets.foundation import media
from video_assets.foundation.records import FootageRow, Idea, Timeline, to_plain
from video_assets.foundation.store import sha256_file
from video_assets.library.treatment import treatment

RECEIPT_VERSION = 1


def receipt(
    timeline: Timeline,
    idea: Idea | None,
    rows: Iterable[FootageRow],
    rendered: Mapping[str, Rendered],
    engines: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Every shown stretch with its source, its take and its reasons; files; engines; versions.

    JSON types, no date: the same cut has the same receipt. `engines`: capability to engine used.
    """
    by_path = {row.path: row for row in rows}
    cuts = []
    for stretch in visible(timeline):
        cut = stretch.cut
        start = cut.source_start + (stretch.start - cut.start) / timeline.fps
        cuts.append(
            {
                "frames": [stretch.start, stretch.end],
                "track": cut.track,
                "path": cut.path,
                "clip_id": cut.clip_id,
                "shot_id": cut.shot_id,
                "source": [
                    to_plain(start),
                    to_plain(start + stretch.frames / timeline.fps),
                ],
                "take_id": cut.take_id,
                "line_id": cut.line_id,
                "scale": cut.scale,
                "score": cut.score,
                "terms": cut.terms,
                "why": cut.why,
                "alternates": list(cut.alternates),
            }
        )
    return {
        "version": RECEIPT_VERSION,
        "cut_id": timeline.cut_id,
        "title": timeline.title,
        "idea": to_plain(idea) if idea else None,
        "fps": to_plain(timeline.fps),
        "frames": timeline.frames,
        "picture": cuts,
        "sound": [
            {**to_plain(c), "source_end": to_plain(c.source_start + c.duration)}
            for c in timeline.sound
        ],
        "music": to_plain(timeline.music),
        "sources": {
            path: _source(by_path[path])
            for path in sorted(
                {c.path for c in timeline.picture} | {c.path for c in timeline.sound}
            )
            if path in by_path
        },
        "files": {
            aspect: {
                "sha256": sha256_file(r.file),
                "width": r.width,
                "height": r.height,
                "rendition": r.rendition,
                "upscale": round(r.upscale, 3),
                "segments": list(r.digests),
                "notes": list(r.notes),
            }
            for aspect, r in sorted(rendered.items())
        },
        "captions": timeline.captions_note or ("words" if timeline.words else "none"),
        "notes": list(timeline.notes),
        "engines": dict(sorted((engines or {}).items())),
        "tools": tools(),
    }


def _source(row: FootageRow) -> dict[str, Any]:
    """Which file it was, what names it in other programs, and what was done to its picture."""
    named = {k: getattr(row, k) for k in ("timecode", "reel", "original") if getattr(row, k)}
    done = {"picture": list(treatment(row))} if treatment(row) else {}
    return {"clip_id": row.clip_id, "size": row.size, **named, **done}


def tools() -> dict[str, str]:
    """Versions that rendered bytes depend on."""
    from importlib.metadata import version

    names = (
        "av",
        "numpy",
        "opencv-python-headless",
        "opencv-python",
        "opentimelineio",
        "scipy",
    )
    found = {"ffmpeg": media.ffmpeg_version()}
    for name in names:
        try:
            found[name] = version(name)
        except ModuleNotFoundError:  # one of the two OpenCV packages is not there
            continue
    return found
