"""Does the timeline that editors open say what was rendered."""

import json
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.foundation.records import Finding, Timeline, to_plain

EXACT = 1e-4
"""Frames that a number in the file may be off: OTIO counts in floating point."""
SAME_CROP = 1e-5
"""Shares of the frame that a crop in the file may be off: it is written with six decimals."""
TRACKS = ("V1", "V2", "A1", "A2", "A3")


def timeline_survives_otio(case: Case) -> Outcome:
    """The .otio text, read again by OpenTimelineIO alone, is the timeline, frame for frame.

    CRAFT 8 row 15: exact. Every clip lies where the timeline has it, is as long, begins where it
    should in its media, and inside what the media offers (within a frame, which is held); it opens
    its own file of the one footage folder and shows the part of the picture that was rendered.
    """
    import opentimelineio as otio

    name = "timeline_survives_otio"
    timeline = case.timeline
    try:
        read = otio.adapters.read_from_string(case.texts.otio, "otio_json")
        tracks = {track.name: track for track in read.tracks}
    except (ValueError, AttributeError, TypeError, otio.exceptions.OTIOError) as error:
        what = f"OpenTimelineIO cannot read the timeline: {error}"
        return Outcome({"clips": 0, "differences": 1}, (Finding(name, what),))
    found = []
    clips = 0
    worst = 0.0
    folders: list[tuple[str, str]] = []
    for track in TRACKS:
        wanted = _wanted(timeline, track)
        own = tracks.get(track)
        there = list(own.find_clips()) if own is not None else []
        clips += len(there)
        if own is None or len(there) != len(wanted):
            what = f"{track} has {len(there)} clips, the timeline {len(wanted)}"
            found.append(Finding(name, what, str(len(there)), str(len(wanted))))
            continue
        for clip, want in zip(there, wanted, strict=True):
            place = own.range_of_child(clip)
            have = (
                place.start_time.rescaled_to(float(timeline.fps)).value,
                place.duration.rescaled_to(float(timeline.fps)).value,
                clip.source_range.start_time.rescaled_to(float(timeline.fps)).value,
            )
            off = [abs(h - float(w)) for h, w in zip(have, want.frames, strict=True)]
            worst = max(worst, *off)
            for what, by, is_there, should in zip(
                ("begins", "lasts", "starts in its media at"), off, have, want.frames, strict=True
            ):
                if by > EXACT:
                    found.append(
                        Finding(
                            name,
                            f"{track} {clip.name} {what} {is_there:g}, should {float(should):g}",
                            f"{is_there:g} frames",
                            f"{float(should):g} frames",
                            f"frame {round(float(want.frames[0]))}",
                        )
                    )
            found += _media(name, case, track, clip, want.path)
            found += _cropped(name, case, track, clip, want.number)
            if track != "A2":  # music lies elsewhere
                folders.append((_opens(clip).removesuffix(want.path), f"{track} {clip.name}"))
    found += _elsewhere(name, folders)
    found += _whole(name, timeline, read)
    figures = {"clips": clips, "off_max_frames": worst, "differences": len(found)}
    return Outcome(figures, tuple(found))


class _Want:
    """Where a clip should be."""

    def __init__(
        self, path: str, frames: tuple[Fraction, Fraction, Fraction], number: int = -1
    ) -> None:
        self.path, self.frames = path, frames
        self.number = number
        """Index in `timeline.picture`; -1 for sound."""


def _wanted(timeline: Timeline, track: str) -> list[_Want]:
    """(path; start on the timeline, length, start in the media in frames) in order of time."""
    fps = timeline.fps
    found = [
        _Want(c.path, (Fraction(c.start), Fraction(c.frames), c.source_start * fps), number)
        for number, c in enumerate(timeline.picture)
        if c.track == track
    ]
    found += [
        _Want(c.path, (c.start * fps, c.duration * fps, c.source_start * fps))
        for c in timeline.sound
        if c.track == track
    ]
    if track == "A2" and timeline.music:
        bed = timeline.music
        whole = (Fraction(0), Fraction(timeline.frames), bed.source_start * fps)
        found.append(_Want(bed.path, whole))
    return sorted(found, key=lambda w: w.frames[0])


def _media(name: str, case: Case, track: str, clip: Any, path: str) -> list[Finding]:
    """Whether a clip names its file and stays inside it."""
    reference = clip.media_reference
    url = _opens(clip)
    if url != path and not url.endswith(f"/{path}"):
        what = f"{track} {clip.name} opens {url or 'nothing'} instead of {path}"
        return [Finding(name, what, url, path)]
    offered = reference.available_range
    if offered is None:
        return []
    fps = float(case.timeline.fps)
    first = offered.start_time.rescaled_to(fps).value
    last = first + offered.duration.rescaled_to(fps).value
    start = clip.source_range.start_time.rescaled_to(fps).value
    end = start + clip.source_range.duration.rescaled_to(fps).value
    if start < first - EXACT or end > last + 1 + EXACT:
        what = f"{track} {clip.name} uses frames {start:.1f} to {end:.1f} of {last:.1f}"
        return [Finding(name, what, f"{end:.1f}", f"<= {last:.1f}", "")]
    return []


def _opens(clip: Any) -> str:
    """The address of a clip's file, as people write it."""
    from urllib.parse import unquote

    return unquote(getattr(clip.media_reference, "target_url", "") or "")


def _elsewhere(name: str, folders: Sequence[tuple[str, str]]) -> list[Finding]:
    """Clips whose file is of another folder than that of most; `folders`: folder, clip."""
    if not folders:
        return []
    ((usual, _),) = Counter(folder for folder, _ in folders).most_common(1)
    return [
        Finding(name, f"{clip} opens a file in {folder}, the others in {usual}", folder, usual)
        for folder, clip in folders
        if folder != usual
    ]


def _cropped(name: str, case: Case, track: str, clip: Any, number: int) -> list[Finding]:
    """Whether a clip's record says which part of the picture this aspect shows."""
    wanted = case.crops.get(number)
    if wanted is None:
        return []
    ours = clip.metadata.get("video_assets", {})
    told = ours.get("crop") if hasattr(ours, "get") else None
    try:
        have = tuple(float(v) for v in told or ())
    except (TypeError, ValueError):
        have = ()
    off = max((abs(a - b) for a, b in zip(have, wanted, strict=False)), default=0.0)
    if len(have) == len(wanted) and off <= SAME_CROP:
        return []
    there = ", ".join(f"{v:.6f}" for v in have) or "nothing"
    should = ", ".join(f"{v:.6f}" for v in wanted)
    what = f"{track} {clip.name} shows the part {there} of its picture, should {should}"
    return [Finding(name, what, there, should)]


def _whole(name: str, timeline: Timeline, read: Any) -> list[Finding]:
    """Length, rate, words and titles of the whole."""
    found = []
    for track in read.tracks:
        length = track.trimmed_range().duration
        frames = length.rescaled_to(float(timeline.fps)).value
        if abs(frames - timeline.frames) > EXACT:
            what = f"{track.name} lasts {frames:g} frames, the timeline {timeline.frames}"
            found.append(Finding(name, what, f"{frames:g}", str(timeline.frames)))
    ours = json.loads(_as_json(read.metadata.get("video_assets", {})))
    for key in ("cut_id", "fps", "frames", "words", "titles", "music"):
        wanted = json.loads(json.dumps(to_plain(getattr(timeline, key))))
        if ours.get(key) != wanted:
            found.append(Finding(name, f"{key} in the file are not those of the timeline"))
    return found


def _as_json(value: Any) -> str:
    import opentimelineio as otio

    return str(otio.core.serialize_json_to_string(value))


def xml_exports_agree(case: Case) -> Outcome:
    """xmeml and FCPXML name the same ranges as the timeline (CRAFT 8 row 15: exact).

    There is no such export yet; until then no cutdown has this.
    """
    what = "xmeml and FCPXML are not exported yet"
    return Outcome({"exports": 0}, (Finding("xml_exports_agree", what, "0", "2"),))
