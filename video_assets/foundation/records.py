"""The data that crosses a room's door: frozen records and their Parquet form.

Times are exact seconds (`Fraction`) on the clip's clock (0 = container start) unless a field says
"timeline". In Parquet a `Fraction` is the text "numerator/denominator"; nested values are JSON.

A record's version is its `VERSION`, left out 1. It goes up with every change of its fields: older
tables are still read (see `versions`), and `golden_formats.json` of the tests lists them all.
"""

import dataclasses
import functools
import json
import types
import typing
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

from video_assets.foundation.versions import UPGRADES, refuse_newer, upgraded


@dataclass(frozen=True, slots=True)
class FootageRow:
    """One path below the footage folder, and what it is. Every path has exactly one row."""

    VERSION: ClassVar[int] = 2

    path: str
    """Relative to the footage folder, forward slashes, exactly as found."""
    role: str
    """clip, sound, sidecar, duplicate, ignored or dead."""
    size: int
    """Bytes."""
    mtime_ns: int
    """Modification time, nanoseconds since 1970."""
    inode: int = 0
    clip_id: str = ""
    """First 32 hex digits of the content's sha256; empty where the content was not read."""
    of: str = ""
    """duplicate: path of the first file with these bytes. sidecar: path of its clip."""
    container: str = ""
    """The demuxer's name, such as `mov,mp4,m4a,3gp,3g2,mj2`."""
    duration: Fraction = Fraction(0)
    """Seconds from the container's start to the end of the longest used stream."""
    start: Fraction = Fraction(0)
    """The container's start time in raw seconds: what is subtracted to get the clip's clock."""
    video_stream: int = -1
    """Stream index in the container of the picture that is used; -1 none."""
    video_codec: str = ""
    width: int = 0
    """Pixels as displayed: after rotation and with square pixels."""
    height: int = 0
    """Pixels as displayed: after rotation and with square pixels."""
    coded_width: int = 0
    coded_height: int = 0
    sar: Fraction = Fraction(1)
    """Pixel aspect ratio of the coded picture."""
    rotation: int = 0
    """Degrees clockwise (0, 90, 180, 270) that the coded picture is turned for display."""
    mirrored: bool = False
    """Whether the display matrix flips the picture as well."""
    fps: Fraction = Fraction(0)
    """Average frames a second; 0 without picture."""
    vfr: bool = False
    """Whether frame distances vary by more than a tenth."""
    video_start: Fraction = Fraction(0)
    """First picture's time on the clip's clock."""
    pix_fmt: str = ""
    color: str = ""
    """primaries/transfer/matrix, as tagged; `unknown` where not."""
    interlaced: bool = False
    audio_stream: int = -1
    audio_codec: str = ""
    audio_rate: int = 0
    """Hz."""
    audio_channels: int = 0
    audio_start: Fraction = Fraction(0)
    """First sample's time on the clip's clock."""
    timecode: str = ""
    reel: str = ""
    note: str = ""
    """Warnings for people; the file is used all the same."""
    peak: int = 0
    """Cd/m2 of the brightest light of a PQ picture, as it was mastered; 0 where not said."""
    first_field: str = ""
    """tff or bff (top or bottom field first) where the container alone says that the picture is
    interlaced; empty where each frame says so itself."""
    original: str = ""
    """The name that the camera or the recorder gave the file, where it is kept inside."""
    time_reference: int = -1
    """Samples of a recorder's clock from midnight to the first one (Broadcast WAV); -1 not said."""
    recorded: str = ""
    """When the camera says that it began, ISO 8601, by its own clock."""
    chain: str = ""
    """Path of the first file of a take that the camera cut into several; empty for whole takes."""
    chain_number: int = 0
    """Place in that chain, from 1; the end of each file is where the next one begins."""

    @property
    def portrait(self) -> bool:
        """Whether the displayed picture is taller than wide."""
        return self.height > self.width


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A file that was set aside: why, and what a person can do."""

    path: str
    step: str
    """footage, shot_index, soundtracks, transcripts, frame_index."""
    code: int
    family: str
    """TRANSIENT, MALFORMED, UNSUPPORTED, LIMIT, SECURITY or INTERNAL."""
    what: str
    do: str
    clip_id: str = ""
    retryable: bool = False
    attempts: int = 1
    stderr_tail: str = ""


@dataclass(frozen=True, slots=True)
class Shot:
    """A stretch of a clip between two camera cuts, and how good it is."""

    shot_id: str
    """`<first 12 digits of clip_id>-<number, four digits>`."""
    clip_id: str
    number: int
    start: Fraction
    end: Fraction
    precision: Fraction = Fraction(0)
    """How far start and end may be off, seconds; 0 exact."""
    setup: str = ""
    """Shots of one camera set-up share this id: same place, light and framing."""
    luma: float = 0.0
    """Mean Rec. 709 luma, 0.0 black to 1.0 white."""
    contrast: float = 0.0
    """Standard deviation of luma, 0..0.5."""
    clipped: float = 0.0
    """Share of pixels with luma <= 16 or >= 235 (of 255), 0..1."""
    colourfulness: float = 0.0
    """Hasler and Suesstrunk's measure, 0 grey to ~100 vivid."""
    sharpness: float = 0.0
    """Natural log of the variance of the Laplacian on a 360-line picture."""
    motion: float = 0.0
    """Median mean absolute luma difference of samples 0.2 s apart, 0..1."""
    shake: float = 0.0
    """RMS of the camera path minus its 1 s trend, share of the picture's width."""
    frozen: float = 0.0
    """Share of neighbouring samples that do not differ, 0..1."""
    face_share: float = 0.0
    """Share of sampled frames with a face."""
    face: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    """Median face box: x, y, width, height as shares of the displayed frame; zeros without face."""
    focus: tuple[float, float] = (0.5, 0.5)
    """Centre of interest, shares of the displayed frame: face, else motion, else centre."""
    stills: tuple[str, ...] = ()
    """JPEG files below the data folder, in time order, at most 640 px wide."""
    still_times: tuple[Fraction, ...] = ()


@dataclass(frozen=True, slots=True)
class Soundtrack:
    """The sound of one clip, ready for listening machines."""

    clip_id: str
    duration: Fraction
    """Seconds of decoded sound."""
    start: Fraction
    """Where the first sample lies on the clip's clock."""
    wav: str
    """16 kHz mono 16-bit WAV below the data folder; its first sample is the clip's second 0."""
    loudness: float
    """Integrated LUFS; -70.0 stands for silence."""
    peak: float
    """True peak, dBTP; -99.0 stands for silence."""
    snr: float
    """dB between the 95th and the 10th percentile of 20 ms RMS levels, 200-4000 Hz."""
    speech: tuple[tuple[Fraction, Fraction], ...] = ()
    """Spans where somebody seems to speak (voice activity), clip's clock."""
    silences: tuple[tuple[Fraction, Fraction], ...] = ()
    """Spans of at least 0.2 s below the clip's noise threshold, clip's clock."""


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word."""

    clip_id: str
    number: int
    """Position in the clip, from 0."""
    text: str
    """As people read it, with its punctuation."""
    start: Fraction
    end: Fraction
    speaker: str = ""
    confidence: float = 1.0
    """0..1; sidecars count as 1."""
    source: str = ""
    """sidecar, pocketsphinx, whisperx, faster-whisper."""
    flags: str = ""
    """Comma-separated: overlong, filler."""


@dataclass(frozen=True, slots=True)
class Line:
    """A spoken sentence."""

    line_id: str
    """`<first 12 digits of clip_id>-l<number, four digits>`."""
    clip_id: str
    number: int
    text: str
    start: Fraction
    """Start of the first word."""
    end: Fraction
    """End of the last word."""
    first_word: int
    """Number of the first word in the clip."""
    last_word: int
    """Number of the last word, inclusive."""
    speaker: str = ""
    confidence: float = 1.0
    """Mean of the words'."""
    source: str = ""
    group: str = ""
    """Retake group: lines that say the same share it."""
    complete: bool = True
    """Whether it is the whole sentence, not a false start or a flub."""
    take: int = 1
    """Which try of its group this is, from 1, in the order of time."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A word for what a shot shows or says, with where it comes from."""

    shot_id: str
    clip_id: str
    text: str
    """Lower case, a word or short phrase."""
    kind: str
    """folder, name, speech, people, motion, light, colour, concept."""
    source: str
    """The path, the engine or the measure that said so; never empty."""
    weight: float = 1.0
    """0..1."""


@dataclass(frozen=True, slots=True)
class Beat:
    """A step of an idea."""

    kind: str
    """hook, body, proof, breather or cta."""
    text: str = ""
    """What is said or shown here, in words."""
    line_group: str = ""
    """The retake group whose line carries this beat; empty where nobody speaks."""
    query: str = ""
    """Words that fitting pictures should answer to."""
    seconds: Fraction = Fraction(0)
    """Wished length; 0 where the line decides."""


@dataclass(frozen=True, slots=True)
class Idea:
    """What one cut says."""

    cut_id: str
    """`<round>-<idea>`, such as `r1-02`."""
    round: str
    recipe: str
    """testimonial or montage."""
    title: str
    hook: str
    """On-screen words of the first seconds, at most 42 characters; may be empty."""
    hook_score: float
    """0..1."""
    duration: Fraction
    """Seconds of the finished cut."""
    beats: tuple[Beat, ...]
    call_to_action: str
    upload_text: str
    hashtags: tuple[str, ...] = ()
    shot_list: tuple[str, ...] = ()
    """What an editor would look for, a line each."""
    notes: tuple[str, ...] = ()
    """What is missing, shortened or assumed, for people."""
    traits: dict[str, str] = field(default_factory=dict)
    """hook, recipe, length and subject: what later numbers are counted by."""
    learned: tuple[str, ...] = ()
    """Learnings that moved it: what was chosen, over what, and why."""
    pace: Fraction = Fraction(1)
    """Factor on the recipe's pace: below 1 is faster."""


@dataclass(frozen=True, slots=True)
class Take:
    """A usable stretch of a shot, scored, with the reason, and its place in a cut."""

    take_id: str
    cut_id: str
    role: str
    """story (picture with its own sound), broll (picture only) or card (under the end card)."""
    position: int
    """Order among the takes of this role in this cut, from 0."""
    beat: int
    """Index of the idea's beat; -1 for none."""
    clip_id: str
    shot_id: str
    line_id: str
    """Empty for pictures without their sound."""
    start: Fraction
    end: Fraction
    score: float
    """0..1."""
    terms: dict[str, float] = field(default_factory=dict)
    """Every term of the score by name, each 0..1."""
    why: str = ""
    alternates: tuple[str, ...] = ()
    """shot_id or line_id of the next best, best first."""


@dataclass(frozen=True, slots=True)
class PictureCut:
    """A stretch of picture on a timeline. Frames count at the timeline's rate."""

    track: str
    """V1 story or V2 B-roll (covers V1)."""
    start: int
    """First frame on the timeline."""
    frames: int
    clip_id: str
    shot_id: str
    path: str
    """Of the clip, relative to the footage folder."""
    source_start: Fraction
    """Clip's clock; lies on a frame of the source."""
    scale: float = 1.0
    """Punch-in: 1.0 none, 1.2 to 1.25 where one shot continues."""
    focus: tuple[float, float] = (0.5, 0.5)
    """Where the crop looks, shares of the displayed frame."""
    face: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    """Face box to keep inside, shares of the displayed frame; zeros without face."""
    line_id: str = ""
    take_id: str = ""
    why: str = ""
    score: float = 0.0
    terms: dict[str, float] = field(default_factory=dict)
    alternates: tuple[str, ...] = ()

    @property
    def end(self) -> int:
        """Exclusive frame on the timeline."""
        return self.start + self.frames


@dataclass(frozen=True, slots=True)
class SoundCut:
    """A stretch of a clip's sound on a timeline. Seconds, exact."""

    track: str
    """A1 dialogue or A3 natural sound."""
    start: Fraction
    """Timeline."""
    duration: Fraction
    clip_id: str
    path: str
    source_start: Fraction
    """Clip's clock."""
    line_id: str = ""
    gain: float = 0.0
    """dB."""


@dataclass(frozen=True, slots=True)
class CaptionWord:
    """A word to be shown while it is heard. Timeline seconds, exact."""

    text: str
    start: Fraction
    end: Fraction
    confidence: float = 1.0
    ends_line: bool = False


@dataclass(frozen=True, slots=True)
class Title:
    """Words over the picture that nobody speaks."""

    kind: str
    """hook or end_card."""
    text: str
    start: int
    """First frame."""
    frames: int
    sub: str = ""
    """Second, smaller line."""


@dataclass(frozen=True, slots=True)
class MusicCue:
    """The bed below a cut."""

    path: str
    """Relative to the project folder."""
    sha256: str
    source_start: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Timeline:
    """The ordered cuts, sound and captions that realise an idea, on exact frames."""

    cut_id: str
    title: str
    fps: Fraction
    frames: int
    picture: tuple[PictureCut, ...]
    sound: tuple[SoundCut, ...] = ()
    words: tuple[CaptionWord, ...] = ()
    captions_note: str = ""
    """Why there are no captions; empty where there are, or where nobody speaks."""
    titles: tuple[Title, ...] = ()
    music: MusicCue | None = None
    notes: tuple[str, ...] = ()

    @property
    def duration(self) -> Fraction:
        """Exact seconds."""
        return Fraction(self.frames) / self.fps


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem that an inspection found in an artefact."""

    measure: str
    """The inspection's name."""
    what: str
    """For people: what was found and what was expected."""
    figure: str = ""
    limit: str = ""
    at: str = ""
    """Where: a time or a cut."""


_PLAIN = frozenset((str, int, float, bool, type(None)))


@functools.cache
def _names(kind: Any) -> tuple[str, ...] | None:
    """The fields of a record; None of what is none."""
    if not dataclasses.is_dataclass(kind):
        return None
    return tuple(f.name for f in dataclasses.fields(kind))


def to_plain(value: Any) -> Any:
    """A record as JSON types; fractions become "n/d"."""
    if type(value) in _PLAIN:
        return value
    kind: Any = type(value)
    names = _names(kind)
    if names is not None:
        return {name: to_plain(getattr(value, name)) for name in names}
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, dict):
        return {str(k): to_plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(v) for v in value]
    return value


def from_plain(kind: Any, value: Any) -> Any:
    """The inverse of `to_plain` for a record type, or a type that a record's field may have.

    What a record lacks has its default; what it does not know is passed over.
    """
    return _reader(kind)(value)


_fraction = functools.lru_cache(65536)(Fraction)
"""Rates, starts and lengths of a library are few and come again and again."""


@functools.cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """What turns JSON types into this type; made once for each, since looking at hints is slow."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        (inner,) = (_reader(a) for a in args if a is not type(None))
        return lambda value: None if value is None else inner(value)
    if kind is Fraction:
        return _fraction
    if origin is tuple and len(args) == 2 and args[1] is Ellipsis:
        each = _reader(args[0])
        return lambda value: tuple(map(each, value))
    if origin is tuple:
        parts = tuple(map(_reader, args))
        return lambda value: tuple(read(v) for read, v in zip(parts, value, strict=True))
    if origin is list:
        each = _reader(args[0])
        return lambda value: list(map(each, value))
    if origin is dict:
        each = _reader(args[1])
        return lambda value: {k: each(v) for k, v in value.items()}
    if dataclasses.is_dataclass(kind):
        read = _field_readers(kind)
        make: Any = kind
        return lambda value: make(**{k: read[k](v) for k, v in value.items() if k in read})
    return float if kind is float else _as_it_is


def _field_readers(kind: Any) -> dict[str, Callable[[Any], Any]]:
    hints = typing.get_type_hints(kind)
    return {f.name: _reader(hints[f.name]) for f in dataclasses.fields(kind)}


def _as_it_is(value: Any) -> Any:
    return value


def schema_version(kind: type) -> int:
    """The version of a record's fields: its `VERSION`, left out 1."""
    return int(getattr(kind, "VERSION", 1))


def record_versions() -> dict[str, int]:
    """The version of every record of this module, by name."""
    kinds = (k for k in globals().values() if isinstance(k, type) and dataclasses.is_dataclass(k))
    return {kind.__name__: schema_version(kind) for kind in kinds}


def write_records(path: Path, kind: type, rows: Iterable[Any]) -> None:
    """A Parquet file of records, with the record's name and version in it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    simple = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    hints = typing.get_type_hints(kind)
    rows = list(rows)
    columns, fields = [], []
    for f in dataclasses.fields(kind):
        of = simple.get(hints[f.name], pa.string())
        values = [to_plain(getattr(row, f.name)) for row in rows]
        if hints[f.name] not in simple and hints[f.name] is not Fraction:
            values = [json.dumps(v) for v in values]
        columns.append(pa.array(values, of))
        fields.append(pa.field(f.name, of, nullable=False))
    meta = {"record": kind.__name__, "schema_version": str(schema_version(kind))}
    pq.write_table(pa.table(columns, schema=pa.schema(fields, metadata=meta)), path)


def read_records(
    path: Path, kind: type, only: tuple[str, Collection[str]] | None = None
) -> list[Any]:
    """The records of a Parquet file that `write_records` made, in this version or an older one.

    `only`: a field and the texts of which it must be one; left out: all records. What an older
    version lacks has its default, what was left out since is passed over. Raises NewerFormat for a
    table of a later product.
    """
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:  # `read_table` loads pyarrow's data sets first: 0.3 s
        table = file.read()
    found = int((table.schema.metadata or {}).get(b"schema_version", b"1"))
    known, name = schema_version(kind), kind.__name__
    refuse_newer(path, name, found, known)
    if table.num_rows and any((name, v) in UPGRADES for v in range(found, known)):
        import pyarrow as pa

        plain = [upgraded(path, name, row, found, known) for row in table.to_pylist()]
        table = pa.Table.from_pylist(plain)
    rows = None
    if only and only[0] in table.column_names:  # by hand: pyarrow's own filter loads pandas, 0.4 s
        wanted = set(only[1])
        rows = [i for i, v in enumerate(table[only[0]].to_pylist()) if v in wanted]
    hints = typing.get_type_hints(kind)
    names = [f.name for f in dataclasses.fields(kind) if f.name in table.column_names]
    columns = [map(_stored_reader(hints[n]), _values(table[n], rows)) for n in names]
    return [kind(**dict(zip(names, row, strict=True))) for row in zip(*columns, strict=True)]


def _values(column: Any, rows: list[int] | None) -> list[Any]:
    return column.to_pylist() if rows is None else [column[i].as_py() for i in rows]


def _stored_reader(kind: Any) -> Callable[[Any], Any]:
    """What turns a value in Parquet into a field of this type."""
    read = _reader(kind)
    if kind in (str, int, float, bool, Fraction):
        return _as_it_is if kind is not Fraction else read
    return lambda text: read(json.loads(text))


@dataclass(frozen=True, slots=True)
class Publication:
    """One cutdown sent, or to be sent, to one channel: a row of the outbox."""

    key: str
    """Idempotency key: sha256 (64 hex digits) of project, cut, aspect, channel, account, slot and
    the cutdown's digest."""
    project: str
    round: str
    cut_id: str
    aspect: str
    """Such as `9x16`."""
    sha256: str
    """Digest of the cutdown's bytes."""
    channel: str
    """The channel's name in project.yaml."""
    platform: str
    """Where people see it, such as `ig_reels`; `folder` for a hand-over folder."""
    account: str = ""
    slot: str = ""
    """When it is meant to go out; empty for at once."""
    state: str = "planned"
    """planned, approved, sending, accepted, processing, live; or rejected, unknown, withdrawn,
    dead."""
    remote_id: str = ""
    """The channel's own name of the post; metrics carry it as post_id."""
    attempts: int = 0
    error: str = ""
    """Why the last attempt failed."""
    by: str = ""
    """Who approved it or started the publishing."""
    traits: dict[str, str] = field(default_factory=dict)
    """Trait (hook, recipe, pace, length, subject, aspect) to value, as published."""
    takes: tuple[str, ...] = ()
    """take_id of every take in the cut, in order."""
    idea: str = ""
    """The idea's hook or title, for people."""
    created: float = 0.0
    """Seconds since the epoch."""
    updated: float = 0.0


@dataclass(frozen=True, slots=True)
class Learning:
    """What past publications of a brand say about one value of one trait."""

    brand: str
    trait: str
    """hook, recipe, pace, length, subject or aspect."""
    value: str
    metric: str
    """Such as `views`."""
    effect: float
    """Ratio of the mean with this value to the mean of the brand's others; 1 is no effect."""
    samples: int
    """Publications with this value."""

    @property
    def name(self) -> str:
        """How ideas name it: `hook=question x1.40 views (n=12)`."""
        return f"{self.trait}={self.value} x{self.effect:.2f} {self.metric} (n={self.samples})"


@dataclass(frozen=True, slots=True)
class SyncedSound:
    """A recorder's file that heard what a camera's clip heard, and how their clocks lie.

    recorder time = offset + clip time * (1 + drift / 1,000,000); both in seconds from the zero of
    each file's clock.
    """

    clip_id: str
    """Of the camera's clip."""
    recorder_id: str
    """clip_id of the recorder's file."""
    offset: Fraction
    """Seconds on the recorder's clock at the clip's second 0, whole microseconds; negative where
    the recorder was started later."""
    drift: float
    """ppm by which the recorder's clock runs faster; 0.0 where that is not known, see
    `drift_error`."""
    drift_error: float
    """ppm, two standard errors of the measured drift. Where it is over 2 (clips under some 40 s),
    `drift` is 0.0 and `offset` that of its middle, unless that cost over 1 ms at its ends."""
    z: float
    """Height of the correlation's peak, standard deviations; at least 15."""
    second: float
    """Height of the next peak relative to it, 0..0.7."""
    anchors: int
    """Places along the clip that agree on offset and drift, 8 to 16."""
    spread: float
    """Root mean square by which they leave that line, milliseconds."""
    start: Fraction
    """From here the recorder covers the clip; clip's clock."""
    end: Fraction
    """Exclusive."""
