"""The same judges for everybody: what a contestant delivered becomes cases and a score.

Who draws in a style of its own is judged by what it says it drew: the three measures of writing are
put to that instead of to the product's style, with the same machine, limits and safe zones.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks.contestants.delivered import Delivered, Drawing, taken
from video_assets.delivery.inspections.case import Case, Outcome, Texts
from video_assets.delivery.inspections.letters import Writing, drawn, grouped
from video_assets.delivery.inspections.measures import pictures_at
from video_assets.delivery.inspections.text import READS, THERE
from video_assets.delivery.inspections.truth import Truth
from video_assets.delivery.yardstick.score import Entry, Score, scored
from video_assets.editorial.captions import Chunk
from video_assets.finishing.overlays import Mark
from video_assets.foundation.errors import VideoAssetsError
from video_assets.foundation.records import Finding
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
            own = replace(own, chunks=[Chunk(c.text, c.start, c.end) for c in one.chunks])
        for aspect, size in one.sizes.items():
            crops = dict(enumerate(one.crops[aspect]))
            otio = own.otio(aspect, crops)
            texts = Texts(one.srt, one.vtt, otio, own.texts(aspect, otio).burned)
            file = place / f"{aspect}.mp4"
            larger = one.upscale.get(aspect, 1.0)
            case = own.case(aspect, file, size, crops, texts, one.silent, larger)
            asked = float(place.name.rpartition("-")[2])
            yield Entry(place.name, aspect, case, seconds=asked, own=_own(one, aspect))


def _own(one: Delivered, aspect: str) -> Mapping[str, Callable[[Case], Outcome]]:
    """The measures of writing for who draws in a style of its own."""
    if aspect not in one.drawn:
        return {}
    shared = Drawn(one.drawn[aspect])
    return {name: partial(shared.outcome, name) for name in Drawn.NAMES}


class Drawn:
    """What one contestant drew over one film, looked at once for all measures of writing."""

    NAMES = ("text_reads_as_written", "text_is_clear_of_buttons", "captions_come_and_go_on_time")

    def __init__(self, own: Sequence[Drawing]) -> None:
        self.own = own
        self._found: dict[str, Outcome] = {}

    def outcome(self, name: str, case: Case) -> Outcome:
        """What the measure of this name says of the case of this film."""
        if not self._found:
            self._found = self._looked(case)
        return self._found[name]

    def _looked(self, case: Case) -> dict[str, Outcome]:
        size = (case.film.picture.width, case.film.picture.height)
        marks = [Mark(d.kind, d.start, d.end, d.body, d.layer, text=d.text) for d in self.own]
        wanted = grouped(marks, case.timeline)
        frames = {n for one in wanted for n in (one.start - 1, *one.full, one.end)}
        pictures = dict(pictures_at(case.film.file, sorted(n for n in frames if n >= 0)))
        found: dict[str, list[Finding]] = {name: [] for name in self.NAMES}
        for one in drawn(wanted, size, case.aspect):
            for name, what, figure, limit in _wrong(one, pictures):
                at = f"{float(one.start / case.timeline.fps):.2f} s"
                found[name].append(Finding(name, f"{one.text!r} {what}", figure, limit, at))
        told = {"written": float(len(wanted))}
        return {n: Outcome(told, tuple(f), measured=bool(wanted)) for n, f in found.items()}


def _wrong(one: Writing, pictures: Mapping[int, object]) -> Iterator[tuple[str, str, str, str]]:
    """(measure, what is wrong, figure, limit) of one thing that should be drawn."""
    reads, clear, timely = Drawn.NAMES
    if one.outside:
        yield clear, "lies outside the safe zone", f"{one.outside} pixels", "0"
    if one.letters is None or not one.letters.any():
        yield reads, "draws no letter", "0", f">= {READS}"
        return
    seen = {n: one.agrees(p) for n, p in pictures.items()
            if n in (one.start - 1, *one.full, one.end)}  # fmt: skip
    worst = min((seen[n].worst for n in one.full if n in seen), default=0.0)
    if worst < READS:
        yield reads, "does not read as written", f"{worst:.2f}", f">= {READS}"
        return
    for edge, word in ((one.start - 1, "comes early"), (one.end, "stays too long")):
        if edge in seen and seen[edge].whole >= THERE:
            yield timely, word, ">= 1", "0 frames"
