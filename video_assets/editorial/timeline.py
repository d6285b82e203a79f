"""The canonical form of a timeline: OpenTimelineIO text, the same bytes every time.

Tracks V1 (story), V2 (pictures over it), A1 (dialogue), A2 (music), A3 (natural sound). Where a
clip lies and how long it is, is read from the tracks; what OTIO has no word for (exact source
start, punch-in, reasons, captions, titles) is in `metadata.video_assets`.
"""

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from video_assets.foundation.buckets import Root, uri_of
from video_assets.foundation.errors import VideoAssetsError
from video_assets.foundation.records import (
    CaptionWord,
    FootageRow,
    MusicCue,
    PictureCut,
    SoundCut,
    Timeline,
    Title,
    from_plain,
    to_plain,
)
from video_assets.foundation.versions import FORMATS, refuse_newer

OURS = "video_assets"
SCHEMA = FORMATS["timeline"]


def to_otio(
    timeline: Timeline,
    rows: Sequence[FootageRow],
    root: Root,
    aspect: str = "",
    crops: Mapping[int, Sequence[float]] | None = None,
) -> str:
    """The timeline as .otio text. `root`: where the footage lies, for media that opens.

    With `aspect`, `crops` gives for each index of `timeline.picture` the crop as
    (x, y, width, height), shares of the displayed frame.
    """
    import opentimelineio as otio

    rate = float(timeline.fps)
    files = {row.path: row for row in reversed(rows)}
    result = otio.schema.Timeline(timeline.title)
    result.global_start_time = otio.opentime.RationalTime(0, rate)
    result.metadata[OURS] = {
        "schema": SCHEMA,
        "cut_id": timeline.cut_id,
        "fps": to_plain(timeline.fps),
        "frames": timeline.frames,
        "words": to_plain(timeline.words),
        "captions_note": timeline.captions_note,
        "titles": to_plain(timeline.titles),
        "music": to_plain(timeline.music),
        "notes": to_plain(timeline.notes),
        **({"aspect": aspect} if aspect else {}),
    }

    def reference(path: str) -> Any:
        row = files.get(path)
        length = row.duration if row else Fraction(0)
        found = otio.schema.ExternalReference(
            uri_of(root, path),
            otio.opentime.TimeRange(
                otio.opentime.RationalTime(0, rate),
                otio.opentime.RationalTime(float(length * timeline.fps), rate),
            ),
        )
        found.name = Path(path).name
        found.metadata[OURS] = {
            "path": path,
            "clip_id": row.clip_id if row else "",
            "timecode": row.timecode if row else "",
            "reel": row.reel if row else "",
            # where a camera wrote it into the file, or the file was renamed by one
            **({"original": row.original} if row and row.original else {}),
        }
        return found

    def span(start: Fraction, length: Fraction) -> Any:
        return otio.opentime.TimeRange(
            otio.opentime.RationalTime(float(start * timeline.fps), rate),
            otio.opentime.RationalTime(float(length * timeline.fps), rate),
        )

    def track(name: str, kind: str, items: Sequence[tuple[Fraction, Fraction, Any]]) -> None:
        lane = otio.schema.Track(name, kind=kind)
        at = Fraction(0)
        for start, length, clip in items:
            if start > at:
                lane.append(otio.schema.Gap(source_range=span(Fraction(0), start - at)))
            lane.append(clip)
            at = start + length
        if at < timeline.duration:
            lane.append(otio.schema.Gap(source_range=span(Fraction(0), timeline.duration - at)))
        result.tracks.append(lane)

    for name in ("V1", "V2"):
        items = []
        for number, cut in enumerate(timeline.picture):
            if cut.track != name:
                continue
            length = cut.frames / timeline.fps
            clip = otio.schema.Clip(
                Path(cut.path).name, reference(cut.path), span(cut.source_start, length)
            )
            ours = {k: v for k, v in to_plain(cut).items() if k not in ("track", "start", "frames")}
            if crops is not None and number in crops:
                ours["crop"] = [round(v, 6) for v in crops[number]]
            clip.metadata[OURS] = ours
            if cut.why:
                clip.markers.append(
                    otio.schema.Marker(
                        f"{cut.why} [{cut.clip_id}]", span(cut.source_start, Fraction(0)), "GREEN"
                    )
                )
            items.append((cut.start / timeline.fps, length, clip))
        track(name, otio.schema.TrackKind.Video, items)
    for name in ("A1", "A2", "A3"):
        items = []
        for sound in timeline.sound:
            if sound.track == name:
                clip = otio.schema.Clip(
                    Path(sound.path).name,
                    reference(sound.path),
                    span(sound.source_start, sound.duration),
                )
                clip.metadata[OURS] = {
                    k: v for k, v in to_plain(sound).items() if k not in ("track",)
                }
                items.append((sound.start, sound.duration, clip))
        if name == "A2" and timeline.music:
            clip = otio.schema.Clip(
                Path(timeline.music.path).name,
                otio.schema.ExternalReference(timeline.music.path),
                span(timeline.music.source_start, timeline.duration),
            )
            items.append((Fraction(0), timeline.duration, clip))
        track(name, otio.schema.TrackKind.Audio, items)
    return str(otio.adapters.write_to_string(result, "otio_json")) + "\n"


def from_otio(text: str) -> Timeline:
    """The timeline in .otio text that `to_otio` wrote, also after an editor moved its cuts.

    Positions and lengths are what the tracks say. A source start is the recorded exact one where
    the track agrees with it within half a frame, else the track's.
    """
    import opentimelineio as otio

    try:
        found = otio.adapters.read_from_string(text, "otio_json")
        said = json.loads(text)  # OTIO's own maps are ten times as slow to walk
        ours = said["metadata"][OURS]
        refuse_newer("this timeline", "timeline", int(ours.get("schema", 1)), SCHEMA)
        fps = Fraction(ours["fps"])
    except (KeyError, ValueError, TypeError, AttributeError, otio.exceptions.OTIOError) as error:
        raise VideoAssetsError(f"this is no timeline of ours: {error}") from error
    picture: list[PictureCut] = []
    sound: list[SoundCut] = []
    for lane, told in zip(found.tracks, said["tracks"]["children"], strict=True):
        at = 0.0
        for item, own in zip(lane, told["children"], strict=True):
            length = item.source_range.duration.value
            if isinstance(item, otio.schema.Clip) and OURS in own["metadata"]:
                plain = dict(own["metadata"][OURS])
                plain.pop("crop", None)
                moved = Fraction(item.source_range.start_time.value).limit_denominator(10**6) / fps
                source = Fraction(plain["source_start"])
                if abs(moved - source) * fps > Fraction(1, 2):
                    plain["source_start"] = to_plain(moved)
                plain["track"] = lane.name
                if lane.name.startswith("V"):
                    plain["start"], plain["frames"] = round(at), round(length)
                    picture.append(from_plain(PictureCut, plain))
                else:
                    start, duration = Fraction(plain["start"]), Fraction(plain["duration"])
                    if abs(start * fps - Fraction(at)) > Fraction(1, 2):
                        plain["start"] = to_plain(Fraction(round(at)) / fps)
                    if abs(duration * fps - Fraction(length)) > Fraction(1, 2):
                        plain["duration"] = to_plain(Fraction(round(length)) / fps)
                    sound.append(from_plain(SoundCut, plain))
            at += length
    return Timeline(
        ours["cut_id"],
        found.name,
        fps,
        ours["frames"],
        tuple(sorted(picture, key=lambda c: (c.track, c.start))),
        tuple(sorted(sound, key=lambda s: (s.track, s.start))),
        from_plain(tuple[CaptionWord, ...], ours["words"]),
        ours["captions_note"],
        from_plain(tuple[Title, ...], ours["titles"]),
        from_plain(MusicCue | None, ours["music"]),
        tuple(ours["notes"]),
    )
