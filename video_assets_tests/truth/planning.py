"""From a seed to a plan: who says which line where, how often, on which devices, with which flaws.

Every choice comes from one generator, so a seed is a library.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from video_assets_tests.truth import lines
from video_assets_tests.truth.broll import SHOTS
from video_assets_tests.truth.lines import BY_KEY, LINES, Line, variants
from video_assets_tests.truth.plans import Broll, Defect, Device, Moment, Part, Plan, Take
from video_assets_tests.truth.seeds import seed_of
from video_assets_tests.truth.voices import bank

WHOLE = ("clean", "again")
SPOILED = ("filler", "flub", "broken")
PICTURE_FLAWS = ("blur", "shake", "flicker", "boom", "overexposed")
PLACES = {
    "Ada": ("kitchen", "library"),
    "Bruno": ("workshop", "garden"),
    "Cleo": ("garden", "library"),
}
CLOTHES = ("red", "green", "blue", "ochre", "grey", "plum")
INDOORS = frozenset(("kettle", "stove", "mug", "bread", "apples", "rival"))
"""Tags whose shots all show a thing on a table: two of them in a row would hide a cut."""
GRADE_NAMES = ("neutral", "warm", "cool", "faded", "dense")
FPS = Fraction(25)
LEAD = 1.4
"""Seconds before the first word: by then every device rolls."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much a library of a size holds."""

    picture: tuple[int, int]
    gap: tuple[float, float]
    """Seconds between takes."""
    lead: float
    tail: float
    lines: int
    """At most this many, 0 for all."""
    paired: float
    """Share of moments with two lines."""
    everything: float
    """Share of moments with all devices."""
    broll: int
    """B-roll clips, or what brings the library to `clips`."""
    clips: int
    seconds: tuple[float, float]
    """Of a B-roll clip."""
    music: float
    durations: tuple[int, ...]
    roll: float = 0.0
    """Seconds that the first moment lasts at least, on all devices: there drift shows."""


SIZES = {
    "tiny": Size((640, 360), (0.55, 0.7), LEAD, 0.7, 3, 1.0, 1.0, 9, 0, (2.6, 2.8), 20.0, (6,)),
    "small": Size(
        (640, 360), (0.6, 1.0), LEAD, 0.9, 0, 0.35, 0.75, 20, 64, (3.6, 5.2), 40.0, (6, 15, 30)
    ),
    "full": Size(
        (1280, 720),
        (1.0, 2.4),
        2.4,
        1.6,
        0,
        0.0,
        0.8,
        24,
        70,
        (7.0, 11.0),
        75.0,
        (6, 15, 30, 60),
        roll=126.0,
    ),
}


def plan(seed: int, size: str) -> Plan:
    """The library of a seed and size."""
    wanted = SIZES[size]
    rng = np.random.default_rng([seed, seed_of(size)])
    groups = _tiny_groups(rng) if size == "tiny" else _groups(rng, wanted)
    scenes = _scenes(rng)
    moments = [
        _moment(number, group, scenes, rng, wanted, size == "tiny")
        for number, group in enumerate(groups)
    ]
    _cast(moments)
    flaws = 0
    for number, moment in enumerate(moments):
        everything = number == 0 if size == "tiny" else float(rng.random()) < wanted.everything
        everything = everything or (number == 0 and wanted.roll > 0)
        lone = [["A"]] if size == "tiny" else [["A"], ["B"], ["A", "R"], ["B", "R"]]
        named = ["A", "B", "R"] if everything else lone[int(rng.integers(len(lone)))]
        flaws = _devices(moment, named, flaws, rng, size == "tiny")
    made = sum(len(m.devices) for m in moments)
    broll = _broll(max(wanted.broll, wanted.clips - made), moments, wanted, rng, size == "tiny")
    said = [t.line for m in moments for t in m.takes if t.best]
    return Plan(
        seed, size, wanted.picture, moments, broll,
        bpm=float(rng.integers(84, 118)), music_seconds=wanted.music,
        must_say=_must_say(said, rng), must_show=("kettle",),
        durations=wanted.durations,
    )  # fmt: skip


def _pick(rng: np.random.Generator, options: Sequence[Any]) -> Any:
    return options[int(rng.integers(len(options)))]


def _shuffled(rng: np.random.Generator, values: Sequence[Any]) -> list[Any]:
    return [values[int(n)] for n in rng.permutation(len(values))]


Group = list[tuple[str, list[str], str]]
"""(line, variants in the order they are spoken, which of them is best)."""


def _spoken(rng: np.random.Generator, key: str, most: int) -> tuple[str, list[str], str]:
    """Which variants of a line are recorded, in which order, and which is best."""
    there = list(variants(BY_KEY[key]))
    best = _pick(rng, [v for v in WHOLE if v in there])
    others = _shuffled(rng, [v for v in there if v != best])[: most - 1]
    return key, _shuffled(rng, [best, *others]), best


def _tiny_groups(rng: np.random.Generator) -> list[Group]:
    """Two lines of one person, the first with a slip; one of another person with a filler."""
    first = _pick(rng, [s.name for s in lines.SPEAKERS])
    second = _pick(rng, [s.name for s in lines.SPEAKERS if s.name != first])
    mine = _shuffled(rng, _short(x for x in LINES if x.speaker == first and (x.flub or x.broken)))
    other = _pick(rng, _short(x for x in LINES if x.speaker == second and x.filler))
    groups: list[Group] = [[], []]
    best = _pick(rng, WHOLE)
    slip = "flub" if mine[0].flub else "broken"
    groups[0].append((mine[0].key, _shuffled(rng, [slip, best]), best))
    groups[0].append((mine[1].key, ["clean"], "clean"))
    best = _pick(rng, WHOLE)
    groups[1].append((other.key, _shuffled(rng, ["filler", best]), best))
    return groups


def _short(some: Iterable[Line]) -> list[Line]:
    """The shorter half of these lines, at least two."""
    found = sorted(some, key=lambda x: bank()[x.key, "clean"].duration)
    return found[: max(2, len(found) // 2)]


def _groups(rng: np.random.Generator, wanted: Size) -> list[Group]:
    """All lines, each person's in some order, one or two a moment."""
    groups: list[Group] = []
    for speaker in lines.SPEAKERS:
        keys = _shuffled(rng, [x.key for x in LINES if x.speaker == speaker.name])
        while keys:
            two = len(keys) > 1 and float(rng.random()) < wanted.paired
            taken = [keys.pop() for _ in range(2 if two else 1)]
            groups.append([_spoken(rng, key, 3 if two else 5) for key in taken])
    return _shuffled(rng, groups)


def _scenes(rng: np.random.Generator) -> dict[str, list[tuple[str, int, str, str]]]:
    """Each person's two scenes: (place, its seed, clothes, lit side)."""
    clothes = _shuffled(rng, CLOTHES)
    return {
        name: [
            (place, int(rng.integers(1 << 30)), clothes.pop(), str(_pick(rng, ("left", "right"))))
            for place in places
        ]
        for name, places in PLACES.items()
    }


def _moment(
    number: int, group: Group, scenes: dict[str, Any], rng: np.random.Generator, wanted: Size,
    tiny: bool,
) -> Moment:  # fmt: skip
    speaker = BY_KEY[group[0][0]].speaker
    place, place_seed, clothes, light = scenes[speaker][0 if tiny else int(rng.integers(2))]
    takes: list[Take] = []
    clock = wanted.lead + float(rng.uniform(0, 0.3))
    for key, spoken, best in group:
        for turn, variant in enumerate(spoken, 1):
            length = bank()[key, variant].duration
            take = Take(key, variant, turn, round(clock, 3), length, best=variant == best)
            if not take.best and variant in WHOLE:  # said as well, so something else is wrong
                take.noisy = float(rng.random()) < 0.5
                take.clipped = not take.noisy
            takes.append(take)
            clock += length + float(rng.uniform(*wanted.gap))
    if tiny and number == 1:
        next(t for t in takes if not t.best).clipped = True
    if number == 0 and wanted.roll:
        _spread(takes, wanted.roll - wanted.lead - wanted.tail)
    return Moment(
        f"m{number + 1:02d}", place, place_seed, speaker, clothes, light, takes,
        takes[-1].end + wanted.tail, 36000 + 180 * number + int(rng.integers(60)), tags=(place,),
    )  # fmt: skip


def _spread(takes: list[Take], seconds: float) -> None:
    """Moves takes apart, evenly, until they last `seconds` from the first word to the last."""
    more = max(0.0, seconds - (takes[-1].end - takes[0].start)) / (len(takes) - 1)
    for number, take in enumerate(takes):
        take.start = round(take.start + number * more, 3)


def _cast(moments: list[Moment]) -> None:
    """Takes of a line count in the order in which they were recorded."""
    count: dict[str, int] = {}
    for moment in moments:
        for take in moment.takes:
            count[take.line] = count.get(take.line, 0) + 1
            take.take = count[take.line]


def _devices(
    moment: Moment, named: list[str], flaws: int, rng: np.random.Generator, tiny: bool
) -> int:
    """Puts devices in front of a moment; returns how many picture flaws there are by now."""
    setup = np.random.default_rng(moment.place_seed)  # a set-up's cameras keep their grades
    grades = dict(zip("AB", _shuffled(setup, GRADE_NAMES), strict=False))
    name = f"{moment.place}_{moment.person.lower()}_{moment.key}"
    for camera in named:
        if camera == "R":
            offset = float(rng.uniform(-1.6, -0.2))
            ppm = float(rng.uniform(20, 60)) * float(rng.choice([-1, 1]))
            path = f"sound/{name}.wav"
        else:
            offset = 0.0 if camera == "A" else float(rng.uniform(-0.5, 0.9))
            ppm = 0.0 if camera == "A" else float(rng.uniform(-30, 30))
            path = f"interviews/{camera.lower()}_cam/{name}_{camera.lower()}.mp4"
        offset, ppm = round(offset, 4), round(ppm, 1)
        frames = round((moment.seconds - offset + float(rng.uniform(0.0, 0.4))) * 25)
        level = {"A": -20.0, "B": -22.0, "R": -18.0}[camera] + float(rng.uniform(-1, 1))
        device = Device(
            camera, path, frames, offset, ppm, grades.get(camera, "neutral"), round(level, 1)
        )
        for take in moment.takes:
            if take.clipped:
                a, b = device.clock(take.start - 0.15), device.clock(take.end + 0.15)
                device.defects.append(Defect("clipping", round(a, 3), round(b, 3)))
        bad = [t for t in moment.takes if not t.best]
        chosen = (camera == "B" and bool(bad)) if tiny else float(rng.random()) < 0.5
        if camera != "R" and bad and chosen:
            take = _pick(rng, bad)
            a, b = device.clock(take.start - 0.25), device.clock(take.end + 0.25)
            kind = "boom" if tiny else PICTURE_FLAWS[flaws % len(PICTURE_FLAWS)]
            flaws += 1
            device.defects.append(Defect(kind, round(a * 25) / 25, round(b * 25) / 25))
        if camera != "R" and not tiny and float(rng.random()) < 0.12:
            device.flashes.append(round(float(rng.uniform(0.3, 1.0)) * 25) / 25)
        moment.devices.append(device)
    return flaws


def _broll(
    count: int, moments: list[Moment], wanted: Size, rng: np.random.Generator, tiny: bool
) -> list[Broll]:
    nouns = [n for m in moments for t in m.takes if t.best for n in BY_KEY[t.line].nouns]
    nouns = list(dict.fromkeys(["kettle", *_shuffled(rng, nouns)]))
    rest = [t for t in SHOTS if t not in nouns and t != "rival"]
    order = [*nouns, *_shuffled(rng, rest)]
    clips: list[Broll] = []
    seen: dict[str, int] = {}
    for number in range(count):
        if number == count - 1:
            tag = "rival"
        else:  # in a tiny library the product is there twice: once with a flash, once without
            tag = order[(number - 4 if tiny and number >= 4 else number) % len(order)]
        camera = str(_pick(rng, ("A", "B")))
        seconds = float(rng.uniform(*wanted.seconds))
        fps = FPS if tiny or float(rng.random()) < 0.8 else Fraction(30)
        joins = _joins(number, tiny)
        frames = round(seconds * (1 + 0.45 * len(joins)) * fps)
        starts = [round(frames * k / (len(joins) + 1)) for k in range(len(joins) + 1)]
        tags = _unlike(tag, order, len(joins), rng)
        parts = tuple(
            Part(t, int(rng.integers(1 << 30)), s) for t, s in zip(tags, starts, strict=True)
        )
        clips.append(
            Broll(
                _broll_path(tag, tags, camera, seen), camera, fps, frames, parts,
                tuple(round(j * fps) for j in joins),
                str(_pick(rng, GRADE_NAMES)),
                round(float(rng.uniform(-34, -26)), 1), 50000 + 60 * number,
                _broll_defects(number, joins, frames, fps, rng, tiny),
                _broll_flashes(number, frames, fps, rng, tiny),
            )
        )  # fmt: skip
    return clips


def _unlike(tag: str, order: list[str], joins: int, rng: np.random.Generator) -> list[str]:
    """`tag` and what follows it in a clip: indoors after outdoors and the other way round."""
    tags = [tag]
    for _ in range(joins):
        inside = tags[-1] in INDOORS
        tags.append(_pick(rng, [t for t in order if (t in INDOORS) != inside and t not in tags]))
    return tags


def _joins(number: int, tiny: bool) -> list[float]:
    """Lengths of a clip's joins in seconds; 0 is a hard cut."""
    if tiny:
        return [0.0, 0.48] if number == 1 else []
    return {1: [0.0, 0.48], 5: [0.0], 9: [0.0, 0.0], 13: [0.8], 17: [0.6, 0.0]}.get(number, [])


def _broll_path(tag: str, tags: list[str], camera: str, seen: dict[str, int]) -> str:
    seen[tag] = seen.get(tag, 0) + 1
    name = "_".join(tags)
    return f"broll/{tag}/{name}_{seen[tag]:02d}_{camera.lower()}.mp4"


def _broll_defects(
    number: int, joins: list[float], frames: int, fps: Fraction, rng: np.random.Generator,
    tiny: bool,
) -> tuple[Defect, ...]:  # fmt: skip
    """Every third clip of one shot is flawed, whole or in its second half."""
    kinds = ("blur", "shake", "flicker", "overexposed")
    flawed = number in (2, 3) if tiny else number % 3 == 2
    if joins or not flawed:
        return ()
    kind = kinds[(number - 2) % 4] if tiny else kinds[number // 3 % 4]
    half = float(rng.random()) < 0.5
    return (Defect(kind, float((frames // 2) / fps) if half else 0.0, float(frames / fps)),)


def _broll_flashes(
    number: int, frames: int, fps: Fraction, rng: np.random.Generator, tiny: bool
) -> tuple[float, ...]:
    wanted = {0} if tiny else {4, 10, 16}
    if number not in wanted:
        return ()
    at = int(frames * float(rng.uniform(0.35, 0.65)))
    return (float(at / fps),)


def _must_say(said: list[str], rng: np.random.Generator) -> tuple[str, ...]:
    keys = _shuffled(rng, list(dict.fromkeys(said)))
    return tuple(sorted(keys[: 1 if len(keys) < 6 else 3]))
