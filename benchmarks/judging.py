"""The same judges for everybody: what a contestant delivered becomes cases and a score."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.contestants.delivered import taken
from video_assets.delivery.inspections.case import Texts
from video_assets.delivery.inspections.truth import Truth
from video_assets.delivery.yardstick.score import Entry, Score, scored
from video_assets.foundation.errors import VideoAssetsError
from video_assets.foundation.store import Project
from video_assets.orchestration.cases import rows_of, shared


def score_delivered(
    folder: Path,
    project: Project,
    who: str,
    setting: str,
    lengths: Sequence[int],
    aspects: Sequence[str],
    truth: Truth | None,
    cost: Mapping[str, float],
) -> Score:
    """The score of what lies in a contestant's folder. `project`: ours, for the library's tables.

    Asked for is one cut of each length (seconds); a contestant names its cuts `<who>-<seconds>`.
    """
    asked = {f"{who}-{seconds:02d}": "" for seconds in lengths}
    return scored(_entries(folder, project), who, setting, asked, aspects, truth, cost)


def _entries(folder: Path, project: Project) -> Iterator[Entry]:
    rows = rows_of(project)
    for place, one in taken(folder).items():
        try:
            own = shared(project, one.timeline, rows)
        except VideoAssetsError as error:
            yield from (Entry(place.name, aspect, why=str(error)) for aspect in one.sizes)
            continue
        if not one.burned:
            own = replace(own, chunks=())
        for aspect, size in one.sizes.items():
            crops = dict(enumerate(one.crops[aspect]))
            otio = own.otio(aspect, crops)
            texts = Texts(one.srt, one.vtt, otio, own.texts(aspect, otio).burned)
            file = place / f"{aspect}.mp4"
            larger = one.upscale.get(aspect, 1.0)
            case = own.case(aspect, file, size, crops, texts, one.silent, larger)
            yield Entry(place.name, aspect, case, seconds=float(place.name.rpartition("-")[2]))
