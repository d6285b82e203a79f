"""Is nothing used that no edit can save."""

from fractions import Fraction
from typing import Any

from video_assets.delivery.inspections.case import Case, Outcome, Shown, Tables, shown_of
from video_assets.delivery.inspections.cues import at_second, heard
from video_assets.delivery.inspections.flaws import Looked, blown_like, heard_flaws, seen_flaws
from video_assets.delivery.inspections.story import source_of
from video_assets.foundation.records import Finding, FootageRow, Shot, SoundCut, Timeline

OVERLONG = Fraction(6, 5)
"""Seconds from which a word may hide a whole retake (CRAFT 3.3)."""
BLACK = 0.03
"""Luma and contrast (0..1) below which a shot shows nothing (CRAFT 3.1: black 0)."""
FROZEN = 0.6
"""Share of samples that do not differ from which a shot stands still (CRAFT 3.1: freeze 0)."""
BLURRED = 2.0
"""How far a shot's log sharpness may lie below the median of its set-up: 7 times less detail."""
WORTH = Fraction(8, 5)
"""Seconds that another shot must last to be a choice."""
TINY = 96
"""Pixels of the short side below which a picture is no choice."""


def vetoed_takes_stay_out(case: Case) -> Outcome:
    """Nothing is used that no edit can save (CRAFT 8 row 2: 0 vetoed takes; features of 3.1, 3.3).

    Files that are gone or damaged, time beyond a clip's end, black shots, shots far less sharp than
    their set-up, words so long that a retake may hide in them; shots that stand still where the
    library has others, unless somebody speaks in them. In the very span that is cited (flaws.py):
    out of focus, shaken, blown out or flickering pictures, clipped dialogue.
    """
    name = "vetoed_takes_stay_out"
    found = []
    worst: dict[str, float] = {}
    usable = _moving(case.timeline, case.tables)
    for stretch in case.shown:
        why = _unusable(case, stretch, usable)
        if why:
            what = f"{stretch.cut.path}: {why}; choose another take"
            found.append(Finding(name, what, "1", "0", f"frame {stretch.start}"))
        else:
            start = Fraction(stretch.start) / case.timeline.fps
            spoiled = seen_flaws(case, stretch)
            found += _flawed(name, stretch.cut.path, start, spoiled)
            _keep_worst(worst, spoiled)
    for cut in case.timeline.sound:
        row = case.tables.rows.get(cut.path)
        why = _unheard(case, cut, row)
        if why:
            what = f"{cut.path}: {why}; choose another take"
            found.append(Finding(name, what, "1", "0", f"{float(cut.start):.2f} s"))
        elif cut.track == "A1":
            spoiled = heard_flaws(case, cut)
            found += _flawed(name, cut.path, cut.start, spoiled)
            _keep_worst(worst, spoiled)
    for one in heard(case):
        if one.word.end - one.word.start >= OVERLONG:
            length = float(one.word.end - one.word.start)
            what = (
                f"{one.cut.path}: {one.word.text!r} lasts {length:.1f} s: a retake may hide in it"
            )
            at = f"{float(one.start):.2f} s"
            found.append(Finding(name, what, f"{length:.2f} s", "< 1.2 s", at))
    return Outcome({"vetoed": len(found), "takes": len(case.shown), **worst}, tuple(found))


LOWEST = {"focus_log", "snr_db"}
"""Figures of which the lowest is the worst."""


def _keep_worst(worst: dict[str, float], spoiled: Looked) -> None:
    for name, value in spoiled.figures.items():
        choose = min if name in LOWEST else max
        worst[name] = choose(value, worst.get(name, value))


def _flawed(name: str, path: str, start: Fraction, spoiled: Looked) -> list[Finding]:
    return [
        Finding(
            name,
            f"{path}: {flaw.what}; choose another take",
            flaw.figure,
            flaw.limit,
            at_second(start + Fraction(flaw.after)),
        )
        for flaw in spoiled.flaws
    ]


def _unusable(case: Case, stretch: Shown, others: bool) -> str:
    cut = stretch.cut
    row = case.tables.rows.get(cut.path)
    if row is None or row.role not in ("clip", "duplicate"):
        return f"is not usable footage ({row.role if row else 'not in the library'})"
    if row.clip_id and row.clip_id != cut.clip_id:
        return "is another file than the one that was chosen"
    if row.video_stream < 0:
        return "has no picture"
    end = source_of(stretch, case.timeline)[1]
    frame = 1 / min(case.timeline.fps, row.fps) if row.fps > 0 else 1 / case.timeline.fps
    if row.duration and end > row.duration + 2 * frame:
        return f"{float(end - row.duration):.2f} s after its end are used"
    shot = case.tables.shots.get(cut.shot_id)
    if shot is None:
        return ""
    if shot.luma < BLACK and shot.contrast < BLACK:
        return "the shot is black"
    if shot.frozen > FROZEN and not cut.line_id and others:
        return f"{shot.frozen:.0%} of the shot stand still"
    below = _below(case.tables, shot)
    if below > BLURRED:
        return f"the shot is out of focus (log sharpness {below:.1f} below its set-up)"
    return ""


def beyond_its_clips(timeline: Timeline, tables: Tables) -> list[Any]:
    """All that this measure knows of clips that the timeline does not use: JSON types.

    A cutdown has to be judged again where this changes, and not for the sake of a foreign clip.
    """
    shots = {s.cut.shot_id for s in shown_of(timeline)} & set(tables.shots)
    found = [
        [
            one,
            round(_below(tables, tables.shots[one]), 6),
            min(2, blown_like(tables, tables.shots[one])),
        ]
        for one in sorted(shots)
    ]
    return [_moving(timeline, tables), found]


def _below(tables: Tables, shot: Shot) -> float:
    """How much less sharp a shot is than the median of two others or more of its set-up."""
    rest = [
        s.sharpness
        for s in tables.shots.values()
        if s.setup == shot.setup and s.setup and s.shot_id != shot.shot_id
    ]
    return sorted(rest)[len(rest) // 2] - shot.sharpness if len(rest) >= 2 else 0.0


def _moving(timeline: Timeline, tables: Tables) -> bool:
    """Whether the library has a moving shot of a usable length that this cut does not show."""
    used = {s.cut.shot_id for s in shown_of(timeline)}
    rows = tables.rows.values()
    clips = {r.clip_id for r in rows if r.role == "clip" and min(r.width, r.height) >= TINY}
    speaks = {clip for clip, words in tables.words.items() if words}
    return any(
        s.shot_id not in used
        and s.clip_id in clips
        and s.clip_id not in speaks
        and s.frozen <= FROZEN
        and s.contrast >= BLACK
        and s.end - s.start >= WORTH
        for s in tables.shots.values()
    )


def _unheard(case: Case, cut: SoundCut, row: FootageRow | None) -> str:
    if row is None or row.role not in ("clip", "sound", "duplicate"):
        return f"is no usable sound ({row.role if row else 'not in the library'})"
    if row.clip_id and row.clip_id != cut.clip_id:
        return "is another file than the one that was chosen"
    if row.audio_stream < 0:
        return "has no sound"
    end = cut.source_start + cut.duration
    if row.duration and end > row.duration + 2 / case.timeline.fps:
        return f"{float(end - row.duration):.2f} s of sound after its end are used"
    return ""
