"""Can captions be read: short, slow and long enough, and clear of cuts (CRAFT 1.6)."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.delivery.inspections.cues import Cue, at_second, cues_of, edges_of
from video_assets.finishing import formats
from video_assets.finishing.overlays import Spoken
from video_assets.foundation.records import CaptionWord, Finding

LINE, LINES = 42, 2
"""Characters and lines of a cue (CRAFT 1.6)."""
SHORTEST, LONGEST = Fraction(5, 6), Fraction(7)
"""Seconds of a cue (CRAFT 1.6)."""
QUICK, TOO_QUICK = 17, 20
"""Characters a second: to be told, and to fail (CRAFT 1.6)."""
GAP = 2
"""Frames between cues (CRAFT 1.6)."""
CLOSED = Fraction(1, 2)
"""Seconds of a gap between cues that is closed to `GAP` (CRAFT 1.6)."""
LATE = 12
"""Frames that a caption may stay after its last word (CRAFT 1.6: more is an error)."""
PAUSE = Fraction(7, 10)
"""Seconds of silence over which no cue is held."""
CHUNK_WORDS, CHUNK_CHARACTERS = 3, 18
"""What a burned chunk may hold (CRAFT 1.6: 3 words *or* 18 characters, so that one of the two is
enough: `I am on it` and `extraordinarily comfortable slippers` both are one look)."""
CHUNK_SHORTEST = Fraction(1, 4)
"""Seconds of a burned chunk (CRAFT 1.6)."""
NEAR_CUT = 2
"""Frames from a cut within which no caption may begin or end, unless on it (CRAFT 1.6)."""
ROUNDED = Fraction(1, 2000)
"""Seconds that cue files may round: they count milliseconds."""
SHOWN = 10
"""Findings of one kind that are told one by one."""


def captions_can_be_read(case: Case) -> Outcome:
    """Captions are short, slow and long enough to be read.

    CRAFT 8 row 6 with the figures of 1.6. They go with their last word: within 12 frames of it,
    later only as long as they need to be read or up to the next one. Small gaps are closed, and no
    edge lies beside a picture cut. What only the speaker could mend is no finding: a cue that stays
    until the next one and could not be joined with a neighbour is as slow as the speech allows. It
    is counted in `forced_by_speech`.
    """
    cues = cues_of(case.texts.srt)
    burned = list(case.texts.burned) if case.aspect in formats.BURNED else []
    if not cues and not burned:
        return Outcome({"cues": 0, "chunks": 0}, note="there are no captions", measured=False)
    found, forced = _cue_problems(case, cues)
    more, also = _chunk_problems(case)
    speeds = [float(len(c.text) / (c.end - c.start)) for c in cues if c.end > c.start]
    figures = {
        "cues": len(cues),
        "chunks": len(burned),
        "line_max_characters": max((len(one) for c in cues for one in c.lines), default=0),
        "speed_max_cps": max(speeds, default=0.0),
        "quick_cues": sum(s > QUICK for s in speeds),
        "cue_min_s": float(min((c.end - c.start for c in cues), default=Fraction(0))),
        "forced_by_speech": forced + also,
        "violations": len(found) + len(more),
    }
    note = f"{forced + also} captions are as quick as the speech is" if forced + also else ""
    late = _stays(case, cues, "cue", 2 * ROUNDED)
    late += _stays(case, burned, "chunk", Fraction(0))
    gaps = _gaps(case, cues)
    figures["violations"] += len(late) + len(gaps)
    every = (found, more, late, gaps)
    return Outcome(figures, tuple(f for some in every for f in some[:SHOWN]), note)


def _stays(
    case: Case, shown: Sequence[Cue] | Sequence[Spoken], kind: str, slack: Fraction
) -> list[Finding]:
    """Captions that stay although nothing more is said and the next one is not there yet."""
    fps = case.timeline.fps
    ends = [w.end for w in case.timeline.words for _ in w.text.split()]
    if sum(len(one.text.split()) for one in shown) != len(ends):
        return []  # other words: a finding of another measure
    found = []
    edges = edges_of(case)
    slack += Fraction(1, 10**6)
    at = 0
    for number, one in enumerate(shown):
        at += len(one.text.split())
        needed = CHUNK_SHORTEST if kind == "chunk" else _needed(one.text)
        wanted = max(ends[at - 1], one.start + needed)
        after = shown[number + 1].start if number + 1 < len(shown) else None
        joined = after is not None and after - one.end <= GAP / fps + slack
        held = PAUSE if kind == "chunk" else CLOSED + GAP / fps
        moved = NEAR_CUT / fps if any(abs(e - one.end) <= slack for e in edges) else Fraction(0)
        most = max(LATE / fps, held if joined else Fraction(0)) + moved
        if one.end - wanted > most + slack:
            frames = float((one.end - ends[at - 1]) * fps)
            what = f"the {kind} {one.text!r} stays {frames:.0f} frames after its last word"
            limit = f"<= {LATE} frames"
            place = at_second(one.end)
            found.append(
                Finding("captions_can_be_read", what, f"{frames:.0f} frames", limit, place)
            )
    return found


def _needed(text: str) -> Fraction:
    """Seconds that a cue must stay to be read."""
    return max(SHORTEST, Fraction(len(text), TOO_QUICK))


def _gaps(case: Case, cues: Sequence[Cue]) -> list[Finding]:
    """Gaps that should have been closed, and edges of cues beside a picture cut."""
    name, fps = "captions_can_be_read", case.timeline.fps
    slack = 2 * ROUNDED + Fraction(1, 10**6)
    near = NEAR_CUT / fps - slack
    edges = sorted(edges_of(case))

    def beside(at: Fraction) -> Fraction | None:
        """The cut that a time lies beside and not on."""
        return next((e for e in edges if slack < abs(e - at) < near), None)

    def on(at: Fraction) -> bool:
        return any(abs(e - at) <= slack for e in edges)

    found = []
    for number, cue in enumerate(cues):
        after = cues[number + 1].start if number + 1 < len(cues) else None
        limit = case.timeline.duration if after is None else after - GAP / fps
        longest = cue.start + LONGEST - slack
        if after is not None and GAP / fps + slack < after - cue.end <= CLOSED:
            moved = on(cue.end) or beside(limit) is not None
            if cue.end < longest and not moved:
                frames = float((after - cue.end) * fps)
                what = f"{frames:.1f} frames behind {cue.text!r} are neither closed nor a pause"
                told = f"{GAP} frames or > {CLOSED} s"
                place = at_second(cue.end)
                found.append(Finding(name, what, f"{frames:.1f} frames", told, place))
        for side, edge, word in (
            (cue.start, beside(cue.start), "begins"),
            (cue.end, beside(cue.end), "ends"),
        ):
            if edge is None:
                continue
            least, most = cue.start + _needed(cue.text), min(limit, cue.start + LONGEST)
            ways = (edge, edge - NEAR_CUT / fps, edge + NEAR_CUT / fps)
            free = [w for w in ways if least - slack <= w <= most + slack]
            if word == "ends" and not free:
                continue  # wherever else it could go, it would break another limit
            frames = float(abs(edge - side) * fps)
            what = f"{cue.text!r} {word} {frames:.1f} frames from a cut"
            told = f"0 or >= {NEAR_CUT} frames"
            found.append(Finding(name, what, f"{frames:.1f}", told, at_second(side)))
    return found


def _cue_problems(case: Case, cues: Sequence[Cue]) -> tuple[list[Finding], int]:
    name, timeline = "captions_can_be_read", case.timeline
    found: list[Finding] = []
    forced = 0
    slack = 2 * ROUNDED + Fraction(1, 10**6)
    for number, cue in enumerate(cues):
        at, length = at_second(cue.start), cue.end - cue.start
        if length <= 0:
            found.append(Finding(name, f"cue {number + 1} ends before it begins", "", "> 0 s", at))
            continue
        if len(cue.lines) > LINES:
            what = f"cue {number + 1} has {len(cue.lines)} lines"
            found.append(Finding(name, what, str(len(cue.lines)), str(LINES), at))
        for line in cue.lines:
            if len(line) > LINE and len(line.split()) > 1:
                what = f"{line!r} is longer than {LINE} characters"
                found.append(Finding(name, what, str(len(line)), str(LINE), at))
        if length > LONGEST + slack:
            what = f"cue {number + 1} stays {float(length):.2f} s"
            found.append(Finding(name, what, f"{float(length):.2f} s", "7 s", at))
        after = cues[number + 1].start if number + 1 < len(cues) else None
        if after is not None and after - cue.end < GAP / timeline.fps - slack:
            what = f"{float((after - cue.end) * timeline.fps):.1f} frames lie behind {cue.text!r}"
            found.append(Finding(name, what, "", f"{GAP} frames", at_second(cue.end)))
        speed = len(cue.text) / length
        short = length < SHORTEST - slack
        if not short and speed <= TOO_QUICK + Fraction(1, 20):
            continue
        if _forced(case, cues, number):
            forced += 1
        elif short:
            what = f"{cue.text!r} stays {float(length):.2f} s"
            found.append(Finding(name, what, f"{float(length):.2f} s", ">= 0.83 s", at))
        else:
            what = f"{cue.text!r} runs at {float(speed):.1f} characters a second"
            found.append(Finding(name, what, f"{float(speed):.1f}", f"{TOO_QUICK}", at))
    return found, forced


def _forced(case: Case, cues: Sequence[Cue], number: int) -> bool:
    """Whether a cue stays as long as it can, and no neighbour could take it in."""
    fps, cue = case.timeline.fps, cues[number]
    limit = case.timeline.duration
    if number + 1 < len(cues):
        limit = cues[number + 1].start - GAP / fps
    if limit - cue.end > 1 / fps:
        return False
    for first, second in ((number - 1, number), (number, number + 1)):
        if first < 0 or second >= len(cues):
            continue
        one, two = cues[first], cues[second]
        text, length = f"{one.text} {two.text}", two.end - one.start
        quick = len(text) / length > TOO_QUICK if length > 0 else True
        joins = not quick and SHORTEST <= length <= LONGEST and _two_lines(text)
        if joins and two.start - one.end < PAUSE:
            return False
    return True


def _two_lines(text: str) -> bool:
    words = text.split()
    return len(text) <= LINE or any(
        len(" ".join(words[:n])) <= LINE and len(" ".join(words[n:])) <= LINE
        for n in range(1, len(words))
    )


def _chunk_problems(case: Case) -> tuple[list[Finding], int]:
    name, timeline = "captions_can_be_read", case.timeline
    if case.aspect not in formats.BURNED:
        return [], 0
    found: list[Finding] = []
    forced = 0
    near = NEAR_CUT / timeline.fps
    edges = sorted(edges_of(case))
    spoken = [w for w in timeline.words for _ in w.text.split()]
    at = 0
    burned = list(case.texts.burned)
    for chunk in burned:
        words = chunk.text.split()
        own = spoken[at : at + len(words)]
        at += len(words)
        when = at_second(chunk.start)
        if len(words) > CHUNK_WORDS and len(chunk.text) > CHUNK_CHARACTERS:
            if _could_part(own, chunk.end):
                what = f"{chunk.text!r} is too much at once: {len(words)} words"
                limit = f"{CHUNK_WORDS} words or {CHUNK_CHARACTERS} characters"
                found.append(Finding(name, what, str(len(chunk.text)), limit, when))
            else:
                forced += 1
        if chunk.end - chunk.start < CHUNK_SHORTEST:  # it could stay, or be joined with another
            what = f"{chunk.text!r} is shown for {float(chunk.end - chunk.start):.2f} s"
            figure = f"{float(chunk.end - chunk.start):.2f} s"
            found.append(Finding(name, what, figure, ">= 0.25 s", when))
        for edge in edges:
            for side, word in ((chunk.start, "begins"), (chunk.end, "ends")):
                if 0 < abs(edge - side) < near and side not in edges:
                    frames = float(abs(edge - side) * timeline.fps)
                    what = f"{chunk.text!r} {word} {frames:.1f} frames from a cut"
                    limit = f"0 or >= {NEAR_CUT} frames"
                    found.append(Finding(name, what, f"{frames:.1f}", limit, at_second(side)))
    found += [
        Finding(name, f"{one.text!r} overlaps {two.text!r}", "", "0 s", at_second(two.start))
        for one, two in pairwise(burned)
        if two.start < one.end
    ]
    return found, forced


def _could_part(words: Sequence[CaptionWord], end: Fraction) -> bool:
    """Whether a chunk could be two that both stay long enough."""
    return any(
        words[n].start - words[0].start >= CHUNK_SHORTEST and end - words[n].start >= CHUNK_SHORTEST
        for n in range(1, len(words))
    )
