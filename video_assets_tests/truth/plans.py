"""What a library will hold, before anything is drawn: moments, takes, devices, B-roll."""

from dataclasses import dataclass, field
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Defect:
    """A planted flaw, seconds on the clip's clock."""

    kind: str
    """blur, shake, clipping (of sound), overexposed, flicker or boom."""
    start: float
    end: float


@dataclass(slots=True)
class Take:
    """One recording of a line inside a moment."""

    line: str
    variant: str
    """Of the bank."""
    take: int
    start: float
    """Of its first word, moment time."""
    length: float
    """Of its sound in the bank, seconds."""
    best: bool = False
    noisy: bool = False
    clipped: bool = False

    @property
    def end(self) -> float:
        """Moment time."""
        return self.start + self.length


@dataclass(slots=True)
class Device:
    """A camera or recorder that saw a moment. Clip time t is moment time offset + t * rate."""

    camera: str
    """A, B or R."""
    path: str
    frames: int
    """Of 25 a second; also a recorder's length."""
    offset: float
    drift_ppm: float
    grade: str
    level: float
    """LUFS that it is recorded at."""
    defects: list[Defect] = field(default_factory=list)
    flashes: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Moment seconds in a clip second."""
        return 1 + self.drift_ppm * 1e-6

    def clock(self, moment: float) -> float:
        """A moment time on the clip's clock."""
        return (moment - self.offset) / self.rate


@dataclass(slots=True)
class Moment:
    """Somebody speaks somewhere, in front of all its devices at once."""

    key: str
    place: str
    place_seed: int
    person: str
    clothes: str
    light: str
    takes: list[Take]
    seconds: float
    start_second: int
    """Of the day, when camera A would start: where timecodes count from."""
    devices: list[Device] = field(default_factory=list)
    tags: tuple[str, ...] = ()
    """What is seen; what is only spoken of is not."""

    @property
    def direction(self) -> int:
        """Where the person looks: who is lit from the left looks right."""
        return 1 if self.light == "left" else -1


@dataclass(frozen=True, slots=True)
class Part:
    """One shot of a B-roll clip."""

    tag: str
    seed: int
    start: int
    """Its first frame."""


@dataclass(frozen=True, slots=True)
class Broll:
    """A B-roll clip: one shot, or several with joins between."""

    path: str
    camera: str
    fps: Fraction
    frames: int
    parts: tuple[Part, ...]
    dissolves: tuple[int, ...]
    """For every join its length in frames; 0 is a hard cut. A dissolve begins at its part's start."""
    grade: str
    level: float
    start_second: int
    defects: tuple[Defect, ...] = ()
    flashes: tuple[float, ...] = ()


@dataclass(slots=True)
class Plan:
    """A whole library."""

    seed: int
    size: str
    picture: tuple[int, int]
    moments: list[Moment]
    broll: list[Broll]
    bpm: float
    music_seconds: float
    must_say: tuple[str, ...]
    must_show: tuple[str, ...]
    durations: tuple[int, ...]
