"""Interlaced pictures made whole: one deinterlacer for stills, renders and what is compared.

Each frame becomes one picture of the time of its first field (bwdif, BBC's weave with motion
search). Frames that are marked progressive are passed through untouched. Which field comes first is
what each frame says, and where frames say nothing (MJPEG), what the container says.
"""

from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from video_assets.foundation import media
from video_assets.foundation.records import FootageRow

_BWDIF = {"mode": "send_frame", "deint": "interlaced"}
_TURNS = {90: ["clock"], 180: ["clock", "clock"], 270: ["cclock"]}
COARSE = ("avi", "mxf")
"""Containers that count time in whole frames: no finer than the frames that are looked for."""


def decoded(path: Path, row: FootageRow, **options: Any) -> Any:
    """An ffmpeg-python stream of a clip's upright, progressive pictures.

    `options` go before the input. Times stay those of the container.
    """
    turned = row.interlaced and (row.rotation or row.mirrored)
    if turned:  # fields are lines of the picture as it is coded: first whole, then turned
        options["noautorotate"] = None
    stream = media.source(path, **options)[str(row.video_stream)]
    if row.interlaced:
        if row.first_field:
            stream = stream.filter("setfield", row.first_field)
        stream = stream.filter("bwdif", **_BWDIF)
    if turned:
        for way in _TURNS.get(row.rotation, []):
            stream = stream.filter("transpose", way)
        if row.mirrored:
            stream = stream.filter("hflip")
        stream = stream.filter("sidedata", mode="delete", type="DISPLAYMATRIX")
    return stream


def is_coarse(row: FootageRow) -> bool:
    """Whether the clock of `decoded` pictures is too coarse to tell a quarter of a frame."""
    return row.interlaced or any(name in row.container.split(",") for name in COARSE)


def named(row: FootageRow) -> dict[str, Any]:
    """What the names of derived pictures must hold besides; nothing for progressive clips."""
    return {"fields": [1, row.first_field]} if row.interlaced else {}


class Weaver:
    """Deinterlaces the decoded frames of a clip; each comes out one frame later, with its time."""

    def __init__(self, row: FootageRow) -> None:
        self._first = row.first_field
        self._times: deque[Fraction] = deque()
        self._graph: Any = None
        self._kind: tuple[Any, ...] = ()

    def through(self, frame: Any, time: Fraction) -> Iterator[tuple[Any, Fraction]]:
        """The pictures that are ready after `frame`."""
        kind = (frame.width, frame.height, frame.format.name, frame.colorspace, frame.color_range)
        if kind != self._kind:
            yield from self.rest()
            self._kind, self._graph = kind, self._made(frame)
        self._times.append(time)
        self._graph.vpush(frame)
        yield from self._ready()

    def rest(self) -> Iterator[tuple[Any, Fraction]]:
        """The pictures that were still held back."""
        if self._graph is not None and self._times:
            self._graph.vpush(None)
            yield from self._ready()
        self._graph, self._kind = None, ()
        self._times.clear()

    def _ready(self) -> Iterator[tuple[Any, Fraction]]:
        import av.error

        while self._times:
            try:
                found = self._graph.vpull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            yield found, self._times.popleft()

    def _made(self, frame: Any) -> Any:
        import av.filter

        graph = av.filter.Graph()
        graph.threads = 1
        arguments = {
            "width": frame.width,
            "height": frame.height,
            "pix_fmt": frame.format.name,
            "time_base": "1/90000",
            "colorspace": int(frame.colorspace),
            "range": int(frame.color_range),
        }
        chain = [graph.add("buffer", **{k: str(v) for k, v in arguments.items()})]
        if self._first:
            chain.append(graph.add("setfield", mode=self._first))
        chain += [graph.add("bwdif", **_BWDIF), graph.add("buffersink")]
        graph.link_nodes(*chain)
        graph.configure()
        return graph
