"""What a contestant hands over, in one folder a cut: files, their timeline, their texts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from video_assets.foundation.records import Timeline, from_plain, to_plain

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A few words that are shown together. Timeline seconds."""

    text: str
    start: Fraction
    end: Fraction


@dataclass(frozen=True, slots=True)
class Drawing:
    """A line or shape that a contestant draws over the picture in a style of its own.

    An ASS event of a style with the brand's typeface, bold, white, without outline; its tags say
    the rest.
    """

    kind: str
    """caption, end_card, or panel: a shape over the whole frame."""
    start: int
    """First frame."""
    end: int
    """Exclusive."""
    body: str
    """ASS override tags and text."""
    layer: int = 0
    text: str = ""
    """The words; empty for a shape."""


@dataclass(frozen=True)
class Delivered:
    """One cut in all its aspects."""

    timeline: Timeline
    sizes: Mapping[str, tuple[int, int]]
    """Pixels by aspect; the file is `<aspect>.mp4` in the cut's folder."""
    crops: Mapping[str, Sequence[Box]]
    """By aspect what each cut of the timeline shows: x, y, width, height as shares."""
    burned: bool = False
    """Whether the product's own captions are drawn into the picture."""
    chunks: Sequence[Chunk] = ()
    """Captions that are drawn into the picture in a style of its own."""
    drawn: Mapping[str, Sequence[Drawing]] = field(default_factory=dict)
    """By aspect everything that is drawn in that style; then the product's style is not asked."""
    silent: bool = False
    upscale: Mapping[str, float] = field(default_factory=dict)
    """By aspect; 1.0 where left out."""
    srt: str = ""
    vtt: str = ""


FILE = "delivered.json"


def hand_over(folder: Path, one: Delivered) -> None:
    """Writes everything but the films, which lie in `folder` already."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "captions.srt").write_text(one.srt, encoding="utf-8")
    (folder / "captions.vtt").write_text(one.vtt, encoding="utf-8")
    told = {
        "timeline": to_plain(one.timeline),
        "sizes": to_plain(dict(one.sizes)),
        "crops": to_plain(dict(one.crops)),
        "burned": one.burned,
        "chunks": to_plain(list(one.chunks)),
        "drawn": to_plain(dict(one.drawn)),
        "silent": one.silent,
        "upscale": dict(one.upscale),
    }
    (folder / FILE).write_text(json.dumps(told, indent=1), encoding="utf-8")


def taken(folder: Path) -> dict[Path, Delivered]:
    """What lies in a contestant's folder, by the folder of each cut."""
    found = {}
    for file in sorted(folder.glob(f"*/{FILE}")):
        told = json.loads(file.read_text(encoding="utf-8"))
        found[file.parent] = Delivered(
            from_plain(Timeline, told["timeline"]),
            {a: (s[0], s[1]) for a, s in told["sizes"].items()},
            {a: [(b[0], b[1], b[2], b[3]) for b in boxes] for a, boxes in told["crops"].items()},
            told["burned"],
            tuple(from_plain(Chunk, c) for c in told["chunks"]),
            {a: tuple(from_plain(Drawing, d) for d in own) for a, own in told["drawn"].items()},
            silent=told["silent"],
            upscale=told["upscale"],
            srt=(file.parent / "captions.srt").read_text(encoding="utf-8"),
            vtt=(file.parent / "captions.vtt").read_text(encoding="utf-8"),
        )
    return found
