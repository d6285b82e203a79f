"""Everything that is learned of a clip in one decode: shots, their quality and stills, its sound.

Each clip is analysed once, in a worker process, into a folder named by what went in
(`clips/<clip_id>/analysis-<digest>`); projects that share a clip share the folder. A clip that
breaks half-way is used up to there.
"""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence, Set
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from video_assets.foundation.errors import Code, FootageError, VideoAssetsError
from video_assets.foundation.media import open_container
from video_assets.foundation.progress import track
from video_assets.foundation.records import (
    DeadLetter,
    FootageRow,
    Shot,
    Soundtrack,
    from_plain,
    to_plain,
)
from video_assets.foundation.store import Options, Workspace, digest_of, kept, kept_facts
from video_assets.foundation.timecode import Span
from video_assets.foundation.workers import in_workers
from video_assets.library.attention import focus_of
from video_assets.library.choice import chosen, due_rows
from video_assets.library.failures import (
    TRIES,
    Failure,
    failure_of,
    forget_failure,
    is_there,
    keep_failure,
    went_away,
)
from video_assets.library.letters import is_warned
from video_assets.library.quality import LINES, ShotFigures, ShotMeter
from video_assets.library.shots import (
    DETECT_WIDTH,
    DETECTOR,
    PLACES,
    CutFinder,
    places,
    spans,
    with_setups,
)
from video_assets.library.soundtracks import SoundMeter

ANALYSIS_VERSION = "3"
"""Goes up when the decode or what is measured in it changes: every clip is then analysed again."""
MIN_GOOD = Fraction(1)
"""Seconds that must be good of a clip that breaks half-way."""
BACKWARDS = Fraction(1)
"""Seconds that picture time may run back before its timestamps count as broken."""

_AGAIN: WeakKeyDictionary[Workspace, set[str]] = WeakKeyDictionary()
"""Clips that a run has analysed again, because it is forced or asked to retry: shots and sound come
from one decode."""


def analyse_clips(
    workspace: Workspace, root: Path, rows: Sequence[FootageRow]
) -> tuple[list[Shot], list[Soundtrack], list[DeadLetter]]:
    """Shots, soundtracks and what could not be used, in the order of the rows.

    Clips and sounds are analysed, other roles passed over. What is kept already is not read again,
    unless the workspace's options force it; nor is what failed, unless they ask to retry. A clip
    that crashes or blocks its worker is tried once more, alone. Of clips that the options do not
    name, only what is kept is returned: see `waiting`. Raises ProjectError where their pattern
    matches nothing, or where files went away while they were read: what was finished is kept.
    """
    due = due_rows(rows)
    named = chosen(list(due.values()), workspace.options.clips)
    options, done = workspace.options, _AGAIN.setdefault(workspace, set())
    again = named - done if options.force else set()
    facts: dict[str, Any] = {}
    failed: dict[str, Failure] = {}
    todo = []
    for clip_id, row in due.items():
        folder = _folder(workspace, row)
        found = None if clip_id in again else kept_facts(folder)
        failure = failure_of(folder) if found is None else None
        if found is not None:
            facts[clip_id] = found[0]
        elif failure is not None and (clip_id in done or not _is_due(failure, options)):
            failed[clip_id] = failure
        elif clip_id in named:
            todo.append(row)
    todo.sort(key=lambda row: (-row.duration * row.coded_width * row.coded_height, row.path))
    with track("analysing clips", float(sum((r.duration for r in todo), Fraction(0)))) as progress:
        for row, result in _tried(workspace, root, todo, again):
            if isinstance(result, Failure):
                failed[row.clip_id] = result
            else:
                facts[row.clip_id] = result
            done.add(row.clip_id)
            progress.advance(float(row.duration), row.path)
    shots: list[Shot] = []
    sounds: list[Soundtrack] = []
    letters: list[DeadLetter] = []
    looks: list[tuple[Shot, tuple[int, int], np.ndarray]] = []
    for clip_id, row in due.items():
        if clip_id in failed:
            letters.append(_letter(row, failed[clip_id].error, failed[clip_id].attempts))
            continue
        if clip_id not in facts:
            continue  # it waits
        found = facts[clip_id]
        if not is_warned(row):  # intake has told of it already
            letters += [
                from_plain(DeadLetter, {**plain, "path": row.path}) for plain in found["letters"]
            ]
        if found["sound"]:
            sounds.append(from_plain(Soundtrack, found["sound"]))
        for plain, look in zip(found["shots"], found["looks"], strict=True):
            shot = from_plain(Shot, plain)
            of_stills = np.array(look, np.int16).reshape(len(look), PLACES[0] * PLACES[1], 3)
            looks.append((shot, (row.width, row.height), of_stills))
    shots = with_setups(looks)
    return shots, sounds, letters


def _is_due(failure: Failure, options: Options) -> bool:
    """Whether a run is asked to try once more what failed before."""
    return options.force or failure.error.code.family in options.retry


def _tried(
    workspace: Workspace, root: Path, rows: Sequence[FootageRow], again: Set[str]
) -> Iterator[tuple[FootageRow, Any]]:
    """Analyses clips in workers; yields each with its facts, or with the failure that is kept."""
    attempts = {}
    for row in rows:
        before = failure_of(_folder(workspace, row))
        attempts[row.clip_id] = before.attempts if before is not None else 0
    gone: list[FootageRow] = []
    for number in range(1, TRIES + 1):
        lost: list[FootageRow] = []
        tasks = [
            (str(workspace.root), str(root), to_plain(row), row.clip_id in again) for row in rows
        ]
        limits = [max(60.0, 20 * float(row.duration)) for row in rows]
        # what was lost once is tried alone: others may have taken its memory
        for at, result in in_workers(analyse, tasks, limits, None if number == 1 else 1):
            row = rows[at]
            attempts[row.clip_id] += 1
            if not isinstance(result, VideoAssetsError):
                forget_failure(_folder(workspace, row))
                yield row, result
            elif not isinstance(result, FootageError):
                raise result  # the disk is full, or another thing that no clip is to blame for
            elif not is_there(root, row):
                gone.append(row)
            elif result.code.retryable and number < TRIES:
                lost.append(row)
            else:
                failure = Failure(result, attempts[row.clip_id])
                keep_failure(_folder(workspace, row), failure)
                yield row, failure
        rows = lost
    if gone:
        raise went_away(root, gone)


def waiting(workspace: Workspace, rows: Sequence[FootageRow]) -> list[FootageRow]:
    """Clips and sounds that the options pass over and that were never analysed: the next run's."""
    due = due_rows(rows)
    named = chosen(list(due.values()), workspace.options.clips)
    passed = ((row, _folder(workspace, row)) for key, row in due.items() if key not in named)
    return [row for row, at in passed if kept_facts(at) is None and failure_of(at) is None]


def _folder(workspace: Workspace, row: FootageRow) -> Path:
    """Where a clip's analysis lies; its name holds everything that the result depends on."""
    digest = digest_of(
        {
            "analysis": ANALYSIS_VERSION,
            "detector": DETECTOR,
            "tools": {name: version(name) for name in ("av", "scenedetect", "numpy", "scipy")},
            "opencv": _opencv(),
            "clip": row.clip_id,
            "streams": [row.video_stream, row.audio_stream],
            "picture": [row.width, row.height, row.rotation, row.mirrored],
            "time": [row.start, row.duration, row.fps, row.video_start, row.audio_start],
        }
    )
    return workspace.clip(row.clip_id) / f"analysis-{digest[:16]}"


def _opencv() -> str:
    from importlib.metadata import PackageNotFoundError

    for name in ("opencv-python-headless", "opencv-python"):
        with contextlib.suppress(PackageNotFoundError):
            return version(name).rsplit(".", 1)[0]  # the same OpenCV in either wheel
    return "none"


def analyse(data: str, root: str, plain: dict[str, Any], again: bool = False) -> Any:
    """Analyses one clip into the store and returns its facts; runs in a worker process.

    `data`: the workspace's folder. `root`: the footage folder. `plain`: the FootageRow as JSON.
    `again`: do not take what is kept, replace it.
    """
    import cv2

    cv2.setNumThreads(1)
    row: FootageRow = from_plain(FootageRow, plain)
    workspace = Workspace(Path(data))
    folder = _folder(workspace, row)

    def write(draft: Path) -> dict[str, Any]:
        return _analyse(Path(root) / row.path, row, draft, folder, workspace)

    return _replaced(folder, write) if again else kept(folder, write)


def _replaced(folder: Path, write: Callable[[Path], Any]) -> Any:
    """`kept` for a folder that exists: the old one stays in place until the new one is whole,
    because another project may be reading it."""
    fresh = folder.with_name(f".{os.getpid()}-{folder.name}")  # swept when this process dies
    old = folder.with_name(f".{os.getpid()}-old-{folder.name}")
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

    picture = _Picture(row) if row.video_stream >= 0 else None
    sound = SoundMeter(draft / "sound.wav") if row.audio_stream >= 0 else None
    try:
        trouble = _decode(path, row, picture, sound)
    except BaseException:
        if sound is not None:
            sound.abandon()
        raise
    letters = [to_plain(_letter(row, trouble))] if trouble is not None else []
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
        found = sound.finish()
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


def _letter(row: FootageRow, error: VideoAssetsError, attempts: int = 1) -> DeadLetter:
    code = error.code if isinstance(error, FootageError) else Code.EXCEPTION
    step = "shot_index" if row.video_stream >= 0 else "soundtracks"
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

    pictures = 0
    first_error = ""
    with open_container(path) as container:
        wanted = [i for i in (row.video_stream, row.audio_stream) if i >= 0]
        streams = [container.streams[i] for i in wanted]
        for stream in streams:
            stream.codec_context.thread_count = 1
        try:
            for packet in container.demux(streams):
                is_picture = packet.stream.index == row.video_stream
                try:
                    frames = packet.decode()
                except av.error.FFmpegError as error:
                    first_error = first_error or str(error)
                    if is_picture and pictures:
                        return _broken(picture, first_error, Code.DECODE)
                    continue  # before the first picture: the clip begins later; sound skips a beat
                frame: Any
                for frame in frames:
                    if is_picture and picture is not None:
                        if frame.is_corrupt:  # the decoder made up what was missing
                            if pictures:
                                why = first_error or "the decoder had to conceal missing data"
                                return _broken(picture, why, Code.DECODE)
                            continue
                        time = picture.time_of(frame, row)
                        if time is None:
                            return _broken(picture, "time runs backwards", Code.BAD_TIMESTAMPS)
                        picture.show(frame, time)
                        pictures += 1
                    elif sound is not None and frame.pts is not None:
                        sound.hear(frame, frame.pts * frame.time_base - row.start)
        except av.error.FFmpegError as error:  # the container breaks off
            first_error = first_error or str(error)
            if picture is not None:
                return _broken(picture, first_error, Code.TRUNCATED)
    if picture is not None and not pictures:
        raise FootageError(
            "holds no picture that can be decoded",
            Code.DECODE,
            "copy or export it again",
            first_error,
        )
    if picture is not None and picture.end < row.duration * Fraction(1, 2) and first_error:
        return _broken(picture, first_error, Code.TRUNCATED)
    return None


def _broken(picture: "_Picture | None", why: str, code: Code) -> FootageError:
    """The letter of a clip that is good up to some point; raised where too little is good."""
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


class _Picture:
    """The picture side of a decode: cuts, measures and stills, frame by frame."""

    def __init__(self, row: FootageRow) -> None:
        from av.video.reformatter import VideoReformatter

        turned = row.rotation in (90, 270)
        width, height = (row.height, row.width) if turned else (row.width, row.height)
        scale = min(1.0, DETECT_WIDTH / width)
        self._small = (max(2, round(width * scale)), max(2, round(height * scale)))
        scale = min(1.0, LINES / min(width, height))
        self._size = (max(2, round(width * scale)), max(2, round(height * scale)))
        self._row = row
        self._to_small, self._to_size = VideoReformatter(), VideoReformatter()
        self._cuts, self._meter = CutFinder(), ShotMeter()
        self._edges: list[Fraction] = []
        self._figures: list[ShotFigures] = []
        self._last = Fraction(-1)
        self._step = 1 / row.fps if row.fps else Fraction(1, 25)
        self.start = Fraction(0)
        self.end = Fraction(0)
        """Exclusive end of the last good picture, clip's clock."""

    def time_of(self, frame: Any, row: FootageRow) -> Fraction | None:
        """The frame's time on the clip's clock; None where time runs backwards."""
        if frame.pts is None:
            return self._last + self._step if self._last >= 0 else row.video_start
        time = Fraction(frame.pts) * frame.time_base - row.start
        return None if time < self._last - BACKWARDS else time

    def show(self, frame: Any, time: Fraction) -> None:
        """Takes the next frame; one not after the last, or past the clip's end, is passed over."""
        if time <= self._last or (self._last >= 0 and time >= self._row.duration):
            return
        if self._last < 0:
            self.start = time
        self._last = time
        length = Fraction(frame.duration or 0) * frame.time_base
        sure = length > 0 and (length < 1 or time + length <= self._row.duration)
        self.end = time + (length if sure else self._step)
        if time < self._row.duration < self.end:
            self.end = self._row.duration
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

    def finish(self) -> Iterator[tuple[Span, ShotFigures]]:
        """The shots, tiling start..end exactly."""
        self._figures.append(self._meter.close(None))
        found = spans(self.start, self._edges, self.end)
        yield from zip(found, self._figures, strict=False)

    @staticmethod
    def _as(frame: Any, scaler: Any, size: tuple[int, int]) -> np.ndarray:
        """The frame as uint8 BGR (height, width, 3) of `size` (width, height)."""
        import cv2

        if min(frame.width, frame.height) < 16:  # too small for the scaler's filters
            found = frame.to_ndarray(format="bgr24")
            return np.asarray(cv2.resize(found, size, interpolation=cv2.INTER_NEAREST))
        smaller = frame.width >= size[0] and frame.height >= size[1]
        how = "AREA" if smaller else "BILINEAR"
        made = scaler.reformat(frame, size[0], size[1], "bgr24", interpolation=how, threads=1)
        return np.asarray(made.to_ndarray())


def _write_stills(
    draft: Path, below: str, number: int, span: Span, figures: ShotFigures
) -> tuple[tuple[str, ...], tuple[Fraction, ...]]:
    """Up to three stills, at 1/6, 1/2 and 5/6: their names below the data folder, and times."""
    chosen: dict[Fraction, bytes] = {}
    inside = [c for c in figures.candidates if span.start <= c[0] < span.end]
    for share in (Fraction(1, 6), Fraction(1, 2), Fraction(5, 6)):
        if inside:
            wish = span.start + span.duration * share
            best = min(inside, key=lambda c: (abs(c[0] - wish), c[0]))
            chosen[best[0]] = best[1]
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
