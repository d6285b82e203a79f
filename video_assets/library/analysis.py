"""Everything that is learned of a clip in one decode: shots, their quality and stills, its sound.

Each clip is analysed once, in a worker process, into a folder named by what went in
(`clips/<clip_id>/analysis-<digest>`); projects that share a clip share the folder. A clip that
breaks half-way is used up to there.
"""

import contextlib
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import numpy as np

from video_assets.foundation.buckets import Root
from video_assets.foundation.errors import Code, FootageError, VideoAssetsError
from video_assets.foundation.files import maker
from video_assets.foundation.media import open_container
from video_assets.foundation.records import (
    DeadLetter,
    FootageRow,
    Shot,
    Soundtrack,
    from_plain,
    to_plain,
)
from video_assets.foundation.store import Workspace, digest_of, kept, sha256_file
from video_assets.foundation.timecode import Span
from video_assets.foundation.workers import hold_at_most
from video_assets.library import fields, tone
from video_assets.library.attention import focus_of
from video_assets.library.quality import LINES, ShotFigures, ShotMeter
from video_assets.library.shots import (
    DETECT_WIDTH,
    DETECTOR,
    CutFinder,
    places,
    spans,
)
from video_assets.library.soundtracks import SoundMeter
from video_assets.library.staging import on_disk
from video_assets.library.timing import REORDERED, stamp_of

ANALYSIS_VERSION = "5"
"""Goes up when the decode or what is measured in it changes: every clip is then analysed again."""
MIN_GOOD = Fraction(1)
"""Seconds that must be good of a clip that breaks half-way."""
BACKWARDS = Fraction(1)
"""Seconds that picture time may run back before its timestamps count as broken."""
STEADY = ("mxf", "mxf_opatom", "mpegts")
"""Containers (ffmpeg's names) whose pictures come at one rate."""
HOLE = 3
"""Distances of pictures from which some are missing there."""
LATE = 1
"""Seconds of a beginning that cannot be shown from which it is told: a recording of a broadcast
begins between two pictures that can be shown, half a second apart or more."""
SKIPPED = 2048
"""Bytes between two packets that are no container's own, where all its streams are read."""
_RESTS_ON_LATER = 3
"""ffmpeg's number of a B picture."""


def folder_of(workspace: Workspace, row: FootageRow) -> Path:
    """Where a clip's analysis lies; its name holds everything that the result depends on."""
    digest = digest_of(
        {
            "analysis": ANALYSIS_VERSION,
            "detector": DETECTOR,
            "tools": _tools(),
            "opencv": _opencv(),
            "clip": row.clip_id,
            "streams": [row.video_stream, row.audio_stream],
            "picture": [row.width, row.height, row.rotation, row.mirrored],
            "time": [row.start, row.duration, row.fps, row.video_start, row.audio_start],
            **tone.named_stills(row),
            **fields.named(row),
        }
    )
    return workspace.clip(row.clip_id) / f"analysis-{digest[:16]}"


@cache
def _tools() -> dict[str, str]:
    return {name: version(name) for name in ("av", "scenedetect", "numpy", "scipy")}


@cache
def _opencv() -> str:
    from importlib.metadata import PackageNotFoundError

    for name in ("opencv-python-headless", "opencv-python"):
        with contextlib.suppress(PackageNotFoundError):
            return version(name).rsplit(".", 1)[0]  # the same OpenCV in either wheel
    return "none"


def analyse(data: str, root: Root, plain: dict[str, Any], again: bool = False) -> Any:
    """Analyses one clip into the store and returns its facts; runs in a worker process.

    `data`: the workspace's folder. `root`: where the footage lies. `plain`: the FootageRow as JSON.
    `again`: do not take what is kept, replace it.
    """
    import cv2

    cv2.setNumThreads(1)
    row: FootageRow = from_plain(FootageRow, plain)
    hold_at_most(row.coded_width * row.coded_height)
    workspace = Workspace(Path(data))
    folder = folder_of(workspace, row)

    def write(draft: Path) -> dict[str, Any]:
        with on_disk(root, row) as file:
            try:
                found = _analyse(file, row, draft, folder, workspace)
            except FootageError:
                _confirm(file, row)
                raise
            if found["letters"]:
                _confirm(file, row)
            return found

    return _replaced(folder, write) if again else kept(folder, write)


def _confirm(file: Path, row: FootageRow) -> None:
    """Damage is the file's own where its bytes are those that intake read, and not its disk's."""
    try:
        same = sha256_file(file).startswith(row.clip_id)
        why = "other bytes than before were read"
    except OSError as error:
        same, why = False, str(error.strerror)
    if not same:
        raise FootageError(
            f"could not be read to its end ({why})",
            Code.STORE_TIMEOUT,
            "check the disk it lies on, or copy it to another one; then `video-assets retry`",
        )


def _replaced(folder: Path, write: Callable[[Path], Any]) -> Any:
    """`kept` for a folder that exists: the old one stays in place until the new one is whole,
    because another project may be reading it."""
    fresh = folder.with_name(f".{maker()}-{folder.name}")  # swept when this process dies
    old = folder.with_name(f".{maker()}-old-{folder.name}")
    try:
        facts = kept(fresh, write)
        if folder.exists():
            os.rename(folder, old)
        with contextlib.suppress(OSError):  # another run was faster: the same bytes
            os.rename(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return facts


def _analyse(
    path: Path, row: FootageRow, draft: Path, folder: Path, workspace: Workspace
) -> dict[str, Any]:
    import cv2

    picture = _Picture(row, draft) if row.video_stream >= 0 else None
    sound = SoundMeter(draft / "sound.wav") if row.audio_stream >= 0 else None
    try:
        trouble = _decode(path, row, picture, sound)
    except BaseException:
        if sound is not None:
            sound.abandon()
        raise
    letters = [to_plain(letter_for(row, trouble))] if trouble is not None else []
    shots, looks = [], []
    if picture is not None:
        below = folder.relative_to(workspace.root).as_posix()
        for number, (span, figures) in enumerate(picture.finish()):
            names, times = _write_stills(draft, below, number, span, figures)
            read = [cv2.imread(str(draft / Path(name).name)) for name in names]
            seen = [np.asarray(still) for still in read if still is not None]
            shots.append(to_plain(_shot(row, number, span, figures, names, times, seen)))
            looks.append([places(still).ravel().tolist() for still in seen])
    heard = None
    if sound is not None:
        lost = sound.lost()
        found = sound.finish()
        if lost is not None and trouble is None:
            letters.append(to_plain(letter_for(row, _dropout(*lost), step="soundtracks")))
        if found.duration > 0:
            wav = (folder / "sound.wav").relative_to(workspace.root).as_posix()
            heard = to_plain(
                Soundtrack(
                    row.clip_id,
                    found.duration,
                    found.start,
                    wav,
                    found.loudness,
                    found.peak,
                    found.snr,
                    found.speech,
                    found.silences,
                )
            )
        else:
            (draft / "sound.wav").unlink()
    return {"shots": shots, "looks": looks, "sound": heard, "letters": letters}


def _dropout(seconds: Fraction, begin: Fraction) -> FootageError:
    return FootageError(
        f"has damaged sound: {float(seconds):.2f} s are missing, the first at {float(begin):.2f} s",
        Code.DECODE,
        "copy it again from the card; until then silence stands there",
    )


def letter_for(
    row: FootageRow, error: VideoAssetsError, attempts: int = 1, step: str = ""
) -> DeadLetter:
    """The dead letter of a clip that could not be analysed, or not whole; `step` is the asset that
    lacks something, where it is not the clip's first."""
    code = error.code if isinstance(error, FootageError) else Code.EXCEPTION
    step = step or ("shot_index" if row.video_stream >= 0 else "soundtracks")
    do = error.do if isinstance(error, FootageError) else ""
    tail = error.stderr_tail if isinstance(error, FootageError) else ""
    return DeadLetter(
        row.path, step, int(code), code.family, str(error), do, row.clip_id, code.retryable,
        attempts, tail,
    )  # fmt: skip


def _decode(
    path: Path, row: FootageRow, picture: "_Picture | None", sound: SoundMeter | None
) -> FootageError | None:
    """Feeds picture and sound from one reading of the file; says where and why it broke off."""
    import av.error

    pictures = untimed = 0
    first_error = ""
    entry = _Entry()
    with open_container(path) as container:
        wanted = [i for i in (row.video_stream, row.audio_stream) if i >= 0]
        streams = [container.streams[i] for i in wanted]
        clock = Fraction(streams[0].time_base or 1)
        counted = streams[0].frames
        # in the order of their bytes come packets of a file that all is read of; a sample table
        # may name them in any other
        in_order = "mov" not in row.container or not counted
        alone = len(container.streams) == len(streams) and in_order
        read_to = None
        for stream in streams:
            stream.codec_context.thread_count = 1
        try:
            for packet in container.demux(streams):
                is_picture = packet.stream.index == row.video_stream
                if alone and packet.size and packet.pos is not None:
                    if read_to is not None and packet.pos - read_to > SKIPPED:
                        if picture is not None:
                            picture.doubt()
                        _doubt(sound, packet, row)
                    read_to = packet.pos + packet.size
                if is_picture and packet.is_corrupt:  # a transport stream counts its packets
                    if pictures:
                        return _broken(picture, "packets are missing or damaged", Code.DECODE)
                    entry.shut(packet.pts)
                elif packet.is_corrupt:
                    _doubt(sound, packet, row)
                try:
                    frames = packet.decode()
                except MemoryError:  # no fault of the file's
                    raise
                except av.error.FFmpegError as error:
                    first_error = first_error or str(error)
                    if is_picture and pictures:
                        return _broken(picture, first_error, Code.DECODE)
                    if is_picture:
                        entry.shut(packet.pts)
                    else:
                        _doubt(sound, packet, row)
                        if picture is not None and pictures:
                            picture.doubt()
                    continue  # before the first picture: the clip begins later; sound skips a beat
                frame: Any
                for frame in frames:
                    if is_picture and picture is not None:
                        if frame.is_corrupt:  # the decoder made up what was missing
                            if pictures:
                                why = first_error or "the decoder had to conceal missing data"
                                return _broken(picture, why, Code.DECODE)
                            entry.shut(frame.pts)
                        if not entry.admits(frame):
                            continue
                        pictures += 1
                        time = picture.time_of(frame, row)
                        if time is None:  # it can be found by none that looks for it
                            picture.pass_over()
                            untimed += 1
                            continue
                        if picture.runs_back(time):
                            return _broken(picture, "time runs backwards", Code.BAD_TIMESTAMPS)
                        if picture.misses(time):
                            return _broken(picture, "pictures are missing", Code.BAD_TIMESTAMPS)
                        picture.show(frame, time)
                    elif sound is not None and frame.pts is not None:
                        sound.hear(frame, frame.pts * frame.time_base - row.start)
        except MemoryError:
            raise
        except av.error.FFmpegError as error:  # the container breaks off
            first_error = first_error or str(error)
            if picture is not None:
                return _broken(picture, first_error, Code.TRUNCATED)
            if sound is not None:
                sound.doubt(row.duration, row.duration)
    if picture is not None and not pictures:
        raise FootageError(
            "holds no picture that can be decoded",
            Code.DECODE,
            "copy or export it again",
            first_error,
        )
    if picture is not None:
        picture.check_times()
        if row.container == "avi" and picture.lost_some(counted):
            return _broken(picture, "pictures are missing", Code.DECODE)
    if picture is not None and picture.end < row.duration * Fraction(1, 2) and first_error:
        return _broken(picture, first_error, Code.TRUNCATED)
    if picture is not None and entry.since is not None:
        late = picture.start - (entry.since * clock - row.start)
        if late > LATE:
            return FootageError(
                f"is damaged: its first {float(late):.1f} s cannot be shown and are left out",
                Code.DECODE,
                "copy it again from the card, or export it again",
                first_error,
            )
    if untimed > HOLE:
        return FootageError(
            f"is damaged: {untimed} of its {pictures} pictures have no time and are left out",
            Code.BAD_TIMESTAMPS,
            "copy it again from the card, or export it again",
        )
    return None


def _doubt(sound: SoundMeter | None, packet: Any, row: FootageRow) -> None:
    """Notes that a packet could not be decoded, or that something is missing before it."""
    if sound is not None:
        if packet.stream.index == row.audio_stream and packet.pts is not None:
            begins = Fraction(packet.pts) * packet.time_base - row.start
            sound.doubt(begins, begins + (packet.duration or 0) * Fraction(packet.time_base))
        else:
            sound.doubt()


def _broken(picture: "_Picture | None", why: str, code: Code) -> FootageError:
    """The letter of a clip that is good up to some point; raised where too little is good."""
    if picture is not None:
        picture.check_times()
        picture.cut_back()
    good = picture.end - picture.start if picture else Fraction(0)
    error = FootageError(
        f"is damaged: only its first {float(good):.1f} s of picture are good and used",
        code,
        "copy it again from the card, or export it again",
        why,
    )
    if good < MIN_GOOD:
        raise FootageError(
            f"is damaged: only {float(good):.1f} s of picture are good, less than 1 s",
            code,
            error.do,
            why,
        )
    return error


_MATRIX = {"bt709": "ITU709", "bt2020": "BT2020"}
"""PyAV's words for `tone.matrix_of`; BT.601 is what it takes unasked."""


class _Entry:
    """Where a clip whose beginning is damaged can be entered: at the first picture that rests on no
    other and lies behind the last damaged one, which decoders may show as if it were good."""

    def __init__(self) -> None:
        self._shut = False
        self._behind: int | None = None
        self.since: int | None = None
        """Timestamp of the first damaged picture of the beginning."""

    def shut(self, stamp: int | None) -> None:
        """What is at this timestamp is damaged."""
        self._shut = True
        if stamp is not None:
            self.since = stamp if self.since is None else min(stamp, self.since)
            self._behind = stamp if self._behind is None else max(stamp, self._behind)

    def admits(self, frame: Any) -> bool:
        """Whether the clip may begin, or go on, with this picture."""
        if self._shut:
            behind = None in (frame.pts, self._behind) or frame.pts > self._behind
            self._shut = not (frame.key_frame and not frame.is_corrupt and behind)
        return not self._shut


class _Picture:
    """The picture side of a decode: cuts, measures and stills, frame by frame."""

    def __init__(self, row: FootageRow, scratch: Path | None = None) -> None:
        from av.video.reformatter import VideoReformatter

        turned = row.rotation in (90, 270)
        width, height = (row.height, row.width) if turned else (row.width, row.height)
        scale = min(1.0, DETECT_WIDTH / width)
        self._small = (max(2, round(width * scale)), max(2, round(height * scale)))
        scale = min(1.0, LINES / min(width, height))
        self._size = (max(2, round(width * scale)), max(2, round(height * scale)))
        self._row = row
        self._to_small, self._to_size = VideoReformatter(), VideoReformatter()
        self._curve = tone.curve_of(row) if tone.is_hdr(row) else None
        self._matrix = _MATRIX.get(tone.matrix_of(row))
        self._weaver = fields.Weaver(row) if row.interlaced else None
        self._cuts, self._meter = CutFinder(), ShotMeter()
        self._edges: list[Fraction] = []
        self._figures: list[ShotFigures] = []
        self._aside: IO[bytes] = tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115
        weakref.finalize(self, self._aside.close)
        self._stills: list[list[tuple[Fraction, int, int]]] = []
        """Of each shot put aside: time, place and bytes of its stills."""
        self._last = Fraction(-1)
        self._step = 1 / row.fps if row.fps else Fraction(1, 25)
        self.start = Fraction(0)
        self.end = Fraction(0)
        """Exclusive end of the last good picture, clip's clock."""
        self._firm = Fraction(0)
        """That of the last one that rests on no later one."""
        self._taken = self._passed = self._taken_at_doubt = 0
        self._doubted: Fraction | None = None
        """Where bytes were first passed over, or could not be made sense of."""

    def time_of(self, frame: Any, row: FootageRow) -> Fraction | None:
        """The frame's time on the clip's clock; None where it has none."""
        stamp = stamp_of(frame, row.container)
        return None if stamp is None else Fraction(stamp) * frame.time_base - row.start

    def runs_back(self, time: Fraction) -> bool:
        """Whether picture time breaks off with a frame of this time."""
        return time < self._last - BACKWARDS

    def pass_over(self) -> None:
        """Counts a frame that is not used for its time."""
        self._passed += 1

    def misses(self, time: Fraction) -> bool:
        """Whether pictures are missing before the one at `time`: in a container whose pictures come
        at one rate, or in a suspect file. Cameras leave out pictures too, when they had no time
        for them, but not their bytes: where Matroska's are missing just there, a file only looks
        as if its rate varied."""
        just_there = (
            self._doubted is not None
            and "matroska" in self._row.container
            and self._taken - self._taken_at_doubt <= REORDERED
        )
        if self._last < 0 or (self._row.vfr and not just_there):
            return False
        suspect = self._doubted is not None or self._row.container in STEADY
        return suspect and time - self._last > HOLE * self._step

    def doubt(self) -> None:
        """Remembers that the file is suspect from here on."""
        self._doubted = self.end if self._doubted is None else self._doubted
        self._taken_at_doubt = self._taken

    def lost_some(self, counted: int) -> bool:
        """Whether a suspect file holds fewer pictures than it counted, and all behind the doubtful
        place came too early: AVI times pictures by their number. The clip then ends there."""
        if self._doubted is None or self._taken + self._passed + HOLE > counted:
            return False
        self.end = self._firm = self._doubted
        return True

    def check_times(self) -> None:
        """Raises FootageError where most pictures had to be passed over for their times."""
        if self._passed > self._taken:
            every = self._passed + self._taken
            raise FootageError(
                f"has {self._passed} of {every} pictures at times that cannot be right",
                Code.BAD_TIMESTAMPS,
                "copy it again from the card, or export it again",
            )

    def cut_back(self) -> None:
        """Ends before pictures that may rest on one that comes after them and is damaged."""
        self.end = max(self.start, self._firm)
        self._edges = [edge for edge in self._edges if edge < self.end]

    def show(self, frame: Any, time: Fraction) -> None:
        """Takes the next frame; one not after the last, or past the clip's end, is passed over."""
        if time <= self._last or (self._last >= 0 and time >= self._row.duration):
            self.pass_over()
            return
        self._taken += 1
        if self._last < 0:
            self.start = time
        self._last = time
        length = Fraction(frame.duration or 0) * frame.time_base
        sure = length > 0 and (length < 1 or time + length <= self._row.duration)
        self.end = time + (length if sure else self._step)
        if time < self._row.duration < self.end:
            self.end = self._row.duration
        if frame.pict_type != _RESTS_ON_LATER:
            self._firm = self.end
        whole = [(frame, time)] if self._weaver is None else self._weaver.through(frame, time)
        for picture, at in whole:
            self._look(picture, at)

    def _look(self, frame: Any, time: Fraction) -> None:
        """Follows and measures the next progressive picture."""
        small = self._as(frame, self._to_small, self._small)
        self._meter.glance(small, time)
        if self._meter.wants(time):
            picture = self._as(frame, self._to_size, self._size)
            picture = np.rot90(picture, -self._row.rotation // 90)
            if self._row.mirrored:
                picture = picture[:, ::-1]
            self._meter.measure(np.ascontiguousarray(picture), time)
        cut = self._cuts.show(small, time)
        if cut is not None:
            self._edges.append(cut)
            self._figures.append(self._meter.close(cut))
            self._let_go()

    def _let_go(self) -> None:
        """Puts the stills of the shot before the last aside, on disk, and drops what will be none:
        only the last may grow still, by a piece too short to be a shot. An hour has a thousand."""
        at = len(self._figures) - 2
        if at >= 0:
            span = Span((self.start, *self._edges)[at], self._edges[at])
            stills = []
            for time, jpeg in sorted(_chosen(span, self._figures[at]).items()):
                stills.append((time, self._aside.tell(), len(jpeg)))
                self._aside.write(jpeg)
            self._stills.append(stills)
            self._figures[at] = replace(self._figures[at], candidates=())

    def finish(self) -> Iterator[tuple[Span, ShotFigures]]:
        """The shots, tiling start..end exactly."""
        for picture, at in self._weaver.rest() if self._weaver is not None else ():
            self._look(picture, at)
        self._figures.append(self._meter.close(None))
        found = spans(self.start, self._edges, self.end)
        for number, (span, figures) in enumerate(zip(found, self._figures, strict=False)):
            if number < len(self._stills):
                own = [(time, self._fetched(at, size)) for time, at, size in self._stills[number]]
                figures = replace(figures, candidates=tuple(own))
            yield span, figures

    def _fetched(self, at: int, size: int) -> bytes:
        self._aside.seek(at)
        return self._aside.read(size)

    def _as(self, frame: Any, scaler: Any, size: tuple[int, int]) -> np.ndarray:
        """The frame as uint8 BGR (height, width, 3) of `size` (width, height), HDR tone-mapped."""
        import cv2

        kind = "bgr24" if self._curve is None else "rgb48le"
        if min(frame.width, frame.height) < 16:  # too small for the scaler's filters
            found = frame.to_ndarray(format=kind)
            found = np.asarray(cv2.resize(found, size, interpolation=cv2.INTER_NEAREST))
        else:
            smaller = frame.width >= size[0] and frame.height >= size[1]
            how = "AREA" if smaller else "BILINEAR"
            made = scaler.reformat(frame, *size, kind, self._matrix, interpolation=how, threads=1)
            found = np.asarray(made.to_ndarray())
        return found if self._curve is None else tone.shown_frame(found, self._curve)


def _chosen(span: Span, figures: ShotFigures) -> dict[Fraction, bytes]:
    """Up to three stills, at 1/6, 1/2 and 5/6, by their time."""
    chosen: dict[Fraction, bytes] = {}
    inside = [c for c in figures.candidates if span.start <= c[0] < span.end]
    for share in (Fraction(1, 6), Fraction(1, 2), Fraction(5, 6)):
        if inside:
            wish = span.start + span.duration * share
            best = min(inside, key=lambda c: (abs(c[0] - wish), c[0]))
            chosen[best[0]] = best[1]
    return chosen


def _write_stills(
    draft: Path, below: str, number: int, span: Span, figures: ShotFigures
) -> tuple[tuple[str, ...], tuple[Fraction, ...]]:
    """The names of the stills below the data folder, and their times."""
    chosen = _chosen(span, figures)
    names = []
    for i, (_, jpeg) in enumerate(sorted(chosen.items())):
        name = f"shot-{number:04d}-{i + 1}.jpg"
        (draft / name).write_bytes(jpeg)
        names.append(f"{below}/{name}")
    return tuple(names), tuple(sorted(chosen))


def _focus(figures: ShotFigures, stills: list[np.ndarray]) -> tuple[float, float]:
    x, y, width, height = figures.face
    if width > 0:
        return (round(x + width / 2, 4), round(y + height / 2, 4))
    return focus_of(stills)


def _shot(
    row: FootageRow,
    number: int,
    span: Span,
    figures: ShotFigures,
    names: tuple[str, ...],
    times: tuple[Fraction, ...],
    stills: list[np.ndarray],
) -> Shot:
    return Shot(
        shot_id=f"{row.clip_id[:12]}-{number:04d}",
        clip_id=row.clip_id,
        number=number,
        start=span.start,
        end=span.end,
        luma=figures.luma,
        contrast=figures.contrast,
        clipped=figures.clipped,
        colourfulness=figures.colourfulness,
        sharpness=figures.sharpness,
        motion=figures.motion,
        shake=figures.shake,
        frozen=figures.frozen,
        face_share=figures.face_share,
        face=figures.face,
        focus=_focus(figures, stills),
        stills=names,
        still_times=times,
    )
