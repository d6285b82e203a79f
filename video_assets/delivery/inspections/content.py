"""Against a library whose truth is known: the best takes, no slips, what was asked for is seen."""

from collections.abc import Sequence

from video_assets.delivery.inspections.beside import source_start
from video_assets.delivery.inspections.case import Case, Outcome, Shown
from video_assets.delivery.inspections.dialogue import LEAKS
from video_assets.delivery.inspections.story import jumps, source_of
from video_assets.delivery.inspections.truth import TrueClip, TrueLine, Truth
from video_assets.foundation.records import Finding, SoundCut

BEST = 0.9
"""Share of lines whose take is the best there is (CRAFT 8 row 2)."""
HALF = 0.5
"""Share of a line or a word that must be heard for it to count."""
SEEN = 0.5
"""Seconds of a tag that make it seen: a dozen frames."""
LEAST = 0.5
"""Frames of a timeline that show something: less is a rounding of times."""


def takes_are_the_best(case: Case, truth: Truth) -> Outcome:
    """Of the lines that are said, at least 90 % are in their best take (CRAFT 8 row 2).

    A line counts once, by the take of which most is heard.
    """
    spoken = _takes(case, truth)
    if not spoken:
        figures: dict[str, float] = {"best_share": 1.0, "lines": 0}
        return Outcome(figures, note="no line of the truth is heard", measured=False)
    good = sum(one.best for one, _, _ in spoken)
    share = good / len(spoken)
    found = [
        Finding(
            "takes_are_the_best",
            f"{path}: take {one.take} of {one.text!r} is heard "
            f"({', '.join(one.flaws) or 'no flaw'}), the best is {_best(truth, one.line)}",
            f"{share:.2f}",
            f">= {BEST}",
            f"{at:.2f} s",
        )
        for one, path, at in spoken
        if not one.best and share < BEST
    ]
    figures = {
        "best_share": share,
        "lines": len(spoken),
        "flawed_lines": sum(bool(one.flaws) for one, _, _ in spoken),
    }
    return Outcome(figures, tuple(found))


def _best(truth: Truth, line: str) -> str:
    for clip in truth.clips:
        for one in clip.lines:
            if one.line == line and one.best:
                return f"take {one.take} in {clip.path}"
    return "in no clip"


def _takes(case: Case, truth: Truth) -> list[tuple[TrueLine, str, float]]:
    """(line, path, when) of everything that is said, a line once."""
    most: dict[str, tuple[float, TrueLine, str, float]] = {}
    for cut, clip in _dialogue(case, truth):
        start, end = _span(cut)
        for line in clip.lines:
            share = _overlap(start, end, line.start, line.end) / max(1e-6, line.end - line.start)
            known = most.get(line.line)
            if share >= HALF and (known is None or share > known[0]):
                most[line.line] = share, line, cut.path, float(cut.start)
    return [(line, path, at) for _, line, path, at in most.values()]


def _dialogue(case: Case, truth: Truth) -> list[tuple[SoundCut, TrueClip]]:
    return [
        (cut, truth.by_path[cut.path])
        for cut in sorted(case.timeline.sound, key=lambda c: c.start)
        if cut.track == "A1" and cut.path in truth.by_path
    ]


def _span(cut: SoundCut) -> tuple[float, float]:
    return float(cut.source_start), float(cut.source_start + cut.duration)


def _overlap(a: float, b: float, c: float, d: float) -> float:
    return max(0.0, min(b, d) - max(a, c))


def nothing_leaks(case: Case, truth: Truth) -> Outcome:
    """No filler, no false start and no flubbed line is heard: at most 0.2 a minute.

    CRAFT 8 row 3, against the truth. Words of one false start in a row count once, as does a line
    that was not finished.
    """
    name = "nothing_leaks"
    leaks: list[tuple[str, float]] = []
    for cut, clip in _dialogue(case, truth):
        start, end = _span(cut)
        shift = float(cut.start) - start
        before = ""
        for word in sorted(clip.words, key=lambda w: w.start):
            length = max(1e-6, word.end - word.start)
            if _overlap(start, end, word.start, word.end) / length < HALF:
                continue
            if word.kind == "filler":
                leaks.append((f"the filler {word.text!r} of {cut.path}", word.start + shift))
            elif word.kind == "false_start" and before != "false_start":
                leaks.append((f"a false start of {cut.path} ({word.text!r})", word.start + shift))
            before = word.kind
        for line in clip.lines:
            share = _overlap(start, end, line.start, line.end) / max(1e-6, line.end - line.start)
            if share >= HALF and (not line.complete or "flub" in line.flaws):
                leaks.append((f"a flubbed take of {line.text!r} in {cut.path}", line.start + shift))
    minutes = float(case.timeline.duration / 60)
    rate = len(leaks) / minutes if minutes else 0.0
    found = [
        Finding(name, f"{what} is heard", f"{rate:.2f} a minute", f"<= {LEAKS} a minute",
                f"{max(0.0, at):.2f} s")
        for what, at in leaks
        if rate > LEAKS
    ]  # fmt: skip
    return Outcome({"leaks_a_minute": rate, "leaks": len(leaks)}, tuple(found))


def content_is_as_asked(case: Case, truth: Truth) -> Outcome:
    """Nothing is seen that must not be (CRAFT 8 row 14 by content).

    By the truth's tags of what is visible of the clips. What must be shown is asked of a campaign
    (`must_show_is_shown`), as a cut of 6 s cannot hold all of it: here `must_show_share` tells how
    much of it this cut shows, half a second each.
    """
    name = "content_is_as_asked"
    banned = [str(t) for t in truth.brief.get("must_not", ())]
    found = [
        Finding(
            name,
            f"{stretch.cut.path} shows {tag!r}, which must not be shown",
            f"{length:.2f} s",
            "0 s",
            f"frame {stretch.start}",
        )
        for stretch in case.shown
        for tag, length in _visible(case, truth, stretch).items()
        if tag in banned
    ]
    figures = {"must_show_share": must_show_is_shown([case], truth), "banned_shown": len(found)}
    return Outcome(figures, tuple(found))


def true_jump_cuts_are_covered(case: Case, truth: Truth) -> Outcome:
    """No jump cut inside a set-up that is known, whatever the library's shots say of theirs.

    CRAFT 8 row 5, as `story.jump_cuts_are_covered`.
    """

    def same(one: Shown, two: Shown) -> bool:
        left, right = (truth.by_path.get(s.cut.path) for s in (one, two))
        if left is None or right is None:
            return one.cut.path == two.cut.path
        half = 1 / (2 * case.timeline.fps)
        a = left.at(float(source_of(one, case.timeline)[1] - half))
        b = right.at(float(source_of(two, case.timeline)[0] + half))
        if not a.setup and not b.setup:
            return a.path == b.path
        return (a.setup, a.camera) == (b.setup, b.camera)

    return jumps("true_jump_cuts_are_covered", case, same)


def must_show_is_shown(cases: Sequence[Case], truth: Truth) -> float:
    """Share of `must_show` that at least one cut of a campaign shows, 0..1; 1.0 without any."""
    wanted = [str(t) for t in truth.brief.get("must_show", ())]
    cuts = [_tags(case, truth) for case in cases]
    shown = [t for t in wanted if any(seen.get(t, 0.0) >= SEEN for seen in cuts)]
    return len(shown) / len(wanted) if wanted else 1.0


def _visible(case: Case, truth: Truth, stretch: Shown) -> dict[str, float]:
    """Tag to the seconds for which a stretch shows it."""
    clip = truth.by_path.get(stretch.cut.path)
    if clip is None:
        return {}
    start = float(source_start(case, stretch))
    end = start + float((stretch.end - stretch.start) / case.timeline.fps)
    least = LEAST / float(case.timeline.fps)
    return {tag: length for tag, length in clip.seen(start, end).items() if length > least}


def _tags(case: Case, truth: Truth) -> dict[str, float]:
    """Tag to the seconds for which the cutdown shows it."""
    found: dict[str, float] = {}
    for stretch in case.shown:
        for tag, length in _visible(case, truth, stretch).items():
            found[tag] = found.get(tag, 0.0) + length
    return found
