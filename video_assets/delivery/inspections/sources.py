"""The footage that a timeline cites, in small, read apart from the renderer."""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

from video_assets.delivery.inspections.measures import times_in
from video_assets.foundation import media
from video_assets.foundation.buckets import Root
from video_assets.foundation.errors import Code, FootageError, ProjectError, RenderError
from video_assets.foundation.records import FootageRow
from video_assets.library import fields, tone
from video_assets.library.failures import went_away
from video_assets.library.staging import is_present, on_disk

LOOKED_AT = 192
"""Pixels of the longer side of a source's small pictures: crops of them are still worth looking
at."""
TONED = 4
"""How much larger HDR is when it is tone-mapped: light that is averaged before gives other colours
than in the render, by up to 15 levels of fine detail at the small size itself, 4 at this one."""
KEEP = 256 * 2**20
"""Bytes of pictures, and of sound, that are kept in memory: the six aspects of one cut ask for the
same stretches. Two minutes of 30 frames a second have some 220 MB of pictures."""
RATE = 48_000
"""Hz."""
FLAGS = "area+accurate_rnd+full_chroma_int"
"""How pictures are made small: without the rounding that tints them by a level."""


V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Seen:
    """A stretch of a source's pictures as people see them: upright, square pixels."""

    times: tuple[Fraction, ...]
    """Clip's clock, rising."""
    small: Any
    """uint8 RGB, shape (len(times), height, width, 3)."""

    def at(self, time: Fraction, within: Fraction = Fraction(1, 10**6)) -> int:
        """Number of the picture that is on screen at `time`: the newest that is not later.

        The first one where all are later by more than `within` seconds.
        """
        number = 0
        for n, one in enumerate(self.times):
            if one > time + within:
                break
            number = n
        return number


class Sources:
    """Pictures and sound of footage files. `rows` by path. Reads, never writes beside them."""

    def __init__(self, root: Root, rows: Mapping[str, FootageRow]) -> None:
        self.root, self.rows = root, rows
        self._seen: dict[tuple[str, Fraction, Fraction], Seen] = {}
        self._heard: dict[tuple[str, Fraction, Fraction], Any] = {}
        self.gone: ProjectError | None = None
        """What to say where a file was away when it was to be read: nothing can be judged then."""

    def pictures(self, path: str, start: Fraction, end: Fraction) -> Seen:
        """Every picture from the one on screen at `start` up to `end` (clip's clock, seconds).

        Raises FootageError where the clip is unknown or its pictures cannot be read.
        """
        key = (path, start, end)
        if key not in self._seen:
            with self._opened(path) as file:
                seen = self._read(file, path, start, end)
            _make_room(self._seen, seen.small.nbytes, lambda one: int(one.small.nbytes))
            self._seen[key] = seen
        return self._seen[key]

    def sound(self, path: str, start: Fraction, seconds: Fraction) -> Any:
        """Samples from `start` (clip's clock): float32, shape (2, n) at 48 kHz.

        Time before the first or after the last sample, and clips without sound, are silence.
        """
        key = (path, start, seconds)
        if key not in self._heard:
            with self._opened(path) as file:
                heard = self._listen(file, path, start, seconds)
            _make_room(self._heard, heard.nbytes, lambda one: int(one.nbytes))
            self._heard[key] = heard
        return self._heard[key]

    @contextlib.contextmanager
    def _opened(self, path: str) -> Iterator[Path]:
        row = self._row(path)
        try:
            with on_disk(self.root, row) as file:
                yield file
        except FootageError:
            if not is_present(self.root, row):
                self.gone = went_away(self.root, [row])
            raise

    def _row(self, path: str) -> FootageRow:
        row = self.rows.get(path)
        if row is None:
            raise FootageError(f"{path} is not in the footage table", Code.DECODE, "run again")
        return row

    def _read(self, file: Path, path: str, start: Fraction, end: Fraction) -> Seen:
        import ffmpeg
        import numpy as np

        row = self._row(path)
        share = LOOKED_AT / max(row.width, row.height)
        width, height = max(2, round(row.width * share)), max(2, round(row.height * share))
        frame = 1 / row.fps if row.fps > 0 else Fraction(1, 25)
        first, last = start - 2 * frame, end + frame
        scratch = Path(tempfile.mkdtemp(prefix="video-assets-"))
        try:
            # Seeking may land late in containers without an index: those begin 4 s earlier.
            indexed = "mp4" in row.container or "matroska" in row.container
            for early in (Fraction(1, 2) if indexed else Fraction(4), None):
                options: dict[str, Any] = {"threads": 2}
                if early is not None and first - early > 0:
                    options |= {
                        "noaccurate_seek": None,
                        "seek_timestamp": 1,
                        "ss": f"{float(row.start + first - early):.6f}",
                    }
                stream = fields.decoded(file, row, **options).filter(
                    "trim",
                    start=f"{float(row.start + first):.6f}",
                    end=f"{float(row.start + last):.6f}",
                )
                if tone.is_hdr(row):
                    (scratch / tone.CUBE).write_text(tone.cube(tone.curve_of(row)))
                    larger = (TONED * width, TONED * height)
                    stream = stream.filter("scale", *larger, flags=FLAGS, **_matrix(row))
                    stream = tone.toned(stream).filter("scale", width, height, flags=FLAGS)
                else:
                    stream = stream.filter("scale", width, height, flags=FLAGS, **_matrix(row))
                kept = stream.filter("format", "rgb24").filter_multi_output("split", 2)
                shared = {"fps_mode": "passthrough", "enc_time_base": "demux"}
                graph = ffmpeg.merge_outputs(
                    kept[0].output("small", format="rawvideo", **shared),
                    kept[1].output("frames.crc", format="framecrc", **shared),
                ).global_args("-copyts", "-v", "error")
                media.run(graph, scratch, 600, f"looking at {path}")
                small = np.fromfile(scratch / "small", np.uint8).reshape(-1, height, width, 3)
                times = times_in((scratch / "frames.crc").read_text(), row.start)
                if len(times) == len(small) and times and (times[0] <= start or early is None):
                    return Seen(times, small)
                if "ss" not in options:
                    break
            if times:
                return Seen(times, small)
            raise FootageError(
                f"{path} has no picture at {float(start):.2f} s", Code.DECODE, "look at the clip"
            )
        except RenderError as error:
            raise FootageError(
                f"{path} cannot be looked at", Code.DECODE, "", str(error)
            ) from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _listen(self, file: Path, path: str, start: Fraction, seconds: Fraction) -> Any:
        import numpy as np

        row = self._row(path)
        length = round(seconds * RATE)
        found = np.zeros((2, length), np.float32)
        if row.audio_stream < 0:
            return found
        options: dict[str, Any] = {}
        early = start - 1
        if early > 0:
            options = {"seek_timestamp": 1, "ss": f"{float(row.start + early):.6f}"}
        begin = row.start + start
        graph = (
            media.source(file, **options)[str(row.audio_stream)]
            .filter("aresample", RATE)
            .filter("aformat", sample_fmts="flt", channel_layouts="stereo")
            .filter("asetpts", f"PTS-{float(begin):.9f}/TB")
            .filter("aresample", RATE, first_pts=0, **{"async": 1})
            .filter("atrim", end=f"{float(seconds):.9f}")
            .output("pipe:1", format="f32le", acodec="pcm_f32le")
            .global_args("-copyts", "-v", "error")
        )
        scratch = Path(tempfile.mkdtemp(prefix="video-assets-"))
        try:
            data, _ = media.run(graph, scratch, 600, f"listening to {path}")
        except RenderError as error:
            raise FootageError(f"{path} cannot be heard", Code.DECODE, "", str(error)) from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        samples = np.frombuffer(data, np.float32).reshape(-1, 2).T[:, :length]
        found[:, : samples.shape[1]] = samples
        return found


def _make_room(kept: dict[Any, V], needed: int, size: Callable[[V], int]) -> None:
    """Lets the oldest go until `needed` bytes more are at most KEEP."""
    total = needed + sum(size(one) for one in kept.values())
    while kept and total > KEEP:
        total -= size(kept.pop(next(iter(kept))))


def _matrix(row: FootageRow) -> dict[str, str]:
    guess = tone.matrix_of(row)
    return {"in_color_matrix": guess} if guess else {}
